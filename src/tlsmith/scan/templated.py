"""What a template writes only where it is asked to: `{{ if .Values.insecure }}`.

Templates of Go, Jinja and ERB are meant. Values come from elsewhere: what a switch is
where nobody sets it is not known here, and taken to be off.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import islice

from tlsmith.scan.source import Source

_TAG = re.compile(
    r"\{\{-?[ \t]*(?P<go>if|else[ \t]+if|else|end|range|with|define|block)\b"
    r"(?P<asked_go>[^{}\n]{0,200}?)-?\}\}"
    r"|\{%[-+]?[ \t]*(?P<jinja>if|elif|else|endif)\b"
    r"(?P<asked_jinja>[^{}\n]{0,200}?)[-+]?%\}"
    r"|<%-?[ \t]*(?P<erb>if|unless|elsif|else|end)\b(?P<asked_erb>[^<>\n]{0,200}?)-?%>"
    r"|<%-?(?P<loop>[^<>\n=][^<>\n]{0,200}?\bdo\b(?:[ \t]*\|[^|\n]*\|)?)[ \t]*-?%>"
)
_MARKS = ("{{", "{%", "<%")
_ASKED = re.compile(
    r"[ \t(]*(?P<no>(?:not\b|!)[ \t(]*)?(?:eq[ \t]+)?[$@.]*(?P<name>[\w.$\[\]'\"-]+)"
    r"(?:[ \t]*(?:\|[ \t]*(?:bool|default[ \t(]+\w+\)?)|is[ \t]+(?:true|defined)))*"
    r"(?:[ \t]+(?:==[ \t]*)?[\"']?(?:true|yes|on)[\"']?)?[ \t)]*"
)
_MOST = 2000
"""Tags of one text that are read."""


def is_asked_for(
    source: Source, offset: int, off: re.Pattern[str], on: re.Pattern[str]
) -> bool:
    """Whether a template writes what stands at an offset for a switch alone.

    Args:
        source: The text.
        offset: Where that is.
        off: What a switch is called that takes verification away.
        on: What one is called that takes it away when it is off.
    """
    states = _states(source)
    at = bisect_right(states, offset, key=lambda state: state[0]) - 1
    for asked, holds in states[at][1] if at >= 0 else ():
        found = _ASKED.fullmatch(asked)
        if found is None:
            continue
        wanted = holds is (found["no"] is None)
        if off.search(found["name"]):
            if wanted:
                return True
        elif not wanted and on.search(found["name"]):
            return True
    return False


_Open = tuple[tuple[str, bool], ...]
"""The conditions of the branches that are open somewhere, and if they hold."""


@lru_cache(maxsize=4)
def _states(source: Source) -> list[tuple[int, _Open]]:
    """What is open behind each tag, with where that begins."""
    if not any(mark in source.text for mark in _MARKS):
        return []
    opened: _Open = ()
    states: list[tuple[int, _Open]] = []
    for tag in islice(_TAG.finditer(source.text), _MOST):
        opened = _behind(tag, opened)
        states.append((tag.end(), opened))
    return states


def _behind(tag: re.Match[str], opened: _Open) -> _Open:
    word = (tag["go"] or tag["jinja"] or tag["erb"] or "loop").split()
    asked = (tag["asked_go"] or tag["asked_jinja"] or tag["asked_erb"] or "").strip()
    if word[0] in ("end", "endif"):
        return opened[:-1]
    if word == ["else"] and opened:
        return (*opened[:-1], (opened[-1][0], not opened[-1][1]))
    if word in (["elif"], ["elsif"], ["else", "if"]):
        return (*opened[:-1], (asked, True))
    if word[0] in ("if", "unless"):
        return (*opened, (asked, word[0] == "if"))
    return (*opened, ("", True))
