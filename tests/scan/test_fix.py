"""Edits of findings, made in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scan_findings import TEXT, finding
from tlsmith.scan.finding import Edit
from tlsmith.scan.fix import difference, edited, encode_as, mended, overlap
from tlsmith.scan.source import decode


def test_edits_are_made() -> None:
    result = mended(TEXT, [finding(instead="verify=True")])
    assert result.text == TEXT.replace("False", "True")
    assert len(result.applied) == 1


def test_a_second_time_changes_nothing() -> None:
    found = finding(instead="verify=True")
    once = mended(TEXT, [found]).text
    again = mended(once, [found])
    assert again.text == once
    assert again.refused[0][1] == "the file is no longer as it was scanned"


def test_overlapping_edits_are_refused() -> None:
    first = finding(instead="verify=True")
    second = finding(what='"https://x.example", verify=False', instead="")
    result = mended(TEXT, [first, second])
    assert result.applied == (first,)
    assert result.refused[0][0] is second
    assert "overlaps" in result.refused[0][1]
    assert result.text == TEXT.replace("False", "True")


def test_one_edit_that_two_findings_ask_for_is_made_once() -> None:
    result = mended(TEXT, [finding(instead="x"), finding(instead="x")])
    assert result.text == TEXT.replace("verify=False", "x")
    assert len(result.applied) == 2


def test_all_edits_of_a_finding_or_none() -> None:
    both = finding(edits=(Edit(0, 6, "x"), Edit(3, 9, "y")))
    assert mended(TEXT, [both]).text == TEXT


def test_what_is_suppressed_stays() -> None:
    assert mended(TEXT, [finding(instead="x", suppressed="so")]).text == TEXT


def test_an_edit_outside_the_file_is_refused() -> None:
    wild = finding(edits=(Edit(0, 10_000, ""),))
    assert mended(TEXT, [wild]).refused[0][1] == "an edit is outside the file"


def test_inserted_lines_end_as_the_others_do() -> None:
    assert edited("a\r\nb\r\n", [Edit(1, 1, "\nc")]) == "a\r\nc\r\nb\r\n"
    assert edited("a\nb\n", [Edit(1, 1, "\nc")]) == "a\nc\nb\n"


@pytest.mark.parametrize(
    "data",
    [
        "ä verify=False\r\nb\n".encode(),
        b"\xef\xbb\xbfa verify=False\n",
        b"\xef\xbb\xbfa verify=False\r\nb\r\n",
        "\ufeffa verify=False\r\nb\r\n".encode("utf-16-le"),
        "\ufeffa verify=False\nb\n".encode("utf-16-be"),
        b"latin \xe9 verify=False\r\n",
    ],
)
def test_encoding_and_line_ends_stay(data: bytes) -> None:
    text = decode(data)
    changed = encode_as(text.replace("False", "True"), data)
    assert changed is not None
    for old, new in ((b"False", b"True"), ("False".encode("utf-16-le"), None)):
        if old in data and new:
            assert changed == data.replace(old, new)
    assert encode_as(text, data) == data


def test_a_file_that_cannot_stay_as_it_is_is_left_alone() -> None:
    mixed = "\ufeffa\r\nb\n".encode("utf-16-le")
    assert encode_as(decode(mixed), mixed) is None


def test_the_difference_is_a_patch() -> None:
    assert difference("./a.py", "a\nb", "a\nc") == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n a\n"
        "-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
    )


_EDITS = st.builds(
    lambda start, length, text: Edit(start, start + length, text),
    st.integers(0, 30),
    st.integers(0, 10),
    st.text("xy\n", max_size=5),
)


@given(_EDITS, _EDITS)
def test_overlap_is_mutual(one: Edit, other: Edit) -> None:
    assert overlap(one, other) == overlap(other, one)


@given(st.lists(_EDITS, max_size=6))
def test_what_is_not_edited_stays(edits: list[Edit]) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(40))
    accepted: list[Edit] = []
    for edit in edits:
        if not any(overlap(edit, other) for other in accepted if other != edit):
            accepted.append(edit)
    result = edited(text, accepted)
    gone = {at for edit in accepted for at in range(edit.start, edit.end)}
    kept = "".join(text[at] for at in range(40) if at not in gone)
    assert "".join(c for c in result if c not in "xy\n") == kept
