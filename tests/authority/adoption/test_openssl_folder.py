"""CAs by the real `openssl ca`: judged by the CRL that it makes itself."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authority.adoption.conftest import REASONS
from authority.adoption.worlds import (
    PASSPHRASE,
    OpenSSLCA,
    World,
    answering,
    nobody,
    run,
    tree,
)
from tlsmith.authority.adoption import AdoptedCertificate, detect, read_ca
from tlsmith.errors import (
    ConfigError,
    InputError,
    KeyMismatchError,
    PassphraseError,
)

pytestmark = pytest.mark.interop
NOW = datetime.now(UTC)

Listed = dict[int, tuple[datetime, str | None, datetime | None]]


@pytest.fixture
def copied(openssl_world: World, tmp_path: Path) -> Path:
    """A CA of one's own, to damage."""
    folder = tmp_path / "ca"
    shutil.copytree(openssl_world.path, folder)
    return folder


def _by_openssl(path: Path) -> Listed:
    """What openssl's own CRL lists, by the library's parser."""
    return {entry.serial_number: _entry(entry) for entry in _crl(path)}


def _crl(path: Path) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((path / "crl.pem").read_bytes())


def _entry(
    entry: x509.RevokedCertificate,
) -> tuple[datetime, str | None, datetime | None]:
    reason = invalidity = None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason.value
        if isinstance(extension.value, x509.InvalidityDate):
            invalidity = extension.value.invalidity_date_utc
    return entry.revocation_date_utc, reason, invalidity


def _by_us(issued: tuple[AdoptedCertificate, ...]) -> Listed:
    return {
        one.serial_number: (one.revocation_date, one.reason, one.invalidity_date)
        for one in issued
        if one.status == "revoked" and one.revocation_date is not None
    }


def test_what_is_revoked_is_what_openssl_lists(openssl_world: World) -> None:
    adopted = openssl_world.read()
    assert adopted.kind == "openssl"
    assert len(_by_us(adopted.issued)) == len(REASONS) + 4
    assert _by_us(adopted.issued) == _by_openssl(openssl_world.path)


def test_every_certificate_is_the_one_in_newcerts(openssl_world: World) -> None:
    adopted = openssl_world.read()
    for one in adopted.issued:
        path = openssl_world.path / "newcerts" / f"{one.serial_number:04X}.pem"
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        assert one.der is not None
        assert x509.load_der_x509_certificate(one.der) == certificate
        assert one.not_after == certificate.not_valid_after_utc
        assert one.subject == certificate.subject.rfc4514_string()
    of_version_one = [
        one
        for one in adopted.issued
        if one.der
        and x509.load_der_x509_certificate(one.der).version == x509.Version.v1
    ]
    assert [one.subject for one in of_version_one] == ["CN=version-one.test"]
    folder = openssl_world.path / "newcerts"
    assert len(adopted.issued) == len(list(folder.iterdir()))


def test_status_and_numbers_are_those_of_the_ca(openssl_world: World) -> None:
    adopted = openssl_world.read()
    of_name = {one.subject: one for one in adopted.issued}
    assert of_name["CN=good.test"].status == "good"
    assert of_name["CN=old.test"].status == "expired"
    assert of_name["CN=long.test"].not_after == datetime(2060, 1, 1, tzinfo=UTC)
    following = (openssl_world.path / "serial").read_text().strip()
    assert adopted.next_serial == int(following, 16)
    assert adopted.crl_number == 0x1F
    assert adopted.crl is not None
    assert x509.load_der_x509_crl(adopted.crl) == _crl(openssl_world.path)
    assert any("hold instruction" in note for note in adopted.notes)


def test_the_root_and_its_key_are_taken(openssl_world: World) -> None:
    adopted = openssl_world.read()
    (root,) = adopted.certificates
    assert root.role == "root"
    assert adopted.issuing == root
    pem = (openssl_world.path / "cacert.pem").read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    assert x509.load_der_x509_certificate(root.certificate) == certificate
    assert root.private_key is not None
    assert root.private_key.public_key() == certificate.public_key()


def test_a_configuration_names_the_ca_as_well(openssl_world: World) -> None:
    path = openssl_world.path / "openssl.cnf"
    assert detect(str(path)) == "openssl"
    named = read_ca(str(path), passphrase=answering(PASSPHRASE), now=NOW)
    assert named.issued == openssl_world.read(NOW).issued


def test_nothing_is_changed(openssl_world: World) -> None:
    before = tree(openssl_world.path)
    openssl_world.read()
    assert tree(openssl_world.path) == before


def test_without_certificates_the_index_alone_is_enough(copied: Path) -> None:
    whole = World("openssl", copied).read(NOW)
    shutil.rmtree(copied / "newcerts")
    adopted = World("openssl", copied).read(NOW)
    assert _by_us(adopted.issued) == _by_us(whole.issued)
    assert {one.der for one in adopted.issued} == {None}
    assert "/CN=Zoë/O=Tab\tand, comma" in {one.subject for one in adopted.issued}
    assert any("known by the index alone" in note for note in adopted.notes)


def test_without_a_configuration_the_ca_is_found(copied: Path) -> None:
    (copied / "openssl.cnf").unlink()
    adopted = World("openssl", copied).read(NOW)
    assert adopted.certificates[0].private_key is not None
    assert adopted.next_serial is not None


def test_a_missing_key_is_elsewhere(copied: Path) -> None:
    (copied / "private/cakey.pem").unlink()
    adopted = read_ca(str(copied), passphrase=nobody, now=NOW)
    assert adopted.certificates[0].private_key is None
    assert any("is elsewhere" in note for note in adopted.notes)


def test_the_key_of_another_is_refused(copied: Path) -> None:
    run("openssl", "genrsa", "-out", str(copied / "private/cakey.pem"), "2048")
    with pytest.raises(KeyMismatchError, match=r"cakey\.pem"):
        read_ca(str(copied), passphrase=nobody, now=NOW)


def test_a_wrong_passphrase_is_told_with_the_file(copied: Path) -> None:
    with pytest.raises(PassphraseError, match=r"cakey\.pem") as caught:
        read_ca(str(copied), passphrase=answering("wrong words"), now=NOW)
    assert "wrong words" not in str(caught.value)


def test_a_line_of_a_revoked_certificate_must_be_readable(copied: Path) -> None:
    index = copied / "index.txt"
    index.write_text(index.read_text().replace("keyCompromise", "boredom"))
    with pytest.raises(ConfigError, match=r"line \d+: the reason 'boredom'"):
        World("openssl", copied).read()


def test_a_serial_number_twice_is_told_and_revoked_once(copied: Path) -> None:
    index = copied / "index.txt"
    first = index.read_text().splitlines()[0]
    fields = first.split("\t")
    fields[0], fields[2] = "R", "260101000000Z,superseded"
    index.write_text(index.read_text() + "\t".join(fields) + "\n" + first + "\n")
    adopted = World("openssl", copied).read()
    serial_number = int(fields[3], 16)
    (one,) = [one for one in adopted.issued if one.serial_number == serial_number]
    assert (one.status, one.reason) == ("revoked", "superseded")
    assert any(
        f"serial number {serial_number:X} is on lines" in n for n in adopted.notes
    )


@pytest.mark.parametrize("name", ["../../secret.pem", "/etc/hostname", ".."])
def test_no_name_in_the_index_leads_out_of_the_folder(copied: Path, name: str) -> None:
    (copied.parent / "secret.pem").write_bytes((copied / "cacert.pem").read_bytes())
    index = copied / "index.txt"
    index.write_text(f"V\t360101000000Z\t\tABCDEF\t{name}\t/CN=odd\n")
    adopted = World("openssl", copied).read()
    assert [one.der for one in adopted.issued] == [None]
    assert any("lead elsewhere" in note and name in note for note in adopted.notes)


def test_a_file_of_another_certificate_is_not_taken(copied: Path) -> None:
    one, other, *_ = sorted((copied / "newcerts").iterdir())
    other.write_bytes(one.read_bytes())
    adopted = World("openssl", copied).read()
    held = {issued.serial_number: issued.der for issued in adopted.issued}
    assert held[int(other.stem, 16)] is None
    assert any(other.name in note and "another" in note for note in adopted.notes)


def test_a_key_behind_a_link_is_told(copied: Path) -> None:
    key = copied / "private/cakey.pem"
    outside = copied.parent / "cakey.pem"
    key.rename(outside)
    os.symlink(outside, key)
    adopted = World("openssl", copied).read()
    # The configuration names what lies in the folder, and this does not.
    assert any(str(outside) in note or "outside" in note for note in adopted.notes)
    assert adopted.certificates[0].private_key is not None


def test_an_intermediate_comes_with_its_root(tmp_path: Path) -> None:
    root = OpenSSLCA(tmp_path / "root")
    below = OpenSSLCA(tmp_path / "below")
    config = root.folder / "openssl.cnf"
    config.write_text(
        config.read_text() + "[ca_below]\nbasicConstraints=critical,CA:TRUE\n"
    )
    key = ("-key", "private/cakey.pem", "-passin", f"pass:{PASSPHRASE}")
    request = tmp_path / "below.csr"
    words = ("openssl", "req", "-new", "-subj", "/CN=Below", "-out", str(request))
    run(*words, *key, folder=below.folder)
    root._ca("-in", str(request), "-out", "below.pem", "-extensions", "ca_below")
    shutil.copy(root.folder / "below.pem", below.folder / "cacert.pem")
    (below.folder / "certs").mkdir()
    shutil.copy(root.folder / "cacert.pem", below.folder / "certs/root.pem")
    below.issue("/CN=leaf")
    adopted = World("openssl", below.folder).read()
    assert [one.role for one in adopted.certificates] == ["root", "intermediate"]
    assert adopted.certificates[0].private_key is None
    assert adopted.issuing.private_key is not None
    assert [one.subject for one in adopted.issued] == ["CN=leaf"]
    # And seen from the root, what it signed is issued, and no part of it.
    above = World("openssl", root.folder).read()
    assert [one.role for one in above.certificates] == ["root"]
    assert [one.subject for one in above.issued] == ["CN=Below"]


def test_a_folder_that_was_moved_is_not_left(copied: Path) -> None:
    config = copied / "openssl.cnf"
    config.write_text(config.read_text().replace("dir = .", "dir = /root/ca"))
    adopted = World("openssl", copied).read()
    assert adopted.certificates[0].private_key is not None
    assert any("/root/ca" in n or "outside of this folder" in n for n in adopted.notes)


def test_an_empty_folder_with_an_index_has_no_ca(tmp_path: Path) -> None:
    (tmp_path / "index.txt").touch()
    with pytest.raises(InputError, match="no certificate of a CA"):
        read_ca(str(tmp_path), passphrase=nobody, now=NOW)


def test_a_damaged_file_is_told_and_the_index_counts(copied: Path) -> None:
    first, second, third, *_ = sorted((copied / "newcerts").iterdir())
    whole = x509.load_pem_x509_certificate(second.read_bytes())
    first.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    second.write_bytes(whole.public_bytes(Encoding.DER))
    third.write_text("not one at all")
    held = {one.serial_number: one for one in World("openssl", copied).read().issued}
    assert held[int(first.stem, 16)].der is None
    assert held[int(second.stem, 16)].der == whole.public_bytes(Encoding.DER)
    assert held[int(third.stem, 16)].der is None
    assert held[int(first.stem, 16)].subject == "/CN=good.test"
    notes = World("openssl", copied).read().notes
    assert any(first.name in note and third.name in note for note in notes)


def test_a_file_that_the_index_names_is_found(copied: Path) -> None:
    index = copied / "index.txt"
    first = sorted((copied / "newcerts").iterdir())[0]
    lines = index.read_text().splitlines()
    fields = lines[0].split("\t")
    fields[4] = "named.pem"
    index.write_text("\n".join(["\t".join(fields), *lines[1:]]) + "\n")
    first.rename(copied / "newcerts/named.pem")
    held = {one.serial_number: one for one in World("openssl", copied).read().issued}
    assert held[int(first.stem, 16)].der is not None


def test_a_crl_that_lists_more_than_the_index_is_told(copied: Path) -> None:
    index = copied / "index.txt"
    text = index.read_text()
    dropped = next(line for line in text.splitlines() if "keyCompromise" in line)
    index.write_text(text.replace(dropped + "\n", ""))
    notes = World("openssl", copied).read().notes
    serial_number = dropped.split("\t")[3].lstrip("0")
    assert any("latest CRL" in note and serial_number in note for note in notes)


@pytest.mark.parametrize("name", ["serial", "crlnumber"])
def test_a_number_that_is_none_is_told(copied: Path, name: str) -> None:
    (copied / name).write_text("next, please\n")
    adopted = World("openssl", copied).read()
    assert any(f"{name}' holds no hexadecimal number" in n for n in adopted.notes)
    # The CRL itself has a number as well.
    assert adopted.crl_number == 0x1F
    assert (adopted.next_serial is None) == (name == "serial")


def test_keys_of_servers_among_others_are_left_alone(copied: Path) -> None:
    (copied / "openssl.cnf").unlink()
    web = copied / "private/web.pem"
    words = ("openssl", "genrsa", "-aes256", "-passout", "pass:of the web server")
    run(*words, "-out", str(web), "2048")
    asked: list[str] = []
    adopted = read_ca(str(copied), passphrase=answering(PASSPHRASE, asked), now=NOW)
    assert adopted.certificates[0].private_key is not None
    assert len(asked) == 1
    assert "cakey.pem" in asked[0]
