"""What a step of a pipeline or a task is done for: its `if:`, its `when:`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tlsmith.scan.config.node import Node
from tlsmith.scan.config.reading import documents
from tlsmith.scan.source import Source

_KEYS = frozenset({"if", "when", "condition"})
_ASKED = re.compile(
    r"(?:\$\{\{)?\s*(?P<no>!\s*|not\s+)?\(?"
    r"(?:(?:inputs|env|vars|parameters|variables|github\.event\.inputs)\.)?"
    r"(?P<name>[A-Za-z_][\w.-]*)(?:\s*\|\s*bool)?\s*"
    r"(?:(?P<sign>==|!=|is)\s*[\"']?(?P<with>\w+)[\"']?)?\)?\s*(?:\}\})?"
)
_BLOCK = re.compile(r"\$\{\{-?\s*if\s+(?P<asked>.*?)\s*-?\}\}")
"""A key of Azure's, whose block is there only under a condition."""
_CALLED = re.compile(
    r"(?P<no>not\()?(?:(?P<how>eq|ne)\()?(?P<name>[\w.]+)"
    r"(?:,\s*'?(?P<with>\w+)'?)?\)*"
)
_NEAR = 30
_FALSE = frozenset({"false", "no", "off", "0"})
_TRUE = frozenset({"true", "yes", "on", "1"})


class Step(NamedTuple):
    """A switch by its name, and what it must be for a step to be done."""

    name: str
    wanted: bool


def steps(source: Source, offset: int) -> Iterator[Step]:
    """The switches that the steps around an offset are done for."""
    for _, node in documents(source).values_at(offset):
        for block in node.ancestors:
            if found := _BLOCK.fullmatch(block.key):
                yield from _called(found["asked"])
            for child in block.children[:_NEAR]:
                if child.key in _KEYS:
                    yield from _read(child)


def _called(asked: str) -> Iterator[Step]:
    """What is asked as `eq(parameters.insecure, true)`, or `not(parameters.verify)`."""
    found = _CALLED.fullmatch(asked)
    if found is None:
        return
    name = found["name"].rpartition(".")[2]
    yield from _compared(name, found, differs=found["how"] == "ne")


def _read(node: Node) -> Iterator[Step]:
    for value in (node.value, *(child.value for child in node.children[:_NEAR])):
        found = _ASKED.fullmatch(value.strip())
        if found:
            yield from _compared(found["name"], found, differs=found["sign"] == "!=")


def _compared(name: str, found: re.Match[str], *, differs: bool) -> Iterator[Step]:
    """A switch that is compared with a word for true or false, or with nothing."""
    word = (found["with"] or "true").lower()
    if word in _TRUE | _FALSE:
        yield Step(name, (word in _TRUE) is (differs is bool(found["no"])))
