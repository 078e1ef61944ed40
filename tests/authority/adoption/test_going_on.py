"""A CA of another tool goes on here, and OpenSSL judges the old and the new."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from authority.adoption.step_worlds import STEP_PASSPHRASE
from authority.adoption.worlds import PASSPHRASE, World, run, tree, unpack
from chains import family
from interop.tools import needs
from running import Done, tlsmith_here

pytestmark = pytest.mark.interop

STORE = "sqlite:///ca.db"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with the passphrases."""
    needs("openssl")
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    (place / "new.pass").write_text("a new passphrase\n")
    (place / "new.pass").chmod(0o600)
    monkeypatch.setenv("TLSMITH_STORE", STORE)
    monkeypatch.setenv("TLSMITH_PASSPHRASE_FILE", str(place / "new.pass"))
    return place


def _adopt(path: Path, old: str | None = PASSPHRASE, *more: str) -> Any:
    words = ["ca", "init", "--adopt", str(path), "--json", *more]
    if old is not None:
        Path("old.pass").write_text(old + "\n")
        Path("old.pass").chmod(0o600)
        words += ["--adopt-passphrase-file", "old.pass"]
    before = tree(path)
    done = tlsmith_here(*words)
    assert done.code == 0, done.err
    assert tree(path) == before, "the old CA was changed"
    return done.facts


def _issue(name: str = "new.test") -> Path:
    files = ("--cert-file", f"{name}.pem", "--key-file", f"{name}.key")
    done = tlsmith_here("cert", "issue", name, *files)
    assert done.code == 0, done.err
    return Path(f"{name}.pem")


def _root() -> Path:
    """Write what clients trust: the old root."""
    Path("root.pem").write_text(
        tlsmith_here("ca", "export", "--root", "--store", STORE).out
    )
    return Path("root.pem")


def _verify(certificate: Path, *more: str) -> str:
    words = ("openssl", "verify", "-CAfile", "root.pem")
    done = subprocess.run(
        [*words, "-untrusted", str(certificate), *more, str(certificate)],
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


def _crl(slug: str) -> x509.CertificateRevocationList:
    done = tlsmith_here("crl", "export", "--path", f"{slug}.crl", "--out", "a.crl")
    assert done.code == 0, done.err
    return x509.load_der_x509_crl(Path("a.crl").read_bytes())


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _serials(crl: x509.CertificateRevocationList) -> set[int]:
    return {one.serial_number for one in crl}


def test_an_openssl_folder_goes_on_below_the_same_root(
    folder: Path, openssl_world: World
) -> None:
    facts = _adopt(openssl_world.path, PASSPHRASE, "--root-key-file", "root.key")
    root, issuing = facts["authorities"]
    assert (root["role"], root["key_here"]) == ("root", False)
    assert (issuing["role"], issuing["name"]) == (
        "intermediate",
        "An OpenSSL root Issuing CA 1",
    )
    _root()
    assert _verify(_issue()) == "new.test.pem: OK"
    old = next(openssl_world.path.glob("newcerts/*.pem"))
    assert _verify(old).endswith(": OK")
    # The root's CRL goes on: the same entries as openssl's own, and a greater number.
    before = x509.load_pem_x509_crl((openssl_world.path / "crl.pem").read_bytes())
    after = _crl(root["slug"])
    assert _serials(after) == _serials(before)
    assert len(after) > 8
    assert _number(after) == _number(before) + 1
    for entry in before:
        ours = after.get_revoked_certificate_by_serial_number(entry.serial_number)
        assert ours is not None
        assert ours.revocation_date_utc == entry.revocation_date_utc
        # What says nothing is left out, and removeFromCRL is for deltas alone (RFC
        # 5280 section 5.3.1).
        theirs = _reason(entry)
        silent = theirs in ("unspecified", "removeFromCRL")
        assert _reason(ours) == (None if silent else theirs)
    count = len((openssl_world.path / "index.txt").read_text().splitlines())
    assert facts["certificates"] == count
    assert facts["revoked"] == len(after)


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        found = entry.extensions.get_extension_for_class(x509.CRLReason)
    except x509.ExtensionNotFound:
        return None
    return found.value.reason.value


def test_what_the_old_root_revoked_stays_revoked_for_openssl(
    folder: Path, openssl_world: World
) -> None:
    facts = _adopt(openssl_world.path, PASSPHRASE, "--root-key-file", "root.key")
    _root()
    crl = _crl(facts["authorities"][0]["slug"])
    pem = run("openssl", "crl", "-in", "a.crl", "-inform", "DER", folder=folder)
    Path("root.crl").write_text(pem)
    serial = next(one.serial_number for one in crl if _reason(one) == "keyCompromise")
    old = openssl_world.path / "newcerts" / f"{serial:X}.pem"
    said = _verify(old, "-CRLfile", "root.crl", "-crl_check")
    assert "certificate revoked" in said


def test_the_roots_file_opens_and_signs_the_next_crl(
    folder: Path, openssl_world: World
) -> None:
    """What the root issued is revoked where its key is."""
    facts = _adopt(openssl_world.path, PASSPHRASE, "--root-key-file", "root.key")
    slug = facts["authorities"][0]["slug"]
    listed = tlsmith_here("cert", "list", "--json").out
    serial = re.search(
        r'"serial_number": ?"([0-9a-f]+)", ?"names": ?\["good.test"', listed
    )
    assert serial, listed
    assert tlsmith_here("cert", "revoke", serial[1], "--reason", "superseded").code == 0
    Path("revoked.txt").write_text(tlsmith_here("ca", "export", "--revoked").out)
    before = _crl(slug)
    words = ["--root-key-file", "root.key", "--previous", "a.crl", "--out", "n.crl"]
    done = tlsmith_here("ca", "sign-crl", *words, "--revoke", "revoked.txt")
    assert done.code == 0, done.err
    done = tlsmith_here("ca", "import", "n.crl", "--json")
    assert done.code == 0, done.err
    after = _crl(slug)
    assert _serials(after) == {*_serials(before), int(serial[1], 16)}
    assert _number(after) == _number(before) + 1


def test_without_a_file_for_it_the_roots_key_is_not_copied(
    folder: Path, openssl_world: World
) -> None:
    facts = _adopt(openssl_world.path)
    assert facts["root_key_file"] is None
    assert [one["key_here"] for one in facts["authorities"]] == [False, True]
    assert not list(folder.glob("*.key"))


def test_easy_rsa(folder: Path, easy_rsa_world: World) -> None:
    facts = _adopt(easy_rsa_world.path, PASSPHRASE, "--root-key-file", "root.key")
    _root()
    assert _verify(_issue()) == "new.test.pem: OK"
    assert _verify(easy_rsa_world.path / "pki/issued/good.test.crt").endswith(": OK")
    before = x509.load_pem_x509_crl((easy_rsa_world.path / "pki/crl.pem").read_bytes())
    after = _crl(facts["authorities"][0]["slug"])
    assert _serials(after) == _serials(before)
    assert len(after) == 2
    assert _number(after) >= 1  # easy-rsa's has none


def test_mkcert_keeps_its_root_which_issues_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mkcert")
    caroot = folder.parent / "caroot"
    caroot.mkdir()
    run("mkcert", "old.test", folder=folder, more={"CAROOT": str(caroot)})
    facts = _adopt(caroot, None)
    assert [one["role"] for one in facts["authorities"]] == ["root"]
    assert facts["authorities"][0]["key_here"]
    assert any("path length 0" in note for note in facts["notes"])
    _root()
    assert _verify(_issue()) == "new.test.pem: OK"
    assert _verify(Path("old.test.pem")).endswith(": OK")
    # mkcert's roots may not sign CRLs: OCSP has to tell.
    assert tlsmith_here("cert", "revoke", "new.test.pem").code == 0
    assert tlsmith_here("crl", "list", "--json").out == ""
    assert any("OCSP alone" in note for note in facts["notes"])
    assert "revoked" in _asked_by_openssl(Path("new.test.pem"))


def _asked_by_openssl(certificate: Path) -> str:
    """Return what OpenSSL makes of our OCSP answer, its signature verified."""
    from tlsmith.authority.service import Authority
    from tlsmith.storage import open_storage

    root = "-issuer", "root.pem", "-CAfile", "root.pem"
    request = ("openssl", "ocsp", *root, "-cert", str(certificate), "-no_nonce")
    run(*request, "-reqout", "q.der", folder=Path())
    authority = Authority(open_storage(STORE), lambda: b"a new passphrase")
    try:
        answer = authority.ocsp.answer(Path("q.der").read_bytes())
    finally:
        authority.close()
    Path("a.der").write_bytes(answer.body)
    return run(*request, "-respin", "a.der", folder=Path())


def _caddy(folder: Path) -> Path:
    one = family()
    place = folder / "caddy/pki/authorities/local"
    place.mkdir(parents=True)
    for role, pair in (("root", one.root), ("intermediate", one.intermediate)):
        (place / f"{role}.crt").write_bytes(pair.pem)
        (place / f"{role}.key").write_bytes(pair.key_pem)
    site = folder / "caddy/certificates/local/app.test"
    site.mkdir(parents=True)
    (site / "app.test.crt").write_bytes(one.leaf.pem + one.intermediate.pem)
    return folder / "caddy"


def test_caddy_issues_on_with_its_intermediate(folder: Path) -> None:
    place = _caddy(folder.parent)
    facts = _adopt(place, None, "--root-key-file", "root.key")
    assert [one["role"] for one in facts["authorities"]] == ["root", "intermediate"]
    assert [one["key_here"] for one in facts["authorities"]] == [False, True]
    assert facts["certificates"] == 1
    _root()
    assert _verify(_issue()) == "new.test.pem: OK"
    old = place / "certificates/local/app.test/app.test.crt"
    assert _verify(old).endswith(": OK")
    assert "app.test" in tlsmith_here("cert", "list").out
    # And the root's file signs another issuing CA.
    done = tlsmith_here("ca", "rotate", "--root-key-file", "root.key")
    assert done.code == 0, done.err
    assert _verify(_issue("newer.test")) == "newer.test.pem: OK"


@pytest.mark.parametrize("kind", ["badgerv2", "bbolt"])
def test_step_ca_goes_on_with_what_it_revoked(folder: Path, kind: str) -> None:
    place = unpack(f"step-ca-{kind}", folder.parent) / "step"
    facts = _adopt(place, STEP_PASSPHRASE, "--root-key-file", "root.key")
    issuing = facts["authorities"][-1]
    assert issuing["key_here"]
    assert facts["revoked"] > 0
    crl = _crl(issuing["slug"])
    # Those that expired are not listed any more (RFC 5280 section 5).
    assert len(crl) <= facts["revoked"]
    status = tlsmith_here("cert", "list", "--status", "revoked", "--json").out
    assert len(status.splitlines()) == facts["revoked"]
    _root()
    assert _verify(_issue()) == "new.test.pem: OK"


def test_the_audit_log_knows_where_it_came_from(
    folder: Path, openssl_world: World
) -> None:
    _adopt(openssl_world.path)
    assert "ca.adopt" in tlsmith_here("audit", "list", "--json").out
    assert tlsmith_here("audit", "verify").code == 0


def test_a_wrong_passphrase_leaves_nothing(folder: Path, openssl_world: World) -> None:
    Path("old.pass").write_text("wrong\n")
    done = _adopt_badly(openssl_world.path, "--adopt-passphrase-file", "old.pass")
    assert done.code == 2
    assert "passphrase" in done.err
    assert not Path("ca.db").exists()
    assert not Path("root.key").exists()


def test_a_key_that_is_elsewhere_is_said(folder: Path) -> None:
    one = family()
    Path("only.pem").write_bytes(one.root.pem)
    done = _adopt_badly(Path("only.pem"))
    assert done.code == 2
    assert "nothing of this CA can issue here" in done.err
    assert "ca init --offline-root" in done.err
    assert not Path("ca.db").exists()


def test_a_store_with_a_ca_is_refused(folder: Path, openssl_world: World) -> None:
    _adopt(openssl_world.path)
    done = _adopt_badly(openssl_world.path, "--adopt-passphrase-file", "old.pass")
    assert done.code != 0
    assert "has a CA already" in done.err
    assert Path("ca.db").exists()


def _adopt_badly(path: Path, *more: str) -> Done:
    words = ("--root-key-file", "root.key", *more)
    return tlsmith_here("ca", "init", "--adopt", str(path), *words)
