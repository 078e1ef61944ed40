"""PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2), and how it is written down."""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.core import der
from tlsmith.errors import InputError

# A third of a second for whoever has the passphrase, and for each guess.
ROUNDS = 600_000

_PBKDF2 = der.object_identifier("1.2.840.113549.1.5.12")
HMAC_SHA256 = der.object_identifier("1.2.840.113549.2.9")


class Derivation(NamedTuple):
    """What a key is derived with; `size` in octets, None where it is not said."""

    salt: bytes
    rounds: int
    size: int | None


def derive(passphrase: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """Return a key of `size` octets."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    return PBKDF2HMAC(hashes.SHA256(), size, salt, rounds).derive(passphrase)


def encode_derivation(salt: bytes, rounds: int, size: int | None = None) -> bytes:
    """Return the DER AlgorithmIdentifier (RFC 8018 appendix A.2)."""
    parameters = der.sequence(
        der.octet_string(salt),
        der.integer(rounds),
        b"" if size is None else der.integer(size),
        der.sequence(HMAC_SHA256, der.encode(der.NULL)),
    )
    return der.sequence(_PBKDF2, parameters)


def decode_derivation(element: der.Element) -> Derivation | None:
    """Return what an AlgorithmIdentifier says; None for any other kind.

    Raises:
        InputError: it is cut short.
        ValueError: it has too many parts, or too few.
    """
    kind, parameters = der.children(element.content)
    salt, rounds, *rest = der.children(parameters.content)
    sizes = [part for part in rest if part.tag == der.INTEGER]
    functions = [part for part in rest if part.tag == der.SEQUENCE]
    # Where no function is named, it is HMAC-SHA-1.
    if not functions or der.read(functions[0].content)[0].whole != HMAC_SHA256:
        return None
    if kind.whole != _PBKDF2:
        return None
    size = _number(sizes[0]) if sizes else None
    if size is not None and not 0 < size <= 64:
        raise InputError("a key of that size is derived for nothing we know")
    return Derivation(salt.content, max(1, _number(rounds)), size)


def _number(element: der.Element) -> int:
    return int.from_bytes(element.content, "big")
