"""Requests that are answered without ASGI, among those that are not: in order."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from acme_account import Account, signed
from acme_site import Site
from acme_wire import JOSE
from server.acme.cases import ORDER
from server.acme.world import World, world


def _new_order(account: Account, extra: str = "") -> bytes:
    wire = account.wire
    body = signed(
        wire, account.key, wire.url("newOrder"), ORDER, header={"kid": account.url}
    )
    host = wire.directory_url.split("/")[2]
    head = (
        f"POST /acme/new-order HTTP/1.1\r\nHost: {host}\r\nContent-Type: {JOSE}\r\n"
        f"Content-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


def _get(path: str, extra: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode()


def _statuses(heard: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


def test_pipelined_requests_are_answered_in_their_order(account: Account) -> None:
    heard = account.wire.raw(
        _new_order(account)  # waits for the disk
        + _get("/acme/nothing")  # comes before that was answered
        + _get("/healthz")
        + _new_order(account)
        + _get("/acme/directory", "Connection: close\r\n")
    )
    assert _statuses(heard) == [201, 404, 200, 201, 200]
    assert heard.count(b"connection: close") == 1


def test_answers_that_are_ready_go_out_in_order_behind_others(acme: World) -> None:
    heard = acme.wire.raw(
        _get("/acme/new-nonce")
        + _get("/healthz")
        + _get("/acme/nothing")
        + _get("/acme/new-nonce", "Connection: close\r\n")
    )
    assert _statuses(heard) == [204, 200, 404, 204]


@pytest.mark.parametrize("cuts", [(0,), (-9,), (-9, -5), (0, -5), (-90, 9), (0, 9)])
def test_a_request_may_come_in_parts(account: Account, cuts: tuple[int, ...]) -> None:
    """Cut at so many bytes from where its body begins, or another request does."""
    whole, last = _new_order(account), _get("/acme/directory", "Connection: close\r\n")
    both, body_at = whole + last, whole.index(b"\r\n\r\n") + 4
    places = [(body_at, len(whole))[index] + cut for index, cut in enumerate(cuts)]
    ends = [*places, len(both)]
    parts = [both[one:two] for one, two in zip([0, *places], ends, strict=True)]
    assert b"".join(parts) == both
    assert _statuses(account.wire.raw(*parts)) == [201, 200]


def test_the_connection_ends_where_the_client_asks_for_that(account: Account) -> None:
    heard = account.wire.raw(_new_order(account, "Connection: close\r\n"))
    assert _statuses(heard) == [201]
    assert b"\r\nconnection: close\r\n" in heard


def test_a_client_that_waits_for_leave_gets_it(account: Account) -> None:
    extra = "Expect: 100-continue\r\nConnection: close\r\n"
    assert _statuses(account.wire.raw(_new_order(account, extra))) == [100, 201]


def test_a_connection_without_requests_is_closed_in_time(
    tmp_path: Path, acme_site: Site
) -> None:
    with world(tmp_path, acme_site, '[limits]\nkeep_alive = "1s"\n') as made:
        begun = time.monotonic()
        heard = made.wire.raw(_get("/acme/directory"))
        assert _statuses(heard) == [200]
        assert 0.5 < time.monotonic() - begun < 4.5
        said = made.wire.send("GET", made.wire.directory_url)
        assert said.status == 200


def test_heads_and_ids_are_those_of_every_response(acme: World) -> None:
    heard = acme.wire.raw(
        _get("/acme/directory", "X-Request-Id: build-4711\r\nConnection: close\r\n")
    )
    head = heard.partition(b"\r\n\r\n")[0].lower()
    for field in (
        b"date: ",
        b"x-request-id: build-4711",
        b"cache-control: no-store",
        b"strict-transport-security: ",
    ):
        assert head.count(b"\r\n" + field) == 1, head
