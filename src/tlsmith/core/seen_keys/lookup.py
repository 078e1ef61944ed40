"""Looking a key up among those the world has seen."""

from __future__ import annotations

import base64
from functools import cache

# How much of a `key_hash` tells one key of the list from all others.
SIZE = 8


def is_seen(digest: bytes) -> bool:
    """Tell whether the private key of a public one is known, by its `key_hash`."""
    return digest[:SIZE] in _hashes()


@cache
def _hashes() -> frozenset[bytes]:
    from tlsmith.core.seen_keys.hashes import HASHES

    packed = base64.b85decode(HASHES.replace("\n", ""))
    return frozenset(packed[at : at + SIZE] for at in range(0, len(packed), SIZE))
