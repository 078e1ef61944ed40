"""Signing certificate revocation lists: complete, delta, and of one shard.

The entries of a long list are kept as they are encoded and joined: nothing here looks
into each. Tests hold what is written to what the library's builder makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core import der, oid
from tlsmith.core.crl.entry import has_removals
from tlsmith.core.extension_values import (
    Extension,
    OnlyContains,
    freshest_crl,
    issuing_distribution_point,
)
from tlsmith.errors import InputError, NotCRLSignerError

if TYPE_CHECKING:
    from tlsmith.core.issuer import Issuer

_VERSION_2 = der.integer(1)
_LONGEST_NUMBER = 20


class CRLParameters(NamedTuple):
    """What a CRL is to say, without its issuer and entries.

    Args:
        number: higher than that of every earlier one of the same scope (5.2.3).
        this_update: in UTC.
        next_update: when the next one will be there at the latest, in UTC.
        base_number: of the complete CRL that this delta is based on; None for a
            complete one (5.2.4).
        distribution_point: URLs, those that the certificates it covers name (5.2.5).
        only_contains: "user" or "ca", for a list of those certificates alone.
        freshest: URLs of the delta CRL, in a complete one (5.2.6).
    """

    number: int
    this_update: datetime
    next_update: datetime
    base_number: int | None = None
    distribution_point: tuple[str, ...] = ()
    only_contains: OnlyContains | None = None
    freshest: tuple[str, ...] = ()


def sign_crl(
    issuer: Issuer, parameters: CRLParameters, entries: Iterable[bytes] | bytes
) -> bytes:
    """Return a signed CRL, DER (RFC 5280 section 5.1).

    Args:
        entries: DER, one by one or joined; removeFromCRL in a delta only (5.3.1).

    Raises:
        NotCRLSignerError: the issuer's certificate may not sign CRLs.
        InputError: the parameters contradict each other, or an entry them.
    """
    joined = entries if isinstance(entries, bytes) else b"".join(entries)
    start, end = sign_around(issuer, parameters, [joined])
    return b"".join((start, joined, end))


def sign_around(
    issuer: Issuer, parameters: CRLParameters, entries: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return what stands before the entries of a signed CRL, and what after them.

    For who keeps the entries elsewhere: a million are 50 MB, copied once here.

    Args:
        entries: DER, in any number of parts, each of whole entries.

    Raises:
        NotCRLSignerError, InputError: as `sign_crl`.
    """
    if not issuer.view.may_sign_crls:
        raise NotCRLSignerError(
            "the issuer's certificate may not sign CRLs",
            hint="sign with a CA whose keyUsage has cRLSign",
        )
    _check(parameters)
    if parameters.base_number is None and any(map(has_removals, entries)):
        raise InputError("a complete CRL with an entry whose reason is removeFromCRL")
    key = issuer.signing_key
    length = sum(map(len, entries))
    before = b"".join(
        (
            _VERSION_2,
            key.algorithm,
            issuer.view.subject,
            der.time(parameters.this_update),
            der.time(parameters.next_update),
            # Left out where nothing is revoked (5.1.2.6).
            der.header(der.SEQUENCE, length) if length else b"",
        )
    )
    after = _encode_extensions(issuer.authority_key_identifier, parameters)
    before = der.header(der.SEQUENCE, len(before) + length + len(after)) + before
    signature = key.sign(b"".join((before, *entries, after)))
    rest = key.algorithm + der.bit_string(signature)
    size = len(before) + length + len(after) + len(rest)
    return der.header(der.SEQUENCE, size) + before, after + rest


def _check(parameters: CRLParameters) -> None:
    number, base = parameters.number, parameters.base_number
    if not 0 <= number < 1 << (8 * _LONGEST_NUMBER - 1):
        raise InputError(f"the CRL number {number} is negative, or over 20 octets")
    if parameters.next_update <= parameters.this_update:
        raise InputError(
            f"a CRL of {parameters.this_update:%Y-%m-%d %H:%M:%S} whose next one "
            f"is due at {parameters.next_update:%Y-%m-%d %H:%M:%S}"
        )
    if base is None:
        return
    if not 0 <= base <= number:
        raise InputError(f"the delta CRL {number} is based on {base}, a later one")
    if parameters.freshest:
        raise InputError("a delta CRL that names a delta CRL")


def _encode_extensions(identifier: bytes, parameters: CRLParameters) -> bytes:
    value = der.sequence(der.context(0, identifier))
    number = der.integer(parameters.number)
    found = [
        Extension(oid.AUTHORITY_KEY_IDENTIFIER, False, value),
        Extension(oid.CRL_NUMBER, False, number),
    ]
    if parameters.base_number is not None:
        base = der.integer(parameters.base_number)
        found.append(Extension(oid.DELTA_CRL_INDICATOR, True, base))
    urls, only = parameters.distribution_point, parameters.only_contains
    if urls or only is not None:
        found.append(issuing_distribution_point(urls, only_contains=only))
    if parameters.freshest:
        found.append(freshest_crl(parameters.freshest))
    encoded = der.sequence(*(one.encode() for one in found))
    return der.context(0, encoded, constructed=True)
