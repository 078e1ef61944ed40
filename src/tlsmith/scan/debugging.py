"""What is done only where somebody debugs: `if DEBUG: …`, `#ifdef _DEBUG`."""

from __future__ import annotations

import re

from tlsmith.scan.conditions import asked_at
from tlsmith.scan.source import Source

_DEBUGGING = re.compile(
    r"""(?i)(?:[\w$]+(?:\.|::|->))*(?:is_?development(?:\(\))?|k_?debug_?mode|__dev__|debug"""
    r"""|(?:development|local)\?"""
    r"""|is_?debug(?:ging|_?mode|_?build)?(?:\(\))?|_?debug_?mode)"""
    r"""|cfg!\(debug_assertions\)"""
    r"""|(?:process\.env\.)?(?:NODE|APP|RAILS)_ENV===?["']dev(?:elopment)?["']"""
)
_NOT_RELEASED = re.compile(
    r"""(?i)!\(?(?:[\w$]+(?:\.|::|->))*(?:is_?production\(\)|k_?release_?mode)\)?"""
    r"""|(?:process\.env\.)?(?:NODE|APP|RAILS)_ENV!==?["']prod(?:uction)?["']"""
)
_PREPROCESSED = re.compile(
    r"(?m)^[ \t]*#[ \t]*(?P<word>if|ifn?def|elif|else|endif)\b[ \t]*(?P<asked>[^\n]*)"
)
_DEBUG_BUILD = re.compile(r"(?:defined\s*\(?\s*)?(?:_|QT_)?DEBUG\)?(?:\s*==\s*1)?")
_RELEASE_BUILD = re.compile(r"NDEBUG|QT_NO_DEBUG")
_PREPROCESSING = frozenset({"c", "csharp", "objectivec", "swift"})


def is_for_debugging(source: Source, start: int) -> bool:
    """Whether what stands at an offset is left out of what is released."""
    if source.language.name in _PREPROCESSING and _is_built_so(source, start):
        return True
    return any(_is_of_debugging(*asked) for asked in asked_at(source, start))


def _is_of_debugging(text: str, holds: bool) -> bool:
    """Whether a condition holds, or does not, where somebody debugs alone."""
    if holds:
        return bool(_DEBUGGING.fullmatch(text) or _NOT_RELEASED.fullmatch(text))
    return _NOT_RELEASED.fullmatch(f"!{text}") is not None


def _is_built_so(source: Source, start: int) -> bool:
    """Whether a preprocessor leaves it to builds for debugging."""
    if "DEBUG" not in source.text:
        return False
    opened: list[bool] = []
    for found in _PREPROCESSED.finditer(source.text, 0, start):
        if found["word"].startswith("if"):
            build = _RELEASE_BUILD if found["word"] == "ifndef" else _DEBUG_BUILD
            opened.append(build.fullmatch(found["asked"].strip()) is not None)
        elif opened:
            opened.pop()
            if found["word"] != "endif":
                opened.append(False)
    return any(opened)
