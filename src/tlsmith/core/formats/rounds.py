"""A bound on key derivation: a file may ask for years of it, in four bytes."""

from __future__ import annotations

from tlsmith.core import der
from tlsmith.errors import InputError

MOST_ROUNDS = 5_000_000  # as Java; eight times what careful writers use
_DEEPEST = 24


def check_rounds(data: bytes) -> None:
    """Refuse encrypted DER that asks for more rounds than anyone would wait for.

    Every scheme (RFC 8018 appendix A, RFC 7292 section 4 and appendix C) writes a
    salt, an OCTET STRING, and behind it the rounds, an INTEGER: that pair is looked
    for. What is no DER is passed by.

    Raises:
        InputError: naming the number of rounds.
    """
    waiting = [(data, 0)]
    while waiting:
        content, depth = waiting.pop()
        before = None
        for element in _children(content):
            if element.tag == der.INTEGER and before == der.OCTET_STRING:
                _check(int.from_bytes(element.content[:64], "big"))
            nested = element.tag & 0x20 or element.tag == der.OCTET_STRING
            if nested and depth < _DEEPEST:
                waiting.append((element.content, depth + 1))
            before = element.tag


def _check(rounds: int) -> None:
    if rounds > MOST_ROUNDS:
        raise InputError(
            f"opening it would take {rounds} rounds of key derivation, over "
            f"{MOST_ROUNDS}",
            code="too-many-rounds",
            hint="such a file is damaged or meant to do harm: get it again",
        )


def _children(content: bytes) -> list[der.Element]:
    try:
        return list(der.children(content))
    except InputError:
        return []
