"""OpenSSH public keys in a text, one a line."""

from __future__ import annotations

import base64
import binascii
import re

from tlsmith.core.describe.found import Found

_LINE = re.compile(
    rb"^(?:[^\s#]++[ \t]++)?(?P<kind>(?:sk-)?(?:ssh|ecdsa)-[A-Za-z0-9@.-]+)[ \t]+"
    rb"(?P<blob>AAAA[A-Za-z0-9+/=]+)[ \t]*(?P<comment>[^\r\n]*)\r?$",
    re.MULTILINE,
)


def scan_openssh_lines(data: bytes) -> list[Found]:
    """Return the public keys of a text in the form of `id_ed25519.pub`."""
    found = []
    for match in _LINE.finditer(data) if b" AAAA" in data else ():
        try:
            blob = base64.b64decode(match["blob"], validate=True)
        except binascii.Error:
            continue
        found.append(
            Found(
                "public-key",
                "openssh",
                blob,
                encoding="text",
                offset=match.start(),
                label=match["kind"].decode(),
                entry=match["comment"].decode("utf-8", "replace") or None,
            )
        )
    return found
