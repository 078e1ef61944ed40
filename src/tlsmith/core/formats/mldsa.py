"""ML-DSA keys that OpenSSL wrote: seed and expanded key together (RFC 9881 section 6).

The library reads the form that is the seed alone, which says everything: the expanded
key is computed from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from tlsmith.core import der
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

_KINDS = {
    der.object_identifier(f"2.16.840.1.101.3.4.3.{number}"): name
    for number, name in ((17, "ML-DSA-44"), (18, "ML-DSA-65"), (19, "ML-DSA-87"))
}


def load_ml_dsa(plain: bytes, load: Callable[[bytes], PrivateKey]) -> PrivateKey | None:
    """Return the ML-DSA key of a PrivateKeyInfo; None where it is of another kind.

    Args:
        load: reads a PrivateKeyInfo that has the seed alone.

    Raises:
        InputError: it lacks the seed, or its two halves are of different keys.
    """
    try:
        outer, _ = der.read(plain)
        _version, algorithm, body, *_ = der.children(outer.content)
        name = _KINDS.get(der.read(algorithm.content)[0].whole)
        held, _ = der.read(body.content)
        if name is None:
            return None
        if held.tag == der.OCTET_STRING:
            raise _without_seed(name)
        seed, expanded = der.children(held.content)
    except (InputError, ValueError) as error:
        if isinstance(error, InputError) and error.code == "unsupported-key":
            raise
        return None
    seed_only = der.octet_string(der.context(0, seed.content))
    key = load(der.sequence(der.integer(0), algorithm.whole, seed_only))
    if not _belong_together(key, expanded.content):
        raise InputError(
            f"the seed and the expanded key of the {name} key do not belong together",
            hint="the file is damaged: get it again",
        )
    return key


def _without_seed(name: str) -> InputError:
    return InputError(
        f"the {name} key has no seed, only the expanded key, which is not supported",
        code="unsupported-key",
        hint="export it again with its seed, or make a new key",
    )


def _belong_together(key: PrivateKey, expanded: bytes) -> bool:
    """Check the seed's public key against the hash of it in the expanded key.

    The expanded key is rho, K, tr, ... and tr is SHAKE256 of the public key (FIPS 204,
    algorithms 6 and 24).
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return expanded[64:128] == hashlib.shake_256(raw).digest(64)
