from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core.describe.plain import (
    bytes_text,
    is_unsafe,
    iso,
    safe,
    safe_json,
    span,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 (1)", "plain é 日本 (1)"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\0b", "a\\x00b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\x9b", "\\x9b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_could_mislead_is_escaped(text: str, shown: str) -> None:
    assert safe(text) == shown
    assert is_unsafe(text) == (text != shown)


@given(st.text(st.characters()))
def test_what_is_shown_stays_on_its_line(text: str) -> None:
    shown = safe(text)
    assert len(shown.splitlines()) <= 1
    assert not is_unsafe(shown)
    assert shown.encode("utf-8") is not None


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "less than a second"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=30), "30 hours"),
        (timedelta(days=12, hours=3), "12 days"),
        (timedelta(days=-12), "12 days"),
        (timedelta(days=90), "2 months"),
        (timedelta(days=400), "13 months"),
        (timedelta(days=3 * 366), "3 years"),
    ],
)
def test_a_length_of_time_is_told_in_its_largest_unit(
    length: timedelta, words: str
) -> None:
    assert span(length) == words


@given(st.recursive(st.text(st.characters()), st.lists))
def test_json_that_is_safe_says_the_same(value: object) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    shown = safe_json(text)
    assert json.loads(shown) == value
    assert not any(map(is_unsafe, shown.split("\n")))


def test_json_in_plain_ascii_is_left_as_it_is() -> None:
    assert safe_json('{"a": "b"}\n') == '{"a": "b"}\n'
    assert safe_json('"\x7f"') == '"\\u007f"'
    assert safe_json('"\U000e0041"') == '"\\udb40\\udc41"'


def test_a_moment_is_written_in_utc() -> None:
    assert iso(datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)) == "2026-11-23T12:00:05Z"
    assert iso(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
    assert iso(None) is None


def test_bytes_are_counted() -> None:
    assert (bytes_text(1), bytes_text(2)) == ("1 byte", "2 bytes")
