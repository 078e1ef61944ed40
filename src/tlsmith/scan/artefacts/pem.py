"""PEM in any text: in files of its own, in strings of code, in YAML and JSON.

A header is nothing by itself: what stands between it and its footer must decode.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import NamedTuple

_BOUNDARY = re.compile(r"-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]{1,40})-----")
_LONGEST = 100_000
_BREAK = re.compile(
    r"(?:(?<!\\)\\++(?:[nrt]|u000[aAdD]|x0[aAdD])"
    r"|&#(?:1[03]|x[aAdD]);|%0[aAdD]|<br ?/?>)+"
)
_HEADER = re.compile(r"^[ \t\"'#*/+-]{0,40}[A-Z][\w-]{2,30}: .*$", re.MULTILINE)
_PATCH = re.compile(r"^[+-]", re.MULTILINE)
_PIECES = re.compile(r"[A-Za-z0-9+/]+={0,2}|=+")
_QUOTED = re.compile(r"[\"'`]\s*([A-Za-z0-9+/=]{4,})\s*[\"'`]")
_BEGINNINGS = (b"0", b"openssh-key-v1")
_LEFT_OUT = ("...", "\u2026", "[...]", "REDACTED")
"""How writers of samples say that there is more, which they do not tell."""


class Block(NamedTuple):
    """What stands between a header and its footer.

    Args:
        label: What the header says.
        start: The header's first character.
        shown: The offset after the header.
        end: The offset after the footer.
        body: The text between them.
    """

    label: str
    start: int
    shown: int
    end: int
    body: str

    @property
    def is_encrypted(self) -> bool:
        """Whether it is encrypted as OpenSSL once did (RFC 1421's header)."""
        return "4,ENCRYPTED" in self.body[:200]


def blocks(text: str) -> Iterator[Block]:
    """Every header with a footer of the same label behind it."""
    opened: re.Match[str] | None = None
    for found in _BOUNDARY.finditer(text):
        if found[1] == "BEGIN":
            opened = found
            continue
        if opened and opened[2] == found[2]:
            body = text[opened.end() : found.start()]
            if len(body) <= _LONGEST:
                yield Block(found[2], *opened.span(), found.end(), body)
        opened = None


def decoded(body: str) -> bytes | None:
    """The bytes that a body is base64 of, however it is quoted; None if of none.

    Words of code around the base64 may decode with it, so of several ways to read it
    the one is taken that begins as keys and certificates do.
    """
    if any(word in body for word in _LEFT_OUT):
        return None
    first = None
    for data in _ways(body):
        if data and data.startswith(_BEGINNINGS):
            return data
        first = first or data
    return first


def _ways(body: str) -> Iterator[bytes | None]:
    plain = _HEADER.sub("", _BREAK.sub("\n", body.replace("\\/", "/")))
    yield _joined(_PIECES.findall(plain))
    yield _joined(_QUOTED.findall(plain))  # without the code around strings
    yield _joined(_PIECES.findall(_PATCH.sub("", plain)))


def _joined(pieces: list[str]) -> bytes | None:
    return base64_bytes("".join(one for one in pieces if one.strip("+/")))


def base64_bytes(text: str) -> bytes | None:
    """What a text is base64 of; None if it is no base64."""
    if len(text) % 4 == 1:
        return None
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Error, ValueError):
        return None
