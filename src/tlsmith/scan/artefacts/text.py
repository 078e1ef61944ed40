"""The artefacts in a text, wherever they stand and however they are written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from tlsmith.scan.artefacts.artefact import Artefact
from tlsmith.scan.artefacts.encoded import bare_keys, stores, wrapped
from tlsmith.scan.artefacts.matching import connected
from tlsmith.scan.artefacts.numbers import written_in_numbers
from tlsmith.scan.artefacts.objects import CERTIFICATES, of_block
from tlsmith.scan.artefacts.pem import blocks
from tlsmith.scan.artefacts.putty import putty_keys

_BUNDLE = 20
"""Certificates in a file from which on it is a bundle of roots, which are public."""


@lru_cache(maxsize=8)
def artefacts_of(text: str) -> dict[int, Artefact]:
    """Every artefact of a text, by its first character."""
    return {one.start: one for one in connected(_in_text(text))}


def _in_text(text: str) -> Iterator[Artefact]:
    in_pem = list(blocks(text))
    is_bundle = sum(one.label in CERTIFICATES for one in in_pem) > _BUNDLE
    for block in in_pem:
        found = of_block(block, is_bundle)
        if found:
            yield found
    yield from wrapped(text)
    yield from bare_keys(text, in_pem)
    yield from stores(text)
    yield from written_in_numbers(text)
    yield from putty_keys(text)
