"""The code of a Jupyter notebook, at the offsets and on the lines it has in the file.

A notebook is JSON, each line of a cell a string on a line of its own. What is not code
becomes spaces, so that it is read like any program and an edit changes the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CELL = re.compile(
    r'"cell_type"\s*:\s*"(?P<type>\w+)"|"source"\s*:\s*(?P<source>\[)|"source"\s*:\s*"'
)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|\]')
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\s\S])")
_MEANT = {'\\"': ' "', "\\\\": " \\", "\\/": " /"}


def is_notebook(path: str, text: str) -> bool:
    """Whether a file is a notebook that has not been made code yet."""
    return path.endswith(".ipynb") and text.lstrip()[:1] == "{"


def code_of(text: str) -> str:
    """The text with everything but its cells' code made blank, lines kept."""
    parts: list[str] = []
    done = 0
    for start, end in _lines(text):
        parts.append(_blank(text[done:start]))
        parts.append(_ESCAPE.sub(_meant, text[start:end]))
        done = end
    parts.append(_blank(text[done:]))
    return "".join(parts)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where the lines of code cells stand, without their quotes."""
    is_code = False
    for found in _CELL.finditer(text):
        if found["type"]:
            is_code = found["type"] == "code"
        elif is_code and found["source"]:
            for line in _STRING.finditer(text, found.end()):
                if line.group() == "]":
                    break
                yield line.span(1)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _meant(found: re.Match[str]) -> str:
    return _MEANT.get(found.group(), " " * len(found.group()))
