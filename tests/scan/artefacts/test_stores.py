"""Keystores: those that anybody opens, those that nobody does, and damaged ones."""

from __future__ import annotations

import base64
import hmac
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from keystores import certificate_entry, cover, key_entry, keystore
from scan_artefacts import Wanted, certificate, found_in, kinds_in, new_key, some_key
from tlsmith.core import der
from tlsmith.scan.artefacts.bouncy import derived
from tlsmith.scan.artefacts.shape import leaves, rounds

KNOWN, CLOSED = "keystore-known-passphrase", "keystore-encrypted"
LEAF = certificate(Wanted(issuer=new_key()))
DER = LEAF.public_bytes(Encoding.DER)
ROOT = certificate(Wanted("Some CA", is_ca=True, key_usage=True))
JCEKS = 0xCECECECE


def _pkcs12(passphrase: bytes | None, own: Any = LEAF, **more: int) -> bytes:
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(more.get("rounds", 2048))
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(passphrase)
        )
    return pkcs12.serialize_key_and_certificates(
        b"web", some_key(), own, None, encryption
    )


@pytest.mark.parametrize("passphrase", [None, b"changeit", b"password", b"secret"])
def test_pkcs12_that_anybody_opens(passphrase: bytes | None) -> None:
    (found,) = found_in(_pkcs12(passphrase), "deploy/server.p12")
    assert (found.rule, found.severity) == (f"artefact-{KNOWN}", "high")
    told = passphrase.decode() if passphrase else "without a passphrase"
    assert told in found.reason
    assert "EC secp256r1" in found.reason
    assert "its certificate: for CN=web.example.com" in found.reason


def test_pkcs12_that_nobody_opens_is_info() -> None:
    (found,) = found_in(_pkcs12(b"correct horse"), "deploy/server.p12")
    assert (found.rule, found.severity) == (f"artefact-{CLOSED}", "info")


def test_a_truststore_has_no_secret() -> None:
    roots = [pkcs12.PKCS12Certificate(ROOT, b"root")]
    store = pkcs12.serialize_java_truststore(
        roots, BestAvailableEncryption(b"changeit")
    )
    assert kinds_in(store, "deploy/truststore.p12") == []
    assert kinds_in(keystore(certificate_entry("root", DER))) == []


def test_the_key_of_a_ca_in_a_keystore_is_critical() -> None:
    (found,) = found_in(_pkcs12(b"changeit", ROOT), "deploy/ca.p12")
    assert (found.rule, found.severity) == ("artefact-ca-private-key", "critical")


def test_nobody_waits_for_a_store_that_asks_for_years() -> None:
    store = _pkcs12(b"correct horse")
    assert rounds(store) >= 3 * 2048
    years = _with_rounds(store, 0x7FFFFFFF)
    assert rounds(years) > 0x7FFFFFFF
    begun = time.process_time()
    (found,) = found_in(years, "deploy/server.p12")
    assert found.rule == f"artefact-{CLOSED}"
    assert found.reason == "PKCS#12; to open it would take too long"
    assert time.process_time() - begun < 2


def test_a_long_chain_is_no_hindrance() -> None:
    chain = [certificate(Wanted(f"CA {n}", is_ca=True)) for n in range(12)]
    locked = BestAvailableEncryption(b"secret")
    store = pkcs12.serialize_key_and_certificates(b"a", some_key(), LEAF, chain, locked)
    assert max(leaves(store)) > 3000
    assert kinds_in(store, "deploy/server.p12") == [KNOWN]


def _parts(data: bytes) -> list[der.Element]:
    return list(der.children(der.only(data, der.SEQUENCE).content))


def _with_rounds(store: bytes, count: int) -> bytes:
    """The same store, its MAC made in other rounds."""
    version, contents, mac = (part.whole for part in _parts(store))
    digest, salt, _ = (part.whole for part in _parts(mac))
    mac = der.sequence(digest, salt, der.integer(count))
    return der.sequence(version, contents, mac)


def _jks(passphrase: str, key_passphrase: str = "", magic: int = 0) -> bytes:
    plain = some_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    covered = cover(plain, key_passphrase or passphrase)
    entry = key_entry("web", covered, [DER])
    return keystore(entry, passphrase=passphrase, magic=magic)


def test_jks_that_anybody_opens() -> None:
    (found,) = found_in(_jks("changeit"), "deploy/server.jks")
    assert found.rule == f"artefact-{KNOWN}"
    assert "JKS, opens with `changeit`" in found.reason
    assert "EC secp256r1" in found.reason
    assert "for CN=web.example.com" in found.reason


def test_jks_whose_key_has_another_known_passphrase() -> None:
    assert kinds_in(_jks("correct horse", "secret")) == [KNOWN]


def test_jks_that_nobody_opens_is_info() -> None:
    assert kinds_in(_jks("correct horse")) == [CLOSED]
    assert kinds_in(_jks("changeit", "correct horse")) == [CLOSED]


def test_jceks_is_known_by_its_hash() -> None:
    entry = key_entry("web", b"\x30\x03\x02\x01\x00", [DER])
    opens = keystore(entry, passphrase="changeit", magic=JCEKS)
    closed = keystore(entry, passphrase="correct horse", magic=JCEKS)
    assert kinds_in(opens, "deploy/server.jceks") == [KNOWN]
    assert kinds_in(closed, "deploy/server.jceks") == [CLOSED]


@pytest.mark.parametrize("name", ["keystore.p12", "keystore.jks"])
def test_a_store_in_a_secret_is_found(name: str) -> None:
    store = _jks("changeit") if name.endswith("jks") else _pkcs12(b"changeit")
    text = f"data:\n  {name}: {base64.b64encode(store).decode()}\n"
    (found,) = found_in(text, "deploy/secret.yaml")
    assert (found.rule, found.line) == (f"artefact-{KNOWN}", 2)


@pytest.mark.interop
@pytest.mark.skipif(not shutil.which("keytool"), reason="it asks keytool")
@pytest.mark.parametrize("kind", ["JKS", "JCEKS", "PKCS12"])
@pytest.mark.parametrize("passphrase", ["changeit", "correct horse"])
def test_what_keytool_writes(tmp_path: Path, kind: str, passphrase: str) -> None:
    store = tmp_path / "store"
    words = f"-genkeypair -alias a -keyalg EC -dname CN=a -storetype {kind}"
    secret = ["-storepass", passphrase, "-keypass", passphrase]
    subprocess.run(
        ["keytool", *words.split(), *secret, "-keystore", str(store)],
        check=True,
        capture_output=True,
    )
    expected = KNOWN if passphrase == "changeit" else CLOSED
    assert kinds_in(store.read_bytes()) == [expected]


def _bks(passphrase: bytes, version: int = 2, cost: int = 1024) -> bytes:
    """As Bouncy Castle writes it: a key that is sealed, with its certificate."""
    salt = bytes(range(20))
    chain = b"\0\x05X.509" + len(DER).to_bytes(4, "big") + DER
    body = b"\x04\0\x03web" + bytes(8) + b"\0\0\0\1" + chain
    body += b"\0\0\0\x10" + bytes(16) + b"\0"
    head = version.to_bytes(4, "big") + b"\0\0\0\x14" + salt + cost.to_bytes(4, "big")
    key = derived(passphrase, salt, cost, 20 if version == 2 else 2)
    return head + body + hmac.digest(key, body, "sha1")


@pytest.mark.parametrize("version", [1, 2])
def test_bks_is_known_by_its_mac(version: int) -> None:
    assert kinds_in(_bks(b"changeit", version), "a.bks") == [KNOWN]
    assert kinds_in(_bks(b"correct horse", version), "a.bks") == [CLOSED]
    assert kinds_in(_bks(b"changeit", version)[:-21], "a.bks") == []


def test_bks_derives_as_pkcs12_does() -> None:
    """Held against the MAC of a PKCS#12 file that the library has written."""
    builder = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 - what the format has
    )
    store = pkcs12.serialize_key_and_certificates(
        None, some_key(), None, None, builder.build(b"changeit")
    )
    _, contents, mac = _parts(store)
    digest, salt, count = _parts(mac.whole)
    wrapped, _ = der.read(_parts(contents.whole)[1].content)
    key = derived(b"changeit", salt.content, der.read_integer(count), 20)
    expected = hmac.digest(key, wrapped.content, "sha1")
    assert _parts(digest.whole)[1].content == expected


def test_nobody_waits_for_a_bks_either() -> None:
    begun = time.process_time()
    store = bytearray(_bks(b"correct horse"))
    store[28:32] = b"\x7f\xff\xff\xff"
    assert kinds_in(bytes(store), "a.bks") == [CLOSED]
    assert time.process_time() - begun < 2
