"""The few facts of a certificate that issuing and renewing need, read fast."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.core import der
from tlsmith.core.constraints import NameConstraints, decode_constraints
from tlsmith.core.names import GeneralName, decode_name
from tlsmith.core.oid import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
)
from tlsmith.errors import InputError

_VERSION_3 = der.context(0, der.integer(2), constructed=True)
# Of the fields of a TBSCertificate: the seven there must be, and those there may be.
_TAGS = [0xA0, der.INTEGER, *[der.SEQUENCE] * 5]
_OPTIONAL_TAGS = [0x81, 0x82, 0xA3]


class CertificateView(NamedTuple):
    """What a certificate says (RFC 5280 section 4.1); its signature is not checked.

    Args:
        der: the whole certificate.
        issuer: DER Name.
        subject: DER Name.
        public_key_info: DER SubjectPublicKeyInfo.
        extensions: OID as encoded, to (critical, contents).
    """

    der: bytes
    serial_number: int
    issuer: bytes
    not_before: datetime
    not_after: datetime
    subject: bytes
    public_key_info: bytes
    extensions: dict[bytes, tuple[bool, bytes]]

    @property
    def is_ca(self) -> bool:
        """Whether basicConstraints says so (RFC 5280 4.2.1.9)."""
        return self._basic_constraints[0]

    @property
    def path_length(self) -> int | None:
        """How many intermediates may follow; None for any number."""
        return self._basic_constraints[1]

    @property
    def _basic_constraints(self) -> tuple[bool, int | None]:
        constraints = self._extension(BASIC_CONSTRAINTS)
        if constraints is None:
            return False, None
        parts = list(der.children(der.only(constraints, der.SEQUENCE).content))
        is_ca = bool(parts) and parts[0].whole == der.TRUE
        lengths = [der.read_integer(part) for part in parts[is_ca:]]
        if len(lengths) > 1 or any(length < 0 for length in lengths):
            raise InputError("basicConstraints with a path length that is none")
        return is_ca, lengths[0] if lengths else None

    @property
    def may_sign_certificates(self) -> bool:
        """Whether keyUsage, where there is one, has keyCertSign (4.2.1.3)."""
        return self._may(0x04)

    @property
    def may_sign_crls(self) -> bool:
        """Whether keyUsage, where there is one, has cRLSign (4.2.1.3)."""
        return self._may(0x02)

    def _may(self, bit: int) -> bool:
        usage = self._extension(KEY_USAGE)
        if usage is None:
            return True
        bits = der.only(usage, der.BIT_STRING).content[1:]
        return bool(bits and bits[0] & bit)

    @property
    def is_self_issued(self) -> bool:
        return self.issuer == self.subject

    @property
    def subject_key_identifier(self) -> bytes | None:
        identifier = self._extension(SUBJECT_KEY_IDENTIFIER)
        if identifier is None:
            return None
        return der.only(identifier, der.OCTET_STRING).content

    @property
    def authority_key_identifier(self) -> bytes | None:
        identifier = self._extension(AUTHORITY_KEY_IDENTIFIER)
        if identifier is None:
            return None
        for part in der.children(der.only(identifier, der.SEQUENCE).content):
            if part.tag == 0x80:
                return part.content
        return None

    @property
    def names(self) -> tuple[GeneralName, ...]:
        """The subjectAltName, without kinds of names that we do not make."""
        extension = self._extension(SUBJECT_ALT_NAME)
        if extension is None:
            return ()
        parts = der.children(der.only(extension, der.SEQUENCE).content)
        names = (decode_name(part.tag, part.content) for part in parts)
        return tuple(name for name in names if name is not None)

    @property
    def name_constraints(self) -> NameConstraints | None:
        extension = self._extension(NAME_CONSTRAINTS)
        return None if extension is None else decode_constraints(extension)

    def _extension(self, oid: str) -> bytes | None:
        found = self.extensions.get(der.object_identifier(oid))
        return None if found is None else found[1]


def view_certificate(data: bytes) -> CertificateView:
    """Return what a DER certificate says.

    Raises:
        InputError: it is not one, or not of version 3. What its extensions hold is
            read, and refused with the same error, when it is asked for.
    """
    try:
        return _view(data)
    except InputError as error:
        raise InputError(f"not a certificate: {error}") from error


def _view(data: bytes) -> CertificateView:
    certificate = list(der.children(der.only(data, der.SEQUENCE).content))
    if [part.tag for part in certificate] != [der.SEQUENCE, der.SEQUENCE, 0x03]:
        raise InputError("it has not the three parts of one")
    fields = list(der.children(certificate[0].content))
    if not fields or fields[0].whole != _VERSION_3:
        raise InputError("not version 3")
    tags = [field.tag for field in fields]
    optional = [tag for tag in _OPTIONAL_TAGS if tag in tags[7:]]
    if tags != _TAGS + optional:
        raise InputError("its fields are not those of RFC 5280")
    _, serial_number, _, issuer, validity, subject, info, *rest = fields
    times = [der.read_time(part) for part in der.children(validity.content)]
    if len(times) != 2:
        raise InputError("a validity that has not two times")
    return CertificateView(
        der=data,
        serial_number=der.read_integer(serial_number),
        issuer=issuer.whole,
        not_before=times[0],
        not_after=times[1],
        subject=subject.whole,
        public_key_info=info.whole,
        extensions=read_extensions(rest[-1].content) if 0xA3 in tags else {},
    )


def read_extensions(content: bytes) -> dict[bytes, tuple[bool, bytes]]:
    """Return DER Extensions: OID as encoded, to (critical, contents).

    Raises:
        InputError: they are none, or one is there twice.
    """
    found: dict[bytes, tuple[bool, bytes]] = {}
    for element in der.children(der.only(content, der.SEQUENCE).content):
        parts = list(der.children(element.content))
        critical = len(parts) == 3 and parts[1].whole == der.TRUE
        tags = [element.tag, *(part.tag for part in parts)]
        flag = [der.BOOLEAN] if critical else []
        if tags != [der.SEQUENCE, der.OID, *flag, der.OCTET_STRING]:
            raise InputError("an extension that is none")
        identifier = parts[0].whole
        if identifier in found:  # RFC 5280 section 4.2
            raise InputError("the same extension twice")
        found[identifier] = critical, parts[-1].content
    return found
