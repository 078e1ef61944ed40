"""DER, against another implementation of it (pyasn1) and against its own rules."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ

from strategies import moments
from tlsmith.core import der
from tlsmith.errors import InputError

arcs = st.integers(0, 2**40)
oids = st.builds(
    lambda first, second, rest: ".".join(map(str, (*first, second, *rest)[:20])),
    st.sampled_from([(0,), (1,), (2,)]),
    st.integers(0, 39),
    st.lists(arcs, max_size=8),
) | st.builds("2.{}.{}".format, arcs, arcs)


@given(st.integers(0, 2**2100))
@example(0)
@example(127)
@example(128)
@example(2**159 - 1)
def test_an_integer_is_what_another_encoder_writes(value: int) -> None:
    encoded = der.integer(value)
    assert encoded == encoder.encode(univ.Integer(value))
    assert der.read_integer(der.only(encoded, der.INTEGER)) == value


@given(st.integers(-(2**200), -1))
@example(-1)
@example(-128)
@example(-129)
def test_a_negative_integer_is_read_as_one(value: int) -> None:
    content = value.to_bytes((~value).bit_length() // 8 + 1, "big", signed=True)
    element = der.only(der.encode(der.INTEGER, content), der.INTEGER)
    assert der.read_integer(element) == value


@pytest.mark.parametrize("content", ["", "0000", "007f", "ffff", "ff80"])
def test_an_integer_with_bytes_too_few_or_too_many_is_refused(content: str) -> None:
    element = der.only(der.encode(der.INTEGER, bytes.fromhex(content)), der.INTEGER)
    with pytest.raises(InputError, match="INTEGER"):
        der.read_integer(element)


def test_what_is_no_integer_is_not_read_as_one() -> None:
    with pytest.raises(InputError, match="not an INTEGER"):
        der.read_integer(der.only(der.octet_string(b"\1"), der.OCTET_STRING))


@given(oids)
@example("2.999.3")
@example("0.0")
@example("1.3.6.1.4.1.4294967296")
def test_an_object_identifier_is_what_another_encoder_writes(dotted: str) -> None:
    encoded = der.object_identifier(dotted)
    assert encoded == encoder.encode(univ.ObjectIdentifier(dotted))
    assert str(decoder.decode(encoded)[0]) == dotted
    assert der.read_identifier(der.only(encoded, der.OID)) == dotted


@pytest.mark.parametrize(
    "dotted",
    [
        *("", "1", "3.1", "1.40", "0.040", "2.05", "1.2.", "1.2.03", "1.2.-3", "1.2.x"),
        *("1.2.３", "1.2\n", "2." + "9" * 40, "1.2" + ".3" * 31),
    ],
)
def test_what_is_no_object_identifier_is_not_written(dotted: str) -> None:
    with pytest.raises(InputError, match="not an object identifier"):
        der.object_identifier(dotted)


@pytest.mark.parametrize(
    "encoded", ["0600", "060180", "06028001", "06032a8001", "06022a80", "04012a"]
)
def test_what_is_no_object_identifier_is_not_read(encoded: str) -> None:
    element, _ = der.read(bytes.fromhex(encoded))
    with pytest.raises(InputError, match="OBJECT IDENTIFIER"):
        der.read_identifier(element)


def test_an_object_identifier_without_an_end_is_refused() -> None:
    """A number of thousands of digits takes Python long to write, or forever."""
    content = b"\x2a" + b"\xff" * 4000 + b"\x01"
    with pytest.raises(InputError, match="not an OBJECT IDENTIFIER"):
        der.read_identifier(der.Element(der.OID, content, b""))


@pytest.mark.parametrize(
    "size", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0x1000000]
)
def test_lengths_are_in_as_few_bytes_as_there_can_be(size: int) -> None:
    content = bytes(size)
    encoded = der.octet_string(content)
    assert encoded == encoder.encode(univ.OctetString(content))
    assert der.read(encoded) == (
        der.Element(der.OCTET_STRING, content, encoded),
        len(encoded),
    )


@given(st.binary(max_size=20), st.integers(0, 7))
def test_a_bit_string_counts_the_bits_that_do_not_count(
    content: bytes, unused: int
) -> None:
    element = der.only(der.bit_string(content, unused), der.BIT_STRING)
    assert element.content == bytes([unused]) + content


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_children_undo_sequence(contents: list[bytes]) -> None:
    whole = der.sequence(*map(der.octet_string, contents))
    element = der.only(whole, der.SEQUENCE)
    assert [child.content for child in der.children(element.content)] == contents
    assert b"".join(c.whole for c in der.children(element.content)) == element.content


@pytest.mark.parametrize(("constructed", "tag"), [(False, 0x82), (True, 0xA2)])
def test_a_context_tag_tells_whether_it_holds_others(
    constructed: bool, tag: int
) -> None:
    assert der.context(2, b"x", constructed=constructed) == bytes((tag, 1)) + b"x"


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        ("", "no byte at all"),
        ("30", "no length"),
        ("3001", "contents missing"),
        ("3081", "length missing"),
        ("308200", "half a length"),
        ("30800000", "an indefinite length: BER"),
        ("308101ff", "a length longer than it need be"),
        ("30817f" + "00" * 127, "a length longer than it need be"),
        ("30820001ff", "a length with a zero in front"),
        ("1f810100", "a tag of several bytes"),
        ("30ff" + "01" * 127, "a length beyond all"),
    ],
)
def test_what_is_no_der_is_refused(encoded: str, why: str) -> None:
    with pytest.raises(InputError):
        der.read(bytes.fromhex(encoded))


@given(st.binary(max_size=40))
def test_reading_never_fails_but_in_one_way(data: bytes) -> None:
    try:
        element, end = der.read(data)
    except InputError:
        return
    assert element.whole == data[:end]
    assert der.encode(element.tag, element.content) == element.whole


def test_an_element_is_refused_where_another_should_be_or_something_follows() -> None:
    with pytest.raises(InputError, match="tag 0x04 where 0x30 should be"):
        der.only(der.octet_string(b""), der.SEQUENCE)
    with pytest.raises(InputError, match="2 bytes follow it"):
        der.only(der.sequence() + b"\5\0", der.SEQUENCE)


@given(moments)
@example(datetime(1950, 1, 1, tzinfo=UTC))
@example(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC))
@example(datetime(2050, 1, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
def test_reading_a_time_undoes_writing_it(moment: datetime) -> None:
    (element,) = der.children(der.time(moment))
    assert der.read_time(element) == moment
    assert element.tag == (der.UTC_TIME if moment.year < 2050 else der.GENERALIZED_TIME)


@pytest.mark.parametrize(
    ("moment", "content"),
    [
        (datetime(1950, 1, 2, 3, 4, 5, tzinfo=UTC), b"500102030405Z"),
        (datetime(2000, 1, 2, 3, 4, 5, tzinfo=UTC), b"000102030405Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"491231235959Z"),
        (datetime(2050, 1, 1, 0, 0, 0, tzinfo=UTC), b"20500101000000Z"),
        (datetime(1949, 12, 31, 0, 0, 0, tzinfo=UTC), b"19491231000000Z"),
        (datetime(33, 4, 3, 0, 0, 0, tzinfo=UTC), b"00330403000000Z"),
        (datetime(2026, 1, 1, 0, 0, 0), b"260101000000Z"),
    ],
)
def test_a_time_is_written_as_rfc_5280_has_it(moment: datetime, content: bytes) -> None:
    (element,) = der.children(der.time(moment))
    assert element.content == content


def test_a_time_in_another_zone_is_written_in_utc() -> None:
    east = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert der.time(east)[2:] == b"251231230000Z"
    assert der.time(east.astimezone(UTC)) == der.time(east)


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (der.UTC_TIME, b"2601010000Z"),  # without seconds: BER only
        (der.UTC_TIME, b"260101000000+0100"),
        (der.UTC_TIME, b"260101000000"),
        (der.UTC_TIME, b"261301000000Z"),
        (der.UTC_TIME, b"260230000000Z"),
        (der.UTC_TIME, b"260101000060Z"),
        (der.UTC_TIME, b" 60101000000Z"),
        (der.UTC_TIME, b"20260101000000Z"),
        (der.GENERALIZED_TIME, b"260101000000Z"),
        (der.GENERALIZED_TIME, b"20500101000000.5Z"),
        (der.GENERALIZED_TIME, b"00000101000000Z"),
        (der.GENERALIZED_TIME, "２０５００１０１００００００Z".encode()),
        (der.OCTET_STRING, b"20500101000000Z"),
        (der.UTC_TIME, b""),
    ],
)
def test_what_is_no_time_of_a_certificate_is_refused(tag: int, content: bytes) -> None:
    with pytest.raises(InputError, match="time"):
        der.read_time(der.Element(tag, content, der.encode(tag, content)))
