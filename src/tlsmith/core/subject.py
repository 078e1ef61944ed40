"""Distinguished names: the subject and the issuer of a certificate."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tlsmith.core import der
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from cryptography import x509

EMPTY = der.sequence()

# ub-common-name of RFC 5280 appendix A.1.
_LONGEST_COMMON_NAME = 64

# Attribute types by their names in RFC 4519, in OpenSSL and in full, to their OID and
# the most characters there may be (RFC 5280 appendix A.1).
_COUNTRY, _SERIAL_NUMBER = "2.5.4.6", "2.5.4.5"
_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
_DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25"
_TYPES = {
    "CN commonName": (COMMON_NAME, _LONGEST_COMMON_NAME),
    "C countryName": (_COUNTRY, 2),
    "ST S stateOrProvinceName": ("2.5.4.8", 128),
    "L localityName": ("2.5.4.7", 128),
    "O organizationName": ("2.5.4.10", 64),
    "OU organizationalUnitName": ("2.5.4.11", 64),
    "street streetAddress": ("2.5.4.9", 128),
    "title": ("2.5.4.12", 64),
    "SN surname": ("2.5.4.4", 64),
    "GN givenName": ("2.5.4.42", 64),
    "serialNumber": (_SERIAL_NUMBER, 64),
    "emailAddress email E": (_EMAIL_ADDRESS, 255),
    "DC domainComponent": (_DOMAIN_COMPONENT, 63),
    "UID userId": ("0.9.2342.19200300.100.1.1", 256),
}
# Descriptors are read whatever their case (RFC 4512 section 1.4).
_OIDS = {
    name.lower(): oid for names, (oid, _) in _TYPES.items() for name in names.split()
}
_LONGEST = dict(_TYPES.values())
# Those that are a PrintableString or an IA5String.
_ALPHABETS = {
    _COUNTRY: "[A-Za-z]+",
    _SERIAL_NUMBER: r"[A-Za-z0-9 '()+,./:=?-]+",
    _EMAIL_ADDRESS: r"[\x20-\x7e]+",
    _DOMAIN_COMPONENT: r"[\x20-\x7e]+",
}

# What may stand between two unescaped separators.
_PIECE = re.compile(r"(?:\\.|[^/\\])+", re.DOTALL)
_TYPE = re.compile(r"\\.|(^|[,+])\s*([A-Za-z][A-Za-z\d-]*)\s*=", re.DOTALL)


def distinguished_name(*attributes: tuple[str, str]) -> bytes:
    """Return a DER Name of (OID, text) attributes, each an RDN and a UTF8String."""
    return der.sequence(*(_rdn(oid, text) for oid, text in attributes))


def subject_for(names: Sequence[GeneralName]) -> bytes:
    """Return the DER subject for a certificate with these names.

    Its common name is the first DNS name, else the first e-mail address, that is not
    too long; without any it is empty. Never an IP address: OpenSSL and GnuTLS read a
    common name as a host name where there is no DNS name beside it, and then refuse
    the address below a CA whose name constraints are for domains.
    """
    for kind in ("dns", "email"):
        for name in names:
            if name.kind == kind and len(name.value) <= _LONGEST_COMMON_NAME:
                return distinguished_name((COMMON_NAME, name.value))
    return EMPTY


def any_subject_for(names: Sequence[GeneralName]) -> bytes:
    """Return a DER subject that is never empty, whatever the names.

    For what no name constraints are above: there a common name may be an address.
    """
    for name in names:
        if len(name.value) <= _LONGEST_COMMON_NAME:
            return distinguished_name((COMMON_NAME, name.value))
    return distinguished_name((ORGANIZATION, "self-signed"))


def parse_subject(text: str, names: Sequence[GeneralName] | None) -> bytes:
    """Return the DER Name that `text` is, as RFC 4514 or OpenSSL writes it.

    Args:
        text: "CN=a.test,O=Acme,C=DE" (RFC 4514: the last RDN comes first) or
            "/C=DE/O=Acme/CN=a.test" (OpenSSL: in order).
        names: the certificate's names, among which a common name and an e-mail
            address must be; None lets any through, such as the account that a
            client's certificate is for.

    Raises:
        InputError: it is neither form, has an attribute that is empty, too long or of
            characters that its type has not (RFC 5280 appendix A.1), or has a common
            name or e-mail address that is no name of the certificate: clients do not
            read it, and people are misled by it.
    """
    from cryptography import x509

    try:
        rfc4514 = _from_openssl(text) if text.startswith("/") else text
        name = x509.Name.from_rfc4514_string(_TYPE.sub(_with_oid, rfc4514))
        encoded = x509.Name(
            x509.RelativeDistinguishedName(
                x509.NameAttribute(part.oid, _judged(part, names)) for part in rdn
            )
            for rdn in name.rdns
        ).public_bytes()
    except InputError:
        raise
    except ValueError as error:
        raise InputError(
            f"not a subject: {text!r}",
            hint="write it as CN=a.test,O=Acme,C=DE, with a C of two letters",
        ) from error
    return encoded


def _judged(
    attribute: x509.NameAttribute[str | bytes], names: Sequence[GeneralName] | None
) -> str:
    """Return the attribute's value as it goes into the certificate."""
    oid, value = attribute.oid.dotted_string, str(attribute.value)
    longest = _LONGEST.get(oid, 32768)
    alphabet = _ALPHABETS.get(oid, ".+")
    if len(value) > longest or not re.fullmatch(alphabet, value, re.DOTALL):
        plain = ", plain ASCII" if oid in _ALPHABETS else ""
        raise InputError(
            f"not an attribute of a subject: {value!r}",
            hint=f"give it 1 to {longest} characters{plain}",
        )
    if names is not None and oid in (COMMON_NAME, _EMAIL_ADDRESS):
        return _one_of(value, names)
    return value


def _one_of(value: str, names: Sequence[GeneralName]) -> str:
    """Return the one of `names` that `value` is."""
    with contextlib.suppress(InputError):
        value = parse_name(value, loose=True).value
    kinds = {name.value: name.kind for name in names}
    if value not in kinds:
        raise InputError(
            f"{value!r} in the subject is not among the names",
            hint="clients read the names alone: give it as a NAME too, or leave it "
            "out of the subject",
        )
    if kinds[value] == "ip" and "dns" not in kinds.values():
        raise InputError(
            f"the common name {value!r} would be taken for a host name",
            hint="some clients refuse that: leave it out, the address is a NAME",
        )
    return value


def _with_oid(found: re.Match[str]) -> str:
    """Return a separator and an attribute's type, that as its OID."""
    if found[2] is None:
        return found[0]
    oid = _OIDS.get(found[2].lower())
    if oid is None:
        raise ValueError(f"no attribute is called {found[2]!r}")
    return f"{found[1]}{oid}="


def _from_openssl(text: str) -> str:
    """Return what OpenSSL's `-subj` takes as RFC 4514 writes it."""
    pieces = _PIECE.findall(text)
    plain = "/" + "/".join(pieces)
    if pieces and text not in (plain, plain + "/"):
        raise ValueError("a slash or backslash too many")
    return ",".join(_escaped(piece) for piece in reversed(pieces))


def _escaped(piece: str) -> str:
    kind, equals, value = piece.partition("=")
    value = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
    value = re.sub(r'([,+"<>;\\]|^[ #]|(?<!^) $)', r"\\\1", value)
    return kind + equals + value


def _rdn(oid: str, text: str) -> bytes:
    attribute = der.sequence(
        der.object_identifier(oid), der.encode(der.UTF8_STRING, text.encode())
    )
    return der.encode(der.SET, attribute)
