"""Serial numbers: 20 octets, of which 15 are random."""

from __future__ import annotations

from os import urandom

# The first octet is 0x40, so that every number is positive and as long as another.
_FIRST = 0x40 << 32


def next_serial_number(seconds: int) -> int:
    """Return a new serial number (RFC 5280 section 4.1.2.2).

    120 random bits, where CA/B Baseline Requirements 7.1 ask for 64. The five octets
    before them are the time: numbers in the order of time keep the store's index of
    them as quick with ten million as with ten, and a certificate says its time anyway.

    Args:
        seconds: the present, since 1970.
    """
    return (_FIRST + seconds) << 120 | int.from_bytes(urandom(15), "big")
