from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import codes, leaf, node
from strategies import mangled
from tlsmith.core import der
from tlsmith.core.describe.dissect import (
    DEEPEST,
    INTEGER,
    MOST_FINDINGS,
    OCTET_STRING,
    SEQUENCE,
    Dissection,
    Node,
    tag_name,
)
from tlsmith.core.describe.findings import NOTE

TWO = der.sequence(der.integer(1), der.integer(2))


def test_elements_are_read_with_their_place() -> None:
    dissection, outer = node(TWO)
    reader = dissection.reader(outer)
    first = reader.take("first", INTEGER)
    assert first is not None
    assert (first.content, first.whole) == (b"\1", b"\2\1\1")
    assert (first.start, first.where) == (2, "it.first")
    assert reader.peek() == INTEGER
    assert [one.where for one in reader.each(INTEGER)] == ["it[0]"]
    assert reader.peek() is None
    assert reader.read("more") is None
    reader.finish()
    assert not dissection.findings


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65535, 65536, 1 << 20])
def test_a_length_of_any_size_is_read(size: int) -> None:
    dissection, outer = node(der.octet_string(bytes(size)))
    assert len(outer.content) == size
    assert not dissection.findings


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\x04\x81\x01x", "takes 2 bytes where 1 would do"),
        (b"\x04\x82\x00\x01x", "takes 3 bytes where 1 would do"),
        (b"\x04\x82\x00\x80" + bytes(128), "takes 3 bytes where 2 would do"),
        (b"\x04\x84\x00\x00\x01\x00" + bytes(256), "takes 5 bytes where 3 would do"),
    ],
)
def test_a_length_that_is_not_minimal_is_read_and_told_of(
    data: bytes, where: str
) -> None:
    dissection, outer = node(data)
    assert outer.stop == len(data)
    assert codes(dissection.findings) == ["non-minimal-length"]
    finding = dissection.findings[0]
    assert where in finding.message
    assert "it at offset 1" in finding.message
    assert (finding.field, finding.offset) == ("it", 0)


def test_an_indefinite_length_is_read_and_told_of() -> None:
    inner = b"\x24\x80\x04\x01a\x00\x00" + b"\x04\x81\x80" + bytes(128)
    dissection, outer = node(b"\x30\x80" + inner + b"\x00\x00" + b"behind")
    assert outer.content == inner
    assert dissection.data[outer.stop :] == b"behind"
    assert [one.tag for one in dissection.reader(outer).each()] == [0x24, 0x04]
    assert (
        codes(dissection.findings)
        == [
            "indefinite-length",
            "indefinite-length",
            "non-minimal-length",
        ][:2]
    )


def test_lengths_of_ber_are_notes_where_ber_is_allowed() -> None:
    dissection, _ = node(b"\x30\x80\x00\x00", ber=True)
    assert codes(dissection.findings, NOTE) == ["indefinite-length"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80",
        b"\x30\x80\x04\x01a",
        b"\x30\x80\x04\x01a\x00",
        b"\x30\x80" * (DEEPEST + 2) + b"\x00\x00" * (DEEPEST + 2),
        b"\x30\x80\x04\x84\xff\xff\xff\xff",
    ],
)
def test_an_indefinite_length_without_an_end_is_cut(data: bytes) -> None:
    dissection, outer = node(data)
    assert outer.cut
    assert outer.stop == len(data)
    assert codes(dissection.findings) == ["indefinite-length", "truncated"]


def test_an_outer_length_beyond_the_data_says_how_much_is_there() -> None:
    dissection, outer = node(b"\x30\x82\x03\x2c" + bytes(512))
    assert outer.cut
    message = dissection.findings[0].message
    assert message == "the outer SEQUENCE says 812 bytes, only 512 follow"


def test_a_length_beyond_what_holds_it_is_named_with_its_field() -> None:
    dissection, outer = node(b"\x30\x03\x04\x05a" + b"behind")
    inner = dissection.reader(outer).take("inner", OCTET_STRING)
    assert inner is not None
    assert inner.content == b"a"
    assert dissection.findings[0].message == (
        "it.inner at offset 2 says 5 bytes, only 1 are left in it"
    )


def test_a_length_beyond_all_reason_is_put_in_words() -> None:
    dissection, _ = node(b"\x30\x88" + b"\x7f" * 8)
    assert "more bytes than there are" in dissection.findings[0].message


def test_what_is_cut_is_told_of_once() -> None:
    whole = leaf()
    dissection, outer = node(whole[: len(whole) // 2])
    for part in dissection.reader(outer).each():
        list(dissection.reader(part).each())
    assert codes(dissection.findings) == ["truncated"]


@pytest.mark.parametrize("data", [b"\x30", b"\x30\x82\x01", b"\x1f\x81", b"\x1f"])
def test_an_end_inside_a_header_is_told_of(data: bytes) -> None:
    dissection = Dissection(data)
    assert dissection.outer("it") is None
    assert codes(dissection.findings) == ["truncated"]
    assert f"ends at offset {len(data)}" in dissection.findings[0].message


def test_an_end_inside_a_header_of_what_is_cut_is_said_already() -> None:
    dissection, outer = node(b"\x30\x10\x04\x01a\x04")
    assert [one.content for one in dissection.reader(outer).each()] == [b"a"]
    assert codes(dissection.findings) == ["truncated"]


def test_an_indefinite_length_in_what_is_cut_is_said_already() -> None:
    dissection, outer = node(b"\x30\x10\x24\x80")
    list(dissection.reader(outer).each())
    assert codes(dissection.findings) == ["truncated", "indefinite-length"]


def test_nothing_at_all_is_no_element() -> None:
    assert Dissection(b"").outer("it") is None


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        (b"\x1f\x1f\x00", 0x1F1F),
        (b"\x5f\x81\x01\x00", 0x5F8101),
        (b"\x1f\xff\xff\xff\xff\x00", 0x1FFFFFFFFF),
    ],
)
def test_a_tag_of_several_octets_is_read(data: bytes, tag: int) -> None:
    _, outer = node(data)
    assert outer.tag == tag


def test_a_field_of_another_type_is_told_of_once() -> None:
    dissection, outer = node(TWO)
    reader = dissection.reader(outer)
    assert reader.take("first", OCTET_STRING, SEQUENCE) is None
    assert reader.take("second", OCTET_STRING) is None
    assert reader.take("third", OCTET_STRING) is None
    reader.finish()
    assert [one.message for one in dissection.findings] == [
        "it.first at offset 2 is an INTEGER, where an OCTET STRING or a SEQUENCE "
        "belongs"
    ]


def test_a_missing_field_is_told_of_with_its_place() -> None:
    dissection, outer = node(der.sequence())
    assert dissection.reader(outer).take("first", INTEGER) is None
    assert dissection.findings[0].message == "it ends at offset 2, without its first"
    assert dissection.findings[0].field == "it.first"


def test_what_follows_the_last_field_is_told_of() -> None:
    dissection, outer = node(TWO)
    reader = dissection.reader(outer)
    reader.take("first", INTEGER)
    reader.finish()
    assert dissection.findings[0].message == (
        "3 bytes at offset 5 follow the last field of it"
    )


def test_an_optional_field_is_read_only_where_it_is() -> None:
    dissection, outer = node(TWO)
    reader = dissection.reader(outer)
    assert reader.optional("text", OCTET_STRING) is None
    assert reader.optional("first", INTEGER) is not None


def test_each_leaves_out_what_is_of_another_type() -> None:
    dissection, outer = node(der.sequence(der.integer(1), der.octet_string(b"x")))
    found = [one.tag for one in dissection.reader(outer).each(INTEGER)]
    assert found == [INTEGER]
    assert codes(dissection.findings) == ["unexpected-type"]


def test_findings_are_kept_once_and_not_without_end() -> None:
    dissection = Dissection(b"")
    for index in range(2 * MOST_FINDINGS):
        for _ in range(2):
            dissection.add(NOTE, "code", f"message {index}", None)
    assert len(dissection.findings) == MOST_FINDINGS
    assert len(set(dissection.findings)) == MOST_FINDINGS


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        (0x30, "SEQUENCE"),
        (0xA3, "[3]"),
        (0x82, "[2]"),
        (0x61, "[application 1]"),
        (0xE1, "[private 1]"),
        (0x0B, "[universal 11]"),
        (0x1F1F, "element with tag 0x1f1f"),
    ],
)
def test_a_tag_has_a_name(tag: int, words: str) -> None:
    assert tag_name(tag) == words


def walk(dissection: Dissection, node_: Node, depth: int = 0) -> int:
    """Read all of it, as deep as it goes; return how many elements there are."""
    if not node_.tag & 0x20 or depth > 20:
        return 1
    inside = dissection.reader(node_).each()
    return 1 + sum(walk(dissection, one, depth + 1) for one in inside)


@given(st.binary(max_size=200) | mangled(leaf()))
def test_any_octets_are_read_to_their_end(data: bytes) -> None:
    dissection = Dissection(data)
    outer = dissection.outer("it")
    if outer is not None:
        assert walk(dissection, outer) <= len(data)
        assert outer.stop <= len(data)
