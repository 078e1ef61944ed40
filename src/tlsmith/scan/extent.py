"""Where an expression ends, and what is written in it."""

from __future__ import annotations

from collections.abc import Iterator

from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.source import Source

_JOINING = frozenset(
    [
        ".",
        "?.",
        "::",
        "->",
        "=>",
        "||",
        "&&",
        "??",
        "?",
        ":",
        "+",
        "-",
        "*",
        "/",
        "|",
        "&",
        "=",
        "(",
        "[",
        "{",
        ",",
        "or",
        "and",
        "not",
        "if",
        "else",
        "!",
        "==",
        "!=",
        "<",
    ]
)


def value_end(source: Source, start: int) -> int:
    """The index after the last token of the value that starts at a token.

    It ends at a comma, a semicolon or a closing bracket; and at the line's end, where
    lines mean something and neither side of the break asks for more.
    """
    tokens = source.tokens
    index, size = start, len(tokens)
    while index < size:
        text, kind = tokens.texts[index], tokens.kinds[index]
        if kind == NEWLINE and _line_ends(source, start, index):
            break
        if kind not in (STRING, WORD) and text in (",", ";", ")", "]", "}"):
            break
        if kind == WORD and index > start and _is_modifier(source, text):
            break
        if kind == WORD and text == "as" and source.language.name == "python":
            break
        if text == "lambda" and kind == WORD:
            index = _behind_lambda(source, index)
            continue
        partner = tokens.partner[index]
        if text == "|" and _opens_closure(source, start, index):
            partner = tokens.texts.index("|", index + 1)
        index = partner + 1 if partner > index else index + 1
    while index > start and tokens.kinds[index - 1] == NEWLINE:
        index -= 1
    return index


def _is_modifier(source: Source, text: str) -> bool:
    """Whether a word behind a value says when it is set: `x = 0 if y`."""
    return text in ("if", "unless") and source.language.name in ("ruby", "perl")


def _behind_lambda(source: Source, index: int) -> int:
    """The index after the colon of a lambda, whose parameters have commas."""
    tokens = source.tokens
    for ahead in range(index + 1, min(index + 40, len(tokens))):
        if tokens.texts[ahead] == ":" and tokens.parent[ahead] == tokens.parent[index]:
            return ahead + 1
        if tokens.kinds[ahead] == NEWLINE:
            break
    return index + 1


def _opens_closure(source: Source, start: int, index: int) -> bool:
    """Whether a bar begins the parameters of a closure of Rust's."""
    if source.language.name != "rust":
        return False
    tokens = source.tokens
    first = index == start or tokens.texts[index - 1] in ("move", "(", ",", "=", "&")
    return first and "|" in tokens.texts[index + 1 : index + 40]


def _line_ends(source: Source, start: int, newline: int) -> bool:
    tokens = source.tokens
    parent = tokens.parent[newline]
    if newline == start:
        return False
    if parent >= 0 and tokens.texts[parent] in "([":
        return _is_group(source, parent)
    after = newline + 1
    while after < len(tokens) and tokens.kinds[after] == NEWLINE:
        after += 1
    if tokens.texts[newline - 1] in _JOINING and tokens.kinds[newline - 1] != STRING:
        return False
    if after < len(tokens) and tokens.texts[after] == "else":
        return tokens.texts[start] != "if"  # else it belongs to a statement around
    return not (
        after < len(tokens)
        and tokens.kinds[after] != STRING
        and tokens.texts[after]
        in (".", "?.", "?", ":", "||", "&&", "??", "->", "or", "and", "else")
    )


def _is_group(source: Source, bracket: int) -> bool:
    """Whether a bracket holds declarations of Go's: `var (`, one a line."""
    before = source.tokens.texts[bracket - 1 : bracket]
    return source.language.name == "go" and before in (["var"], ["const"])


def text_of(source: Source, start: int, end: int) -> str:
    """Tokens joined as if written without spaces, but between words."""
    tokens = source.tokens
    parts: list[str] = []
    for index in range(start, end):
        if tokens.kinds[index] == NEWLINE:
            continue
        text = tokens.texts[index]
        if parts and _wordlike(parts[-1][-1]) and _wordlike(text[0]):
            parts.append(" ")
        parts.append(text)
    return "".join(parts)


def _wordlike(character: str) -> bool:
    return character.isalnum() or character in "_$@\"'"


def content(literal: str) -> str:
    """What a string literal holds, without its prefix and quotes."""
    body = literal.lstrip("rRbBuUfFtT@$#%qQwWiI~")
    for quote in ('"""', "'''"):
        if body.startswith(quote):
            return body[3:-3]
    return body[1:-1] if len(body) > 1 else ""


def top_level(source: Source, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The tokens of a range that stand in none of its brackets, but no strings."""
    tokens = source.tokens
    index = start
    while index < end:
        if tokens.kinds[index] != STRING:
            yield index, tokens.texts[index]
        partner = tokens.partner[index]
        index = partner + 1 if partner > index else index + 1
