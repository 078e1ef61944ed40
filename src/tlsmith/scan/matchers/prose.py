"""Whether a setting in a text is told of, looked for or replaced, and sets nothing."""

from __future__ import annotations

import re

from tlsmith.scan.config import documents
from tlsmith.scan.lexer import NEWLINE, STRING
from tlsmith.scan.source import Source

_LINE = 500
_WORDS = 2
_ABOUT = re.compile(r"\b(?:e\.g\.|for example|usage:|deprecated|not recommended)", re.I)
_BARE = re.compile(r"[\"'`]?[?&; ]?[\w .-]{1,40}=[\w.:-]*[;& ]?[\"'`]?")
_SEEKING = re.compile(
    r"\bin\b|\bassert\w*|expect\(|contains?\b|includes?\(|starts_?with|ends_?with|"
    r"index_?of|\bfind|strpos|str_contains|\bmatch|replace|\btest\(|==|!=|remove|strip",
    re.I,
)
_SEARCHING = re.compile(r"\b(?:[ef]?grep|rg|ag|ack|sed|awk|git[ ]log)\b[^|;&\n]*$")
_COMMANDS = frozenset({"shell", "dockerfile", "make", "yaml", "batch", "powershell"})
_WORD_NEXT = re.compile(r"[,.)]?[ \t]+(?P<word>[A-Za-z]\w*)(?![\w.-]*[ ]?[=:@/])")
_WORDS_BEFORE = re.compile(r"(?:^|[\s\"'(])[A-Za-z][a-z']+[ \t]+[A-Za-z][a-z']*[ \t]+$")


def is_prose(source: Source, around: tuple[int, int], place: tuple[int, int]) -> bool:
    """Whether a parameter is not set where it stands.

    Args:
        source: Where it stands.
        around: The string around it, or the line.
        place: Where it begins, and where its value ends.
    """
    start, _ = place
    text = source.text[slice(*around)]
    if source.zone(start) == "string" and (
        _is_sentence(text)
        or _is_sought(source, around, text)
        or _is_docstring(source, start)
        or _is_help(source, start)
    ):
        return True
    return (
        _is_replaced(source, place)
        or _is_told(source.text, around, place)
        or (source.language.name in _SETTINGS and _is_described(source, start))
    )


def _is_replaced(source: Source, place: tuple[int, int]) -> bool:
    """`s/sslmode=disable/sslmode=verify-full/`, `grep sslmode=disable`."""
    start, end = place
    marks = source.text[start - 1 : start], source.text[end : end + 1]
    if start and marks[0] == marks[1] and marks[0] in ("/", "|", "#", "~", "@", ","):
        return True
    if source.language.name not in _COMMANDS:
        return False
    first, _ = source.line_bounds(source.position(start)[0])
    before = source.text[max(first, start - _LINE) : start]
    return _SEARCHING.search(before) is not None


def _is_told(text: str, around: tuple[int, int], place: tuple[int, int]) -> bool:
    """Whether a sentence tells of a parameter: words without `=` stand beside it."""
    start, end = place
    first = max(around[0], start - _LINE)
    begun = max(text.rfind(mark, first, start) for mark in " \t\n\"'`<>") + 1
    run = text[max(begun, first) : start]
    if "://" in run or (run and run[-1] in "?&;"):
        return False
    after = _WORD_NEXT.match(text, end, around[1])
    return after is not None or bool(_WORDS_BEFORE.search(text, first, start))


_SETTINGS = frozenset({"yaml", "json", "toml", "hcl", "xml"})
_DESCRIBING = re.compile(
    r"(?:\w*_)?(?:desc(?:ription)?|summary|help(?:_?text)?|message|msg|title|notes?|docs?"
    r"|documentation|comments?|tooltip|usage|label|markdown|pattern|regexp?|reason"
    r"|placeholder)|\$comment",
    re.I,
)


def _is_described(source: Source, offset: int) -> bool:
    """Whether the setting around is for people to read."""
    return any(
        _DESCRIBING.fullmatch(node.key)
        for _, node in documents(source).values_at(offset)
    )


def _is_help(source: Source, offset: int) -> bool:
    """Whether a string is given to what people read: `Usage: "…"`, `help="…"`."""
    tokens = source.tokens
    index = tokens.at(offset)
    if index is None or index < 2 or tokens.texts[index - 1] not in (":", "="):
        return False
    return _DESCRIBING.fullmatch(tokens.texts[index - 2].strip("\"'")) is not None


_DOC = frozenset({"@doc", "@moduledoc", "@typedoc", "@shortdoc"})


def _is_docstring(source: Source, offset: int) -> bool:
    """Whether a string is a statement of its own, or follows Elixir's `@doc`."""
    tokens = source.tokens
    index = tokens.at(offset)
    if index is None or tokens.kinds[index] != STRING or tokens.parent[index] >= 0:
        return False
    if index and tokens.texts[index - 1] in _DOC:
        return True
    if source.language.blocks != "indent":
        return False
    after = index + 1
    alone = after >= len(tokens) or tokens.kinds[after] == NEWLINE
    return alone and source.begins_statement(index) == index


def _is_sentence(text: str) -> bool:
    """Whether a string is about a setting, and sets nothing."""
    if text.startswith(('"""', "'''")) and "://" not in text:
        return True
    if _ABOUT.search(text):
        return True
    words = [word for word in text.split() if "=" not in word]
    return len(words) > _WORDS and "://" not in text and ";" not in text


def _is_sought(source: Source, around: tuple[int, int], text: str) -> bool:
    """Whether a string that is nothing but the parameter is looked for, not used."""
    if not _BARE.fullmatch(text):
        return False
    first, _ = source.line_bounds(source.position(around[0])[0])
    _, last = source.line_bounds(source.position(around[1])[0])
    return _SEEKING.search(source.text, first, last) is not None
