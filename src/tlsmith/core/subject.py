"""Distinguished names: the subject and the issuer of a certificate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlsmith.core import der
from tlsmith.core.names import GeneralName
from tlsmith.core.oid import COMMON_NAME
from tlsmith.errors import InputError

EMPTY = der.sequence()

# ub-common-name of RFC 5280 appendix A.1.
_LONGEST_COMMON_NAME = 64


def distinguished_name(*attributes: tuple[str, str]) -> bytes:
    """Return a DER Name of (OID, text) attributes, each an RDN and a UTF8String."""
    return der.sequence(*(_rdn(oid, text) for oid, text in attributes))


def subject_for(names: Sequence[GeneralName]) -> bytes:
    """Return the DER subject for a certificate with these names.

    Its common name is the first name that can be one, since a common name that is not
    among the names misleads; where none can (too long, or a URI), it is empty.
    """
    for name in names:
        if name.kind != "uri" and len(name.value) <= _LONGEST_COMMON_NAME:
            return distinguished_name((COMMON_NAME, name.value))
    return EMPTY


def parse_subject(text: str, names: Sequence[GeneralName]) -> bytes:
    """Return the DER Name that `text` is, as RFC 4514 or OpenSSL writes it.

    Args:
        text: "CN=a.test,O=Acme,C=DE" (RFC 4514: the last RDN comes first) or
            "/C=DE/O=Acme/CN=a.test" (OpenSSL: in order).
        names: the certificate's names, among which a common name must be.

    Raises:
        InputError: it is neither form, or has a common name that is no name of the
            certificate: clients do not read it, and people are misled by it.
    """
    from cryptography import x509

    rfc4514 = _from_openssl(text) if text.startswith("/") else text
    try:
        name = x509.Name.from_rfc4514_string(
            rfc4514, {"emailAddress": x509.NameOID.EMAIL_ADDRESS}
        )
    except ValueError as error:
        raise InputError(
            f"not a subject: {text!r}",
            hint="write it as CN=a.test,O=Acme,C=DE, with a C of two letters",
        ) from error
    for attribute in name.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        if attribute.value not in {name.value for name in names}:
            raise InputError(
                f"the common name {attribute.value!r} is not among the names",
                hint="clients read the names alone: give it as a NAME too, or leave "
                "the CN out",
            )
    return name.public_bytes()


def _from_openssl(text: str) -> str:
    parts = re.split(r"(?<!\\)/", text.strip("/"))
    escaped = [re.sub(r'([,+"<>;])', r"\\\1", part) for part in parts]
    return ",".join(reversed(escaped)).replace("\\/", "/")


def _rdn(oid: str, text: str) -> bytes:
    attribute = der.sequence(
        der.object_identifier(oid), der.encode(der.UTF8_STRING, text.encode())
    )
    return der.encode(der.SET, attribute)

