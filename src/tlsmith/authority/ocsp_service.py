"""Answering OCSP requests (RFC 6960, 9654; caching as RFC 5019 has it)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from tlsmith.authority.issuers import Issuers, Passphrase
from tlsmith.authority.records import reason_name
from tlsmith.authority.responders import Responder, open_responder
from tlsmith.authority.watch import StoreWatch
from tlsmith.core.ocsp import (
    CertID,
    OCSPRequest,
    SingleResponse,
    error_response,
    issuer_hashes,
    parse_ocsp_request,
)
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError, TLSmithError
from tlsmith.storage import Storage
from tlsmith.storage.authorities import AuthorityRecord
from tlsmith.storage.certificates import GOOD, status_of
from tlsmith.storage.moments import to_moment, to_seconds

LIFETIME = timedelta(days=1)
# Seconds that caches between us and clients keep an answer: a revocation is to be
# seen soon, and a client that staples keeps it as long as it holds.
LONGEST_CACHED = 3600
# Seconds until a responder that could not be made is tried again.
_RETRY = 2.0
# The longest request whose answer is kept: those for one certificate have 80 bytes or
# so, and whoever likes may send a hundred thousand of the largest.
_LARGEST_KEPT = 512


class OCSPAnswer(NamedTuple):
    """An OCSP response, and what caches are to know of it (RFC 5019 section 6).

    Args:
        body: the DER OCSPResponse.
        status: for the metrics: "good", "revoked", "unknown", "several", or the
            name of the error, such as "malformedRequest".
        last_modified: thisUpdate, in seconds of Unix time.
        expires: until when it may be kept, or None for what must not be: an error, or
            an answer with a nonce.
        etag: a hash of the body, without quotes.
    """

    body: bytes
    status: str
    last_modified: int = 0
    expires: int | None = None
    etag: str = ""


class Keeping(NamedTuple):
    """How long answers hold, and how many are kept.

    Args:
        lifetime: from thisUpdate to nextUpdate of an answer.
        most: signed answers that are kept to be given again.
    """

    lifetime: timedelta = LIFETIME
    most: int = 100_000


class OCSPService:
    """What answers for every CA of a store.

    Args:
        watch: of the store.
        clock: gives the present, in UTC.
    """

    def __init__(
        self,
        storage: Storage,
        issuers: Issuers,
        passphrase: Passphrase,
        watch: StoreWatch,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        keeping: Keeping | None = None,
    ) -> None:
        self._storage = storage
        self._issuers = issuers
        self._passphrase = passphrase
        self._watch = watch
        watch.listen(self._forget_changed)
        self._clock = clock
        self.lifetime, self._most_kept = keeping or Keeping()
        self._lock = threading.Lock()
        self._answers: dict[bytes, tuple[OCSPAnswer, float]] = {}
        self._by_serial: dict[int, set[bytes]] = {}
        self._responders: dict[int, Responder] = {}
        self._failures: dict[int, tuple[float, TLSmithError]] = {}
        self._by_hashes: dict[tuple[str, bytes, bytes], AuthorityRecord] | None = None
        self._generation = -1

    def answer(self, request: bytes) -> OCSPAnswer:
        """Return the answer to a DER OCSPRequest: always one, an error at worst."""
        now = time.monotonic()
        self._watch.look()
        kept = self._answers.get(request)
        if kept is not None and kept[1] > now:
            return kept[0]
        try:
            parsed = parse_ocsp_request(request)
        except InputError:
            return _error("malformedRequest")
        try:
            answer = self._answer(parsed)
        except TLSmithError:
            return _error("tryLater")
        if _is_kept(request, answer):
            lasts = (answer.expires or 0) - answer.last_modified
            self._keep(request, parsed, answer, now + lasts)
        return answer

    def kept(self, request: bytes) -> OCSPAnswer | None:
        """Return the answer that is kept, without a look at the store."""
        found = self._answers.get(request)
        if found is None or found[1] <= time.monotonic():
            return None
        return found[0]

    def is_fresh(self) -> bool:
        """Tell whether the store was just looked at."""
        return self._watch.is_fresh

    def kept_requests(self) -> list[bytes]:
        """Return the requests whose answers are kept."""
        return list(self._answers)

    def forget(self) -> None:
        """Look at the store anew: something changed in this process."""
        self._watch.check()

    def responders(self) -> list[Responder]:
        """Return the responders in use; they are made where there are none yet.

        A CA that is over has none: all it issued is over as well.

        Raises:
            SignerError: a CA's key cannot be reached.
        """
        now = self._clock()
        return [
            self._responder(record)
            for record in self._issuers.with_keys()
            if not is_over(record, now)
        ]

    def _forget_changed(self, changed: list[int] | None) -> None:
        """Forget the answers for certificates whose status was changed.

        Those for others are kept: they are all there is to say while the store is away.

        Args:
            changed: serial numbers; None for any.
        """
        if changed is None:
            self._forget_answers()
        with self._lock:
            for serial_number in changed or ():
                for request in self._by_serial.pop(serial_number, ()):
                    self._answers.pop(request, None)

    def _forget_answers(self) -> None:
        with self._lock:
            self._answers, self._by_serial = {}, {}

    def _keep(
        self, request: bytes, parsed: OCSPRequest, answer: OCSPAnswer, until: float
    ) -> None:
        if len(self._answers) >= self._most_kept:
            self._forget_answers()
        with self._lock:
            self._answers[request] = (answer, until)
            for cert_id in parsed.cert_ids:
                asked = self._by_serial.setdefault(cert_id.serial_number, set())
                asked.add(request)

    def _answer(self, request: OCSPRequest) -> OCSPAnswer:
        self._watch.require()
        now = self._clock().replace(microsecond=0)
        issuers = [self._issuer_of(cert_id) for cert_id in request.cert_ids]
        first = next((issuer for issuer in issuers if issuer is not None), None)
        if first is None or is_over(first, now):
            # Not ours to answer for (RFC 6960 section 2.3).
            return _error("unauthorized")
        responder = self._responder(first)
        next_update = min(now + self.lifetime, responder.not_after)
        with self._storage.read() as connection:
            responses = [
                _single(
                    cert_id,
                    status_of(connection, first.id, cert_id.serial_number)
                    # One answer is signed for one CA alone.
                    if issuer is not None and issuer.id == first.id
                    else None,
                    (now, next_update),
                )
                for cert_id, issuer in zip(request.cert_ids, issuers, strict=True)
            ]
        body = responder.responder.sign(responses, now, request.nonce)
        begin = to_seconds(now)
        expires = min(begin + LONGEST_CACHED, to_seconds(next_update))
        return OCSPAnswer(
            body,
            responses[0].status if len(responses) == 1 else "several",
            begin,
            None if request.nonce is not None else expires,
            sha256(body).hexdigest()[:32],
        )

    def _issuer_of(self, cert_id: CertID) -> AuthorityRecord | None:
        generation = self._issuers.generation
        if self._by_hashes is None or generation != self._generation:
            found: dict[tuple[str, bytes, bytes], AuthorityRecord] = {}
            for record in self._issuers.with_keys():
                for oid, hashes in issuer_hashes(_view_of(record)).items():
                    found[(oid, *hashes)] = record
            self._by_hashes, self._generation = found, generation
        return self._by_hashes.get(
            (
                cert_id.hash_algorithm,
                cert_id.issuer_name_hash,
                cert_id.issuer_key_hash,
            )
        )

    def _responder(self, record: AuthorityRecord) -> Responder:
        now = self._clock()
        responder = self._responders.get(record.id)
        if responder is not None and now < responder.renew_at:
            return responder
        with self._lock:
            return self._renewed(record, now)

    def _renewed(self, record: AuthorityRecord, now: datetime) -> Responder:
        responder = self._responders.get(record.id)
        if responder is not None and now < responder.renew_at:
            return responder
        try:
            return self._made(record, now)
        except TLSmithError:
            # As where the CA's key is away, or the disk full: the one there is does
            # until it expires.
            if responder is None or now >= responder.not_after:
                raise
            return responder

    def _made(self, record: AuthorityRecord, now: datetime) -> Responder:
        """Return a new responder; what just failed is not tried for each request."""
        failed = self._failures.get(record.id)
        if failed is not None and time.monotonic() < failed[0]:
            raise failed[1]
        try:
            loaded = self._issuers.load(record)
            new = open_responder(self._storage, loaded, self._passphrase, now)
        except TLSmithError as error:
            self._failures[record.id] = time.monotonic() + _RETRY, error
            raise
        self._failures.pop(record.id, None)
        self._responders[record.id] = new
        return new


def is_over(record: AuthorityRecord, now: datetime) -> bool:
    """Tell whether a CA has expired, and with it everything that it issued."""
    return _view_of(record).not_after <= now


def _view_of(record: AuthorityRecord) -> CertificateView:
    assert record.certificate is not None  # noqa: S101 -- it has a key that signs
    return _view(record.certificate)


_view = lru_cache(maxsize=64)(view_certificate)


def _is_kept(request: bytes, answer: OCSPAnswer) -> bool:
    """Tell whether an answer is kept to be given again.

    What nobody has is not: anybody can think of as many of these as he likes.
    """
    is_small = len(request) <= _LARGEST_KEPT
    return is_small and answer.expires is not None and answer.status != "unknown"


def _error(name: str) -> OCSPAnswer:
    return OCSPAnswer(error_response(name), name)


def _single(
    cert_id: CertID,
    found: tuple[int, int | None, int | None, int] | None,
    span: tuple[datetime, datetime],
) -> SingleResponse:
    if found is None:
        return SingleResponse(cert_id.der, "unknown", *span)
    status, revoked_at, reason, _ = found
    if status == GOOD:
        return SingleResponse(cert_id.der, "good", *span)
    return SingleResponse(
        cert_id.der,
        "revoked",
        *span,
        to_moment(revoked_at or 0),
        reason_name(reason),
    )
