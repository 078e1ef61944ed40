"""The index of `openssl ca`: each form a line can have, and those it cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.authority.adoption.index_text import (
    Revocation,
    parse_index,
    parse_time,
    unescape_name,
)
from tlsmith.errors import ConfigError

WHEN = datetime(2024, 1, 1, tzinfo=UTC)


def _line(
    state: str = "V",
    not_after: str = "300101000000Z",
    revoked: str = "",
    serial_number: str = "0A",
    name: str = "/CN=a.test",
) -> str:
    return "\t".join((state, not_after, revoked, serial_number, "unknown", name))


@pytest.mark.parametrize(
    ("text", "revocation"),
    [
        ("240101000000Z", Revocation(WHEN)),
        ("20240101000000Z", Revocation(WHEN)),
        ("240101000000Z,unspecified", Revocation(WHEN, "unspecified")),
        ("240101000000Z,CACompromise", Revocation(WHEN, "cACompromise")),
        ("240101000000Z,removeFromCRL", Revocation(WHEN, "removeFromCRL")),
        (
            "240101000000Z,holdInstruction,holdInstructionReject",
            Revocation(WHEN, "certificateHold", None, "holdInstructionReject"),
        ),
        (
            "240101000000Z,keyTime,20231231235959Z",
            Revocation(
                WHEN, "keyCompromise", datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
            ),
        ),
        (
            "240101000000Z,CAkeyTime,20231231235959Z",
            Revocation(
                WHEN, "cACompromise", datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
            ),
        ),
    ],
)
def test_each_form_of_a_revocation_is_read(text: str, revocation: Revocation) -> None:
    (entry,) = parse_index(_line("R", revoked=text).encode(), "index.txt").entries
    assert entry.revocation == revocation
    assert entry.status == "revoked"


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("491231235959Z", 2049),
        ("500101000000Z", 1950),
        ("20500101000000Z", 2050),
        ("4912312359Z", 2049),
    ],
)
def test_years_are_those_of_rfc_5280(text: str, year: int) -> None:
    assert parse_time(text).year == year


@pytest.mark.parametrize("text", ["", "241301000000Z", "240101000000", "24-01-01"])
def test_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        parse_time(text)


def test_comments_empty_lines_and_windows_line_ends_are_passed_by() -> None:
    text = f"# a comment\r\n\r\n{_line()}\r\n\n{_line('E', serial_number='0B')}"
    index = parse_index(text.encode(), "index.txt")
    assert [entry.serial_number for entry in index.entries] == [10, 11]
    assert [entry.line for entry in index.entries] == [3, 5]
    assert not index.notes


def test_a_tab_with_a_backslash_is_of_the_name() -> None:
    (entry,) = parse_index(_line(name="/CN=a\\\tb").encode(), "index.txt").entries
    assert entry.subject == "/CN=a\tb"


def test_a_line_separator_in_a_name_ends_no_line() -> None:
    line = _line(name="/CN=a\u2028b\x0bc")
    (entry,) = parse_index(line.encode(), "index.txt").entries
    assert entry.subject == "/CN=a\u2028b\x0bc"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"/CN=Zo\xC3\xAB", "/CN=Zoë"),
        ("/CN=plain", "/CN=plain"),
        (r"/CN=\xE9", r"/CN=\xE9"),  # Latin-1, which could be anything
    ],
)
def test_escapes_become_what_they_stand_for(text: str, name: str) -> None:
    assert unescape_name(text) == name


@pytest.mark.parametrize(
    "line",
    [
        _line("R"),
        _line("R", revoked="yesterday"),
        _line("R", revoked="240101000000Z,boredom"),
        _line("R", revoked="240101000000Z,keyTime,soon"),
        _line("R", revoked="240101000000Z", serial_number="XY"),
        _line("R", not_after="", revoked="240101000000Z"),
        _line("S"),
        "R\tonly two",
        "garbage",
    ],
)
def test_what_may_be_a_revocation_must_be_readable(line: str) -> None:
    text = f"{_line()}\n{line}\n{line}\n"
    with pytest.raises(ConfigError, match=r"index\.txt, line 2") as caught:
        parse_index(text.encode(), "index.txt")
    assert len(caught.value.mistakes) == 2


@pytest.mark.parametrize(
    "line",
    [
        _line("V", not_after="never"),
        _line("E", serial_number=""),
        _line("V", revoked="240101000000Z"),
    ],
)
def test_another_line_that_cannot_be_read_is_noted(line: str) -> None:
    index = parse_index(f"{line}\n{_line()}\n".encode(), "index.txt")
    assert len(index.entries) == 1
    (note,) = index.notes
    assert "index.txt, line 1" in note


@given(st.binary(max_size=300) | st.text("VRE\t0123456789ABZ,/=\\\n#").map(str.encode))
def test_no_bytes_are_a_crash(data: bytes) -> None:
    try:
        parse_index(data, "index.txt")
    except ConfigError as error:
        assert error.mistakes  # noqa: PT017


@given(st.integers(0, 2**159), st.sampled_from("VE"), st.text("abcäöü€ \t", max_size=9))
def test_reading_undoes_writing(serial_number: int, state: str, name: str) -> None:
    written = name.replace("\t", "\\\t")
    line = _line(state, serial_number=f"{serial_number:X}", name=f"/CN={written}")
    (entry,) = parse_index(line.encode(), "index.txt").entries
    assert entry.serial_number == serial_number
    assert entry.subject == f"/CN={name}"
