"""Answering OCSP requests (RFC 6960, 9654; caching as RFC 5019 has it)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from tlsmith.authority.issuers import Issuers, LoadedIssuer, Passphrase
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
from tlsmith.errors import InputError, TLSmithError
from tlsmith.storage import Storage
from tlsmith.storage.certificates import GOOD, status_of
from tlsmith.storage.moments import to_moment, to_seconds

LIFETIME = timedelta(days=1)
# Seconds that caches between us and clients keep an answer: a revocation is to be
# seen soon, and a client that staples keeps it as long as it holds.
LONGEST_CACHED = 3600


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
        self._clock = clock
        self.lifetime, self._most_kept = keeping or Keeping()
        self._lock = threading.Lock()
        self._answers: dict[bytes, tuple[OCSPAnswer, float]] = {}
        self._responders: dict[int, Responder] = {}
        self._by_hashes: dict[tuple[str, bytes, bytes], LoadedIssuer] | None = None
        self._generation = -1
        self._revision = -1

    def answer(self, request: bytes) -> OCSPAnswer:
        """Return the answer to a DER OCSPRequest: always one, an error at worst."""
        now = time.monotonic()
        self._watch.look()
        if self._watch.revision != self._revision:
            self._forget_answers()
        kept = self._answers.get(request)
        if kept is not None and kept[1] > now:
            return kept[0]
        try:
            answer = self._answer(parse_ocsp_request(request))
        except InputError:
            return _error("malformedRequest")
        except TLSmithError:
            return _error("tryLater")
        if answer.expires is not None:
            lasts = answer.expires - answer.last_modified
            self._keep(request, answer, now + lasts)
        return answer

    def forget(self) -> None:
        """Look at the store anew: something changed in this process."""
        self._forget_answers()
        self._watch.look_now()

    def responders(self) -> list[Responder]:
        """Return the responders in use; they are made where there are none yet.

        Raises:
            SignerError: a CA's key cannot be reached.
        """
        return [
            self._responder(self._issuers.load(record))
            for record in self._issuers.with_keys()
        ]

    def _forget_answers(self) -> None:
        with self._lock:
            self._answers = {}
            self._revision = self._watch.revision

    def _keep(self, request: bytes, answer: OCSPAnswer, until: float) -> None:
        with self._lock:
            if len(self._answers) >= self._most_kept:
                self._answers = {}
            self._answers[request] = (answer, until)

    def _answer(self, request: OCSPRequest) -> OCSPAnswer:
        self._watch.require()
        issuers = [self._issuer_of(cert_id) for cert_id in request.cert_ids]
        first = next((issuer for issuer in issuers if issuer is not None), None)
        if first is None:
            # Not ours to answer for (RFC 6960 section 2.3).
            return _error("unauthorized")
        now = self._clock().replace(microsecond=0)
        responder = self._responder(first)
        next_update = min(now + self.lifetime, responder.not_after)
        with self._storage.read() as connection:
            responses = [
                _single(
                    cert_id,
                    status_of(connection, first.id, cert_id.serial_number)
                    # One answer is signed for one CA alone.
                    if issuer is first
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

    def _issuer_of(self, cert_id: CertID) -> LoadedIssuer | None:
        generation = self._issuers.generation
        if self._by_hashes is None or generation != self._generation:
            found: dict[tuple[str, bytes, bytes], LoadedIssuer] = {}
            for record in self._issuers.with_keys():
                loaded = self._issuers.load(record)
                for oid, hashes in issuer_hashes(loaded.issuer.view).items():
                    found[(oid, *hashes)] = loaded
            self._by_hashes, self._generation = found, generation
        return self._by_hashes.get(
            (
                cert_id.hash_algorithm,
                cert_id.issuer_name_hash,
                cert_id.issuer_key_hash,
            )
        )

    def _responder(self, loaded: LoadedIssuer) -> Responder:
        now = self._clock()
        responder = self._responders.get(loaded.id)
        if responder is not None and now < responder.renew_at:
            return responder
        with self._lock:
            return self._renewed(loaded, now)

    def _renewed(self, loaded: LoadedIssuer, now: datetime) -> Responder:
        responder = self._responders.get(loaded.id)
        if responder is not None and now < responder.renew_at:
            return responder
        try:
            new = open_responder(self._storage, loaded, self._passphrase, now)
        except TLSmithError:
            # As where the CA's key is away, or the disk full: the one there is does
            # until it expires.
            if responder is None or now >= responder.not_after:
                raise
            return responder
        self._responders[loaded.id] = new
        return new


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
