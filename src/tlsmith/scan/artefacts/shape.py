"""The outline of DER: where an element ends, and how much hashing it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

SEQUENCE, INTEGER, OCTET_STRING = 0x30, 0x02, 0x04
_CONSTRUCTED, _LONG_TAG, _INDEFINITE = 0x20, 0x1F, 0x80
_PIECES = 0x24
"""An OCTET STRING in pieces."""
_BEGIN_SEQUENCE = (b"\x30", b"\x3f")
"""A SEQUENCE's tag, and the first byte of it in the long form that BER readers take."""
_DEEPEST = 200
_MOST_ELEMENTS = 50_000
_TOO_MANY = 1 << 64
_OF_SCRYPT = 3
"""Numbers behind its salt, of which the cost is the product (RFC 7914 section 7)."""


def declared(data: bytes) -> int | None:
    """How long the SEQUENCE that data begins with says it is; None if it is none."""
    found = _header(data, 0)
    return found[2] if found and found[0] == SEQUENCE else None


def is_whole(data: bytes) -> bool:
    """Whether the data is one SEQUENCE and nothing else."""
    return declared(data) == len(data)


def leaves(data: bytes) -> Iterator[int]:
    """The sizes of the elements that hold no other, as far as is told unencrypted."""
    waiting = [(0, len(data), 0)]
    while waiting:
        at, end, depth = waiting.pop()
        for tag, start, after in elements(data, at, end):
            holds = tag == OCTET_STRING and declared(data[start:after]) == after - start
            if (tag & _CONSTRUCTED or holds) and depth < _DEEPEST:
                waiting.append((start, after, depth + 1))
            else:
                yield after - start


def rounds(data: bytes) -> int:
    """How many rounds of key derivation opening it would take, all schemes together.

    Each scheme writes a salt, an OCTET STRING, and behind it the rounds, an INTEGER
    (RFC 8018 appendix A, RFC 7292 appendix C): such pairs are looked for, in BER as
    well. What is too deep or too tangled to be looked through counts as too many.

    Of an OCTET STRING's contents only a SEQUENCE is looked into, as readers do: what
    is encrypted would now and then look like a pair by chance.
    """
    total, seen = 0, 0
    waiting = [_Level(data)]
    while waiting:
        level = waiting.pop()
        for tag, start, after in elements(level.whole, level.at, level.end):
            seen += 1
            level.see(tag, start, after)
            if seen > _MOST_ELEMENTS or level.depth > _DEEPEST or level.is_tangled:
                return _TOO_MANY
        total += level.finished()
        waiting += level.below
    return total


class _Level:
    """The elements side by side in one place, and what is asked for among them."""

    def __init__(
        self, whole: bytes, at: int = 0, end: int | None = None, depth: int = 0
    ) -> None:
        self.whole = whole
        self.at = at
        self.end = len(whole) if end is None else end
        self.depth = depth
        self.in_pieces = False
        self.is_tangled = False
        self.below: list[_Level] = []
        self._cost = 0
        self._numbers: list[int] | None = None
        self._strings: list[bytes] = []

    def see(self, tag: int, start: int, after: int) -> None:
        """Take in the next element."""
        if tag == INTEGER and self._numbers is not None:
            told = self.whole[start : min(after, start + 16)]
            self._numbers.append(int.from_bytes(told))
            return
        if tag & _CONSTRUCTED and (
            self.in_pieces or (tag == _PIECES and self._strings)
        ):
            self.is_tangled = True  # pieces of pieces: nobody writes such
        self._cost += _cost(self._numbers)
        self._numbers = None
        if tag == OCTET_STRING:
            self._numbers = []
            self._strings.append(self.whole[start:after])
        else:
            self._join()
        held = tag == OCTET_STRING and self.whole[start : start + 1] in _BEGIN_SEQUENCE
        if after > start and (held or tag & _CONSTRUCTED):
            below = _Level(self.whole, start, after, self.depth + 1)
            below.in_pieces = tag == _PIECES
            self.below.append(below)

    def finished(self) -> int:
        """What the level asks for."""
        self._join()
        self._cost += _cost(self._numbers)
        return self._cost

    def _join(self) -> None:
        """Strings one after another may be one in pieces."""
        joined = b"".join(self._strings)
        if len(self._strings) > 1 and joined[:1] in _BEGIN_SEQUENCE:
            self.below.append(_Level(joined, depth=self.depth + 1))
        self._strings = []


def _cost(numbers: list[int] | None) -> int:
    """What the numbers behind a salt ask for."""
    if not numbers:
        return 0
    return prod(numbers[:3]) if len(numbers) >= _OF_SCRYPT else numbers[0]


def elements(whole: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of each element.

    One of no certain length (BER) is told as empty, then what is in it, then its end,
    which has the tag 0.
    """
    while at < end:
        found = _header(whole, at)
        if found is None:
            return
        tag, start, after = found
        at = start if after is None else after
        if at > end:
            return
        yield tag, start, at


def _header(data: bytes, at: int) -> tuple[int, int, int | None] | None:
    """Tag, start and end of the element at an offset; no end if it does not tell it."""
    if at + 2 > len(data):
        return None
    tag = data[at]
    start = at + 1
    if tag & _LONG_TAG == _LONG_TAG:
        while start < len(data) and data[start] & 0x80:
            start += 1
        start += 1
    if start >= len(data):
        return None
    size = data[start]
    start += 1
    if size == _INDEFINITE:
        return tag, start, None
    if size > _INDEFINITE:
        count = size & 0x7F
        size = int.from_bytes(data[start : start + count])
        start += count
    return tag, start, start + size
