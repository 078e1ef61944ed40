"""What is read at a glance is what httptools reads; what is odd is left to that."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.server.whole import MOST_BODY, read_whole

HEAD = b"POST /acme/new-order HTTP/1.1\r\nHost: ca.test:8443\r\nContent-Length: 4\r\n"
PLAIN = HEAD + b"User-Agent: a b/1.0 (c)\r\nAccept:*/*\r\n\r\nbody"


class Parsed:
    """What httptools makes of a request."""

    def __init__(self, data: bytes) -> None:
        self.url, self.body, self.is_whole = b"", b"", False
        self.fields: list[tuple[bytes, bytes]] = []
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(data)
        self.method = self._parser.get_method().decode()
        self.stays = self._parser.should_keep_alive()
        self.version = self._parser.get_http_version()

    def on_url(self, part: bytes) -> None:
        self.url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.is_whole = True


def agree(data: bytes) -> None:
    """Assert that both read the same, where it is read at a glance at all."""
    found = read_whole(data)
    if found is None:
        return
    parsed = Parsed(data)
    url = found.target.encode() + (b"?" + found.query if b"?" in parsed.url else b"")
    assert (found.method, url) == (parsed.method, parsed.url)
    assert dict(found.fields) == dict(parsed.fields)
    assert len(found.fields) == len(parsed.fields)
    assert (found.body, found.is_whole) == (parsed.body, parsed.is_whole)
    assert parsed.stays
    assert parsed.version == "1.1"


def test_a_plain_request_is_read() -> None:
    found = read_whole(PLAIN)
    assert found is not None
    assert (found.method, found.target, found.query) == ("POST", "/acme/new-order", b"")
    assert found.fields[b"user-agent"] == b"a b/1.0 (c)"
    assert (found.body, found.is_whole) == (b"body", True)
    agree(PLAIN)


def test_a_query_is_told_apart() -> None:
    data = b"GET /acme/account/a/orders?after=b HTTP/1.1\r\nhost: ca\r\n\r\n"
    found = read_whole(data)
    assert found is not None
    assert (found.target, found.query) == ("/acme/account/a/orders", b"after=b")
    agree(data)


def test_one_whose_body_is_still_to_come_is_not_whole() -> None:
    found = read_whole(PLAIN[:-1])
    assert found is not None
    assert (found.body, found.is_whole) == (b"bod", False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PLAIN[:50],
        PLAIN + b"more",
        PLAIN.replace(b"/acme/", b"/api/"),
        PLAIN.replace(b"POST", b"PUT"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"/new-order", b"/new%2Dorder"),
        PLAIN.replace(b"/new-order", b"/new-order#a"),
        PLAIN.replace(b"Host: ca.test:8443\r\n", b""),
        PLAIN.replace(b"Host: ", b"Host: a/"),
        PLAIN.replace(b"Host", b"Host: a\r\nHOST"),
        PLAIN.replace(b"Length: 4", b"Length: +4"),
        PLAIN.replace(b"Length: 4", b"Length: 4\r\nContent-length: 4"),
        PLAIN.replace(b"Length: 4", b"Length: %d" % (MOST_BODY + 1)),
        PLAIN.replace(b"Accept:", b"Accept :"),
        PLAIN.replace(b"Accept:*/*", b"Accept: a\r\n b"),
        PLAIN.replace(b"Accept:*/*", b"Accept: \xe9"),
        PLAIN.replace(b"Accept:*/*", b"Accept: a\nb: c"),
        PLAIN.replace(b"Accept:*/*", b"Accept: a\0"),
        PLAIN.replace(b"Accept:*/*", b"Connection: close"),
        PLAIN.replace(b"Accept:*/*", b"Transfer-Encoding: chunked"),
        PLAIN.replace(b"Accept:*/*", b"Expect: 100-continue"),
        PLAIN.replace(b"Accept:*/*", b"Upgrade: h2c"),
        PLAIN.replace(b"Accept:*/*", b"Accept: " + b"a" * 1024),
    ],
)
def test_what_is_odd_is_left_to_the_parser(data: bytes) -> None:
    assert read_whole(data) is None


_PIECES = st.sampled_from(
    [b"\r\n", b"\n", b" ", b"\t", b":", b"?", b"a", b"0", b"4", b"\0", b"\xe9", b",",
     b"Host: b\r\n", b"Content-Length: 4\r\n", b"Connection: keep-alive\r\n",
     b"Transfer-Encoding: chunked\r\n", b"/", b".", b"GET ", b"HTTP/1.1"]
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(PLAIN)), _PIECES), max_size=3))
def test_both_read_the_same(changes: list[tuple[int, bytes]]) -> None:
    data = PLAIN
    for place, piece in changes:
        data = data[:place] + piece + data[place:]
    agree(data)


@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
def test_both_read_the_same_whatever_byte_is_another(place: int, byte: int) -> None:
    agree(PLAIN[:place] + bytes([byte]) + PLAIN[place + 1 :])
