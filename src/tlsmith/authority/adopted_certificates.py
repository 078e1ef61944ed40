"""Certificates that an adopted CA issued, as rows of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from tlsmith.authority.adoption import AdoptedCertificate
from tlsmith.authority.records import REASONS
from tlsmith.core import der
from tlsmith.core.oid import (
    CLIENT_AUTH,
    EMAIL_PROTECTION,
    EXTENDED_KEY_USAGE,
    SERVER_AUTH,
)
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError
from tlsmith.storage.certificates import ON_HOLD, REVOKED, NewCertificate

_LONGEST_SERIAL = 1 << 512


class Issuer(NamedTuple):
    """A CA that certificates may be of.

    Args:
        id: in the store.
    """

    id: int
    view: CertificateView


class Sorted(NamedTuple):
    """What became of certificates, counted."""

    taken: int = 0
    revoked: int = 0
    foreign: int = 0
    twice: int = 0
    refused: int = 0

    def plus(self, **more: int) -> Sorted:
        return self._replace(**{key: getattr(self, key) + n for key, n in more.items()})

    def notes(self) -> Iterator[str]:
        """Yield in words what was not taken, and why."""
        if self.foreign:
            yield (
                f"{self.foreign} certificates were signed by a CA that is not here, "
                "and were left out"
            )
        if self.twice:
            yield f"{self.twice} certificates were there twice: each was taken once"
        if self.refused:
            yield (
                f"{self.refused} certificates have serial numbers that RFC 5280 does "
                "not allow, and were left out"
            )


class CertificateSorter:
    """Finds for each certificate of an adopted CA the CA that issued it.

    Args:
        issuers: those of the store; the last one is of what the records alone tell.
        requester: who is noted as having asked.
    """

    def __init__(
        self, issuers: Sequence[Issuer], last: Issuer, requester: str, now: datetime
    ) -> None:
        self._issuers = issuers
        self._last = last
        self._requester = requester
        self._now = now.replace(microsecond=0)
        self._seen: set[tuple[int, int]] = set()
        self.counted = Sorted()

    def rows(
        self, issued: Iterable[AdoptedCertificate]
    ) -> Iterator[tuple[AdoptedCertificate, NewCertificate]]:
        """Yield each that can be taken, with its row."""
        for one in issued:
            view = _view(one.der)
            issuer = self._issuer_of(view) if view is not None else self._last
            if issuer is None:
                self.counted = self.counted.plus(foreign=1)
            elif not 0 < one.serial_number < _LONGEST_SERIAL:
                self.counted = self.counted.plus(refused=1)
            elif (issuer.id, one.serial_number) in self._seen:
                self.counted = self.counted.plus(twice=1)
            else:
                self._seen.add((issuer.id, one.serial_number))
                revoked = int(one.revocation_date is not None)
                self.counted = self.counted.plus(taken=1, revoked=revoked)
                yield one, self._row(one, view, issuer)

    def _issuer_of(self, view: CertificateView) -> Issuer | None:
        named = [one for one in self._issuers if one.view.subject == view.issuer]
        wanted = view.authority_key_identifier
        if wanted is None:
            return named[-1] if named else None
        for one in named:
            if one.view.subject_key_identifier in (wanted, None):
                return one
        return None

    def _row(
        self, one: AdoptedCertificate, view: CertificateView | None, issuer: Issuer
    ) -> NewCertificate:
        info = view.public_key_info if view is not None else b""
        not_after = one.not_after or issuer.view.not_after
        begin = view.not_before if view is not None else None
        issued_at = begin or min(one.revocation_date or self._now, not_after)
        return NewCertificate(
            authority_id=issuer.id,
            serial_number=one.serial_number,
            certificate=one.der,
            key_hash=sha256(info).digest() if info else b"",
            names=_names(one, view),
            not_before=begin or issued_at - timedelta(seconds=1),
            not_after=not_after,
            issued_at=issued_at,
            profile=_profile(view),
            requester=self._requester,
            revocation=_revocation(one),
        )


def _view(certificate: bytes | None) -> CertificateView | None:
    """Return what a certificate says; None for one of version 1, or none at all."""
    if certificate is None:
        return None
    try:
        return view_certificate(certificate)
    except InputError:
        return None


def _names(one: AdoptedCertificate, view: CertificateView | None) -> tuple[str, ...]:
    """Return the names it is found by: its subjectAltName, else its common name."""
    found: list[str] = []
    if view is not None:
        try:
            found = [name.value for name in view.names]
        except InputError:
            found = []
    if not found:
        found = [_common_name(one.subject)]
    return tuple(
        name for name in found if name and name.isprintable() and " " not in name
    )


def _common_name(subject: str) -> str:
    for part in subject.replace("/", ",").split(","):
        kind, _, value = part.strip().partition("=")
        if kind.strip().upper() == "CN":
            return value.strip().lower()
    return ""


def _profile(view: CertificateView | None) -> str:
    """Return the profile that comes nearest, for its renewal."""
    found = view and view.extensions.get(der.object_identifier(EXTENDED_KEY_USAGE))
    if not found:
        return "server"
    try:
        parts = der.children(der.only(found[1], der.SEQUENCE).content)
        usages = {der.read_identifier(part) for part in parts}
    except InputError:
        return "server"
    if {SERVER_AUTH, CLIENT_AUTH} <= usages:
        return "peer"
    names: Mapping[str, str] = {CLIENT_AUTH: "client", EMAIL_PROTECTION: "email"}
    if SERVER_AUTH in usages:
        return "server"
    return next((name for usage, name in names.items() if usage in usages), "server")


def _revocation(one: AdoptedCertificate) -> tuple[int, datetime, int | None] | None:
    if one.revocation_date is None:
        return None
    # "unspecified" is left out of CRLs, and removeFromCRL is for deltas alone (5.3.1).
    is_plain = one.reason in (None, "unspecified", "removeFromCRL")
    reason = None if is_plain or one.reason is None else REASONS[one.reason]
    status = ON_HOLD if one.reason == "certificateHold" else REVOKED
    return status, one.revocation_date, reason
