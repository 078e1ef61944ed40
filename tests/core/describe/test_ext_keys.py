from __future__ import annotations

from typing import Any

import pytest

from core.describe.forge import CA_NAME, codes, explicit, node, oid
from strategies import NOW
from tlsmith.core import der
from tlsmith.core.describe import ext_keys


def read(function: str, data: bytes) -> tuple[Any, list[str], list[str]]:
    dissection, outer = node(data)
    value, words = getattr(ext_keys, function)(dissection, outer)
    return value, words, codes(dissection.findings)


def usage(*octets: int, unused: int = 0) -> bytes:
    return der.bit_string(bytes(octets), unused)


def test_key_identifiers_are_shown_in_hexadecimal() -> None:
    assert read("subject_key_identifier", der.octet_string(b"\1\2"))[:2] == (
        "0102",
        ["0102"],
    )
    assert read("subject_key_identifier", der.octet_string(b""))[1] == ["(empty)"]


def test_the_authoritys_key_is_named_in_three_ways() -> None:
    whole = der.sequence(
        der.context(0, b"\1"), explicit(1, explicit(4, CA_NAME)), der.context(2, b"\5")
    )
    value, words, faults = read("authority_key_identifier", whole)
    assert value == {
        "key_identifier": "01",
        "authority_cert_issuer": [{"type": "directory", "value": "CN=ca"}],
        "authority_cert_serial_number": "05",
    }
    assert words == ["01", "issuer: name CN=ca", "serial: 05"]
    assert not faults
    assert read("authority_key_identifier", der.sequence())[1] == ["(empty)"]


@pytest.mark.parametrize(
    "part", [explicit(1, explicit(4, CA_NAME)), der.context(2, b"\5")]
)
def test_issuer_and_serial_number_come_together(part: bytes) -> None:
    faults = read("authority_key_identifier", der.sequence(part))[2]
    assert faults == ["half-authority-key-identifier"]


@pytest.mark.parametrize(
    ("data", "value", "faults"),
    [
        (usage(0x80, unused=7), ["digital_signature"], []),
        (usage(0x06, unused=1), ["key_cert_sign", "crl_sign"], []),
        (usage(0x00, 0x80, unused=7), ["decipher_only"], []),
        (usage(), [], ["empty-key-usage"]),
        (usage(0x80, 0x40, unused=6), ["digital_signature"], ["unknown-key-usage"]),
    ],
)
def test_the_usage_of_a_key_is_read(
    data: bytes, value: list[str], faults: list[str]
) -> None:
    assert read("key_usage", data)[0] == value
    assert read("key_usage", data)[2] == faults


def test_purposes_have_names_and_words() -> None:
    data = der.sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.2.3"))
    assert read("extended_key_usage", data) == (
        ["serverAuth", "1.2.3"],
        ["TLS server, 1.2.3"],
        [],
    )
    assert read("extended_key_usage", der.sequence()) == (
        [],
        ["nothing"],
        ["empty-extended-key-usage"],
    )


FALSE = der.encode(der.BOOLEAN, b"\0")


@pytest.mark.parametrize(
    ("parts", "value", "words", "faults"),
    [
        ([], {"ca": False, "path_length": None}, "end entity, no CA", []),
        (
            [der.TRUE],
            {"ca": True, "path_length": None},
            "CA, any number of CAs below it",
            [],
        ),
        (
            [der.TRUE, der.integer(0)],
            {"ca": True, "path_length": 0},
            "CA, no CA below it",
            [],
        ),
        (
            [der.TRUE, der.integer(1)],
            {"ca": True, "path_length": 1},
            "CA, at most 1 CA below it",
            [],
        ),
        (
            [der.TRUE, der.integer(2)],
            {"ca": True, "path_length": 2},
            "CA, at most 2 CAs below it",
            [],
        ),
        (
            [der.TRUE, der.encode(der.INTEGER, b"\xff")],
            {"ca": True, "path_length": -1},
            "CA, at most -1 CAs below it",
            ["bad-path-length"],
        ),
        (
            [FALSE],
            {"ca": False, "path_length": None},
            "end entity, no CA",
            ["default-written-out"],
        ),
        (
            [der.integer(0)],
            {"ca": False, "path_length": 0},
            "end entity, no CA",
            ["bad-path-length"],
        ),
    ],
)
def test_basic_constraints_are_read(
    parts: list[bytes], value: dict[str, Any], words: str, faults: list[str]
) -> None:
    data = der.sequence(*parts)
    assert read("basic_constraints", data) == (value, [words], faults)


def test_the_period_of_a_key_is_read() -> None:
    first, last = (der.time(one)[2:] for one in (NOW, NOW.replace(year=2027)))
    first, last = b"20" + first, b"20" + last
    data = der.sequence(der.context(0, first), der.context(1, last))
    value, words, faults = read("private_key_usage_period", data)
    assert value["not_before"] == "2026-11-23T12:00:00Z"
    assert words == ["from 2026-11-23T12:00:00Z to 2027-11-23T12:00:00Z"]
    assert not faults
    turned = der.sequence(der.context(0, last), der.context(1, first))
    assert read("private_key_usage_period", turned)[2] == ["validity-reversed"]
    assert read("private_key_usage_period", der.sequence())[2] == []


def test_counts_of_certificates_are_put_in_words() -> None:
    assert read("path_length_free", der.integer(1)) == (1, ["after 1 certificate"], [])
    data = der.sequence(der.context(0, b"\0"), der.context(1, b"\2"))
    value, words, _ = read("policy_constraints", data)
    assert value == {"require_explicit_policy": 0, "inhibit_policy_mapping": 2}
    assert words == [
        "an explicit policy is required after 0 certificates",
        "no policy is mapped after 2 certificates",
    ]
    assert read("policy_constraints", der.sequence())[1] == ["(empty)"]


def test_lists_of_identifiers_are_read() -> None:
    data = der.sequence(oid("1.2.3"), der.sequence(oid("1.2.4"), der.integer(1)))
    assert read("identifiers", data)[:2] == (["1.2.3", "1.2.4"], ["1.2.3, 1.2.4"])
    assert read("identifiers", der.sequence())[1] == ["(none)"]
    assert read("identifiers", der.sequence(der.sequence()))[0] == ["?"]
