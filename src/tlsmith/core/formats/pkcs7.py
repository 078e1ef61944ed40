"""PKCS#7 (RFC 5652 section 5): signed data without a signer, to carry certificates."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.errors import InputError


def encode_pkcs7(chain: Sequence[bytes], *, der: bool) -> bytes:
    """Return DER certificates as PKCS#7, in DER or PEM.

    Certificates in PKCS#7 are a set: readers put the chain in order by its names.

    Raises:
        InputError: there is none, or one is not a certificate.
    """
    if not chain:
        raise InputError("PKCS#7 without certificates would be empty")
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    from tlsmith.core.formats.pkcs12 import load_certificates

    encoding = Encoding.DER if der else Encoding.PEM
    return pkcs7.serialize_certificates(load_certificates(chain), encoding)
