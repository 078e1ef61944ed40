"""`artefact`: a private key, certificate or keystore in a text that decodes as one.

`is` says what it must be: `key`, `encrypted-key`, `ssh-key`, `ca-key`, `keystore`,
`encrypted-keystore`; of a certificate `expired`, `self-signed`, `long-lived`,
`weak-key`, `weak-signature`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlsmith.scan.artefacts.facts import match_of
from tlsmith.scan.artefacts.text import artefacts_of
from tlsmith.scan.finding import Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_BEFORE = 8
"""Base64 of a key without a header tells its size first, and then what it is."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterator[Match]:
    """The artefact that begins at the anchor, or a little before it."""
    artefacts = artefacts_of(source.text)
    for offset in range(start - _BEFORE, start + 1):
        artefact = artefacts.get(offset)
        if artefact is not None and rule.match["is"] in artefact.is_:
            yield match_of(artefact)
