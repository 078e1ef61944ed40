"""DER, read by the library; what it cannot read becomes one clear error.

The library has a dozen kinds of exception for what it cannot read, not all of them
ValueErrors, and reads some fields only when asked. Therefore every kind is caught here,
at the edge, and those fields are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsmith.core.formats.objects import HeldCertificate, HeldKey
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey


def held_certificate(
    data: bytes, source: str, alias: str | None = None
) -> HeldCertificate:
    """Return a DER certificate with the library's view of it.

    Raises:
        InputError: it is not one, or is damaged.
    """
    from cryptography.x509 import load_der_x509_certificate

    try:
        parsed = load_der_x509_certificate(data)
        for name in (parsed.subject, parsed.issuer):
            name.public_bytes()
        _ = (parsed.version, parsed.not_valid_before_utc, parsed.not_valid_after_utc)
        return HeldCertificate(data, parsed, source, alias)
    except Exception as error:
        raise _damaged("certificate", source) from error


def held_key(key: PrivateKey, source: str, *, was_encrypted: bool = False) -> HeldKey:
    """Return a private key with its public half.

    Raises:
        InputError: its public half cannot be written.
    """
    from tlsmith.core.keys import public_key_info

    return HeldKey(public_key_info(key.public_key()), key, source, was_encrypted)


def check_request(data: bytes, source: str) -> bytes:
    """Return a DER certification request that can be read (RFC 2986)."""
    from cryptography.x509 import load_der_x509_csr

    try:
        load_der_x509_csr(data)
    except Exception as error:
        raise _damaged("certification request", source) from error
    return data


def check_crl(data: bytes, source: str) -> bytes:
    """Return a DER certificate revocation list that can be read (RFC 5280 5)."""
    from cryptography.x509 import load_der_x509_crl

    try:
        load_der_x509_crl(data)
    except Exception as error:
        raise _damaged("certificate revocation list", source) from error
    return data


def load_public_key(data: bytes, form: str, source: str) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a public key in any form.

    Args:
        form: as `recognise` names it.
    """
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_ssh_public_key,
    )

    from tlsmith.core.keys import public_key_info

    try:
        key: Any
        if form == "openssh":
            key = load_ssh_public_key(data)
        else:
            key = load_der_public_key(data)
        return public_key_info(key)
    except Exception as error:
        raise _damaged("public key", source) from error


def _damaged(what: str, source: str) -> InputError:
    return InputError(
        f"the {what} in {source} cannot be read: it is damaged, or not supported",
        hint="see what is wrong with it with `tlsmith show`",
    )
