"""Certificates in memory: what they say, and how they are written."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    pkcs12,
)

from handshakes import handshake
from tlsmith.api import CA, Certificate, Paths
from tlsmith.core.csr import encode_request
from tlsmith.core.names import parse_names
from tlsmith.core.subject import EMPTY
from tlsmith.errors import FileError, InputError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT = CA(now=NOW)
BELOW = ROOT.intermediate()
CERTIFICATE = BELOW.issue("localhost", "127.0.0.1", "::1")
PARSED = x509.load_der_x509_certificate(CERTIFICATE.der)
REQUESTED = BELOW.sign(
    encode_request(parse_names(["a.test"]), ROOT.certificate.private_key, subject=EMPTY)
)


def _certificates(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


def test_it_says_what_is_in_it() -> None:
    assert CERTIFICATE.names == ("localhost", "127.0.0.1", "::1")
    assert CERTIFICATE.serial_number == PARSED.serial_number
    assert CERTIFICATE.not_before == PARSED.not_valid_before_utc
    assert CERTIFICATE.not_after == PARSED.not_valid_after_utc
    assert CERTIFICATE.fingerprint == PARSED.fingerprint(hashes.SHA256()).hex()
    assert CERTIFICATE.private_key.public_key() == PARSED.public_key()


def test_its_pem_is_alone_and_its_chain_is_without_the_root() -> None:
    assert _certificates(CERTIFICATE.pem) == [PARSED]
    chain = _certificates(CERTIFICATE.chain_pem)
    assert chain == [PARSED, *_certificates(BELOW.pem)]
    assert CERTIFICATE.chain == (CERTIFICATE.der, BELOW.certificate.der)


def test_its_key_is_pkcs8_and_secret() -> None:
    key = load_pem_private_key(CERTIFICATE.key_pem, None)
    assert key.public_key() == PARSED.public_key()
    assert CERTIFICATE.key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert CERTIFICATE.key_pem.secret
    assert CERTIFICATE.combined_pem.secret
    assert not CERTIFICATE.chain_pem.secret


def test_key_and_chain_come_in_one_too() -> None:
    assert CERTIFICATE.combined_pem == CERTIFICATE.key_pem + CERTIFICATE.chain_pem
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with CERTIFICATE.combined_pem.tempfile() as path:
        context.load_cert_chain(path)
    assert handshake(ROOT.client_context(), context)


@pytest.mark.parametrize("passphrase", ["größe", "größe".encode()])
def test_its_key_can_be_encrypted(passphrase: str | bytes) -> None:
    pem = CERTIFICATE.encrypted_key_pem(passphrase)
    assert pem.secret
    with pytest.raises(TypeError):
        load_pem_private_key(pem, None)
    key = load_pem_private_key(pem, "größe".encode())
    assert key.public_key() == PARSED.public_key()


@pytest.mark.parametrize("legacy", [False, True])
def test_pkcs12_holds_all_of_it(legacy: bool) -> None:
    data = CERTIFICATE.p12(legacy=legacy)
    assert (data.secret, data.ending) == (True, ".p12")
    held = pkcs12.load_pkcs12(data, b"changeit")
    assert held.cert is not None
    assert held.key is not None
    assert held.cert.certificate == PARSED
    assert held.cert.friendly_name == b"localhost"
    assert len(held.additional_certs) == 1
    assert pkcs12.load_pkcs12(CERTIFICATE.p12("other"), b"other").key is not None


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(InputError, match="not empty"):
        CERTIFICATE.p12("")
    with pytest.raises(InputError, match="empty"):
        CERTIFICATE.encrypted_key_pem("")


def test_files_are_called_as_the_command_calls_them(tmp_path: Path) -> None:
    paths = CERTIFICATE.write(tmp_path)
    assert paths == Paths(
        tmp_path / "localhost+2.pem", tmp_path / "localhost+2-key.pem"
    )
    assert paths.cert_file.read_bytes() == CERTIFICATE.chain_pem
    assert paths.key_file.read_bytes() == CERTIFICATE.key_pem
    assert paths.key_file.stat().st_mode & 0o777 == 0o600
    assert paths.cert_file.stat().st_mode & 0o777 == 0o644
    assert sorted(os.listdir(tmp_path)) == ["localhost+2-key.pem", "localhost+2.pem"]


def test_files_of_a_client_say_so(tmp_path: Path) -> None:
    paths = ROOT.issue("a.test", client=True).write(tmp_path)
    assert paths.cert_file.name == "a.test-client.pem"


def test_files_without_a_name_have_one(tmp_path: Path) -> None:
    certificate = ROOT.issue(subject="CN=alice", client=True)
    assert certificate.write(tmp_path).cert_file.name == "certificate.pem"
    held = pkcs12.load_pkcs12(certificate.p12(), b"changeit")
    assert held.cert is not None
    assert held.cert.friendly_name == b"certificate"


def test_files_can_be_called_otherwise_and_folders_are_made(tmp_path: Path) -> None:
    paths = CERTIFICATE.write(str(tmp_path / "new" / "folder"), "server")
    assert paths.cert_file == tmp_path / "new" / "folder" / "server.pem"
    assert paths.key_file.name == "server-key.pem"
    assert paths.key_file.exists()


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError) as caught:
        CERTIFICATE.write(tmp_path / "file" / "folder")
    assert "folder" in caught.value.message


def test_written_files_work(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*CERTIFICATE.write(tmp_path))
    assert handshake(ROOT.client_context(), context)


def test_nothing_is_written_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CA().issue("localhost").server_context()
    assert os.listdir(tmp_path) == []


def test_it_is_printed_without_its_key() -> None:
    assert repr(CERTIFICATE) == (
        "<Certificate for localhost, 127.0.0.1, ::1, until 2027-06-10 10:59:59>"
    )
    nameless = ROOT.issue(subject="CN=alice")
    assert repr(nameless).startswith("<Certificate for no name, until ")


def test_without_the_key_there_is_no_key() -> None:
    for use in (
        lambda: REQUESTED.private_key,
        lambda: REQUESTED.key_pem,
        lambda: REQUESTED.combined_pem,
        REQUESTED.p12,
        REQUESTED.server_context,
    ):
        with pytest.raises(InputError, match=r"key of .*a\.test.* is not here"):
            use()
    assert _certificates(REQUESTED.chain_pem)


def test_a_server_demands_certificates_of_a_ca() -> None:
    server = CERTIFICATE.server_context(client_ca=ROOT)
    client = ROOT.issue(subject="CN=alice,O=Acme", client=True)
    both = handshake(ROOT.client_context(client), server)
    peer = both.server.getpeercert()
    assert peer is not None
    assert (("commonName", "alice"),) in peer["subject"]


@pytest.mark.parametrize("kind", ["none", "server", "other"])
def test_a_server_refuses_clients_without_one_of_that_ca(kind: str) -> None:
    presented: dict[str, Certificate | None] = {
        "none": None,
        "server": ROOT.issue("alice.test"),
        "other": CA().issue("alice.test", client=True),
    }
    server = CERTIFICATE.server_context(client_ca=ROOT)
    with pytest.raises(ssl.SSLError):
        handshake(ROOT.client_context(presented[kind]), server)


def test_by_default_a_server_demands_nothing() -> None:
    both = handshake(ROOT.client_context(), CERTIFICATE.server_context())
    assert both.server.getpeercert() is None
