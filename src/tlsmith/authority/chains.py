"""Chains of the CAs of a store."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.storage.authorities import AuthorityRecord


def chain_to_root(
    record: AuthorityRecord, records: Sequence[AuthorityRecord]
) -> list[bytes]:
    """Return the certificates (DER) from a CA up to its root, both included."""
    by_id = {one.id: one for one in records}
    chain: list[bytes] = []
    one: AuthorityRecord | None = record
    while one is not None and one.certificate is not None:
        chain.append(one.certificate)
        one = by_id.get(one.parent_id) if one.parent_id is not None else None
        if len(chain) > len(records):
            break
    return chain


def chain_without_root(
    record: AuthorityRecord, records: Sequence[AuthorityRecord]
) -> tuple[bytes, ...]:
    """Return what a server sends above its own certificate: the root is left out."""
    return tuple(
        certificate
        for certificate in chain_to_root(record, records)
        if not _is_root(certificate)
    )


def _is_root(certificate: bytes) -> bool:
    from tlsmith.core.view import view_certificate

    return view_certificate(certificate).is_self_issued


def encode_pkcs7(certificates: Sequence[bytes]) -> bytes:
    """Return a DER certs-only SignedData (RFC 5652, 5272)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    loaded = [x509.load_der_x509_certificate(one) for one in certificates]
    return pkcs7.serialize_certificates(loaded, Encoding.DER)
