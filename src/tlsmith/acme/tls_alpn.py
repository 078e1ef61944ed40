"""The certificate that a server shows for tls-alpn-01 (RFC 8737, RFC 8738)."""

from __future__ import annotations

from tlsmith.acme.challenges import alpn_digest
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.problems import incorrect_response
from tlsmith.core import der
from tlsmith.core.names import ip_bytes
from tlsmith.core.oid import SUBJECT_ALT_NAME
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import ACMEProblem, InputError

PROTOCOL = "acme-tls/1"
ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31"

_DNS, _IP = 0x82, 0x87


def acme_identifier(key_authorization: str) -> bytes:
    """Return the contents of the acmeIdentifier extension, DER (RFC 8737 section 3)."""
    return der.octet_string(alpn_digest(key_authorization))


def check_alpn_certificate(
    certificate: bytes, identifier: Identifier, key_authorization: str
) -> None:
    """Refuse a certificate that does not answer the challenge.

    It is for the identifier alone, and has the critical extension with the digest of
    the key authorization. Who signed it does not matter (RFC 8737 section 3).

    Args:
        certificate: DER, the one that the server showed first.

    Raises:
        ACMEProblem: incorrectResponse.
    """
    try:
        view = view_certificate(certificate)
        _check_name(view, identifier)
    except InputError as error:
        raise incorrect_response(f"the certificate shown: {error.message}") from None
    found = view.extensions.get(der.object_identifier(ACME_IDENTIFIER))
    if found is None:
        raise _wrong("has no acmeIdentifier extension")
    critical, content = found
    if not critical:
        raise _wrong("has an acmeIdentifier extension that is not critical")
    if content != acme_identifier(key_authorization):
        raise _wrong("is for another key authorization")


def _check_name(view: CertificateView, identifier: Identifier) -> None:
    found = view.extensions.get(der.object_identifier(SUBJECT_ALT_NAME))
    if found is None:
        raise _wrong("has no subjectAltName")
    names = list(der.children(der.only(found[1], der.SEQUENCE).content))
    if len(names) != 1:
        raise _wrong(f"has {len(names)} names, where the one asked for is due")
    if not _is_name(names[0], identifier):
        raise _wrong(f"is for another name than {identifier.value}")


def _is_name(name: der.Element, identifier: Identifier) -> bool:
    if identifier.type == "ip":
        return name.tag == _IP and name.content == ip_bytes(identifier.value)
    # Compared without regard to case (RFC 8737 section 3).
    expected = identifier.value.encode("ascii")
    return name.tag == _DNS and name.content.lower() == expected


def _wrong(what: str) -> ACMEProblem:
    return incorrect_response(f"the certificate shown {what}")
