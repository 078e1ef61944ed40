"""Conditional requests and ranges, beyond what clients of the plain side do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.server.ports import Document
from tlsmith.server.published import published
from tlsmith.server.reply import http_date

NOW = 1_800_000_000
BODY = bytes(range(100))
CRL = Document(BODY, "application/pkix-crl", NOW - 60, NOW + 3600, "abc")


def status(**fields: str) -> int:
    given_fields = {
        name.replace("_", "-").encode(): value.encode()
        for name, value in fields.items()
    }
    return published(CRL, given_fields, "/crl", NOW).status


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ('"abc"', 304),
        ('W/"abc"', 304),
        ('"x", "abc"', 304),
        ("*", 304),
        ('"abcd"', 200),
        ("abc", 200),
        ("", 200),
    ],
)
def test_tags_are_compared(tags: str, expected: int) -> None:
    assert status(if_none_match=tags) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(NOW - 61, 200), (NOW - 60, 304), (NOW, 304)],
)
def test_dates_are_compared(moment: int, expected: int) -> None:
    assert status(if_modified_since=http_date(moment).decode()) == expected


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Thu, 99 Nov 2026 00:00:00 GMT", "\x80"]
)
def test_what_is_no_date_is_passed_over(date: str) -> None:
    assert status(if_modified_since=date) == 200


def test_a_tag_goes_over_a_date() -> None:
    date = http_date(NOW).decode()
    assert status(if_none_match='"other"', if_modified_since=date) == 200


def test_what_has_no_end_is_asked_for_again() -> None:
    reply = published(CRL._replace(expires=None), {}, "/ca", NOW)
    assert b"cache-control: no-cache\r\n" in reply.fields
    assert b"expires" not in reply.fields


def test_what_is_over_is_not_kept() -> None:
    reply = published(CRL._replace(expires=NOW - 5), {}, "/crl", NOW)
    assert b"max-age=0," in reply.fields


@given(st.one_of(st.binary(max_size=40), st.from_regex(rb"bytes=\d{0,4}-\d{0,4}")))
def test_any_range_gives_a_part_the_whole_or_416(wanted: bytes) -> None:
    reply = published(CRL, {b"range": wanted}, "/crl", NOW)
    assert reply.status in (200, 206, 416)
    body = bytes(reply.body)
    if reply.status == 206:
        line = reply.fields.split(b"content-range: bytes ")[1]
        first, last = line.split(b"/")[0].split(b"-")
        assert body == BODY[int(first) : int(last) + 1]
        assert body
    else:
        assert body == (BODY if reply.status == 200 else b"")
