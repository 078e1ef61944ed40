"""Text that is shown, with what may be a private key in it covered."""

from __future__ import annotations

import re

_LONG = re.compile(r"[A-Za-z0-9+/_-]{64,}={0,2}")
_JWK = re.compile(r"([\"']d\\{0,4}[\"']\s{0,4}:\s{0,4}\\{0,4}[\"'])([\w-]{30,})")
_APART = re.compile(r"[/_-]")
_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----)"
    r"((?:\\[rn]|[\s\"'+]){0,80}[A-Za-z0-9+/=]{16,}(?:(?!-----(?:BEGIN|END)).)*)",
    re.DOTALL,
)
_CHARACTER = re.compile(r"[A-Za-z0-9+/=]")
_LEAST = 64
_MOST_APART = 10
"""One of so many characters: paths and names have more, base64 has three of 64."""


def concealed(text: str) -> str:
    """The text, as long as before, with an asterisk for each character of a key.

    That is what stands behind the header of a private key, up to its footer, and every
    long run of base64, whatever it is.
    """
    if len(text) < _LEAST:
        return text
    if "PRIVATE KEY-----" in text:
        text = _KEY.sub(lambda found: found[1] + _CHARACTER.sub("*", found[2]), text)
    text = _JWK.sub(lambda found: found[1] + "*" * len(found[2]), text)
    return _LONG.sub(_covered, text)


def _covered(found: re.Match[str]) -> str:
    run = found[0]
    apart = len(_APART.findall(run))
    if apart > len(run) / _MOST_APART or run in (run.lower(), run.upper()):
        return run  # a path, a name, a digest, a line of one character
    return "*" * len(run)
