"""`config`: a setting of a configuration file, in the block it stands in.

What a rule may say in `match`, all of which must hold:

- `part`: where the anchor lies: its end in a `key` (default), its start in one
  (`key-before`), in a `value`, or in `either`.
- `key`, `not_key`: regular expressions that the whole key does or does not match, in
  either case.
- `like`: a regular expression, spaces left out, that the key ends with when it is
  written in small letters without `_`, `-`, `.` and `:`.
- `values`: what it is set to, as `said` has them; without, any value will do.
- `value_has`, `value_lacks`: regular expressions searched in the value.
- `filled`: whether anything must be set, be it a list's entry.
- `under`, `not_under`: searched in the keys that lead to it, joined by dots.
- `files`, `not_files`: searched in the file's path, with `!name` behind it for a file
  that is written inside another.
- `forms`: the readers that may have read it.
- `file_has`, `file_lacks`: searched in the whole text.
- `with`, `without`: tables `{key, values, value_has, where}`. A setting like that must,
  or must not, be there: in its own `block` (default), in it or an `outer` one, `below`
  it, at the `root` of its document, or `nearby` (below its block, at any depth).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from tlsmith.scan.config import ITEM, Document, Node, documents
from tlsmith.scan.config.given import given
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.grading import is_loopback
from tlsmith.scan.matchers.filenames import fits_name
from tlsmith.scan.matchers.glance import is_something_else
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

WORDS = {
    "false": frozenset({"false", "no", "off", "0", "n", "f", "disabled", "disable"}),
    "true": frozenset({"true", "yes", "on", "1", "y", "t", "enabled", "enable"}),
    "null": frozenset({"null", "~", "nil", "none"}),
    "empty": frozenset({"", '""', "''", "[]", "{}"}),
}
"""What the words of a rule's `values` stand for in a configuration file."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """Where the setting at an anchor is as the rule says."""
    asked = rule.match
    if is_something_else(asked, source, start, end):
        return
    for document, node in _places(asked.get("part", "key"), source, start, end):
        if _fits(asked, document, node) and not _is_expected(node):
            in_key = (
                node.start <= start < node.key_end or node.start < end <= node.key_end
            )
            given_by = document.set_by(node)
            yield Match(
                node.start if in_key else start,
                _last(node) if in_key else end,
                target=_target(document, node),
                edits=_edits(rule, source, node),
                origin=(given_by.start, given_by.end) if given_by else None,
                told_there=given_by is not None,
            )
            return


def _is_expected(node: Node) -> bool:
    """Whether a setting is what a test of a chart expects, and sets nothing."""
    return any(one.key == "asserts" for one in node.ancestors)


def _last(node: Node) -> int:
    """Where a setting ends: with the entries of the list it is, if it is one."""
    entries = [one.end for one in node.children[:_NEAR] if one.key == ITEM]
    return max(node.end, node.key_end, *entries)


def _places(
    part: str, source: Source, start: int, end: int
) -> list[tuple[Document, Node]]:
    settings = documents(source)
    if part == "value":
        return settings.values_at(start)
    text = source.text
    first = start + len(text[start:end]) - len(text[start:end].lstrip())
    found = settings.keys_at(first if part == "key-before" else end - 1)
    return found if found or part != "either" else settings.values_at(start)


_TARGET = re.compile(
    r"(?:https?|grpcs?|wss?|ldaps?|amqps?|mqtts?)://(?P<host>\[[^\]]+\]|[\w.-]+)", re.I
)
_NEAR = 30
_PLACES = frozenset({"url", "uri", "host", "hosts", "server", "address", "endpoint"})


def _target(document: Document, node: Node) -> str | None:
    """The host that a setting concerns: in its value, or beside it."""
    entries = [one.value for one in node.children[:_NEAR] if one.key == ITEM]
    if entries and all(map(is_loopback, entries)):
        return entries[0]
    values = [document.value(node)]
    if node.parent is not None:
        values += [
            other.value
            for other in node.parent.children[:_NEAR]
            if other.key.lower() in _PLACES
        ]
    for value in values:
        if found := _TARGET.search(value):
            return found["host"]
    return None


def said(values: Iterable[str], value: str) -> bool:
    """Whether a value, or a placeholder's default, is one of those a rule names."""
    default = given(value)
    return any(
        _is_one(wanted, value.strip())
        or (default is not None and _is_one(wanted, default))
        for wanted in values
    )


def _is_one(wanted: str, value: str) -> bool:
    if wanted in WORDS:
        return value.lower() in WORDS[wanted]
    if wanted.startswith("/") and wanted.endswith("/"):
        return compiled(f"(?i:{wanted[1:-1]})").fullmatch(value) is not None
    return value.lower() == wanted.lower()


_PUNCTUATION = re.compile(r"[^A-Za-z0-9]+")


def _fits(asked: Mapping[str, Any], document: Document, node: Node) -> bool:
    return (
        _document_fits(asked, document)
        and _setting_fits(asked, document, node)
        and any(
            _is_named(asked, key) and _path_fits(asked, document, node, key)
            for key in _keys(node)
        )
        and all(_is_found(one, document, node) for one in asked.get("with", ()))
        and not any(_is_found(one, document, node) for one in asked.get("without", ()))
    )


def _document_fits(asked: Mapping[str, Any], document: Document) -> bool:
    if "forms" in asked and document.form not in asked["forms"]:
        return False
    return fits_name(asked, document.name)


def _setting_fits(asked: Mapping[str, Any], document: Document, node: Node) -> bool:
    value = document.value(node)
    keys = _keys(node)
    return (
        any(_is_named(asked, key) for key in keys)
        and not ("not_key" in asked and _is_any(asked["not_key"], keys))
        and ("value_has" not in asked or _has(asked["value_has"], value))
        and ("value_lacks" not in asked or not _has(asked["value_lacks"], value))
        and (not asked.get("filled") or _is_filled(value, node))
        and (
            "values" not in asked
            or (_is_given(document, node) and _is_said(asked["values"], node, value))
        )
    )


def _is_given(document: Document, node: Node) -> bool:
    """Whether it has a value at all, be it an empty one: XML names some that have
    none, and are set by what stands in them.
    """
    return document.form != "xml" or node.value_start >= 0 or bool(node.aliases)


def _is_filled(value: str, node: Node) -> bool:
    """Whether anything is set: a value, or an entry that is no template alone."""
    return bool(value) or any(
        child.key == ITEM and (child.children or _is_plain(child.value))
        for child in node.children
    )


def _is_plain(value: str) -> bool:
    return bool(value) and not value.startswith(("{{", "{%", "<%"))


def _keys(node: Node) -> tuple[str, ...]:
    """A key as it is written, and the last word of one with dots or colons."""
    key = node.key.lstrip(":")
    last = key.rpartition(".")[2].rpartition("::")[2].strip("\"'")
    return (key,) if last in ("", key) else (key, last)


def _is_named(asked: Mapping[str, Any], key: str) -> bool:
    if "key" in asked and not compiled(f"(?i:{asked['key']})").fullmatch(key):
        return False
    return "like" not in asked or is_like(asked["like"], key)


def _is_any(pattern: str, keys: Iterable[str]) -> bool:
    wanted = compiled(f"(?i:{pattern})")
    return any(wanted.fullmatch(key) for key in keys)


def _has(pattern: str, value: str) -> bool:
    return compiled(pattern).search(value) is not None


def _is_said(values: Iterable[str], node: Node, value: str) -> bool:
    """Whether a setting, or an entry of the list it is, is one of these."""
    if node.children:
        return any(
            child.key == ITEM and said(values, child.value) for child in node.children
        )
    return said(values, "{}" if _is_empty_block(node) else value)


def _is_empty_block(node: Node) -> bool:
    """Whether it is set to braces or brackets with nothing in them."""
    return node.value_start < 0 and not node.children and node.end > node.key_end


def is_like(pattern: str, key: str) -> bool:
    """Whether a key is like `skipverify`, be it `skip_verify` or `tlsSkipVerify`."""
    plain = _PUNCTUATION.sub("", key).lower()
    return compiled(f"(?x:.*?(?:{pattern}))").fullmatch(plain) is not None


def _path_fits(
    asked: Mapping[str, Any], document: Document, node: Node, key: str
) -> bool:
    """Whether what leads to a key is what a rule asks for."""
    if "under" not in asked and "not_under" not in asked:
        return True
    own = 0 if key in ("", ITEM) else len(key) + 1
    paths = [f"{path}." for path in document.paths(node)]
    paths = [path[: len(path) - own] for path in paths]
    under = compiled(f"(?i){asked.get('under', '')}")
    if not any(under.search(path) for path in paths):
        return False
    return "not_under" not in asked or not any(
        compiled(f"(?i){asked['not_under']}").search(path) for path in paths
    )


def _is_found(asked: Mapping[str, Any], document: Document, node: Node) -> bool:
    """Whether another setting is like that, where it is looked for."""
    where = asked.get("where", "block")
    return any(
        other is not node
        for block in _looked_through(where, document, node)
        for other in _like_that(asked, where, document, block)
    )


def _looked_through(where: str, document: Document, node: Node) -> Iterator[Node]:
    if where == "outer":
        yield from node.ancestors
    elif where == "below":
        yield node
    elif where in ("root", "document"):
        yield document.root
    else:
        yield node.parent or document.root


def _like_that(
    asked: Mapping[str, Any], where: str, document: Document, block: Node
) -> list[Node]:
    """The first two settings like that in a block: searched once, as many may ask."""
    key = (id(asked), id(block))
    if key not in document.answers:
        deep = where in ("below", "nearby", "document")
        settings = document.below(block) if deep else document.settings(block)
        fitting = (one for one in settings if _setting_fits(asked, document, one))
        document.answers[key] = (asked, list(islice(fitting, 2)))
    return document.answers[key][1]


def _edits(rule: Rule, source: Source, node: Node) -> tuple[Edit, ...]:
    """What would mend a setting: another value for it, or its line left out."""
    rewrite = rule.rewrite
    if "value" in rewrite and node.value_start >= 0 and not node.children:
        written = source.text[node.value_start : node.end]
        quote = written[:1] if written[:1] in "\"'" else ""
        text = _in_the_style_of(written.strip("\"'"), rewrite["value"])
        return (Edit(node.value_start, node.end, f"{quote}{text}{quote}"),)
    if rewrite.get("remove") == "line":
        return _line_removed(source, node)
    return ()


def _in_the_style_of(written: str, text: str) -> str:
    """`Off` becomes `On`, and `no` becomes `yes`, where the rule says `true`."""
    pairs = {"false": "true", "no": "yes", "off": "on", "0": "1", "n": "y"}
    pairs |= {new: old for old, new in pairs.items()}
    if text not in ("true", "false"):
        return text
    new = pairs.get(written.lower(), text)
    if written.isupper():
        return new.upper()
    return new.capitalize() if written[:1].isupper() else new


def _line_removed(source: Source, node: Node) -> tuple[Edit, ...]:
    line, _ = source.position(node.start)
    last, _ = source.position(node.end)
    start, stop = source.line_bounds(line)
    alone = not source.text[start : node.start].strip()
    rest = source.text[node.end : stop].strip()
    if line != last or not alone or rest not in ("", ";"):
        return ()
    if source.language.name != "ini" and len((node.parent or node).children) < 2:
        return ()  # what is left would be no mapping any more
    return (Edit(start, min(stop + 1, len(source.text)), ""),)
