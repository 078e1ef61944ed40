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
        constraints = self._extension(BASIC_CONSTRAINTS)
        return constraints is not None and der.TRUE in constraints[:5]

    @property
    def path_length(self) -> int | None:
        """How many intermediates may follow; None for any number."""
        constraints = self._extension(BASIC_CONSTRAINTS)
        if constraints is None:
            return None
        outer, _ = der.read(constraints)
        for part in der.children(outer.content):
            if part.tag == der.INTEGER:
                return int.from_bytes(part.content, "big")
        return None

    @property
    def may_sign_certificates(self) -> bool:
        """Whether keyUsage, where there is one, has keyCertSign (4.2.1.3)."""
        usage = self._extension(KEY_USAGE)
        return usage is None or bool(usage[3] & 0x04)

    @property
    def is_self_issued(self) -> bool:
        return self.issuer == self.subject

    @property
    def subject_key_identifier(self) -> bytes | None:
        identifier = self._extension(SUBJECT_KEY_IDENTIFIER)
        return None if identifier is None else der.read(identifier)[0].content

    @property
    def authority_key_identifier(self) -> bytes | None:
        identifier = self._extension(AUTHORITY_KEY_IDENTIFIER)
        if identifier is None:
            return None
        outer, _ = der.read(identifier)
        for part in der.children(outer.content):
            if part.tag == 0x80:
                return part.content
        return None

    @property
    def names(self) -> tuple[GeneralName, ...]:
        """The subjectAltName, without kinds of names that we do not make."""
        extension = self._extension(SUBJECT_ALT_NAME)
        if extension is None:
            return ()
        outer, _ = der.read(extension)
        names = (decode_name(n.tag, n.content) for n in der.children(outer.content))
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
        InputError: it is not one.
    """
    try:
        return _view(data)
    except (InputError, ValueError, IndexError) as error:
        raise InputError(f"not a DER certificate: {error}") from error


def _view(data: bytes) -> CertificateView:
    outer, end = der.read(data)
    if end != len(data):
        raise InputError(f"{len(data) - end} bytes follow it")
    tbs, _algorithm, _signature = der.children(outer.content)
    version, serial, _, issuer, validity, subject, info, *rest = der.children(
        tbs.content
    )
    if version.tag != 0xA0:
        raise InputError("not version 3")
    not_before, not_after = map(der.read_time, der.children(validity.content))
    return CertificateView(
        der=data,
        serial_number=int.from_bytes(serial.content, "big"),
        issuer=issuer.whole,
        not_before=not_before,
        not_after=not_after,
        subject=subject.whole,
        public_key_info=info.whole,
        extensions=_extensions(rest),
    )


def _extensions(rest: list[der.Element]) -> dict[bytes, tuple[bool, bytes]]:
    for part in rest:
        if part.tag == 0xA3:
            listing, _ = der.read(part.content)
            return dict(map(_extension, der.children(listing.content)))
    return {}


def _extension(element: der.Element) -> tuple[bytes, tuple[bool, bytes]]:
    identifier, *critical, value = der.children(element.content)
    return identifier.whole, (bool(critical), value.content)
