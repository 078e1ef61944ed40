"""`name`: a name is used in an expression, and that alone is the finding.

What a rule may say in `match`: `definition_lacks`, a regular expression that must not
be found in what the file defines under that name; `name_lacks`, one that must not be
found in the name; and what every matcher of code may
(`asked.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan import functions
from tlsmith.scan.expression import is_left_open
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import STRING, WORD
from tlsmith.scan.matchers.asked import fits_calls
from tlsmith.scan.matchers.setting import key_at
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_DEFINING = frozenset(
    [
        "class",
        "interface",
        "struct",
        "enum",
        "object",
        "trait",
        "type",
        "typedef",
        "module",
        "def",
        "func",
        "fun",
        "fn",
        "function",
        "define",
        "protocol",
        "extension",
        "extends",
        "implements",
        "namespace",
        "typename",
        "record",
        "impl",
    ]
)

_COMPARING = frozenset({"==", "!=", "===", "!==", "=~"})
_COMPARISON = re.compile(r"equal[s?]?\??|eq|be|eql\?|include\?|contains|isEqual(?:To)?")

_IMPORTING = ("python", "javascript")
"""Where a bare name was imported by itself: another may not be known."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The name at an anchor, where it is used."""
    index = key_at(source, end)
    if index is None or source.tokens.kinds[index] == STRING:
        return
    if not _is_used(source, index):
        return
    lacks = rule.match.get("name_lacks")
    if lacks and compiled(lacks).search(source.tokens.texts[index]):
        return
    if not fits_calls(rule, source, index) or _is_own(rule, source, index):
        return
    tokens = source.tokens
    place = tokens.starts[index], tokens.ends[index]
    edits: tuple[Edit, ...] = ()
    bare = tokens.texts[index - 1] not in (".", "::", "->") if index else True
    if "replace" in rule.rewrite and not (bare and source.language.name in _IMPORTING):
        edits = (Edit(*place, rule.rewrite["replace"]),)
    yield Match(*place, edits=edits)


def _is_used(source: Source, index: int) -> bool:
    tokens = source.tokens
    if tokens.kinds[index] != WORD or source.in_import(index):
        return False
    before = tokens.texts[index - 1] if index else ""
    after = tokens.texts[index + 1] if index + 1 < len(tokens) else ""
    if before in _DEFINING or (before == "~"):
        return False
    if after == "(" and (
        functions.defines(source, index + 1, index) or _is_declared(source, index)
    ):
        return False
    if _is_compared(source, index) or _is_reflected(source, index):
        return False
    if after != "(" and is_left_open(source, index):
        return False  # what is called does it there, whoever asks for it
    # `Name x;`, `x: Name`: a type tells nothing of what is put there.
    return not (after == "=" and before not in (".", "::", "->"))


def _is_reflected(source: Source, index: int) -> bool:
    """Whether only the class is meant: `getLogger(Name.class)`."""
    tokens = source.tokens
    if tokens.texts[index + 1 : index + 3] not in ([".", "class"], ["::", "class"]):
        return False
    if tokens.texts[index + 3 : index + 4] in (["."], ["::"]):
        return True
    parent = tokens.parent[index]
    caller = tokens.texts[parent - 1] if parent > 0 else ""
    return caller.startswith("getLog") or caller == "synchronized"


def _is_declared(source: Source, index: int) -> bool:
    """Whether a method is written there, behind its type: `SSLContext naive() {`."""
    before = source.tokens.texts[index - 1] if index else ""
    return (
        source.language.name in ("java", "groovy")
        and source.tokens.kinds[index - 1] == WORD
        and before not in ("new", "return", "else", "throw", "in")
        and functions.function_of(source, index + 1) is not None
    )


def _is_compared(source: Source, index: int) -> bool:
    """Whether a name is only looked for: compared, a case's label, a table's key."""
    tokens = source.tokens
    after = tokens.texts[index + 1] if index + 1 < len(tokens) else ""
    if after in _COMPARING or after == "=>":
        return True
    if source.language.name == "python" and after == ":":
        return True
    while index > 1 and tokens.texts[index - 1] in (".", "::", "->"):
        index -= 2
    before = tokens.texts[index - 1] if index else ""
    if before == "(" and index > 1:
        return bool(_COMPARISON.fullmatch(tokens.texts[index - 2]))
    if before == "then":
        return True  # Ruby's `when :none then …`: one of several, and an option's
    return before in _COMPARING or before in ("case", "when", "is", "instanceof")


def _is_here(source: Source, index: int) -> bool:
    """Whether a name is of something of this file, which is told of there."""
    name = source.tokens.texts[index]
    defined = rf"\b(?:class|object|enum|interface|record)\s+{name}\b|\b{name}\s*=[^=]"
    if name.isidentifier() and source.holds(defined):
        return True
    after = source.tokens.texts[index + 1 : index + 2]
    if after == ["."] and source.language.name == "java":
        return False  # a class: Java's methods have no members
    return functions.defines_name(source, name)


def _is_own(rule: Rule, source: Source, index: int) -> bool:
    """Whether the file defines that name itself, and otherwise."""
    if rule.match.get("elsewhere") and _is_here(source, index):
        return True
    if "definition_lacks" not in rule.match:
        return False
    name = source.tokens.texts[index]
    for function in source.functions:
        if function.name >= 0 and source.tokens.texts[function.name] == name:
            tokens = source.tokens
            body = source.text[
                tokens.starts[function.start] : tokens.ends[function.end - 1]
            ]
            return not compiled(rule.match["definition_lacks"]).search(body)
    return False
