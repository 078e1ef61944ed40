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


def match(rule: Rule, source: Source, start: int, end: int) -> Iterator[Match]:
    """Every artefact of the kind, at the first place of the anchor in the text.

    The anchor may stand anywhere in an artefact, so later places have nothing to add.
    """
    first = rule.pattern.search(source.text)
    if first is None or first.start() != start:
        return
    for artefact in artefacts_of(source.text).values():
        if rule.match["is"] in artefact.is_:
            yield match_of(artefact)
