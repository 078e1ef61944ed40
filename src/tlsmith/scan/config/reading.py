"""All settings of a source, to be found by where they stand."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate, chain

from tlsmith.scan.config.embedded import embedded
from tlsmith.scan.config.form import form_of
from tlsmith.scan.config.node import Document, Node
from tlsmith.scan.config.pairs import pairs
from tlsmith.scan.config.readers import read
from tlsmith.scan.config.unmarked import unmarked
from tlsmith.scan.source import Source


@lru_cache(maxsize=4)
def documents(source: Source) -> Settings:
    """The settings of a source, read when first asked for."""
    text = unmarked(source.text)
    form = form_of(source.path, text, source.language.name)
    found = read(text, 0, len(text), source.path, form)
    return Settings([*found, *embedded(text, found)])


class Settings:
    """All settings of a source, to be found by where they stand."""

    def __init__(self, found: list[Document]) -> None:
        self.documents = found
        entries = [
            (node.start, index, document, node)
            for index, document in enumerate(found)
            for node in chain(document.root.below, pairs(document))
        ]
        entries.sort(key=lambda entry: entry[:2])
        self._starts = [entry[0] for entry in entries]
        self._entries = entries
        ends = (node.end if node.value_start >= 0 else -1 for *_, node in entries)
        self._furthest = list(accumulate(ends, max))
        """The last offset that the values of all entries so far reach."""

    def keys_at(self, offset: int) -> list[tuple[Document, Node]]:
        """The settings whose keys hold this offset, the latest document first."""
        found = []
        index = bisect_right(self._starts, offset) - 1
        for back in range(index, max(-1, index - 8), -1):
            _, _, document, node = self._entries[back]
            if node.start <= offset < node.key_end:
                found.append((document, node))
        return found

    def values_at(self, offset: int) -> list[tuple[Document, Node]]:
        """The settings whose values hold this offset, the innermost only."""
        index = bisect_right(self._starts, offset) - 1
        for back in range(index, max(-1, index - 400), -1):
            if self._furthest[back] <= offset:
                break
            _, _, document, node = self._entries[back]
            if node.value_start >= 0 and node.value_start <= offset < node.end:
                return [(document, node)]
        return []
