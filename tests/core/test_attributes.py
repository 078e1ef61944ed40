"""Attributes of distinguished names, held to what other libraries read."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core import der
from tlsmith.core.attributes import KNOWN_ATTRIBUTES, parse_attributes
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.subject import EMPTY, distinguished_name, parse_subject
from tlsmith.errors import InputError

TEXTS = st.text(min_size=1, max_size=64).filter(str.isprintable)
TYPES = st.sampled_from([COMMON_NAME, ORGANIZATION, "2.5.4.8", "2.5.4.11"])


@given(st.lists(st.tuples(TYPES, TEXTS), max_size=5))
def test_attributes_are_those_the_library_reads(pairs: list[tuple[str, str]]) -> None:
    name = distinguished_name(*pairs)
    found = parse_attributes(name)
    assert [(part.oid, part.text) for part in found] == pairs
    theirs = x509.Name.from_bytes(name)
    assert [(part.oid.dotted_string, part.value) for part in theirs] == pairs
    assert der.sequence(*(part.rdn for part in found)) == name


def test_strings_of_every_type_are_read() -> None:
    subject = parse_subject("C=DE,emailAddress=me@a.test,CN=x", None)
    assert {part.text for part in parse_attributes(subject)} == {"DE", "me@a.test", "x"}
    for tag, content in ((0x14, b"\xfc"), (0x1E, b"\0\xfc"), (0x0C, "ü".encode())):
        assert parse_attributes(_name(tag, content))[0].text == "ü"


def test_several_attributes_in_one_rdn_come_apart() -> None:
    one, two = (
        der.sequence(der.object_identifier(oid), der.encode(der.UTF8_STRING, b"x"))
        for oid in (COMMON_NAME, ORGANIZATION)
    )
    found = parse_attributes(der.sequence(der.encode(der.SET, one, two)))
    assert [part.rdn for part in found] == [
        der.encode(der.SET, part) for part in (one, two)
    ]
    assert str(found[0]) == "CN='x'"


def _name(tag: int, content: bytes, oid: str = COMMON_NAME) -> bytes:
    attribute = der.sequence(der.object_identifier(oid), der.encode(tag, content))
    return der.sequence(der.encode(der.SET, attribute))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"", "cut short"),
        (EMPTY + b"\0", "follow"),
        (der.sequence(der.sequence()), "a part that is none"),
        (der.sequence(der.encode(der.SET)), "a part that is none"),
        (der.sequence(der.encode(der.SET, b"\5\0")), "an attribute that is none"),
        (der.sequence(der.encode(der.SET, EMPTY)), "an attribute that is none"),
        (_name(0x0C, b"x", "1.2.3"), "unknown type 1.2.3"),
        (_name(0x0C, b""), "CN of 0 characters"),
        (_name(0x0C, b"x" * 65), "CN of 65 characters"),
        (_name(0x0C, b"DEU", "2.5.4.6"), "C of 3 characters"),
        (_name(0x0C, b"a\0b"), "does not print"),
        (_name(0x0C, b"a\nb"), "does not print"),
        (_name(0x0C, "a\u202eb".encode()), "does not print"),
        (_name(0x0C, b"\xff"), "CN that is no text"),
        (_name(0x13, b"\xff"), "CN that is no text"),
        (_name(0x1E, b"x"), "CN that is no text"),
        (_name(0x02, b"\1"), "CN that is no text"),
        (
            der.sequence(
                *(der.only(_name(0x0C, b"x"), der.SEQUENCE).content for _ in range(33))
            ),
            "more than 32 attributes",
        ),
    ],
)
def test_what_is_no_name_is_refused(name: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse_attributes(name)


def test_the_attributes_known_are_those_a_subject_can_be_written_with() -> None:
    for oid, (name, _) in KNOWN_ATTRIBUTES.items():
        found = parse_attributes(parse_subject(f"{name}=DE", None))
        assert [part.oid for part in found] == [oid]
