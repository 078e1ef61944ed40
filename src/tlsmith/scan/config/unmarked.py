"""A configuration without the lines that are a template's own: `{% if tls %}`."""

from __future__ import annotations

import re

_TAG = (
    r"(?:\{%[^\n]{0,400}?%\}|\{\#[^\n]{0,400}?\#\}|<%(?!=)[^\n]{0,400}?%>"
    r"|\{\{-?[ ]*(?:(?:if|else|end|range|with|define|block)\b|/\*)[^\n]{0,400}?\}\})"
)
_LINE = re.compile(rf"(?m)^[ \t]*{_TAG}(?:[ \t]*{_TAG})*[ \t]*$")
_MARKS = ("{%", "{#", "<%", "{{")


def unmarked(text: str) -> str:
    """The same text with blanks where a line has nothing but marks; none moved."""
    if not any(mark in text for mark in _MARKS):
        return text
    return _LINE.sub(lambda found: " " * len(found[0]), text)
