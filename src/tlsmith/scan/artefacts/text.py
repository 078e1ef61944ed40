"""The artefacts in a text: PEM wherever it stands, plain or in base64 again."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from tlsmith.scan.artefacts.artefact import KEYS, Artefact, Certificate, Key
from tlsmith.scan.artefacts.certificates import certificate_of
from tlsmith.scan.artefacts.keys import key_of, key_of_block
from tlsmith.scan.artefacts.matching import connected
from tlsmith.scan.artefacts.pem import Block, base64_bytes, blocks, decoded
from tlsmith.scan.artefacts.stores import store_of

PEM_AGAIN = "LS0tLS1CRUdJTi"
"""How base64 of PEM begins, as Kubernetes has it in Secrets and kubeconfig."""
_AGAIN = re.compile(PEM_AGAIN + r"[A-Za-z0-9+/]*={0,2}")
_FOLDED = re.compile(r"(?:[A-Za-z0-9+/]|\\[rn]|\s{1,80}(?=[A-Za-z0-9+/=]))*={0,2}")
_BARE = re.compile(
    r"(?<![A-Za-z0-9+/])M[A-Z][A-Za-z0-9+/]{0,6}?"
    r"(?:ADANBgkqhkiG9w0BAQEFAASC|AgEAMB[AM]GByqGSM49AgEG|AQAwE[Aw]YHKoZIzj0CAQYI"
    r"|AQAwBQYDK2VwBCIEI)"
    r"(?:[A-Za-z0-9+/]|\\[rn]|[\"']\s{0,80}[+.]?\s{0,80}[\"'])*={0,2}"
)
_STORE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:/u3\+7QAAAA|zs7OzgAAAA|MII[A-Za-z0-9+/]{3}IBAzCC)"
    r"[A-Za-z0-9+/]*={0,2}"
)
_LONGEST = 200_000
_BUNDLE = 20
"""Certificates in a file from which on it is a bundle of roots, which are public."""
_CERTIFICATES = frozenset(["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])


@lru_cache(maxsize=8)
def artefacts_of(text: str) -> dict[int, Artefact]:
    """Every artefact of a text, by its first character."""
    found = list(_in_text(text))
    return {one.start: one for one in connected(found)}


def _in_text(text: str) -> Iterator[Artefact]:
    in_pem = list(blocks(text))
    is_bundle = sum(one.label in _CERTIFICATES for one in in_pem) > _BUNDLE
    for block in in_pem:
        found = of_block(block, is_bundle)
        if found:
            yield found
    yield from _wrapped(text)
    yield from _bare(text, in_pem)
    yield from _stores(text)


def of_block(block: Block, is_bundle: bool = False) -> Artefact | None:
    """What a PEM block is; None if it is nothing, or nothing that is asked for."""
    if block.label in _CERTIFICATES:
        data = None if is_bundle else decoded(block.body)
        known = certificate_of(data) if data else None
        return of_certificate(known, block.start, block.shown) if known else None
    key = key_of_block(block)
    return of_key(key, block.start, block.shown) if key else None


def of_key(key: Key, start: int, end: int) -> Artefact:
    """A key as an artefact at a place."""
    is_ = frozenset([key.kind])
    return Artefact(start, end, is_, key.told, key.mark, key.confidence, key.public)


def of_certificate(known: Certificate, start: int, end: int) -> Artefact:
    """A certificate as an artefact at a place."""
    mark = f"{known.subject}, public key {known.key[:16]}"
    return Artefact(start, end, known.faults, known.told, mark, certificates=(known,))


def _wrapped(text: str) -> Iterator[Artefact]:
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
    for pattern in (_AGAIN, _FOLDED):
        found = pattern.match(text, start, start + _LONGEST)
        if found is None:
            break
        inner = _ascii(re.sub(r"\\[rn]|\s", "", found[0]).rstrip("="))
        if "-----END" in inner:
            return inner, found.end()
    return "", found.end() if found else start + 1


def _ascii(text: str) -> str:
    """What the text is base64 of; what is left over at its end is left out."""
    data = base64_bytes(text) or base64_bytes(text[: len(text) // 4 * 4])
    return (data or b"").decode("ascii", "replace")


def _bare(text: str, in_pem: list[Block]) -> Iterator[Artefact]:
    """Keys in base64 without header and footer, as settings and code have them."""
    starts = [one.start for one in in_pem]
    for found in _BARE.finditer(text):
        start = found.start()
        at = bisect(starts, start) - 1
        if at >= 0 and start < in_pem[at].end:
            continue
        data = decoded(found[0][:_LONGEST])
        key = key_of(data) if data else None
        if key:
            yield of_key(key, start, start + 3)


def _stores(text: str) -> Iterator[Artefact]:
    """Keystores in base64, as Secrets of Kubernetes have them."""
    for found in _STORE.finditer(text):
        data = base64_bytes(found[0].rstrip("=")) if len(found[0]) > 100 else None
        store = store_of(data) if data else None
        if store:
            yield replace(store, start=found.start(), end=found.start() + 3)
