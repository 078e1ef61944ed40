"""Artefacts in base64: PEM once more, keys without header, keystores."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace

from tlsmith.scan.artefacts.artefact import KEYS, Artefact
from tlsmith.scan.artefacts.keys import key_of
from tlsmith.scan.artefacts.matching import connected
from tlsmith.scan.artefacts.objects import of_block, of_key
from tlsmith.scan.artefacts.pem import Block, base64_bytes, blocks
from tlsmith.scan.artefacts.shape import declared
from tlsmith.scan.artefacts.stores import store_of

PEM_AGAIN = "LS0tLS1CRUdJTi"
"""How base64 of PEM begins, as Kubernetes has it in Secrets and kubeconfig."""
_RUN = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_FOLDED = re.compile(r"(?:[A-Za-z0-9+/]|\\[rn]|\s{1,80}(?=[A-Za-z0-9+/=]))*={0,2}")
_QUOTED = re.compile(
    r"(?:[A-Za-z0-9+/]|\\[rn]|\s{1,80}(?=[A-Za-z0-9+/=])"
    r"|[\"']\s{0,80}[+.,]?\s{0,80}[\"'])*={0,2}"
)
_BETWEEN = re.compile(r"\\[rn]|[\"']\s*[+.,]?\s*[\"']|\s")
_BARE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:M[A-Z][A-Za-z0-9+/]{0,6}?"
    r"(?:ADANBgkqhkiG9w0BAQEFAASC|AgEAMB[AM]GByqGSM49AgEG|AQAwE[Aw]YHKoZIzj0CAQYI"
    r"|AQAwBQYDK2VwBCIEI|IBAAKCA[QgY]EA|IBAAKBgQ)"
    r"|MHcCAQEEI|MIGkAgEBBD|MIHcAgEBBE)"
)
_STORE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:/u3\+7QAAAA|zs7OzgAAAA|MII[A-Za-z0-9+/]{3}IBAzCC)"
)
_OF_BARE = (
    "ADANBgkqhkiG9w0BAQEFAASC", "GByqGSM49AgEG", "YHKoZIzj0CAQYI",
    "AQAwBQYDK2VwBCIEI", "IBAAKCA", "IBAAKBgQ", "HcCAQEEI", "GkAgEBBD", "HcAgEBBE",
)  # fmt: skip
"""One of them is in all that the expression finds, and is found far faster."""
_OF_STORE = ("/u3+7QAAAA", "zs7OzgAAAA", "IBAzCC")
_LONGEST = 200_000


def wrapped(text: str) -> Iterator[Artefact]:
    """PEM in base64: its worst part tells what it is."""
    position = text.find(PEM_AGAIN)
    while position >= 0:
        inner, after = _unwrapped(text, position)
        inside = [one for one in map(of_block, blocks(inner)) if one]
        inside = sorted(connected(inside), key=lambda one: not one.is_ & KEYS)
        if inside:
            end = position + len(PEM_AGAIN)
            certificates = tuple(c for one in inside for c in one.certificates)
            first = inside[0]
            yield replace(first, start=position, end=end, certificates=certificates)
        position = text.find(PEM_AGAIN, after)


def _unwrapped(text: str, start: int) -> tuple[str, int]:
    """The PEM that base64 holds, which may be folded over lines, and where it ends."""
    after = start + 1
    for pattern in (_RUN, _FOLDED):
        data, after = _data(pattern, text, start)
        inner = data.decode("ascii", "replace")
        if "-----END" in inner:
            return inner, after
    return "", after


def bare_keys(text: str, in_pem: list[Block]) -> Iterator[Artefact]:
    """Keys in base64 without header and footer, as settings and code have them."""
    if not any(word in text for word in _OF_BARE):
        return
    starts = [one.start for one in in_pem]
    found = _BARE.search(text)
    while found:
        start, after = found.span()
        at = bisect(starts, start) - 1
        if at < 0 or start >= in_pem[at].end:
            data, after = _data(_QUOTED, text, start)
            key = key_of(data[: declared(data)])
            if key:
                yield of_key(key, start, start + 3)
        found = _BARE.search(text, after)


def stores(text: str) -> Iterator[Artefact]:
    """Keystores in base64, as Secrets of Kubernetes have them."""
    if not any(word in text for word in _OF_STORE):
        return
    found = _STORE.search(text)
    while found:
        start, after = found.span()
        for pattern in (_RUN, _FOLDED):
            data, after = _data(pattern, text, start)
            store = store_of(data[: declared(data)])
            if store:
                yield replace(store, start=start, end=start + 3)
                break
        found = _STORE.search(text, after)


def _data(pattern: re.Pattern[str], text: str, start: int) -> tuple[bytes, int]:
    """The bytes that base64 at a place holds, and where it ends.

    It may have taken in words behind it: what is left over is left out.
    """
    found = pattern.match(text, start, start + _LONGEST)
    if found is None or found.end() == start:
        return b"", start + 1
    plain = _BETWEEN.sub("", found[0]).rstrip("=")
    data = base64_bytes(plain) or base64_bytes(plain[: len(plain) // 4 * 4])
    return data or b"", found.end()
