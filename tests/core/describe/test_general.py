from __future__ import annotations

import pytest

from core.describe.forge import LEAF_NAME, codes, explicit, node, oid, text
from tlsmith.core import der
from tlsmith.core.describe.general import (
    in_words,
    read_general_name,
    read_general_names,
)

UPN = "1.3.6.1.4.1.311.20.2.3"


def read(data: bytes, *, subtree: bool = False) -> tuple[dict[str, str], list[str]]:
    dissection, outer = node(data)
    facts = read_general_name(dissection, outer, subtree=subtree)
    return facts, codes(dissection.findings)


@pytest.mark.parametrize(
    ("data", "kind", "value", "words"),
    [
        (der.context(1, b"a@b.test"), "email", "a@b.test", "e-mail a@b.test"),
        (der.context(2, b"app.test"), "dns", "app.test", "DNS app.test"),
        (der.context(6, b"urn:x"), "uri", "urn:x", "URI urn:x"),
        (der.context(7, b"\x7f\0\0\1"), "ip", "127.0.0.1", "IP 127.0.0.1"),
        (der.context(7, bytes(15) + b"\1"), "ip", "::1", "IP ::1"),
        (explicit(4, LEAF_NAME), "directory", "CN=leaf", "name CN=leaf"),
        (der.context(8, b"\x2a\x03"), "registered_id", "1.2.3", "registered ID 1.2.3"),
        (explicit(3, b"\x05\0"), "x400", "0500", "X.400 address 0500"),
        (explicit(5, b"\x05\0"), "edi", "0500", "EDI party name 0500"),
        (
            explicit(0, oid(UPN), explicit(0, text("me@x"))),
            "other",
            "me@x",
            "user principal name me@x",
        ),
        (
            explicit(0, oid("1.2.3"), explicit(0, der.sequence(der.integer(1)))),
            "other",
            "3003020101",
            "1.2.3 3003020101",
        ),
        (der.context(2, b""), "dns", "", "DNS (empty)"),
    ],
)
def test_a_name_of_every_kind_is_read(
    data: bytes, kind: str, value: str, words: str
) -> None:
    facts, faults = read(data)
    assert (facts["type"], facts["value"]) == (kind, value)
    assert in_words(facts) == words
    assert not faults


def test_a_name_with_an_a_label_has_both_forms() -> None:
    facts, faults = read(der.context(2, b"XN--bcher-kva.test"))
    assert facts["unicode"] == "bücher.test"
    assert in_words(facts) == "DNS bücher.test (XN--bcher-kva.test)"
    assert not faults
    facts, _ = read(der.context(1, b"me@xn--bcher-kva.test"))
    assert facts["unicode"] == "me@bücher.test"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (der.context(2, b"xn--0.test"), "bad-a-label"),
        (der.context(2, b"a\0.test"), "embedded-nul"),
        (der.context(2, "bücher.test".encode()), "bad-string"),
        (der.context(7, b"127.0.0.1"), "bad-ip-address"),
        (der.context(9, b"x"), "unknown-name-type"),
        (der.integer(1), "unknown-name-type"),
        (explicit(2, b"x"), "unknown-name-type"),
        (explicit(4), "missing-field"),
        (explicit(0), "missing-field"),
        (der.context(8, b""), "bad-oid"),
    ],
)
def test_a_name_that_is_none_is_told_of(data: bytes, code: str) -> None:
    assert read(data)[1][0] == code


@pytest.mark.parametrize(
    ("octets", "value", "faults"),
    [
        (b"\x0a\0\0\0\xff\0\0\0", "10.0.0.0/8", []),
        (bytes(8), "0.0.0.0/0", []),
        (b"\x0a\0\0\1\xff\xff\xff\xff", "10.0.0.1/32", []),
        (bytes(32), "::/0", []),
        (b"\x0a\0\0\1\xff\0\0\0", "10.0.0.1/8", ["bad-ip-address"]),
        (b"\x0a\0\0\0\xff\0\xff\0", "10.0.0.0/255.0.255.0", ["bad-ip-address"]),
        (b"\x0a\0\0\0", "0a000000", ["bad-ip-address"]),
    ],
)
def test_the_base_of_a_constraint_has_a_mask(
    octets: bytes, value: str, faults: list[str]
) -> None:
    assert read(der.context(7, octets), subtree=True) == (
        {"type": "ip", "value": value},
        faults,
    )


def test_names_are_read_in_order() -> None:
    listing = der.sequence(der.context(2, b"a"), der.context(2, b"b"))
    dissection, outer = node(listing)
    assert [one["value"] for one in read_general_names(dissection, outer)] == ["a", "b"]
