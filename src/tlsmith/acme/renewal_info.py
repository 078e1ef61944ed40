"""Which certificate renewal information is about (RFC 9773 section 4.1)."""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.acme.base64url import decode_base64url, encode_base64url
from tlsmith.acme.problems import malformed
from tlsmith.core.names import quoted

# RFC 5280 4.1.2.2, and a byte more for those who took no care of the sign.
_LONGEST_SERIAL = 21
_LONGEST_IDENTIFIER = 64


class CertID(NamedTuple):
    """A certificate, by its issuer's key and its serial number.

    Args:
        key_identifier: of the authorityKeyIdentifier.
    """

    key_identifier: bytes
    serial_number: int


def parse_cert_id(text: str) -> CertID:
    """Return which certificate a URL or `replaces` names.

    Raises:
        ACMEProblem: malformed; each certificate has one way to be named.
    """
    parts = text.split(".")
    if len(parts) != 2:
        raise malformed(f"not a certificate's id: {quoted(text)}")
    try:
        identifier, serial = map(decode_base64url, parts)
    except ValueError as error:
        raise malformed(f"not a certificate's id: {quoted(text)}, {error}") from None
    if not 0 < len(identifier) <= _LONGEST_IDENTIFIER or not _is_serial(serial):
        raise malformed(
            f"not a certificate's id: {quoted(text)}, a key identifier and the "
            "contents of a positive DER INTEGER are due"
        )
    return CertID(identifier, int.from_bytes(serial, "big"))


def encode_cert_id(certificate: CertID) -> str:
    """Return the one way to name a certificate."""
    number = certificate.serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
    identifier = encode_base64url(certificate.key_identifier)
    return f"{identifier}.{encode_base64url(serial)}"


def _is_serial(content: bytes) -> bool:
    """Tell whether it is what a DER INTEGER above 0 contains (X.690 section 8.3)."""
    if not 0 < len(content) <= _LONGEST_SERIAL or content[0] & 0x80:
        return False
    return content[0] != 0 or (len(content) > 1 and content[1] & 0x80 != 0)
