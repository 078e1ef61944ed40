"""What a scan says of one place: a finding, and the edits that would mend it."""

from __future__ import annotations

from dataclasses import dataclass, field

SEVERITIES = ("info", "low", "medium", "high", "critical")
"""From least to worst."""

CONFIDENCES = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` of a text, to be replaced by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """Where a rule holds in a text, as its matcher saw it.

    Args:
        start: The first character of what is wrong, as an offset in the text.
        end: The offset after its last character.
        confidence: `low`, `medium` or `high`, if it is not the rule's own.
        reason: Why the matcher is so sure, or is not: a few words.
        target: The host or URL it concerns, where one is written there.
        edits: What would mend it, or nothing if no safe rewrite is known.
        outer: How many texts further out the offsets are meant, where the text that
            was looked at is part of another.
        origin: Where the value stands that a name there was followed to.
        origin_outer: How many texts further out that place is meant.
        told_there: Whether that is the place to tell, if another rule does.
        shown: What is shown in place of the text behind it, where that is secret.
        chosen: Where the value stands that a condition chooses, if one does.
        unset: Whether it is so only as long as nobody sets a variable outside.
    """

    start: int
    end: int
    confidence: str | None = None
    reason: str = ""
    target: str | None = None
    edits: tuple[Edit, ...] = ()
    outer: int = 0
    origin: tuple[int, int] | None = None
    origin_outer: int = 0
    told_there: bool = False
    shown: str = ""
    chosen: int | None = None
    unset: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where verification is off or trust is handed out wrongly.

    Args:
        rule: The id of the rule that found it.
        path: The file, as it was reached from what was asked for; `-` is standard
            input.
        line: Its first line, from 1.
        column: The column of its first character, from 1, in characters.
        end_line: Its last line.
        end_column: The column after its last character.
        severity: One of SEVERITIES, after grading.
        confidence: One of CONFIDENCES.
        reason: Why this severity and this confidence, in words.
        category: `verification`, `plaintext`, `trust`, or `key`.
        cwe: Numbers of the Common Weakness Enumeration.
        message: What happens here and what it means.
        fix: What to write instead, in words or lines.
        snippet: The lines it stands in.
        edits: What `--fix` would change, as offsets in the file's text.
        suppressed: The reason somebody gave for leaving it, or None.
    """

    rule: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    severity: str
    confidence: str
    reason: str
    category: str
    cwe: tuple[int, ...]
    message: str
    fix: str
    snippet: str = ""
    edits: tuple[Edit, ...] = ()
    suppressed: str | None = None
    revision: str | None = field(default=None)
    """The commit that holds it, where git's history was scanned."""
    start: int = 0
    """Its first character, as an offset in the text."""
    end: int = 0
    """The offset after its last character."""
