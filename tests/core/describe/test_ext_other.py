from __future__ import annotations

from typing import Any

import pytest

from core.describe.forge import codes, node, oid, text
from tlsmith.core import der
from tlsmith.core.describe import ext_other


def read(function: str, data: bytes) -> tuple[Any, list[str], list[str]]:
    dissection, outer = node(data)
    value, words = getattr(ext_other, function)(dissection, outer)
    return value, words, codes(dissection.findings)


def test_features_are_put_in_words() -> None:
    data = der.sequence(der.integer(5), der.integer(17), der.integer(99))
    assert read("tls_feature", data)[:2] == (
        [5, 17, 99],
        [
            "OCSP must be stapled",
            "OCSP must be stapled (version 2)",
            "TLS extension 99",
        ],
    )
    assert read("tls_feature", der.sequence())[1] == ["(none)"]
    assert read("tls_feature", der.sequence(b"\2\0"))[0] == [0]


def test_simple_values_are_read() -> None:
    assert read("nothing", b"\x05\0")[:2] == (True, ["yes"])
    assert read("identifier", oid("1.2.3"))[:2] == ("1.2.3", ["1.2.3"])
    assert read("octets", der.octet_string(b"\1"))[:2] == ("01", ["01"])
    assert read("string", text("words"))[:2] == ("words", ["words"])
    assert read("string", text("a\0b"))[2] == ["embedded-nul"]
    assert read("reason", der.encode(0x0A, b"\1"))[0] == "key_compromise"
    moment = der.encode(der.GENERALIZED_TIME, b"20261123120000Z")
    assert read("time", moment)[:2] == (
        "2026-11-23T12:00:00Z",
        ["2026-11-23T12:00:00Z"],
    )
    assert read("time", der.encode(der.GENERALIZED_TIME, b"x"))[1] == ["unreadable"]


def test_numbers_are_shown_whatever_their_size() -> None:
    assert read("number", der.integer(5))[0] == "5"
    assert read("number", der.integer(1 << 200))[0] == hex(1 << 200)
    assert read("number", b"\2\1\xff") == ("-1", ["-1"], ["negative-number"])
    assert read("number", b"\2\0")[0] == "None"


def test_the_types_of_netscape_are_put_in_words() -> None:
    assert read("netscape_type", der.bit_string(b"\xc0", 6))[1] == [
        "TLS client, TLS server"
    ]
    assert read("netscape_type", der.bit_string(b""))[1] == ["nothing"]


def test_the_templates_of_microsoft_are_read() -> None:
    data = der.sequence(oid("1.2.3"), der.integer(100), der.integer(3))
    assert read("microsoft_template", data)[:2] == (
        {"oid": "1.2.3", "major": 100, "minor": 3},
        ["1.2.3, version 100.3"],
    )
    assert read("microsoft_template", der.sequence(oid("1.2.3")))[1] == [
        "1.2.3, version 0.0"
    ]


def test_policies_and_statements_are_named() -> None:
    data = der.sequence(der.sequence(oid("1.3.6.1.5.5.7.3.2")))
    assert read("application_policies", data)[1] == ["TLS client"]
    assert read("application_policies", der.sequence())[1] == ["(none)"]
    data = der.sequence(der.sequence(oid("0.4.0.1862.1.1")), der.sequence(oid("1.2.3")))
    assert read("qualified_statements", data)[1] == [
        "EU qualified certificate",
        "1.2.3",
    ]
    assert read("qualified_statements", der.sequence())[1] == ["(none)"]


def test_organisations_and_accounts_are_named() -> None:
    data = der.sequence(text("NTR"), text("DE"), text("5"))
    assert read("organisation_identifier", data)[1] == ["NTR DE 5"]
    assert read("security_identifier", der.sequence(text("S-1-5-21")))[0] == "S-1-5-21"
    assert read("security_identifier", der.sequence(text("x")))[0] == "0c0178"


def one(milliseconds: int = 1_700_000_000_000) -> bytes:
    body = b"\0" + b"L" * 32 + milliseconds.to_bytes(8, "big") + b"\0\0" + b"sign"
    return len(body).to_bytes(2, "big") + body


def listed(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return der.octet_string(len(body).to_bytes(2, "big") + body)


def test_timestamps_are_read() -> None:
    value, words, faults = read("timestamps", listed(one(), one(2**63)))
    assert value[0] == {
        "version": 1,
        "log_id": (b"L" * 32).hex(),
        "timestamp": "2023-11-14T22:13:20Z",
    }
    assert value[1]["timestamp"] == "9999-12-31T23:59:59Z"
    assert words[0] == "2023-11-14T22:13:20Z, log 4c4c4c4c4c4c4c4c..."
    assert not faults
    assert read("timestamps", listed()) == ([], ["(none)"], [])


@pytest.mark.parametrize(
    "data",
    [
        der.octet_string(b""),
        der.octet_string(b"\0"),
        listed(one()[:-1]),
        listed(b"\0\5short"),
        listed(one(), b"\0"),
        der.octet_string(b"\0\0" + one()),
    ],
)
def test_timestamps_that_are_cut_short_are_told_of(data: bytes) -> None:
    assert read("timestamps", data)[2] == ["bad-timestamps"]


def test_the_unknown_is_shown_in_hexadecimal() -> None:
    assert read("unknown", der.octet_string(b"\1"))[:2] == ("01", ["01 (1 byte)"])
    value, words, _ = read("unknown", der.octet_string(bytes(100)))
    assert value == "00" * 100
    assert words == ["00" * 60 + "... (100 bytes)"]
