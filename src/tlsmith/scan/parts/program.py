"""Commands that programs run, as one string or as a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part
from tlsmith.scan.source import Source


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The commands around some offsets."""
    return iter(())
