"""Base64 without armour, such as the value of a Kubernetes Secret."""

from __future__ import annotations

import re

from tlsmith.core.describe.armour import decode_packed

_ALPHABET = re.compile(rb"[A-Za-z0-9+/\s]++=*+\s*+")
_SHORTEST = 16


def decode_bare(data: bytes) -> bytes | None:
    """Return what base64 text holds, None where the text is not base64 alone.

    The value may stand in quotes.
    """
    text = data.strip().strip(b"\"'")
    if len(text) < _SHORTEST or not _ALPHABET.fullmatch(text):
        return None
    content, _ = decode_packed(b"".join(text.split()))
    return content
