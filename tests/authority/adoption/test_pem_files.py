"""CAs that are a file or two: ours to read in any format, whoever wrote it."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from authority.adoption.worlds import (
    NOW,
    PASSPHRASE,
    OpenSSLCA,
    answering,
    nobody,
    run,
    tree,
)
from chains import END, START, Family, Pair, family, revocation_list
from interop.tools import needs
from tlsmith.authority.adoption import AdoptedCA, detect, read_ca
from tlsmith.core.formats import encode_private_key
from tlsmith.errors import (
    FileError,
    InputError,
    KeyMismatchError,
    NotACAError,
    PassphraseError,
)


@pytest.fixture
def one() -> Family:
    return family()


def _read(path: Path, passphrase: str | None = None, now: datetime = NOW) -> AdoptedCA:
    ask = nobody if passphrase is None else answering(passphrase)
    return read_ca(str(path), passphrase=ask, now=now)


def _has_key(adopted: AdoptedCA, pair: Pair) -> bool:
    key = adopted.issuing.private_key
    return key is not None and key.public_key() == pair.key.public_key()


def test_one_file_with_both(tmp_path: Path, one: Family) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(one.root.key_pem + one.root.pem)
    assert detect(str(path)) == "pem"
    adopted = _read(path)
    assert adopted.kind == "pem"
    assert [ca.certificate for ca in adopted.certificates] == [one.root.der]
    assert _has_key(adopted, one.root)


@pytest.mark.parametrize(
    ("name", "key"),
    [("ca.pem", "ca.key"), ("ca.pem", "ca-key.pem"), ("ca.crt", "ca.key")],
)
def test_a_key_in_a_file_named_after_it(
    tmp_path: Path, one: Family, name: str, key: str
) -> None:
    (tmp_path / name).write_bytes(one.root.pem)
    (tmp_path / key).write_bytes(one.root.key_pem)
    assert _has_key(_read(tmp_path / name), one.root)


def test_der_files_in_a_folder(tmp_path: Path, one: Family) -> None:
    (tmp_path / "root.der").write_bytes(one.root.der)
    (tmp_path / "below.cer").write_bytes(one.intermediate.der)
    key = encode_private_key(one.intermediate.key, der=True)
    (tmp_path / "below.key").write_bytes(key)
    (tmp_path / "notes.txt").write_text("not to be read")
    adopted = _read(tmp_path)
    assert [ca.role for ca in adopted.certificates] == ["root", "intermediate"]
    assert _has_key(adopted, one.intermediate)
    assert any("the key of the root" in note for note in adopted.notes)


def test_an_encrypted_key_asks_for_its_passphrase(tmp_path: Path, one: Family) -> None:
    (tmp_path / "ca.pem").write_bytes(one.root.pem)
    key = encode_private_key(one.root.key, PASSPHRASE.encode())
    (tmp_path / "ca.key").write_bytes(key)
    asked: list[str] = []
    adopted = read_ca(
        str(tmp_path / "ca.pem"), passphrase=answering(PASSPHRASE, asked), now=NOW
    )
    assert _has_key(adopted, one.root)
    assert asked == [f"the private key in {str(tmp_path / 'ca.key')!r}"]
    with pytest.raises(PassphraseError, match=r"ca\.key"):
        _read(tmp_path / "ca.pem", "another")


def test_end_entities_and_a_crl_in_the_folder_are_its_records(
    tmp_path: Path, one: Family
) -> None:
    for name, pair in (("ca", one.root), ("below", one.intermediate)):
        (tmp_path / f"{name}.pem").write_bytes(pair.pem)
    (tmp_path / "below.key").write_bytes(one.intermediate.key_pem)
    (tmp_path / "leaf.pem").write_bytes(one.leaf.pem)
    (tmp_path / "leaf.key").write_bytes(one.leaf.key_pem)
    (tmp_path / "list.crl").write_bytes(_crl(one.intermediate, one.leaf, 4711))
    adopted = _read(tmp_path)
    leaf, other = adopted.issued
    assert leaf.der == one.leaf.der
    assert (leaf.status, leaf.reason) == ("revoked", "superseded")
    assert leaf.revocation_date == START
    assert (other.serial_number, other.status, other.der) == (4711, "revoked", None)
    assert adopted.crl_number == 7


def _crl(issuer: Pair, revoked: Pair, another: int) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(START)
        .next_update(END)
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    reason = x509.CRLReason(x509.ReasonFlags.superseded)
    for serial_number in (revoked.certificate.serial_number, another):
        entry = x509.RevokedCertificateBuilder(serial_number, START)
        builder = builder.add_revoked_certificate(
            entry.add_extension(reason, critical=False).build()
        )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_crl_of_another_is_not_taken(tmp_path: Path, one: Family) -> None:
    other = family(name="other.test")
    (tmp_path / "ca.pem").write_bytes(one.root.pem + one.root.key_pem)
    (tmp_path / "list.crl").write_bytes(_crl(other.root, other.leaf, 5))
    adopted = _read(tmp_path)
    assert adopted.crl is None
    assert adopted.issued == ()
    assert any(
        "a CRL of 'CN=Root of other.test' was left out" in n for n in adopted.notes
    )


@pytest.mark.interop
def test_a_crl_with_sha1_is_taken(tmp_path: Path) -> None:
    """Our library neither makes nor checks one; old CAs have nothing else."""
    needs("openssl")
    made = OpenSSLCA(tmp_path / "ca")
    made.revoke(made.issue("/CN=leaf"), "-crl_reason", "superseded")
    folder = tmp_path / "files"
    folder.mkdir()
    made.generate_crl("-md", "sha1")
    for path in (made.folder / "crl.pem", made.folder / "cacert.pem"):
        shutil.copy(path, folder)
    adopted = _read(folder, now=datetime.now(UTC))
    assert [one.reason for one in adopted.issued] == ["superseded"]


def test_a_crl_that_was_changed_is_told(tmp_path: Path, one: Family) -> None:
    (tmp_path / "ca.pem").write_bytes(one.root.pem + one.root.key_pem)
    data = bytearray(revocation_list(one.root))
    data[-3] ^= 1
    (tmp_path / "list.crl").write_bytes(data)
    adopted = _read(tmp_path)
    assert adopted.crl is None
    assert any("or it is damaged" in note for note in adopted.notes)


def test_a_certificate_that_is_no_ca_is_refused(tmp_path: Path, one: Family) -> None:
    path = tmp_path / "leaf.pem"
    path.write_bytes(one.leaf.pem + one.leaf.key_pem)
    with pytest.raises(NotACAError, match=r"leaf\.pem"):
        _read(path)


def test_a_key_that_does_not_fit_is_refused(tmp_path: Path, one: Family) -> None:
    other = family(name="other.test")
    (tmp_path / "ca.pem").write_bytes(one.root.pem + other.root.key_pem)
    with pytest.raises(KeyMismatchError, match=r"ca\.pem"):
        _read(tmp_path / "ca.pem")


def test_two_cas_in_a_folder_are_refused(tmp_path: Path, one: Family) -> None:
    for at, pair in enumerate((one.root, family(name="other.test").root)):
        (tmp_path / f"{at}.pem").write_bytes(pair.pem + pair.key_pem)
    with pytest.raises(InputError, match="more than one CA") as caught:
        _read(tmp_path)
    assert caught.value.code == "several-authorities"


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_a_file_with_nothing_of_a_ca_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"ca\.pem"):
        _read(path)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read") as caught:
        _read(tmp_path / "nothing")
    assert caught.value.code == "file-not-found"
    with pytest.raises(InputError, match="no certificate"):
        _read(tmp_path)


def test_nothing_is_changed(tmp_path: Path, one: Family) -> None:
    (tmp_path / "ca.pem").write_bytes(one.root.pem)
    (tmp_path / "ca.key").write_bytes(one.root.key_pem)
    before = tree(tmp_path)
    _read(tmp_path)
    _read(tmp_path / "ca.pem")
    assert tree(tmp_path) == before


@pytest.mark.interop
@pytest.mark.parametrize("form", [(), ("-legacy",)])
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_pkcs12_by_openssl(
    tmp_path: Path, one: Family, form: tuple[str, ...], passphrase: str
) -> None:
    needs("openssl")
    (tmp_path / "in.pem").write_bytes(
        one.intermediate.pem + one.root.pem + one.intermediate.key_pem
    )
    words = ("openssl", "pkcs12", "-export", "-in", "in.pem", "-out", "ca.p12")
    run(*words, "-passout", f"pass:{passphrase}", *form, folder=tmp_path)
    path = tmp_path / "ca.p12"
    assert detect(str(path)) == "pkcs12"
    adopted = _read(path, passphrase or None)
    assert adopted.kind == "pkcs12"
    assert [ca.certificate for ca in adopted.certificates] == [
        one.root.der,
        one.intermediate.der,
    ]
    assert _has_key(adopted, one.intermediate)
    if passphrase:
        with pytest.raises(PassphraseError):
            _read(path, "another")


@pytest.mark.interop
def test_what_mkcert_itself_made(tmp_path: Path) -> None:
    needs("mkcert")
    caroot = tmp_path / "caroot"
    more = {"CAROOT": str(caroot), "HOME": str(tmp_path), "TRUST_STORES": "none"}
    run("mkcert", "a.test", folder=tmp_path, more=more)
    before = tree(caroot)
    assert detect(str(caroot)) == "mkcert"
    for path in (caroot, caroot / "rootCA.pem"):
        adopted = _read(path, now=datetime.now(UTC))
        assert adopted.kind == "mkcert"
        (root,) = adopted.certificates
        assert root.role == "root"
        assert root.private_key is not None
        made = x509.load_pem_x509_certificate((tmp_path / "a.test.pem").read_bytes())
        made.verify_directly_issued_by(x509.load_der_x509_certificate(root.certificate))
    assert any("no list" in note for note in adopted.notes)
    assert tree(caroot) == before


def test_mkcert_whose_key_is_elsewhere(tmp_path: Path, one: Family) -> None:
    (tmp_path / "rootCA.pem").write_bytes(one.root.pem)
    adopted = _read(tmp_path)
    assert adopted.kind == "mkcert"
    assert adopted.certificates[0].private_key is None
    shutil.copy(tmp_path / "rootCA.pem", tmp_path / "rootCA-key.pem")
    with pytest.raises(InputError, match=r"rootCA-key\.pem"):
        _read(tmp_path)


def test_a_file_too_large_to_be_a_ca_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "disk.pem"
    with path.open("wb") as stream:
        stream.truncate(300 * 1024 * 1024)
    with pytest.raises(FileError, match="over") as caught:
        _read(path)
    assert caught.value.code == "file-too-large"


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(FileError, match="a pipe"):
        _read(tmp_path / "ca.pem")


def test_what_is_no_part_of_a_ca_is_passed_by(tmp_path: Path, one: Family) -> None:
    (tmp_path / "ca.pem").write_bytes(one.root.pem + one.root.key_pem)
    (tmp_path / "readme.pem").write_text("the password is not here")
    adopted = _read(tmp_path)
    assert any("readme.pem" in note for note in adopted.notes)


def test_many_cas_are_not_all_named(tmp_path: Path) -> None:
    for at in range(5):
        (tmp_path / f"{at}.pem").write_bytes(family(name=f"{at}.test").root.pem)
    with pytest.raises(InputError, match=r"more than one CA.*, \.\.\."):
        _read(tmp_path)
