"""`text`: what a regular expression says, in code or in strings, never in comments.

What a rule may say in `match`: `pattern`, matched where the anchor begins (without, the
anchor itself), whose group `told`, if it has one, is where the finding is; `zone`,
`code`, `string` or `any`; `unless`, a regular expression that must not be found in the
`scope`: the `line`, `statement`, `block`, `function` or `file`, where `{receiver}` is
the name that the text is called on; `scope_has`, one that must be found there;
`elsewhere`, that the word at the anchor is no function of the same file, which tells
for itself; and what every matcher of code may (`asked.py`). `by_name` says that the
pattern may also be met where a constant stands that is given the anchor's text, or with
what a constant behind the anchor holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan import bindings, functions
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import STRING
from tlsmith.scan.matchers.asked import fits_calls
from tlsmith.scan.matchers.method import header_start
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_BEFORE = 120
_RECEIVER = re.compile(r"(\w+)(?:\s*\.\s*\w+\(\s*[\"']?)?\Z")
"""The name before `.method(`, whether the text found is the method or its argument."""

_GIVEN = re.compile(r"(\w+)\s*(?::\s*\w+\s*)?=\s*\Z")
"""The constant that a literal is given to."""

_NAME_BEHIND = re.compile(
    r"\s*\]?\s*(?:,|=>|->|=|to\b)\s*([A-Za-z_]\w*(?:\.\w+)?)\s*[,;)]"
)
"""The name of what a property is given."""

_USES = 20
"""Places where a constant is used that are looked at."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The pattern's text at an anchor, if it stands in the zone asked for."""
    found = None
    if "pattern" in rule.match:
        found = compiled(rule.match["pattern"]).match(source.text, start)
        if found is None:
            if rule.match.get("by_name"):
                yield from _by_name(rule, source, start, end)
                yield from _with_constant(rule, source, start, end)
            return
        end = found.end()
    zone = source.zone(start)
    if zone == "string" and is_docstring(source, start):
        return
    wanted = rule.match.get("zone", "any")
    if zone == "comment" or wanted not in ("any", zone):
        return
    index = source.tokens.at(start)
    if index is not None and (
        not fits_calls(rule, source, index)
        or (zone == "code" and source.in_import(index))
    ):
        return
    if _is_excused(rule, source, start, end):
        return
    if (
        rule.match.get("elsewhere")
        and index is not None
        and functions.defines_name(source, source.tokens.texts[index])
    ):
        return
    start = (
        start
        if found is None or "told" not in found.re.groupindex
        else found.start("told")
    )
    edits = (
        (Edit(start, end, rule.rewrite["replace"]),)
        if "replace" in rule.rewrite
        else ()
    )
    yield Match(start, end, edits=edits)


def _by_name(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """Where a constant stands for the anchor's text, and the pattern fits behind it."""
    given = _GIVEN.search(source.text, max(0, start - _BEFORE), start)
    if given is None or source.zone(start) == "comment":
        return
    tokens, pattern = source.tokens, compiled(rule.match["pattern"])
    for index in source.words.get(given[1], ())[:_USES]:
        first, behind = tokens.starts[index], tokens.ends[index]
        if first < start and behind > given.start():
            continue
        told = source.text[start:end]
        found = pattern.match(told + source.text[behind : behind + _BEFORE])
        if found and fits_calls(rule, source, index):
            yield Match(first, behind + found.end() - len(told))


def _with_constant(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """Where the pattern fits if a constant behind the anchor is written out."""
    tokens = source.tokens
    behind = _NAME_BEHIND.match(source.text, end)
    index = tokens.at(behind.start(1)) if behind else None
    if behind is None or index is None or source.zone(start) == "comment":
        return
    parts = behind[1].split(".")
    pattern = compiled(rule.match["pattern"])
    told = source.text[start : behind.start(1)]
    for value, sure in bindings.values_of(source, parts, index):
        literal = tokens.texts[value] if tokens.kinds[value] == STRING else ""
        if (
            literal
            and pattern.match(told + literal)
            and fits_calls(rule, source, index)
        ):
            yield Match(start, behind.end(1), None if sure else "medium")
            return


def is_docstring(source: Source, offset: int) -> bool:
    """Whether a string of Python stands alone as a statement."""
    if source.language.name != "python":
        return False
    tokens = source.tokens
    index = tokens.at(offset)
    if index is None or not tokens.texts[index].endswith(('"""', "'''")):
        return False
    before = tokens.texts[index - 1] if index else "\n"
    after = tokens.texts[index + 1] if index + 1 < len(tokens) else "\n"
    return before == "\n" and after == "\n" and tokens.parent[index] < 0


def _is_excused(rule: Rule, source: Source, start: int, end: int) -> bool:
    """Whether what stands around says that nothing is wrong here."""
    unless, has = rule.match.get("unless"), rule.match.get("scope_has")
    if not (unless or has):
        return False
    low, high = scope(source, start, end, rule.match.get("scope", "line"))
    if unless and _says(unless, source, start, (low, high)):
        return True
    return bool(has) and not compiled(has).search(source.text, low, high)


def _says(unless: str, source: Source, start: int, within: tuple[int, int]) -> bool:
    if "{receiver}" in unless:
        on = _RECEIVER.search(source.text, max(0, start - _BEFORE), start)
        unless = unless.replace("{receiver}", on[1] if on else "")
    return compiled(unless).search(source.text, *within) is not None


def scope(source: Source, start: int, end: int, name: str) -> tuple[int, int]:
    """The offsets of what a place stands in: line, statement, block, function, file."""
    tokens = source.tokens
    first, last = source.position(start)[0], source.position(end)[0]
    line = source.line_bounds(first)[0], source.line_bounds(last)[1]
    index = tokens.at(start)
    if name == "file" or index is None:
        return (0, len(source.text)) if name == "file" else line
    if name == "line":
        return line
    if name == "statement":
        while tokens.parent[index] >= 0 and _goes_on(source, tokens.parent[index]):
            index = tokens.parent[index]
        low = source.begins_statement(index)
        return tokens.starts[low], _statement_end(source, low, line[1])
    if name == "function":
        return _function_around(source, index, line)
    return _block_around(source, index, first)


def _goes_on(source: Source, opening: int) -> bool:
    """Whether a statement goes on in a bracket: `f(…)`, `[…]`, Go's `[]string{…}`."""
    texts = source.tokens.texts
    if texts[opening] in "([":
        return True
    return source.language.name == "go" and texts[opening - 2 : opening] == [
        "]",
        "string",
    ]


def _block_around(source: Source, index: int, line: int) -> tuple[int, int]:
    """The offsets of the braces around, or of the lines that are indented as much."""
    if source.language.blocks == "brace":
        return _braces(source, index)
    return _indented_block(source, index, line)


_HOLDER = re.compile(
    r"\b(?:class|struct|extension|enum|protocol|namespace|interface|object|actor|trait"
    r"|impl|module|record|extern)\b(?!\s*\()"
)


def _function_around(
    source: Source, index: int, line: tuple[int, int]
) -> tuple[int, int]:
    """The offsets of the outermost block around that is no class's, or the line."""
    tokens = source.tokens
    low, high = line
    parent = tokens.parent[index]
    while parent >= 0:
        if tokens.texts[parent] == "{":
            first = tokens.starts[header_start(source, parent)]
            if _HOLDER.search(source.text, first, tokens.starts[parent]):
                break
            low, high = first, tokens.ends[max(tokens.partner[parent], parent)]
        parent = tokens.parent[parent]
    return low, high


def _braces(source: Source, index: int) -> tuple[int, int]:
    tokens = source.tokens
    parent = tokens.parent[index]
    while parent >= 0 and tokens.texts[parent] != "{":
        parent = tokens.parent[parent]
    if parent >= 0 and tokens.partner[parent] > parent:
        return tokens.starts[parent], tokens.ends[tokens.partner[parent]]
    return 0, len(source.text)


def _statement_end(source: Source, index: int, least: int) -> int:
    tokens = source.tokens
    while index < len(tokens):
        if tokens.texts[index] in (";", "\n") and tokens.starts[index] >= least:
            return tokens.starts[index]
        partner = tokens.partner[index]
        index = partner if partner > index else index
        index += 1
    return len(source.text)


def _indented_block(source: Source, index: int, line: int) -> tuple[int, int]:
    """The lines around that are indented as much, with what is indented more."""
    indent = source.indent(index)
    low, high = source.line_bounds(line)
    total = source.position(len(source.text))[0]
    for step in (-1, 1):
        at = line + step
        while 1 <= at <= total:
            start, end = source.line_bounds(at)
            text = source.text[start:end]
            if text.strip() and len(text) - len(text.lstrip()) < indent:
                break
            low, high = min(low, start), max(high, end)
            at += step
    return low, high
