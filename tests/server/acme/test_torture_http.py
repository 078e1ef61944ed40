"""Below ACME: garbage instead of HTTP, and HTTP that is odd (6.1)."""

from __future__ import annotations

import json
import random

import pytest

from acme_account import Account, signed
from acme_wire import JOSE
from server.acme.cases import ORDER
from server.acme.world import World

_PATH = "/acme/new-order"
_HEAD = f"POST {_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JOSE}\r\n"


def _status(heard: bytes) -> int:
    return int(heard.split(b" ", 2)[1]) if heard.startswith(b"HTTP/1.1 ") else 0


GARBAGE = {
    "nothing": b"\r\n\r\n",
    "nuls": bytes(1000),
    "binary": bytes(range(256)) * 8,
    "tls_again": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "http_2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http_0_9": b"GET /acme/directory\r\n\r\n",
    "http_9": b"GET /acme/directory HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "no_host": f"POST {_PATH} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}".encode(),
    "two_hosts": b"GET /acme/directory HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "host_of_garbage": b"GET /acme/directory HTTP/1.1\r\nHost: \xff<>\"'\r\n\r\n",
    "host_with_a_path": b"GET /acme/directory HTTP/1.1\r\nHost: a/b?c\r\n\r\n",
    "method_in_small_letters": b"get /acme/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "method_unknown": b"FROB /acme/directory HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "method_of_much": b"A" * 20_000 + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "connect": b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "options_of_all": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "absolute_target": (
        b"GET https://other.test/acme/directory HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ),
    "target_of_nothing": b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "target_of_bytes": b"GET /acme/\xff\xfe\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "target_of_much": (
        b"GET /acme/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ),
    "field_of_much": (
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nX: "
        + b"a" * 200_000
        + b"\r\n\r\n"
    ),
    "many_fields": (
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\n"
        + b"".join(b"X-%d: y\r\n" % n for n in range(5000))
        + b"\r\n"
    ),
    "field_without_colon": (
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nfoo\r\n\r\n"
    ),
    "field_folded": (
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"
    ),
    "field_with_a_nul": (
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"
    ),
    "length_negative": _HEAD.encode() + b"Content-Length: -1\r\n\r\n",
    "length_of_text": _HEAD.encode() + b"Content-Length: two\r\n\r\n{}",
    "length_beyond_numbers": _HEAD.encode()
    + b"Content-Length: "
    + b"9" * 40
    + b"\r\n\r\n",
    "length_twice": (
        _HEAD.encode() + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"
    ),
    "length_and_chunks": (
        _HEAD.encode()
        + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "chunks_of_garbage": _HEAD.encode()
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "chunks_beyond_numbers": (
        _HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 30 + b"\r\n"
    ),
    "encoding_unknown": _HEAD.encode() + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "expectation": (_HEAD.encode() + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}"),
    "upgrade": (
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_no_error_of_ours(acme: World, sent: bytes) -> None:
    heard = acme.wire.raw(
        sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    )
    assert _status(heard) < 500, heard[:500]
    assert b"Traceback" not in heard
    assert acme.wire.send("GET", acme.wire.directory_url).status == 200


def test_a_body_that_does_not_come_whole_is_no_error_of_ours(acme: World) -> None:
    for sent in (
        _HEAD.encode() + b"Content-Length: 1000\r\n\r\n{",
        _HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        _HEAD.encode(),
    ):
        heard = acme.wire.raw(sent, half=True)
        assert _status(heard) < 500, heard[:500]
    assert acme.wire.send("GET", acme.wire.directory_url).status == 200


def test_a_request_in_chunks_is_a_request(account: Account) -> None:
    wire = account.wire
    kid = {"kid": account.url}
    body = signed(wire, account.key, wire.url("newOrder"), ORDER, header=kid)
    port = wire.directory_url.split("/")[2]
    chunks = b"".join(b"1\r\n%c\r\n" % octet for octet in body) + b"0\r\n\r\n"
    head = _HEAD.replace("localhost", port) + "Connection: close\r\n"
    heard = wire.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert _status(heard) == 201, heard[:500]


def test_a_length_without_body_is_waited_for_no_longer_than_needed(
    acme: World,
) -> None:
    # The next request is answered all the same.
    heard = acme.wire.raw(
        b"GET /acme/new-nonce HTTP/1.1\r\nHost: localhost\r\n\r\n"
        b"GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert heard.count(b"HTTP/1.1 20") == 2, heard


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_a_body_that_is_said_to_be_compressed_is_not_taken_for_json(
    account: Account, encoding: str
) -> None:
    headers = {"Content-Type": JOSE, "Content-Encoding": encoding}
    answer = account.post(account.url, headers=headers)
    # Section 6.2 knows no encodings; whether it is passed over is the server's.
    assert answer.status in (200, 400, 415), answer


def test_a_client_that_goes_away_leaves_no_trace(acme: World, account: Account) -> None:
    rng = random.Random(8555)  # noqa: S311
    kid = {"kid": account.url}
    url = acme.wire.url("newOrder")
    for _ in range(10):
        body = signed(acme.wire, account.key, url, ORDER, header=kid)
        whole = f"{_HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body
        heard = acme.wire.raw(whole[: rng.randrange(len(whole))], half=True)
        assert _status(heard) < 500, heard[:500]
    orders = account.get(account.get(account.url)["orders"])["orders"]
    assert orders == []


def test_a_host_that_is_not_ours_gives_no_link_to_itself(acme: World) -> None:
    heard = acme.wire.raw(
        b'GET /acme/directory HTTP/1.1\r\nHost: evil.test"><script>\r\n'
        b"Connection: close\r\n\r\n"
    )
    assert _status(heard) == 400, heard
    assert b"<script>" not in heard
    heard = acme.wire.raw(
        b"GET /acme/directory HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
    )
    assert _status(heard) == 421, heard
    assert b"https://evil.test" not in heard


def test_problems_tell_no_secrets_of_the_machine(account: Account) -> None:
    for payload in (b"{", b"[]", b'{"identifiers": 1}'):
        body = json.dumps(account.post(account.wire.url("newOrder"), payload).json)
        for word in ("/work", "site-packages", "msgspec", ".py", "sqlite", "line "):
            assert word not in body
