"""DNS messages, compared with what dnspython makes of them."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import hosts
from tlsmith.validation import _dns_message as ours
from tlsmith.validation._dns_message import BadMessageError, Question, Record

KINDS = st.sampled_from(list(ours.TYPES))
NUMBERS = st.integers(0, 65535)


def response(question: Question, number: int = 7) -> dns.message.Message:
    query = dns.message.from_wire(question.encode(number))
    return dns.message.make_response(query, recursion_available=True)


WWW = Question(ours.name_on_wire("www.test"), ours.A)


@given(hosts, KINDS, NUMBERS, st.booleans())
def test_a_query_is_what_dnspython_reads(
    host: str, kind: int, number: int, edns: bool
) -> None:
    wire = Question(ours.name_on_wire(host), kind).encode(number, edns=edns)
    read = dns.message.from_wire(wire)
    assert read.id == number
    assert read.flags == dns.flags.RD
    assert [str(each) for each in read.question] == [f"{host}. IN {ours.TYPES[kind]}"]
    assert (read.edns, read.payload if edns else 0) == ((0, 1232) if edns else (-1, 0))


@given(hosts, st.lists(st.ip_addresses(v=4), max_size=5), st.lists(hosts, max_size=4))
def test_an_answer_dnspython_writes_is_read(
    host: str, addresses: list[object], aliases: list[str]
) -> None:
    question = Question(ours.name_on_wire(host), ours.A)
    answer = response(question)
    expected = []
    owner = host
    for alias in aliases:
        answer.answer.append(
            dns.rrset.from_text(f"{owner}.", 5, "IN", "CNAME", f"{alias}.")
        )
        expected.append(
            Record(ours.name_on_wire(owner), ours.CNAME, ours.name_on_wire(alias))
        )
        owner = alias
    for address in dict.fromkeys(addresses):
        answer.answer.append(
            dns.rrset.from_text(f"{owner}.", 5, "IN", "A", str(address))
        )
        packed = address.packed  # type: ignore[attr-defined]
        expected.append(Record(ours.name_on_wire(owner), ours.A, packed))
    # Names are compressed by dnspython, and upper case means nothing.
    wire = answer.to_wire(max_size=65535)
    read = ours.parse_answer(wire, 7, question)
    assert read is not None
    assert read.rcode == ours.NO_ERROR
    assert sorted(read.records) == sorted(expected)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda wire: b"\0\1" + wire[2:],  # another number
        lambda wire: wire[:2] + b"\x01" + wire[3:],  # a query
        lambda wire: wire[:2] + b"\x89" + wire[3:],  # another operation
        lambda wire: wire[:12] + b"\3abc" + wire[16:],  # another name
        lambda wire: wire.replace(b"\0\x01\0\x01", b"\0\x1c\0\x01"),  # another type
        lambda wire: wire[:5] + b"\2" + wire[6:],  # two questions
        lambda wire: wire[:11],
        lambda _: b"",
    ],
)
def test_what_answers_something_else_is_no_answer(spoil: object) -> None:
    wire = spoil(response(WWW).to_wire())  # type: ignore[operator]
    assert ours.parse_answer(wire, 7, WWW) is None


def test_upper_case_in_an_answer_means_nothing() -> None:
    answer = response(WWW)
    answer.answer.append(dns.rrset.from_text("www.test.", 5, "IN", "A", "10.0.0.1"))
    wire = answer.to_wire().replace(b"www", b"WwW")
    read = ours.parse_answer(wire, 7, WWW)
    assert read is not None
    assert read.records == (Record(WWW.name, ours.A, bytes((10, 0, 0, 1))),)


@pytest.mark.parametrize("code", ["SERVFAIL", "NXDOMAIN", "REFUSED", "NOTIMP"])
def test_codes_are_told(code: str) -> None:
    answer = response(WWW)
    answer.set_rcode(dns.rcode.from_text(code))
    read = ours.parse_answer(answer.to_wire(), 7, WWW)
    assert read is not None
    assert ours.RCODES[read.rcode] == code


def test_a_server_that_could_not_read_the_question_need_not_repeat_it() -> None:
    read = ours.parse_answer(b"\0\x07\x80\x01" + bytes(8), 7, WWW)
    assert read == (ours.FORMAT_ERROR, False, ())
    assert ours.parse_answer(b"\0\x07\x80\x00" + bytes(8), 7, WWW) is None


def test_other_types_and_classes_beside_are_no_matter() -> None:
    answer = response(WWW)
    answer.answer.append(dns.rrset.from_text("www.test.", 5, "CH", "TXT", "odd"))
    answer.answer.append(dns.rrset.from_text("www.test.", 5, "IN", "MX", "1 a.test."))
    answer.answer.append(dns.rrset.from_text("www.test.", 5, "IN", "A", "10.0.0.1"))
    read = ours.parse_answer(answer.to_wire(), 7, WWW)
    assert read is not None
    assert [each.type for each in read.records] == [dns.rdatatype.MX, ours.A]


def crafted(records: bytes, count: int = 1) -> bytes:
    """An answer to WWW with these records."""
    head = b"\0\x07\x81\x80\0\1" + count.to_bytes(2, "big") + bytes(4)
    return head + WWW.name + b"\0\1\0\1" + records


CNAME = b"\0\5\0\1\0\0\0\5"


@pytest.mark.parametrize(
    "wire",
    [
        crafted(b""),
        crafted(b"\xc0"),
        crafted(b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\0\0"),  # shorter than it says
        crafted(b"\xc0\xff\0\1\0\1\0\0\0\5\0\4\x0a\0\0\1"),  # points forwards
        crafted(b"\xc0\x1a\0\1\0\1\0\0\0\5\0\4\x0a\0\0\1"),  # points to itself
        crafted(b"\x40a" + CNAME + b"\0\1\0"),  # a label of an unknown kind
        crafted(b"\xc0\x0c" + CNAME + b"\0\2\0\0"),  # a CNAME and something after it
        crafted(b"\xc0\x0c" + CNAME + b"\0\1\3"),  # a CNAME that does not end
        crafted((b"\x3f" + b"a" * 63) * 4 + b"\0" + CNAME + b"\0\1\0"),
        crafted(b"\xc0\x0c\0\1\0\1\0\0\0\5\0\0" * 600, count=600),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused(wire: bytes) -> None:
    with pytest.raises(BadMessageError):
        ours.parse_answer(wire, 7, WWW)


@given(st.binary(max_size=300), st.integers(0, 700))
def test_whatever_comes_is_read_or_refused(records: bytes, count: int) -> None:
    try:
        read = ours.parse_answer(crafted(records, count), 7, WWW)
    except BadMessageError:
        return
    assert read is not None
    assert len(read.records) <= min(count, 512)


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=5))
def test_the_strings_of_a_text_are_joined(parts: list[bytes]) -> None:
    data = b"".join(bytes([len(part)]) + part for part in parts)
    assert ours.parse_text(data) == b"".join(parts)


@pytest.mark.parametrize("data", [b"\5abc", b"\3abc\1", b"\xff"])
def test_a_string_longer_than_its_record_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessageError):
        ours.parse_text(data)


@given(hosts)
def test_names_are_those_of_dnspython(host: str) -> None:
    assert ours.name_on_wire(host.upper() + ".") == dns.name.from_text(host).to_wire()
    assert ours.text_of(ours.name_on_wire(host)) == host


@pytest.mark.parametrize("name", ["", ".", "a..b", "a" * 64, "a." * 127 + "aa", "bü"])
def test_names_that_cannot_be_asked_for_are_refused(name: str) -> None:
    with pytest.raises(BadMessageError):
        ours.name_on_wire(name)


def test_odd_bytes_in_names_are_escaped_for_people() -> None:
    assert ours.text_of(b"\5a.\\\0\xff\4test\0") == r"a\046\092\000\255.test"
    assert ours.text_of(b"\0") == "."
