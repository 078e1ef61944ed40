"""What a template writes only where it is asked to: `{{ if .Values.insecure }}`.

Templates of Go, Jinja and ERB are meant. Values come from elsewhere: what a switch is
where nobody sets it is not known here, and taken to be off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
"""Tags that are read above a place."""


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
    if not any(mark in source.text for mark in _MARKS):
        return False
    for asked, holds in _open(source.text, offset):
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


def _open(text: str, offset: int) -> Iterator[tuple[str, bool]]:
    """The conditions of the branches that are open at an offset, and if they hold."""
    opened: list[tuple[str, bool]] = []
    for number, tag in enumerate(_TAG.finditer(text, 0, offset)):
        if number > _MOST:
            return
        word = (tag["go"] or tag["jinja"] or tag["erb"] or "loop").split()
        asked = (
            tag["asked_go"] or tag["asked_jinja"] or tag["asked_erb"] or ""
        ).strip()
        if word[0] in ("end", "endif"):
            opened[-1:] = []
        elif word == ["else"] and opened:
            opened[-1] = (opened[-1][0], not opened[-1][1])
        elif word in (["elif"], ["elsif"], ["else", "if"]):
            opened[-1:] = [(asked, True)]
        elif word[0] in ("if", "unless"):
            opened.append((asked, word[0] == "if"))
        else:
            opened.append(("", True))
    yield from opened
