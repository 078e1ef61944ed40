"""Reading certificate revocation lists, without looking into their entries."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.core import der, oid
from tlsmith.core.crl.entry import count_entries
from tlsmith.core.view import read_extensions
from tlsmith.errors import InputError

_VERSION_2 = der.integer(1)
_TIMES = (der.UTC_TIME, der.GENERALIZED_TIME)
_MOST_FIELDS = 7


class CRLView(NamedTuple):
    """What a CRL says; its signature is not checked, nor any entry read.

    Args:
        issuer: DER Name.
        next_update: None where it says none.
        extensions: OID as encoded, to (critical, contents).
        span: where in `der` the entries begin and end.
    """

    der: bytes
    issuer: bytes
    this_update: datetime
    next_update: datetime | None
    extensions: dict[bytes, tuple[bool, bytes]]
    span: tuple[int, int]

    @property
    def number(self) -> int | None:
        """The cRLNumber, which one of version 1 has not."""
        return self._number(oid.CRL_NUMBER)

    @property
    def base_number(self) -> int | None:
        """The number of the CRL that a delta is based on; None for a complete one."""
        return self._number(oid.DELTA_CRL_INDICATOR)

    @property
    def entries(self) -> bytes:
        """The DER entries, joined."""
        start, end = self.span
        return self.der[start:end]

    @property
    def entry_count(self) -> int:
        """How many entries there are; a million take a quarter of a second."""
        return count_entries(self.entries)

    def _number(self, identifier: str) -> int | None:
        found = self.extensions.get(der.object_identifier(identifier))
        if found is None:
            return None
        return der.read_integer(der.only(found[1], der.INTEGER))


def view_crl(data: bytes) -> CRLView:
    """Return what a DER CRL says.

    Raises:
        InputError: it is none.
    """
    try:
        return _view(data)
    except InputError as error:
        raise InputError(f"not a CRL: {error}") from error


def joined_entries(data: bytes) -> bytes:
    """Return the entries of a DER CRL, joined, without reading each.

    Raises:
        InputError: it is no CRL.
    """
    return view_crl(data).entries


def crl_number(data: bytes) -> int | None:
    """Return the number of a DER CRL, None where it has none.

    Raises:
        InputError: it is no CRL.
    """
    return view_crl(data).number


class _Part(NamedTuple):
    """An element in its place: first byte, and where its contents begin and end."""

    tag: int
    first: int
    start: int
    end: int


def _view(data: bytes) -> CRLView:
    whole = _parts(data, 0, len(data))
    if [part.tag for part in whole] != [der.SEQUENCE]:
        raise InputError("it is not one SEQUENCE")
    parts = _parts(data, whole[0].start, whole[0].end)
    if [part.tag for part in parts] != [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]:
        raise InputError("it has not the three parts of one")
    return _view_list(data, _parts(data, parts[0].start, parts[0].end))


def _parts(data: bytes, start: int, end: int) -> list[_Part]:
    found: list[_Part] = []
    while start < end:
        if len(found) == _MOST_FIELDS:  # whoever sends millions is not listened to
            raise InputError("it has more fields than RFC 5280 knows")
        tag, content, behind = der.locate(data, start, end)
        found.append(_Part(tag, start, content, behind))
        start = behind
    return found


def _view_list(data: bytes, fields: list[_Part]) -> CRLView:
    def take(*tags: int) -> _Part | None:
        return fields.pop(0) if fields and fields[0].tag in tags else None

    version = take(der.INTEGER)
    signature, issuer, first = take(der.SEQUENCE), take(der.SEQUENCE), take(*_TIMES)
    last, revoked, wrapper = take(*_TIMES), take(der.SEQUENCE), take(0xA0)
    if signature is None or issuer is None or first is None or fields:
        raise InputError("its fields are not those of RFC 5280")
    if version is not None and data[version.first : version.end] != _VERSION_2:
        raise InputError("not version 1 or 2")
    extensions = {}
    if wrapper is not None:
        extensions = read_extensions(data[wrapper.start : wrapper.end])
    return CRLView(
        der=data,
        issuer=data[issuer.first : issuer.end],
        this_update=der.read_time(der.read(data, first.first)[0]),
        next_update=der.read_time(der.read(data, last.first)[0]) if last else None,
        extensions=extensions,
        span=(revoked.start, revoked.end) if revoked else (0, 0),
    )
