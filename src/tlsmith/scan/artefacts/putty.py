"""Private keys as PuTTY keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from tlsmith.scan.artefacts.artefact import Artefact, Key
from tlsmith.scan.artefacts.objects import of_key
from tlsmith.scan.artefacts.pem import base64_bytes

_KEY = re.compile(
    r"(PuTTY-User-Key-File-[23]): ([\w.@-]{1,60})\s+Encryption: ([\w-]{1,20})\s+"
    r"Comment: [^\n]{0,200}\n\s*Public-Lines: (\d{1,3})\s"
)
_PRIVATE = re.compile(r"Private-Lines: \d{1,3}\s+([A-Za-z0-9+/=]{20,})")
_WIDEST = 80


def putty_keys(text: str) -> Iterator[Artefact]:
    """Every key in this form with something in its private part."""
    for found in _KEY.finditer(text):
        public, private = _parts(text, found.end(), int(found[4]))
        if not public or not private:
            continue
        is_open = found[3] == "none"
        kind = "ssh-key" if is_open else "encrypted-key"
        told = f"PuTTY, {found[2]}" if is_open else "PuTTY, encrypted"
        digest = sha256(public).hexdigest()
        key = Key(kind, told, digest, digest if is_open else None)
        yield of_key(key, found.start(), found.end(1))


def _parts(text: str, start: int, lines: int) -> tuple[bytes | None, bool]:
    """The public half, and whether the private one is there."""
    found = _PRIVATE.search(text, start, start + (lines + 8) * _WIDEST)
    if found is None:
        return None, False
    pieces = re.findall(r"[A-Za-z0-9+/=]+", text[start : found.start()])
    return base64_bytes("".join(pieces[:lines])), True
