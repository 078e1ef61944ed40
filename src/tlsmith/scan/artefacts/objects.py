"""What a PEM block, a key or a certificate is as an artefact at its place."""

from __future__ import annotations

from tlsmith.scan.artefacts.artefact import Artefact, Certificate, Key
from tlsmith.scan.artefacts.certificates import certificate_of
from tlsmith.scan.artefacts.keys import key_of_block
from tlsmith.scan.artefacts.pem import Block, decoded
from tlsmith.scan.artefacts.shape import declared

CERTIFICATES = frozenset(["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])


def of_block(block: Block, is_bundle: bool = False) -> Artefact | None:
    """What a PEM block is; None if it is nothing, or nothing that is asked for."""
    if block.label in CERTIFICATES:
        data = None if is_bundle else decoded(block.body)
        # Behind a trusted one OpenSSL writes what it is trusted for.
        known = certificate_of(data[: declared(data)]) if data else None
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
    return Artefact(
        start,
        end,
        known.faults,
        known.told,
        mark,
        certificates=(known,),
        host=known.host,
    )
