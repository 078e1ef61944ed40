from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import codes, facts, look
from core.describe.samples import PEOPLE
from tlsmith.core.describe import keystore

JKS, JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
CREATED = 1_700_000_000_000


def number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "big")


def string(text: str) -> bytes:
    return number(len(text.encode()), 2) + text.encode()


def certificate(data: bytes, version: int) -> bytes:
    kind = string("X.509") if version == 2 else b""
    return kind + number(len(data)) + data


def trusted(alias: str, data: bytes, version: int = 2) -> bytes:
    return number(2) + string(alias) + number(CREATED, 8) + certificate(data, version)


def private(alias: str, *chain: bytes) -> bytes:
    head = number(1) + string(alias) + number(CREATED, 8) + number(3) + b"key"
    return head + number(len(chain)) + b"".join(certificate(one, 2) for one in chain)


def store(*entries: bytes, **more: Any) -> bytes:
    body = more.get("magic", JKS) + number(more.get("version", 2))
    body += number(more.get("count", len(entries))) + b"".join(entries)
    passphrase = more.get("passphrase", "changeit").encode("utf-16-be")
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(passphrase + b"Mighty Aphrodite" + body)
    return body + digest.digest()


LEAF, MIDDLE, ROOT = PEOPLE.leaf.der, PEOPLE.intermediate.der, PEOPLE.root.der


def test_the_entries_are_listed_and_their_certificates_described() -> None:
    report = look(store(trusted("root é", ROOT), private("web", LEAF, MIDDLE)))
    found = report.facts()["objects"]
    assert found[0]["format"] == "JKS"
    assert found[0]["entries"] == [
        {
            "alias": "root é",
            "created": "2023-11-14T22:13:20Z",
            "type": "trusted certificate",
            "certificates": 1,
        },
        {
            "alias": "web",
            "created": "2023-11-14T22:13:20Z",
            "type": "private key",
            "certificates": 2,
        },
    ]
    assert found[0]["integrity"] == "checked"
    assert [one["found"]["entry"] for one in found[1:]] == ["root é", "web", "web"]
    assert "old-format" in codes(report)
    assert "extra-certificate" not in codes(report)
    assert found[0]["chains"][0]["path"] == [2, 3]


def test_an_old_version_has_no_types() -> None:
    found = facts(store(trusted("root", ROOT, 1), version=1))
    assert found["entries"][0]["alias"] == "root"
    assert found["integrity"] == "checked"


def test_a_jceks_keystore_is_read() -> None:
    report = look(store(trusted("root", ROOT), magic=JCEKS))
    assert report.facts()["objects"][0]["format"] == "JCEKS"
    assert "old-format" not in codes(report)


@pytest.mark.parametrize(
    ("given_", "integrity", "code"),
    [
        ((), "not checked", "integrity-not-checked"),
        ((b"wrong",), "not checked", "wrong-passphrase"),
        ((b"wrong", "sécret".encode()), "checked", None),
        ((b"\xff",), "not checked", "wrong-passphrase"),
    ],
)
def test_the_passphrase_checks_the_digest(
    given_: tuple[bytes, ...], integrity: str, code: str | None
) -> None:
    report = look(store(passphrase="sécret"), passphrases=given_)
    assert report.facts()["objects"][0]["integrity"] == integrity
    assert codes(report) == ([code] if code else []) + ["old-format"] or code


def test_a_secret_key_cannot_be_passed_over() -> None:
    secret = number(3) + string("aes") + number(CREATED, 8) + b"\xac\xed"
    report = look(store(trusted("root", ROOT), secret, magic=JCEKS))
    assert "unreadable-entry" in codes(report)
    found = report.facts()["objects"]
    assert found[0]["entries"][1]["type"] == "secret"
    assert "integrity" not in found[0]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (store(version=3), "unknown-version"),
        (JKS, "truncated"),
        (store(trusted("root", ROOT))[:-21], "truncated"),
        (store(trusted("root", ROOT))[:-5], "truncated"),
        (store(count=5), "truncated"),
        (store(count=0xFFFFFFFF), "truncated"),
        (store(trusted("root", ROOT)) + b"xy", "trailing-data"),
    ],
)
def test_a_keystore_that_is_broken_is_told_of(data: bytes, code: str) -> None:
    assert code in codes(look(data))


def test_a_date_beyond_all_calendars_is_no_crash() -> None:
    entry = number(2) + string("x") + b"\xff" * 8 + certificate(ROOT, 2)
    assert facts(store(entry))["entries"][0]["created"] == "9999-12-31T23:59:59Z"


def test_there_is_an_end_to_how_many_entries_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keystore, "_MOST_ENTRIES", 2)
    report = look(store(private("a", ROOT, ROOT, ROOT), *[trusted("x", ROOT)] * 4))
    assert len(report.facts()["objects"][0]["entries"]) == 2
    assert len(report.objects) == 3


@given(st.binary(max_size=120))
def test_any_keystore_is_read_to_an_end(data: bytes) -> None:
    look(JKS + data)
    look(JKS + number(2) + number(1) + data)
