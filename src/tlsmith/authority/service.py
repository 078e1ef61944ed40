"""The authority over one store: what commands, the server and ACME ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority import revocation
from tlsmith.authority.actor import Actor
from tlsmith.authority.cleaning import Retention, clean_up
from tlsmith.authority.crl_entries import KeptEntries
from tlsmith.authority.crls import CRLIssuer, CRLSchedule
from tlsmith.authority.issuance import (
    Prepared,
    record_certificate,
    refuse_foreign_account,
    refuse_outside_scope,
    sign_certificate,
)
from tlsmith.authority.issued import Issued, issued_of, recorded
from tlsmith.authority.issuers import Issuers, Passphrase
from tlsmith.authority.judge import judge
from tlsmith.authority.observer import Observer
from tlsmith.authority.ocsp_service import Keeping, OCSPService
from tlsmith.authority.policy import Policy, load_policy
from tlsmith.authority.publication import Publication
from tlsmith.authority.request import IssuanceRequest
from tlsmith.authority.wanted import Wanted, renewal_of
from tlsmith.authority.watch import StoreWatch
from tlsmith.core.blocklist import NO_KEYS, Blocklist
from tlsmith.core.keys import public_key_info
from tlsmith.errors import (
    ConflictError,
    NotFoundError,
    PassphraseError,
    SignerError,
    TLSmithError,
)
from tlsmith.storage import Storage, Transaction, Writer
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import CertificateRecord
from tlsmith.storage.search import Page, Search, find
from tlsmith.storage.settings import add_policy, policy
from tlsmith.storage.status import CRLRecord

if TYPE_CHECKING:
    from tlsmith.core.keys import PublicKey

# Certificates put into the store at a time, where many are asked for. Some pages of
# its indexes are written in any commit: the more share one, the fewer they cost.
_BATCH = 2_000
# Seconds in which a policy that another process set is in force here.
_POLICY_PATIENCE = 2.0


class AuthoritySettings(NamedTuple):
    """How a service does its work.

    Args:
        ocsp: how long answers hold, and how many are kept.
        blocklist: keys never to certify, beside those that are known to everybody.
    """

    schedule: CRLSchedule = CRLSchedule()
    ocsp: Keeping = Keeping()
    retention: Retention = Retention()
    blocklist: Blocklist = NO_KEYS


class Authority:
    """A CA over one store; to be used from any thread.

    Args:
        passphrase: gives the one that the CA's keys are encrypted with, or None.
        clock: gives the present, in UTC.
        observer: told what happens, for metrics.
    """

    def __init__(
        self,
        storage: Storage,
        passphrase: Passphrase = lambda: None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        observer: Observer | None = None,
        settings: AuthoritySettings | None = None,
    ) -> None:
        settings = settings or AuthoritySettings()
        self.storage = storage
        self.clock = clock
        self.observer = observer or Observer()
        self.writer = Writer(storage, observe=self.observer.committed)
        self.retention = settings.retention
        self.blocklist = settings.blocklist
        self.issuers = Issuers(storage, passphrase)
        kept = KeptEntries()
        self.watch = StoreWatch(storage)
        self.publication = Publication(storage, self.issuers, kept, self.watch)
        self.crls = CRLIssuer(storage, settings.schedule, kept)
        self.ocsp = OCSPService(
            storage,
            self.issuers,
            passphrase,
            self.watch,
            clock=clock,
            keeping=settings.ocsp,
        )
        self._policy: Policy | None = None
        self._policy_read_at: datetime | None = None

    def close(self) -> None:
        """Finish what is being written, and let go of the store."""
        self.writer.close()
        self.watch.close()
        self.storage.close()

    # Issuing

    def issue(self, wanted: Wanted, actor: Actor) -> Issued:
        """Issue a certificate; it is on disk when this returns.

        Raises:
            AccessError: it is beyond what the actor may have.
            ProfileError: profile, policy or issuer forbid it; every reason is listed.
            SignerError: the CA's key cannot be reached.
            StorageError: it could not be written.
        """
        prepared = self.prepare(wanted, actor)
        number = self.writer.submit(lambda tx: record_certificate(tx, prepared, actor))
        self.observer.issued(prepared.new.profile)
        return issued_of(number, prepared)

    def issue_many(
        self, wanted: Iterable[Wanted], actor: Actor
    ) -> Iterator[Issued | TLSmithError]:
        """Issue certificates, many to a commit; yield each, or why it was refused.

        What is yielded is on disk; where the store fails, its error is raised.
        """
        # While one batch becomes durable, the next is judged and signed.
        batch: list[Prepared | TLSmithError] = []
        writing: Future[list[Issued | TLSmithError]] | None = None
        for one in wanted:
            try:
                batch.append(self.prepare(one, actor))
            except TLSmithError as error:
                batch.append(error)
            if len(batch) == _BATCH:
                if writing is not None:
                    yield from writing.result()
                writing, batch = self._record(batch, actor), []
        if writing is not None:
            yield from writing.result()
        if batch:
            yield from self._record(batch, actor).result()

    def _record(
        self, batch: Sequence[Prepared | TLSmithError], actor: Actor
    ) -> Future[list[Issued | TLSmithError]]:
        def record(transaction: Transaction) -> list[Issued | TLSmithError]:
            return [recorded(transaction, one, actor) for one in batch]

        return self.writer.begin(record)

    def prepare(self, wanted: Wanted, actor: Actor) -> Prepared:
        """Judge and sign a certificate, which is not to be given out yet.

        Raises:
            AccessError, ProfileError, SignerError: as `issue`.
        """
        now = self.clock()
        rules = self.policy()
        profile = rules.profile(wanted.profile)
        refuse_outside_scope(actor, profile.name, wanted.names)
        loaded = self.issuers.issuing(wanted.issuer)
        request = IssuanceRequest(
            wanted.names,
            wanted.public_key,
            actor.name,
            wanted.subject,
            wanted.asked,
            wanted.lifetime,
            wanted.not_after,
            wanted.clamp,
            wanted.public_key_info or public_key_info(wanted.public_key),
        )
        parameters = judge(profile, rules, request, loaded.limits, now, self.blocklist)
        refuse_foreign_account(actor, parameters.subject, wanted.names)
        about = profile.name, actor.name, now
        info = request.public_key_info or b""
        try:
            prepared = sign_certificate(loaded, parameters, info, about)
        except SignerError as error:
            self.observer.signer_failed(error.code)
            raise
        return prepared._replace(renews=wanted.renews) if wanted.renews else prepared

    def renew(
        self,
        old: CertificateRecord,
        public_key: PublicKey,
        lifetime: timedelta | None,
        actor: Actor,
    ) -> Issued:
        """Issue a certificate again: the same names, subject and profile.

        Raises:
            InputError: the store has not the certificate itself.
            AccessError, ProfileError, SignerError, StorageError: as `issue`.
        """
        return self.issue(renewal_of(old, public_key, lifetime), actor)

    # Revoking

    def revoke(
        self, number: int, reason: str, actor: Actor, *, with_key: bool = False
    ) -> CertificateRecord:
        """Revoke a certificate by its number in the store; CRLs follow at once.

        Raises:
            ConflictError: it is revoked already.
            NotFoundError: there is none of that number.
            AccessError: it is not this actor's to revoke.
        """
        code = revocation.reason_number(reason)
        now = self.clock()
        record = self.writer.submit(
            lambda tx: revocation.revoke(
                tx, number, code, actor, now, with_key=with_key
            )
        )
        self.observer.revoked(reason)
        self.status_changed()
        return record

    def hold(self, number: int, actor: Actor) -> CertificateRecord:
        """Suspend a certificate.

        Raises:
            ConflictError: it is not good.
        """
        now = self.clock()
        record = self.writer.submit(lambda tx: revocation.hold(tx, number, actor, now))
        self.status_changed()
        return record

    def unhold(self, number: int, actor: Actor) -> CertificateRecord:
        """Let a suspended certificate go.

        Raises:
            ConflictError: it is not on hold.
        """
        now = self.clock()
        record = self.writer.submit(
            lambda tx: revocation.unhold(tx, number, actor, now)
        )
        self.status_changed()
        return record

    def status_changed(self) -> None:
        """Have answers and lists follow a change that this process made."""
        self.ocsp.forget()
        self.publication.forget()

    def refresh_crls(self, *, force: bool = False) -> list[CRLRecord]:
        """Issue every CRL that is due; return those that were issued.

        Raises:
            SignerError: a CA's key cannot be reached; those of the others were issued.
            StorageError: they could not be written.
        """
        issued: list[CRLRecord] = []
        failure: SignerError | PassphraseError | None = None
        for record in self.issuers.with_keys():
            try:
                loaded = self.issuers.load(record)
                issued += self.crls.refresh(loaded, self.clock(), force=force)
            except (SignerError, PassphraseError) as error:
                failure = failure or error
        if issued:
            self.publication.forget()
        if failure is not None:
            raise failure
        return issued

    def clean_up(self) -> int:
        """Delete what is over; return how many certificates that were.

        Raises:
            StorageError: the store cannot be written.
        """
        deleted = 0
        while True:
            now = self.clock()
            done = self.writer.submit(lambda tx: clean_up(tx, self.retention, now))  # noqa: B023
            deleted += done.certificates
            if done.is_done:
                return deleted

    # Finding

    def find(
        self, search: Search, *, after: str | None = None, limit: int = 50
    ) -> Page:
        """Return a page of certificates; see `storage.search.find`."""
        with self.storage.read() as connection:
            return find(connection, search, after=after, limit=limit)

    def find_all(self, search: Search) -> Iterator[CertificateRecord]:
        """Yield every certificate that a search finds."""
        after: str | None = None
        while True:
            page = self.find(search, after=after, limit=500)
            yield from page.records
            after = page.next
            if after is None:
                return

    def find_one(self, search: Search, what: str) -> CertificateRecord:
        """Return the one certificate that a search finds.

        Args:
            what: how it was asked for, for messages.

        Raises:
            NotFoundError: there is none.
            ConflictError: there are several.
        """
        found = []
        for record in self.find_all(search):
            found.append(record)
            if len(found) > 1:
                break
        if not found:
            raise NotFoundError(
                f"no certificate {what} in the store {self.storage.url}",
                hint="see which there are: tlsmith cert list --store URL",
            )
        if len(found) > 1:
            raise ConflictError(
                f"more than one certificate {what}: {found[0].serial_number:x}, "
                f"{found[1].serial_number:x} and maybe more",
                code="ambiguous",
                hint="name one by its serial number",
            )
        return found[0]

    # Policy

    def policy(self) -> Policy:
        """Return the policy in force, read again after a little while."""
        now = self.clock()
        at = self._policy_read_at
        if self._policy is None or at is None or _is_old(now, at):
            with self.storage.read() as connection:
                _, text = policy(connection)
            if self._policy is None or self._policy.encode() != text:
                self._policy = load_policy(text)
            self._policy_read_at = now
        return self._policy

    def set_policy(self, text: str, actor: Actor) -> int:
        """Put a policy into force; return its number.

        Raises:
            ConfigError: it has mistakes; all are listed.
            AccessError: the actor is no administrator.
        """
        actor.require("administrator", "setting the policy")
        actor.require_unbound("the policy")
        load_policy(text)
        now = self.clock()

        def keep(transaction: Transaction) -> int:
            version = add_policy(transaction, text, now)
            act = Act(actor.name, "policy.set", str(version), {}, actor.request_id)
            append(transaction, act, now)
            return version

        version = self.writer.submit(keep)
        self._policy_read_at = None
        return version


def _is_old(now: datetime, at: datetime) -> bool:
    return not timedelta(0) <= now - at < timedelta(seconds=_POLICY_PATIENCE)
