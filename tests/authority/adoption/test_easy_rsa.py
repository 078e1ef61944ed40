"""CAs by the real easy-rsa 3."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from authority.adoption.worlds import World, easy_rsa, nobody, tree
from tlsmith.authority.adoption import detect, read_ca

pytestmark = pytest.mark.interop


def test_what_it_issued_and_took_back_is_read_whole(easy_rsa_world: World) -> None:
    adopted = easy_rsa_world.read()
    assert adopted.kind == "easy-rsa"
    fates = {one.subject: (one.status, one.reason) for one in adopted.issued}
    assert fates == {
        "CN=good.test": ("good", None),
        "CN=bob": ("revoked", "keyCompromise"),
        "CN=carol": ("revoked", None),
    }
    for one in adopted.issued:
        assert one.der is not None
        certificate = x509.load_der_x509_certificate(one.der)
        assert certificate.serial_number == one.serial_number


def test_what_is_revoked_is_what_its_crl_lists(easy_rsa_world: World) -> None:
    adopted = easy_rsa_world.read()
    assert adopted.crl is not None
    listed = {entry.serial_number for entry in x509.load_der_x509_crl(adopted.crl)}
    revoked = {one.serial_number for one in adopted.issued if one.status == "revoked"}
    assert revoked == listed


def test_the_key_belongs_to_the_root(easy_rsa_world: World) -> None:
    (root,) = easy_rsa_world.read().certificates
    assert root.role == "root"
    assert root.private_key is not None
    certificate = x509.load_der_x509_certificate(root.certificate)
    assert certificate.subject.rfc4514_string() == "CN=An easy-rsa root"
    assert root.private_key.public_key() == certificate.public_key()


def test_its_pki_folder_is_the_same_ca(easy_rsa_world: World) -> None:
    inner = easy_rsa_world._replace(path=easy_rsa_world.path / "pki")
    assert detect(str(inner.path)) == "easy-rsa"
    assert inner.read().issued == easy_rsa_world.read().issued


def test_nothing_is_changed(easy_rsa_world: World) -> None:
    before = tree(easy_rsa_world.path)
    easy_rsa_world.read()
    assert tree(easy_rsa_world.path) == before


def test_a_ca_below_another_says_whose_certificate_is_missing(
    easy_rsa_world: World, tmp_path: Path
) -> None:
    shutil.copytree(easy_rsa_world.path / "pki", tmp_path / "pki")
    (tmp_path / "pki/private/ca.key").unlink()
    adopted = read_ca(str(tmp_path), passphrase=nobody, now=datetime.now(UTC))
    assert adopted.certificates[0].private_key is None
    assert any("nothing can be signed" in note for note in adopted.notes)


def test_a_real_ca_below_another(easy_rsa_world: World, tmp_path: Path) -> None:
    """Made as easy-rsa's own documentation says: build-ca subca, sign-req ca."""
    above, below = tmp_path / "above", tmp_path / "below"
    shutil.copytree(easy_rsa_world.path, above)
    below.mkdir()
    easy_rsa(below, "init-pki")
    easy_rsa(below, "build-ca", "subca", "nopass", name="Below")
    easy_rsa(above, "import-req", str(below / "pki/reqs/ca.req"), "below")
    easy_rsa(above, "sign-req", "ca", "below")
    own = (above / "pki/issued/below.crt").read_bytes()
    (below / "pki/ca.crt").write_bytes(own)
    easy_rsa(below, "build-client-full", "leaf", "nopass")
    alone = World("easy-rsa", below).read()
    assert [one.role for one in alone.certificates] == ["intermediate"]
    assert any("'CN=An easy-rsa root'" in note for note in alone.notes)
    assert [one.subject for one in alone.issued] == ["CN=leaf"]
    # With the root's certificate behind its own, as for a bundle, it is whole.
    root = (above / "pki/ca.crt").read_bytes()
    (below / "pki/ca.crt").write_bytes(own + root)
    whole = World("easy-rsa", below).read()
    assert [one.role for one in whole.certificates] == ["root", "intermediate"]
    assert whole.issuing.private_key is not None
    # And of the root that CA is one of those that it issued.
    issued = {one.subject for one in World("easy-rsa", above).read().issued}
    assert "CN=Below" in issued
