from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    PrivateFormat,
    pkcs12,
)

from core.describe.forge import algorithm, codes, explicit, facts, look, oid
from core.describe.samples import PEOPLE, SECRET, p12, pem_of
from core.describe.test_encryption import pbes2, pbkdf2
from tlsmith.core import der

DATA, ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
SHROUDED_BAG = "1.2.840.113549.1.12.10.1.2"
X509 = "1.2.840.113549.1.9.22.1"


def kinds(data: bytes, **more: Any) -> list[str]:
    return [one["type"] for one in look(data, **more).facts()["objects"]]


ALL = ["pkcs12", "private-key", "certificate", "certificate", "certificate"]


@pytest.mark.parametrize(
    ("data", "opened_with", "warned"),
    [
        (p12(None), "no passphrase", True),
        (p12(b"changeit"), "the passphrase changeit", True),
        (p12(SECRET), "the passphrase given", False),
    ],
)
def test_a_file_is_opened_with_what_fits(
    data: bytes, opened_with: str, warned: bool
) -> None:
    report = look(data, passphrases=[b"wrong", SECRET])
    found = report.facts()["objects"]
    assert [one["type"] for one in found] == ALL
    assert found[0]["opened_with"] == opened_with
    assert ("known-passphrase" in codes(report)) == warned
    assert found[1]["matches"] == [2]
    assert "encrypted" not in found[1]
    assert found[2]["found"] == {
        "encoding": "pkcs12",
        "offset": 0,
        "entry": "friend",
        "inside": 0,
    }
    assert report.chain is not None
    assert report.chain.facts()["path"] == [2, 3, 4]


def test_a_file_without_a_key_is_a_truststore() -> None:
    data = p12(None, with_key=False)
    assert kinds(data) == ["pkcs12", "certificate", "certificate", "certificate"]
    assert "known-passphrase" not in codes(look(data))


def test_how_a_file_is_protected_is_put_in_words() -> None:
    found = facts(p12(SECRET))
    assert found["version"] == 3
    assert found["mac"].startswith("HMAC with SHA-256, ")
    words = [one["encryption"] or one["bags"] for one in found["contents"]]
    assert any("PBES2 with AES-256-CBC" in str(one) for one in words)


@pytest.mark.parametrize(
    ("passphrases", "code"), [((), "passphrase-needed"), ((b"x",), "wrong-passphrase")]
)
def test_a_file_that_stays_closed_is_told_of(
    passphrases: tuple[bytes, ...], code: str
) -> None:
    report = look(p12(SECRET), passphrases=passphrases)
    assert codes(report) == [code]
    assert report.facts()["objects"][0]["opened_with"] is None
    assert report.has_problems


def legacy() -> bytes:
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA256())
        .build(SECRET)
    )
    return p12(SECRET, encryption=encryption)


def test_an_old_encryption_is_told_of() -> None:
    report = look(legacy(), passphrases=[SECRET])
    assert "old-encryption" in codes(report)
    assert "PKCS#12 with 3DES, 2048 iterations" in str(report.facts())


def content(kind: str, *inside: bytes) -> bytes:
    return der.sequence(oid(kind), explicit(0, *inside))


def bag(kind: str, value: bytes) -> bytes:
    return der.sequence(oid(kind), explicit(0, value))


def certificate_bag(data: bytes) -> bytes:
    value = der.sequence(oid(X509), explicit(0, der.octet_string(data)))
    return bag(CERTIFICATE_BAG, value)


def shrouded_bag(count: int) -> bytes:
    encrypted = der.sequence(pbes2(pbkdf2(count)), der.octet_string(b"x"))
    return bag(SHROUDED_BAG, encrypted)


def bags(*each: bytes) -> bytes:
    return content(DATA, der.octet_string(der.sequence(*each)))


def mac(count: int | None = 1, kind: bytes = algorithm("1.3.14.3.2.26")) -> bytes:
    digest = der.sequence(kind, der.octet_string(bytes(20)))
    rounds = [der.integer(count)] if count is not None else []
    return der.sequence(digest, der.octet_string(b"salt"), *rounds)


def pfx(*contents: bytes, mac_data: bytes = b"") -> bytes:
    safe = content(DATA, der.octet_string(der.sequence(*contents)))
    return der.sequence(der.integer(3), safe, mac_data)


def test_certificates_in_the_clear_are_seen_without_the_passphrase() -> None:
    data = pfx(bags(certificate_bag(PEOPLE.leaf.der), shrouded_bag(5)), mac_data=mac())
    report = look(data)
    assert kinds(data) == ["pkcs12", "certificate"]
    assert "passphrase-needed" in codes(report)
    found = report.facts()["objects"][0]
    assert found["mac"] == "HMAC with SHA-1, 1 iterations"
    assert found["contents"] == [
        {
            "encryption": None,
            "bags": [
                "certificate",
                "private key, encrypted with PBES2 with AES-256-CBC, PBKDF2 with "
                "SHA-1, 5 iterations",
            ],
        }
    ]


def encrypted_content(count: int) -> bytes:
    info = der.sequence(oid(DATA), pbes2(pbkdf2(count)), der.context(0, b"x"))
    return content(ENCRYPTED, der.sequence(der.integer(0), info))


PBMAC1 = "1.2.840.113549.1.5.14"


@pytest.mark.parametrize(
    "data",
    [
        pfx(bags(shrouded_bag(1 << 30)), mac_data=mac()),
        pfx(encrypted_content(1 << 30), mac_data=mac()),
        pfx(bags(certificate_bag(PEOPLE.leaf.der)), mac_data=mac(1 << 30)),
        pfx(
            bags(),
            mac_data=mac(1, algorithm(PBMAC1, der.sequence(pbkdf2(1 << 30)))),
        ),
    ],
)
def test_a_file_that_would_hold_us_for_hours_is_not_opened(data: bytes) -> None:
    report = look(data, passphrases=[b"x"])
    assert "costly-encryption" in codes(report)
    assert "opened_with" not in report.facts()["objects"][0]


def test_other_macs_are_put_in_words() -> None:
    newer = mac(None, algorithm(PBMAC1, der.sequence(pbkdf2(5))))
    words = facts(pfx(bags(), mac_data=newer))["mac"]
    assert words == "PBMAC1 with PBKDF2 with SHA-1, 5 iterations"
    bare = mac(None, algorithm(PBMAC1))
    assert facts(pfx(bags(), mac_data=bare))["mac"] == "PBMAC1"
    odd = mac(None, algorithm("1.2.3"))
    assert facts(pfx(bags(), mac_data=odd))["mac"] == "HMAC with 1.2.3, 1 iterations"


def test_an_empty_file_is_told_of() -> None:
    empty = pkcs12.serialize_java_truststore(
        [pkcs12.PKCS12Certificate(PEOPLE.root.certificate, b"x")],
        PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(b"changeit"),
    )
    assert kinds(empty) == ["pkcs12", "certificate"]
    report = look(pfx(bags()))
    assert {*codes(report)} >= {"no-mac"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pfx(der.integer(1)), "unexpected-type"),
        (pfx(der.sequence()), "missing-field"),
        (pfx(bags(der.integer(1))), "unexpected-type"),
        (pfx(bags(der.sequence(oid("1.2.3")))), "missing-field"),
        (pfx(bags(bag("1.2.3", der.sequence()))), "no-mac"),
        (pfx(bags(), mac_data=der.sequence()), "missing-field"),
        (pfx(bags(), mac_data=der.sequence(der.sequence())), "missing-field"),
        (pfx(content(ENCRYPTED, der.integer(1))), "unexpected-type"),
        (pfx(content(ENCRYPTED, der.sequence())), "missing-field"),
        (pfx(der.sequence(oid(ENCRYPTED))), "no-mac"),
        (pfx(der.sequence(oid(DATA))), "no-mac"),
        (der.sequence(der.integer(3), content(ENCRYPTED, der.sequence())), "no-mac"),
        (der.sequence(der.integer(3), der.sequence(oid(DATA))), "no-mac"),
        (pem_of(der.sequence(der.integer(3)), "PKCS12"), "missing-field"),
        (pem_of(b"\5\0", "PKCS12"), "not-a-sequence"),
        (p12(SECRET) + b"x", "trailing-data"),
        (p12(SECRET)[:-5], "truncated"),
    ],
)
def test_a_file_that_is_odd_is_told_of(data: bytes, code: str) -> None:
    assert code in codes(look(data, passphrases=[SECRET]))


def test_there_is_an_end_to_how_many_bags_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tlsmith.core.describe import pkcs12 as module

    monkeypatch.setattr(module, "_MOST_BAGS", 2)
    data = pfx(bags(*[certificate_bag(PEOPLE.leaf.der)] * 5))
    assert len(facts(data)["contents"][0]["bags"]) == 2
