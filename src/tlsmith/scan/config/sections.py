"""INI and its kin: `[section]` headers over `key = value` lines.

TOML, properties, systemd units, gitconfig, pip.conf, Fluent Bit's classic files and
plain files of `key value` lines differ little in what is needed of them here.
"""

from __future__ import annotations

import re

from tlsmith.scan.config.flow import read_flow, unquoted
from tlsmith.scan.config.node import Document, Node

_HEADER = re.compile(r"\[{1,2}(?P<name>[^\]\n]*)\]{1,2}[ \t]*(?:[#;][^\n]*)?$")
_COMMENT = re.compile(r"[#;!]|//|--(?![\w-])|rem\s", re.I)
_INLINE_COMMENT = re.compile(r"[ \t][#;]")
_ASSIGNED = re.compile(
    r"""(?P<key>"[^"\n]*"|'[^'\n]*'|[^\s=:"'\[{](?:[^\s=:]|:(?!\s|=|\w*$)(?=[:\w]))*)"""
    r"""[ \t]*(?P<sign>=>|[:?+]?=|:)[ \t]*"""
)
_SPACED_KEY = re.compile(r"(?P<key>[A-Za-z_][\w .-]*\w)[ \t]*(?P<sign>=)[ \t]*")
_OPTION = re.compile(r"option[ \t]+[\w.-]+[ \t]+\S")
"""How OpenWrt's files begin each setting."""
_WORD = re.compile(r"(?P<key>[^\s=]+)[ \t]*")
_QUOTES = re.compile(
    r'"""[\s\S]*?"""|' + r"'''[\s\S]*?'''|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'"
)
_HEADER_MARKS = re.compile(r"[\"']")


def read_sections(text: str, start: int, end: int, name: str, form: str) -> Document:
    """The settings of a stretch of text whose lines are sections and assignments.

    Args:
        text: The whole text.
        start: Where the stretch begins.
        end: Where it ends.
        name: The document's name.
        form: `toml`, `ini`, `properties` or `lines`.
    """
    root = Node("", start, start, None)
    block = root
    last: tuple[Node, int] | None = None
    position = start
    while position < end:
        stop = _line_end(text, position, end)
        first = position + _leading(text, position, stop)
        content = text[first:stop]
        if not content or _COMMENT.match(content):
            position = stop + 1
        elif form != "lines" and (header := _HEADER.match(content)):
            block = root.add(
                _HEADER_MARKS.sub("", _dotted(header["name"])), first, stop
            )
            last = None
            position = stop + 1
        elif last and first - position > last[1] and not _assigned(content, form):
            _go_on(last[0], text, first, stop)
            position = stop + 1
        else:
            node, after = _take(text, first, (stop, end), block, form)
            last = (node, first - position) if node else None
            position = after
    return Document(name, form, root)


def _dotted(header: str) -> str:
    """`http "https://x"` of gitconfig as one dotted name."""
    return re.sub(r"(?<!\s)\s++[\"']", ".", header.strip())


def _assigned(content: str, form: str) -> re.Match[str] | None:
    found = _ASSIGNED.match(content)
    if not found and form in ("ini", "lines"):
        found = _SPACED_KEY.match(content)
    return found


def _take(
    text: str, first: int, ends: tuple[int, int], block: Node, form: str
) -> tuple[Node | None, int]:
    """One assignment, which may go on over the next lines; where the rest begins."""
    stop, end = ends
    content = text[first:stop]
    found = _assigned(content, form) or _WORD.match(content)
    if not found:
        return None, stop + 1
    if _OPTION.match(content) and "=" not in content:
        first += len("option")
        first += _leading(text, first, stop)
        found = _WORD.match(text[first:stop])
        if not found:
            return None, stop + 1
    written = found["key"]
    node = block.add(unquoted(written), first, first + len(written))
    start = first + found.end()
    if form == "toml" and text[start : start + 1] in ("{", "["):
        after = read_flow(text, start, end, node)
        node.end = max(node.end, after)
        return node, _line_end(text, after, end) + 1
    quoted = _QUOTES.match(text, start, end)
    if quoted and form != "properties":
        node.assign(unquoted(quoted.group()), *quoted.span())
        return node, _line_end(text, quoted.end(), end) + 1
    return node, _take_plain(node, text, start, (stop, end))


def _take_plain(node: Node, text: str, start: int, ends: tuple[int, int]) -> int:
    """A value without quotes, with the lines that a backslash adds."""
    stop, end = ends
    while stop < end and text[stop - 1 : stop] == "\\" and stop > start:
        stop = _line_end(text, stop + 1, end)
    comment = _INLINE_COMMENT.search(text, max(start - 1, 0), stop)
    close = comment.start() if comment else stop
    close = start + len(text[start:close].rstrip().rstrip(";").rstrip())
    value = text[start:close]
    if "\\\n" in value:
        value = re.sub(r"\\\n[ \t]*", "", value)
    node.assign(value, start, close)
    return stop + 1


def _go_on(node: Node, text: str, first: int, stop: int) -> None:
    """A line further in than an assignment adds to its value."""
    if len(node.value) < 4000:
        node.value = f"{node.value} {text[first:stop].strip()}".strip()
    node.end = first + len(text[first:stop].rstrip())
    if node.value_start < 0:
        node.value_start = first


def _line_end(text: str, position: int, end: int) -> int:
    stop = text.find("\n", position, end)
    return end if stop < 0 else stop


def _leading(text: str, start: int, stop: int) -> int:
    position = start
    while position < stop and text[position] in " \t":
        position += 1
    return position - start
