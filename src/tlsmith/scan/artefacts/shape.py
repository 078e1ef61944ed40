"""The outline of DER: where an element ends, and how much hashing it asks for."""

from __future__ import annotations

SEQUENCE, INTEGER, OCTET_STRING = 0x30, 0x02, 0x04
_DEEPEST = 24
_MOST_ELEMENTS = 20_000


def declared(data: bytes) -> int | None:
    """How long the SEQUENCE that data begins with says it is; None if it is none."""
    found = _header(data, 0)
    return found[2] if found and found[0] == SEQUENCE else None


def is_whole(data: bytes) -> bool:
    """Whether the data is one SEQUENCE and nothing else."""
    return declared(data) == len(data)


def rounds(data: bytes) -> int:
    """How many rounds of key derivation opening it would take, all schemes together.

    Each scheme writes a salt, an OCTET STRING, and behind it the rounds, an INTEGER
    (RFC 8018 appendix A, RFC 7292 appendix C): such pairs are looked for.
    """
    total, seen = 0, 0
    waiting = [(0, len(data), 0)]
    while waiting:
        at, end, depth = waiting.pop()
        before = None
        while at < end and seen < _MOST_ELEMENTS:
            found = _header(data, at)
            if found is None or found[2] > end:
                break
            tag, start, after = found
            seen += 1
            if tag == INTEGER and before == OCTET_STRING:
                total += int.from_bytes(data[start : min(after, start + 16)], "big")
            if depth < _DEEPEST and (tag & 0x20 or tag == OCTET_STRING):
                waiting.append((start, after, depth + 1))
            before, at = tag, after
    return total


def _header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, start and end of the element at an offset, if it has a length."""
    if at + 2 > len(data):
        return None
    tag, size, start = data[at], data[at + 1], at + 2
    if size == 0x80 or size > 0x84:
        return None
    if size > 0x80:
        count = size & 0x7F
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    return tag, start, start + size
