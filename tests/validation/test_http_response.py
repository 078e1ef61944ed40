"""Responses, whole and in pieces, sane and not."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.validation._http_response import BadResponseError, ResponseParser

MOST = 64


def fed(*pieces: bytes, most: int = MOST, ended: bool = True) -> ResponseParser:
    parser = ResponseParser(most)
    for piece in pieces:
        if parser.feed(piece):
            return parser
    if ended:
        parser.end()
    return parser


def pieces_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


OK = b"HTTP/1.1 200 OK\r\n"
SANE = {
    OK + b"Content-Length: 5\r\n\r\nhello": b"hello",
    OK + b"content-length:5\r\n\r\nhello and more": b"hello",
    OK + b"\r\nhello": b"hello",
    b"HTTP/1.0 200 OK\r\n\r\nhello": b"hello",
    b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n": b"",
    b"HTTP/1.1 200 \r\nContent-Length: 5 \r\n\r\nhello": b"hello",
    b"HTTP/1.0 200 OK\nContent-Length: 5\n\nhello": b"hello",  # from a shell script
    OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello": b"hello",
    OK + b"X:\r\nY: \xe4\r\n\r\nhello": b"hello",
    OK + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n": (
        b"hello"
    ),
    OK + b"Transfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n0\r\nA: b\r\n\r\n": (
        b"hello"
    ),
    OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n": b"",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
    + OK
    + b"Content-Length: 5\r\n\r\nhello": b"hello",
    b"HTTP/1.1 204 No Content\r\n\r\n": b"",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n": b"",
}
INSANE = {
    b"": "closed without an answer",
    b"HTTP/1.1 200 OK\r\n": "closed within the head",
    b"HTTP/1.1 100 Continue\r\n\r\n": "closed within the head",
    b"SSH-2.0-OpenSSH_9.2\r\n": "not HTTP",
    b"\x15\x03\x03\0\2\2\x50": "not HTTP",
    b"<html></html>": "not HTTP",
    b"HTTP/2 200\r\n\r\n": "not HTTP",
    b"HTTP/1.1 20 OK\r\n\r\n": "not HTTP",
    b"HTTP/1.1 2000 OK\r\n\r\n": "not HTTP",
    b"HTTP/1.1  200 OK\r\n\r\n": "not HTTP",
    b"HTTP/1.1 200 O\0K\r\n\r\n": "not HTTP",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n": "protocol nobody asked for",
    OK + b"no field\r\n\r\n": "no HTTP field",
    OK + b"A : b\r\n\r\n": "no HTTP field",
    OK + b"A: b\r\n continued\r\n\r\n": "no HTTP field",
    OK + b"A: b\0\r\n\r\n": "no HTTP field",
    OK + b"A: b\rC: d\r\n\r\n": "no HTTP field",
    OK + b": b\r\n\r\n": "no HTTP field",
    OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello": "two different",
    OK + b"Location: /a\r\nlocation: /b\r\n\r\n": "two different",
    OK + b"Content-Length: -5\r\n\r\nhello": "no number",
    OK + b"Content-Length: 5, 5\r\n\r\nhello": "no number",
    OK + b"Content-Length: 0x5\r\n\r\nhello": "no number",
    OK + b"Content-Length: 9999999999999999999\r\n\r\nhello": "no number",
    OK + b"Content-Length: 9\r\n\r\nhello": "after 5 of 9 bytes",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": "transfer coding",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n": "transfer coding",
    OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n": "chunk without a size",
    OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n": "chunk without a size",
    OK + b"Transfer-Encoding: chunked\r\n\r\n123456789\r\n": "chunk without a size",
    OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n": "longer than its size",
    OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabcd": "too long",
    OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n": "after 1 bytes",
    OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe": "after 2 of 5 bytes",
    OK + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 300: "too long",
    OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\0\r\n\r\n": "trailer",
    OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 3000: "too long",
    OK + b"A: " + b"b" * 17000: "larger than 16384",
    OK + b"A: b\r\n" * 3000 + b"\r\n": "larger than 16384",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000: "larger than 16384",
}


@pytest.mark.parametrize(("data", "body"), SANE.items())
def test_sane_responses_are_taken(data: bytes, body: bytes) -> None:
    parser = fed(data)
    assert parser.is_done
    assert bytes(parser.body) == body
    assert not parser.is_cut


@pytest.mark.parametrize(("data", "body"), SANE.items())
def test_and_byte_by_byte(data: bytes, body: bytes) -> None:
    parser = fed(*(data[at : at + 1] for at in range(len(data))))
    assert parser.is_done
    assert bytes(parser.body) == body


@pytest.mark.parametrize(("data", "why"), INSANE.items(), ids=range(len(INSANE)))
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_others_are_refused_however_they_come(data: bytes, why: str, size: int) -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    with pytest.raises(BadResponseError) as raised:
        fed(*pieces)
    assert why in str(raised.value)


@given(st.data())
def test_where_a_response_is_cut_makes_no_difference(data: st.DataObject) -> None:
    response = data.draw(st.sampled_from(sorted(SANE)))
    cuts = data.draw(st.lists(st.integers(0, len(response)), max_size=8))
    parser = fed(*pieces_of(response, cuts))
    assert bytes(parser.body) == SANE[response]


@given(
    st.binary(max_size=400)
    | st.binary(max_size=300).map((OK + b"\r\n").__add__)
    | st.binary(max_size=300).map(
        (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n").__add__
    ),
    st.lists(st.integers(0, 400), max_size=5),
)
def test_whatever_comes_is_taken_or_refused(data: bytes, cuts: list[int]) -> None:
    whole, in_pieces = outcome(data), outcome(*pieces_of(data, cuts))
    if isinstance(whole, str):
        assert isinstance(in_pieces, str)  # of two faults another may be seen first
    else:
        assert in_pieces == whole


def outcome(*pieces: bytes) -> tuple[int, bytes, bool] | str:
    try:
        parser = fed(*pieces)
    except BadResponseError as error:
        return str(error)
    assert parser.is_done
    assert len(parser.body) <= MOST
    return parser.status, bytes(parser.body), parser.is_cut


@pytest.mark.parametrize(
    "begin",
    [
        b"Content-Length: 100000000\r\n\r\n",
        b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n",
    ],
)
def test_no_more_of_a_body_is_kept_than_is_wanted(begin: bytes) -> None:
    parser = ResponseParser(MOST)
    parser.feed(OK + begin)
    assert not parser.feed(b"x" * MOST)
    assert parser.feed(b"y" * 1_000_000)
    assert bytes(parser.body) == b"x" * MOST
    assert parser.is_cut
    parser.end()


def test_a_body_of_just_that_length_is_whole() -> None:
    parser = fed(OK + b"\r\n", b"x" * MOST)
    assert parser.is_done
    assert not parser.is_cut


def test_the_longest_head_byte_by_byte_takes_no_time_to_speak_of() -> None:
    parser = ResponseParser(MOST)
    began = time.process_time()
    for byte in OK + b"A: " + b"\r" * 16300:
        parser.feed(bytes((byte,)))
    assert time.process_time() - began < 1


BODIES = st.binary(max_size=200)


@given(BODIES, st.integers(1, 50), st.sampled_from(["length", "chunked", "close"]))
def test_pythons_own_client_reads_the_same(body: bytes, size: int, how: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-A: b\r\n"
    if how == "length":
        wire = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    elif how == "close":
        wire = head + b"\r\n" + body
    else:
        chunks = [body[at : at + size] for at in range(0, len(body), size)]
        wire = head + b"Transfer-Encoding: chunked\r\n\r\n"
        wire += b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks)
        wire += b"0\r\n\r\n"

    class Connection(socket.socket):
        def makefile(self, *_: object, **__: object) -> io.BytesIO:  # type: ignore[override]
            return io.BytesIO(wire)

    with Connection() as connection, http.client.HTTPResponse(connection) as theirs:
        theirs.begin()
        expected = theirs.status, theirs.read()
    parser = fed(wire, most=1000)
    assert (parser.status, bytes(parser.body)) == expected
