"""Caddy's data directory: one by the real Caddy, and others laid out like it."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from authority.adoption.worlds import NOW, nobody, tree
from chains import Pair, certify, family
from interop.tools import needs
from tlsmith.authority.adoption import AdoptedCA, detect, read_ca
from tlsmith.core.keys import generate_private_key
from tlsmith.errors import InputError

CADDYFILE = """\
{
  admin off
  skip_install_trust
  auto_https disable_redirects
}
https://a.localhost:0, https://*.b.localhost:0 {
  tls internal
}
"""


def _read(path: Path, now: datetime = NOW) -> AdoptedCA:
    return read_ca(str(path), passphrase=nobody, now=now)


def _lay_out(
    folder: Path, name: str, root: Pair, intermediate: Pair | None = None
) -> Path:
    place = folder / "pki/authorities" / name
    place.mkdir(parents=True)
    for role, pair in (("root", root), ("intermediate", intermediate)):
        if pair is not None:
            (place / f"{role}.crt").write_bytes(pair.pem)
            (place / f"{role}.key").write_bytes(pair.key_pem)
    return place


def _site(folder: Path, name: str, *chain: Pair) -> None:
    place = folder / "certificates/local" / name
    place.mkdir(parents=True)
    (place / f"{name}.crt").write_bytes(b"".join(pair.pem for pair in chain))
    (place / f"{name}.key").write_bytes(chain[0].key_pem)


@pytest.mark.interop
@pytest.mark.slow
def test_what_caddy_itself_made(tmp_path: Path) -> None:
    needs("caddy")
    (tmp_path / "Caddyfile").write_text(CADDYFILE)
    data = tmp_path / "data/caddy"
    words = ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
    ) as caddy:
        try:
            _wait_for(data, 2)
        finally:
            caddy.terminate()
    before = tree(data)
    assert detect(str(data)) == "caddy"
    adopted = _read(data, datetime.now(UTC))
    assert tree(data) == before
    assert [one.role for one in adopted.certificates] == ["root", "intermediate"]
    issuing = x509.load_der_x509_certificate(adopted.issuing.certificate)
    names = set()
    for one in adopted.issued:
        assert one.der is not None
        certificate = x509.load_der_x509_certificate(one.der)
        certificate.verify_directly_issued_by(issuing)
        alternatives = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
        names.update(alternatives.get_values_for_type(x509.DNSName))
    assert names == {"a.localhost", "*.b.localhost"}
    for authority in adopted.certificates:
        assert authority.private_key is not None


def _wait_for(data: Path, count: int) -> None:
    """Wait until Caddy has written so many certificates of sites, keys and all."""
    deadline = time.monotonic() + 30
    while len(list(data.glob("certificates/*/*/*.json"))) < count:
        assert time.monotonic() < deadline, "Caddy made no certificates"
        time.sleep(0.1)


def test_one_authority_is_named_by_its_folder(tmp_path: Path) -> None:
    one = family()
    place = _lay_out(tmp_path, "inside", one.root, one.intermediate)
    _site(tmp_path, "app.test", one.leaf, one.intermediate)
    assert detect(str(place)) == "caddy"
    by_place, by_top = _read(place), _read(tmp_path)
    assert by_place.issued == by_top.issued
    assert [ca.certificate for ca in by_place.certificates] == [
        ca.certificate for ca in by_top.certificates
    ]
    assert [issued.der for issued in _read(place).issued] == [one.leaf.der]


def test_of_several_authorities_the_usual_one_is_taken(tmp_path: Path) -> None:
    one, other = family(), family(name="other.test")
    _lay_out(tmp_path, "local", one.root, one.intermediate)
    place = _lay_out(tmp_path, "other", other.root, other.intermediate)
    adopted = _read(tmp_path)
    assert adopted.certificates[0].certificate == one.root.der
    assert any("further CAs" in note and "other" in note for note in adopted.notes)
    assert _read(place).certificates[0].certificate == other.root.der


def test_which_of_several_must_be_said(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _lay_out(tmp_path, name, family(name=f"{name}.test").root)
    with pytest.raises(InputError, match="2 CAs are in") as caught:
        _read(tmp_path)
    assert caught.value.code == "several-authorities"


def test_sites_of_public_cas_are_not_ours(tmp_path: Path) -> None:
    one, other = family(), family(name="public.test")
    _lay_out(tmp_path, "local", one.root, one.intermediate)
    _site(tmp_path, "public.test", other.leaf, other.intermediate)
    assert _read(tmp_path).issued == ()


def test_sites_of_an_earlier_intermediate_are_ours(tmp_path: Path) -> None:
    one = family()
    earlier = certify("Earlier", generate_private_key(), one.root, ca=True)
    leaf = certify("site.test", generate_private_key(), earlier)
    _lay_out(tmp_path, "local", one.root, one.intermediate)
    _site(tmp_path, "site.test", leaf, earlier)
    adopted = _read(tmp_path)
    assert [issued.der for issued in adopted.issued] == [leaf.der]
    assert any("earlier intermediate" in note for note in adopted.notes)
