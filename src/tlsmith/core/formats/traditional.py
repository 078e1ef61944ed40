"""Private keys as OpenSSL wrote them before PKCS#8, for programs that still want so."""

from __future__ import annotations

from typing import Any

from tlsmith.errors import InputError


def encode_traditional_key(key: Any) -> bytes:
    """Return an RSA key as PKCS#1 (RFC 8017 A.1.2) or an EC key as SEC 1 (RFC 5915).

    Raises:
        InputError: keys of this kind never had such a form.
    """
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from tlsmith.core.keys import kind_of

    kind = kind_of(key)
    try:
        data: bytes = key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    except (ValueError, TypeError) as error:
        raise InputError(
            f"a key of kind {kind} has no form but PKCS#8",
            code="unsupported-key",
            hint="use --to pkcs8",
        ) from error
    return data
