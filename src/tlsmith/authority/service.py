"""The authority over one store: what commands, the server and ACME ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority import revocation
from tlsmith.authority.access import is_for_clients, refuse_borrowed_grant
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
from tlsmith.authority.issuers import Issuers, Passphrase
from tlsmith.authority.judge import judge
from tlsmith.authority.ocsp_service import LIFETIME, OCSPService
from tlsmith.authority.policy import Policy, load_policy
from tlsmith.authority.publication import Publication
from tlsmith.authority.request import IssuanceRequest
from tlsmith.core.asked import NOTHING_ASKED, AskedExtensions
from tlsmith.core.blocklist import NO_KEYS, Blocklist
from tlsmith.core.keys import public_key_info
from tlsmith.core.view import view_certificate
from tlsmith.errors import ConflictError, InputError, NotFoundError, TLSmithError
from tlsmith.storage import Storage, Transaction, Writer
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import CertificateRecord
from tlsmith.storage.search import Page, Search, find
from tlsmith.storage.settings import add_policy, policy
from tlsmith.storage.status import CRLRecord

if TYPE_CHECKING:
    from tlsmith.core.keys import PublicKey
    from tlsmith.core.names import GeneralName

# Certificates put into the store at a time, where many are asked for.
_BATCH = 500
# Seconds in which a policy that another process set is in force here.
_POLICY_PATIENCE = 2.0


class Wanted(NamedTuple):
    """A certificate somebody wants.

    Args:
        names: in their one form.
        profile: None for the policy's default.
        lifetime: None for the profile's.
        asked: extensions that a CSR asks for.
        clamp: end it with its issuer where it would outlive it.
        issuer: the CA to sign, by slug or name; None for the latest that issues.
        renews: the serial number of the one it takes the place of.
        public_key_info: DER SubjectPublicKeyInfo, where that is at hand.
    """

    names: tuple[GeneralName, ...]
    public_key: PublicKey
    profile: str | None = None
    subject: bytes | None = None
    asked: AskedExtensions = NOTHING_ASKED
    lifetime: timedelta | None = None
    not_after: datetime | None = None
    clamp: bool = False
    issuer: str | None = None
    renews: int | None = None
    public_key_info: bytes | None = None


class Issued(NamedTuple):
    """A certificate that is in the store, and may be given out.

    Args:
        number: in the store.
        chain: DER, end entity first, without the root.
    """

    number: int
    serial_number: int
    chain: tuple[bytes, ...]
    not_before: datetime
    not_after: datetime
    profile: str
    names: tuple[str, ...]


class AuthoritySettings(NamedTuple):
    """How a service does its work.

    Args:
        ocsp_lifetime: from thisUpdate to nextUpdate of an answer.
        ocsp_kept: signed answers that are kept to be given again.
        blocklist: keys never to certify, beside those that are known to everybody.
    """

    schedule: CRLSchedule = CRLSchedule()
    ocsp_lifetime: timedelta = LIFETIME
    ocsp_kept: int = 100_000
    retention: Retention = Retention()
    blocklist: Blocklist = NO_KEYS


class Observer:
    """What is told of everything that happens; this one lets it pass."""

    def committed(self, number: int) -> None:
        """A commit made so many acts durable."""

    def issued(self, profile: str) -> None:
        """A certificate was issued."""

    def revoked(self, reason: str) -> None:
        """A certificate was revoked."""


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
        self.publication = Publication(storage, self.issuers, kept)
        self.crls = CRLIssuer(storage, settings.schedule, kept)
        self.ocsp = OCSPService(
            storage,
            self.issuers,
            passphrase,
            clock=clock,
            lifetime=settings.ocsp_lifetime,
            most_kept=settings.ocsp_kept,
        )
        self._policy: Policy | None = None
        self._policy_read_at: datetime | None = None

    def close(self) -> None:
        """Finish what is being written, and let go of the store."""
        self.writer.close()
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
        if not actor.is_unlimited and is_for_clients(parameters):
            with self.storage.read() as connection:
                refuse_borrowed_grant(connection, actor, parameters)
        about = profile.name, actor.name, now
        info = request.public_key_info or b""
        prepared = sign_certificate(loaded, parameters, info, about)
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
            SignerError: a CA's key cannot be reached.
            StorageError: they could not be written.
        """
        issued = []
        for record in self.issuers.with_keys():
            loaded = self.issuers.load(record)
            issued += self.crls.refresh(loaded, self.clock(), force=force)
        if issued:
            self.publication.forget()
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


def renewal_of(
    old: CertificateRecord, public_key: PublicKey, lifetime: timedelta | None = None
) -> Wanted:
    """Return what is wanted where a certificate is to be issued again.

    Raises:
        InputError: the store has not the certificate itself.
    """
    if old.certificate is None:
        raise InputError(f"of {old.serial_number:x} the number alone is known")
    return Wanted(
        view_certificate(old.certificate).names,
        public_key,
        old.profile,
        lifetime=lifetime,
        renews=old.serial_number,
    )


def issued_of(number: int, prepared: Prepared) -> Issued:
    """Return what was issued, to be given out."""
    new = prepared.new
    return Issued(
        number,
        new.serial_number,
        prepared.chain,
        new.not_before,
        new.not_after,
        new.profile,
        new.names,
    )


def recorded(
    transaction: Transaction, one: Prepared | TLSmithError, actor: Actor
) -> Issued | TLSmithError:
    """Put one of many into the store; return it, or why it was refused."""
    if isinstance(one, TLSmithError):
        return one
    writes = transaction.writes
    try:
        return issued_of(record_certificate(transaction, one, actor), one)
    except TLSmithError as error:
        if transaction.writes != writes:
            raise
        return error


def _is_old(now: datetime, at: datetime) -> bool:
    return not timedelta(0) <= now - at < timedelta(seconds=_POLICY_PATIENCE)
