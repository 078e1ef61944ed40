from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import codes, node
from strategies import moments
from tlsmith.core import der
from tlsmith.core.describe import values
from tlsmith.core.describe.dissect import Dissection


def read(function: str, data: bytes) -> tuple[object, list[str]]:
    dissection, outer = node(data)
    value = getattr(values, function)(dissection, outer)
    return value, codes(dissection.findings)


@given(st.integers(-(1 << 200), 1 << 200))
def test_an_integer_is_read(number: int) -> None:
    size = ((number + (number < 0)).bit_length() // 8) + 1
    data = der.encode(der.INTEGER, number.to_bytes(size, "big", signed=True))
    assert read("integer", data) == (number, [])


@pytest.mark.parametrize(
    ("content", "value", "code"),
    [
        (b"", None, "empty-integer"),
        (b"\0\1", 1, "non-minimal-integer"),
        (b"\xff\xff", -1, "non-minimal-integer"),
    ],
)
def test_an_integer_that_is_not_der_is_told_of(
    content: bytes, value: int | None, code: str
) -> None:
    assert read("integer", der.encode(der.INTEGER, content)) == (value, [code])


def test_a_count_is_small_and_not_negative() -> None:
    assert read("count", der.integer(5)) == (5, [])
    assert read("count", b"\2\1\xff") == (-1, ["bad-number"])
    assert read("count", der.integer(1 << 40)) == (1 << 40, ["bad-number"])
    assert values.count(Dissection(b""), None) is None


@pytest.mark.parametrize(
    ("content", "value", "expected"),
    [
        (b"\xff", True, []),
        (b"\0", False, []),
        (b"\1", True, ["bad-boolean"]),
        (b"", False, ["bad-boolean"]),
        (b"\0\0", False, ["bad-boolean"]),
    ],
)
def test_a_boolean_is_read(content: bytes, value: bool, expected: list[str]) -> None:
    assert read("boolean", der.encode(der.BOOLEAN, content)) == (value, expected)


@given(
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 1 << 40), max_size=8),
)
def test_an_object_identifier_is_read(first: int, second: int, rest: list[int]) -> None:
    text = ".".join(map(str, (first, second, *rest)))
    assert read("oid", der.object_identifier(text)) == (text, [])


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"", "?"),
        (b"\x80", "?"),
        (b"\x2a\x80\x01", "1.2.1"),
        (b"\x80\x2a", "1.2"),
        (b"\x2a\x81", "1.2"),
        (b"\x2a" * 200, "1.2" + ".42" * 127),
    ],
)
def test_an_object_identifier_that_is_none_is_told_of(
    content: bytes, value: str
) -> None:
    assert read("oid", der.encode(der.OID, content)) == (value, ["bad-oid"])


def test_what_is_missing_reads_as_nothing() -> None:
    dissection = Dissection(b"")
    assert values.integer(dissection, None) is None
    assert values.oid(dissection, None) == "?"
    assert values.bits(dissection, None) == b""
    assert values.octets(dissection, None) == b""
    assert values.text(dissection, None) == ""
    assert values.moment(dissection, None) is None
    assert values.time_choice(dissection, None) is None


@pytest.mark.parametrize(
    ("content", "value", "expected"),
    [
        (b"\0ab", b"ab", []),
        (b"\4\xf0", b"\xf0", []),
        (b"\0", b"", []),
        (b"", b"", ["bad-bit-string"]),
        (b"\1", b"", ["bad-bit-string"]),
        (b"\x08\0", b"\0", ["bad-bit-string"]),
        (b"\4\xff", b"\xff", ["bad-bit-string"]),
    ],
)
def test_a_bit_string_is_read(
    content: bytes, value: bytes, expected: list[str]
) -> None:
    assert read("bits", der.encode(der.BIT_STRING, content)) == (value, expected)


@pytest.mark.parametrize(
    ("content", "value", "expected"),
    [
        (b"\7\x80", {0}, []),
        (b"\7\x01\x80", {7, 8}, []),
        (b"\0", set(), []),
        (b"\0\x80", {0}, ["bit-string-zeros"]),
        (b"\6\x80", {0}, ["bit-string-zeros"]),
        (b"", set(), ["bad-bit-string"]),
    ],
)
def test_named_bits_are_counted_from_the_first(
    content: bytes, value: set[int], expected: list[str]
) -> None:
    assert read("named_bits", der.encode(der.BIT_STRING, content)) == (value, expected)


def test_an_octet_string_in_pieces_is_joined() -> None:
    assert read("octets", der.octet_string(b"ab")) == (b"ab", [])
    pieces = der.encode(0x24, der.octet_string(b"a"), der.octet_string(b"b"))
    assert read("octets", pieces) == (b"ab", [])


@pytest.mark.parametrize(
    ("tag", "content", "value"),
    [
        (0x0C, "é".encode(), "é"),
        (0x13, b"Plain (1)", "Plain (1)"),
        (0x16, b"a@b", "a@b"),
        (0x1A, b"x", "x"),
        (0x12, b"12", "12"),
        (0x1E, "é€".encode("utf-16-be"), "é€"),
        (0x1C, "😀".encode("utf-32-be"), "😀"),
        (0x14, b"old", "old"),
    ],
)
def test_a_string_of_every_type_is_read(tag: int, content: bytes, value: str) -> None:
    assert read("text", der.encode(tag, content)) == (value, [])


@pytest.mark.parametrize(
    ("tag", "content", "value", "code"),
    [
        (0x0C, b"a\xff", "a�", "bad-string"),
        (0x16, b"\xc3\xa9", "é", "bad-string"),
        (0x1E, b"a", "a", "bad-string"),
        (0x13, b"a*b", "a*b", "not-printable-string"),
        (0x14, b"\xe9", "é", "teletex-string"),
        (0x04, b"\1\2", "#04020102", "not-a-string"),
    ],
)
def test_a_string_that_is_none_is_told_of(
    tag: int, content: bytes, value: str, code: str
) -> None:
    assert read("text", der.encode(tag, content)) == (value, [code])


@given(moments)
def test_a_moment_is_read_as_it_was_written(moment: datetime) -> None:
    assert read("time_choice", der.time(moment)) == (moment, [])


def at(tag: int, written: str) -> tuple[object, list[str]]:
    return read("time_choice", der.encode(tag, written.encode()))


UTC_TIME, GENERALIZED = 0x17, 0x18


@pytest.mark.parametrize(
    ("tag", "written", "value"),
    [
        (UTC_TIME, "2611231200Z", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        (UTC_TIME, "261123120000+0130", datetime(2026, 11, 23, 10, 30, tzinfo=UTC)),
        (UTC_TIME, "261123120000-0130", datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        (UTC_TIME, "261123120000", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        (GENERALIZED, "20601123120000.5Z", datetime(2060, 11, 23, 12, tzinfo=UTC)),
        (GENERALIZED, "206011231200Z", datetime(2060, 11, 23, 12, tzinfo=UTC)),
    ],
)
def test_a_time_that_is_not_der_is_read_and_told_of(
    tag: int, written: str, value: datetime
) -> None:
    assert at(tag, written) == (value, ["time-not-der"])


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        (UTC_TIME, ""),
        (UTC_TIME, "now"),
        (UTC_TIME, "261323120000Z"),
        (UTC_TIME, "260230120000Z"),
        (UTC_TIME, "261123240000Z"),
        (UTC_TIME, "261123120060Z"),
        (UTC_TIME, "20261123120000Z"),
        (GENERALIZED, "261123120000Z"),
        (GENERALIZED, "00000101000000Z"),
        (GENERALIZED, "00010101000000+0100"),
        (GENERALIZED, "99991231235959-0100"),
        (UTC_TIME, "２６1123120000Z"),
        (UTC_TIME, "9" * 1000),
    ],
)
def test_a_time_that_is_none_is_told_of(tag: int, written: str) -> None:
    assert at(tag, written) == (None, ["bad-time"])


def test_a_year_of_two_digits_is_of_this_century_below_50() -> None:
    assert at(UTC_TIME, "490101000000Z")[0] == datetime(2049, 1, 1, tzinfo=UTC)
    assert at(UTC_TIME, "500101000000Z")[0] == datetime(1950, 1, 1, tzinfo=UTC)


def test_a_generalized_time_before_2050_is_noted() -> None:
    assert at(GENERALIZED, "20261123120000Z")[1] == ["generalized-time"]
    assert at(GENERALIZED, "19000101000000Z")[1] == []
    written = der.encode(GENERALIZED, b"20261123120000Z")
    assert read("moment", written)[1] == []
