"""Certification requests of CAs (RFC 2986), signed by keys that may lie elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsmith.core import der, oid
from tlsmith.core.extension_values import Extension
from tlsmith.core.profiles import CRL_SIGN, KEY_CERT_SIGN, encode_key_usage
from tlsmith.core.signing import signing_key

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey
    from tlsmith.core.signing import SigningKey

_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_VERSION = der.integer(0)


def encode_ca_request(
    subject: bytes, key: PrivateKey | SigningKey, *, path_length: int | None = 0
) -> bytes:
    """Return a DER request to become a CA, signed with its own key.

    Args:
        subject: DER Name.
        path_length: how many CAs are asked to be allowed below; None for any number.
    """
    own = signing_key(key)
    info = der.sequence(
        _VERSION,
        subject,
        own.public_key_info,
        der.context(0, _extension_request(path_length), constructed=True),
    )
    return der.sequence(info, own.algorithm, der.bit_string(own.sign(info)))


def _extension_request(path_length: int | None) -> bytes:
    """Return the attribute that asks for the extensions of a CA (RFC 2985 5.4.2)."""
    length = () if path_length is None else (der.integer(path_length),)
    extensions = der.sequence(
        Extension(
            oid.BASIC_CONSTRAINTS, True, der.sequence(der.TRUE, *length)
        ).encode(),
        Extension(
            oid.KEY_USAGE, True, encode_key_usage(KEY_CERT_SIGN | CRL_SIGN)
        ).encode(),
    )
    values = der.encode(der.SET, extensions)
    return der.sequence(der.object_identifier(_EXTENSION_REQUEST), values)
