"""Scripts that a Helm chart defines: `{{ define "app.wait" }}` in `_helpers.tpl`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part, part_of
from tlsmith.scan.source import Source

_DEFINITION = re.compile(r"\{\{-?[ ]*define[ ]+\"[^\"\n]*\"[ ]*-?\}\}")
_SETTING = re.compile(
    r"(?m)^[ \t]*(?:-[ ]+)?[\"']?[\w./-]+[\"']?:(?:[ \t]|$)|^[ \t]*-[ ]"
)
"""A line as YAML has it; scripts have none like it."""


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The definitions some offsets lie in, if they are scripts."""
    if not source.path.endswith(".tpl"):
        return
    wanted = list(offsets)
    found = list(_DEFINITION.finditer(source.text))
    ends = [*(one.start() for one in found), len(source.text)][1:]
    for one, end in zip(found, ends, strict=False):
        text = source.text[one.end() : end]
        within = any(one.end() <= offset < end for offset in wanted)
        if within and _SETTING.search(text) is None:
            yield part_of(source, text, [(0, one.end())])
