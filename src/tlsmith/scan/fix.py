"""Put right what findings say is wrong, where a safe rewrite is known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlsmith.scan.finding import Edit, Finding
from tlsmith.scan.source import decode

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)


@dataclass(frozen=True)
class Mended:
    """A text after its findings were mended.

    Args:
        text: What it is now.
        applied: The findings whose edits were made.
        refused: The others that have edits, each with why they were not.
    """

    text: str
    applied: tuple[Finding, ...]
    refused: tuple[tuple[Finding, str], ...]


def mended(text: str, findings: Iterable[Finding]) -> Mended:
    """The text with the findings' edits made: all edits of a finding, or none.

    A finding is left as it is if its place is no longer as it was found, if its edits
    overlap those of one before it, or if it is suppressed.
    """
    accepted: list[Edit] = []
    applied: list[Finding] = []
    refused: list[tuple[Finding, str]] = []
    for finding in findings:
        if not finding.edits or finding.suppressed is not None:
            continue
        reason = _why_not(text, finding, accepted)
        if reason:
            refused.append((finding, reason))
            continue
        accepted += [edit for edit in finding.edits if edit not in accepted]
        applied.append(finding)
    return Mended(edited(text, accepted), tuple(applied), tuple(refused))


def _why_not(text: str, finding: Finding, accepted: Sequence[Edit]) -> str:
    begin = finding.start - (finding.column - 1)
    if text[begin : begin + len(finding.snippet)] != finding.snippet:
        return "the file is no longer as it was scanned"
    if any(not 0 <= edit.start <= edit.end <= len(text) for edit in finding.edits):
        return "an edit is outside the file"
    for number, edit in enumerate(finding.edits):
        others = [*accepted, *finding.edits[:number]]
        if any(overlap(edit, other) for other in others if other != edit):
            return "its edit overlaps another one; run --fix again"
    return ""


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits change the same characters, or insert at the same place."""
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits made that do not overlap, in the line ends it has."""
    windows = text.count("\r\n") * 2 > text.count("\n")
    parts: list[str] = []
    position = 0
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end)):
        new = edit.text.replace("\r\n", "\n")
        parts += [
            text[position : edit.start],
            new.replace("\n", "\r\n") if windows else new,
        ]
        position = edit.end
    return "".join([*parts, text[position:]])


def encode_as(text: str, original: bytes) -> bytes | None:
    """The bytes of a mended text, encoded and broken into lines as the original is.

    None where even the unchanged text would not give its bytes back: such a file is
    better left alone.
    """
    if _encoded(decode(original), original) != original:
        return None
    return _encoded(text, original)


def _encoded(text: str, original: bytes) -> bytes:
    for mark, encoding in _MARKS:
        if original.startswith(mark):
            windows = "\r\n".encode(encoding) in original
            lines = text.replace("\n", "\r\n") if windows else text
            return mark + lines.encode(encoding, "surrogatepass")
    return text.encode("utf-8", "surrogateescape")


def difference(path: str, before: str, after: str) -> str:
    """What changes in a file, as a unified diff."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    name = path.removeprefix("./")
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in lines
    )
