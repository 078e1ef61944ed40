"""ACME over one authority: what its HTTP face, and commands, ask."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from tlsmith.authority.acme import accounts, authorizations, orders, revoking, tries
from tlsmith.authority.acme.accounts import MadeAccount, WantedAccount
from tlsmith.authority.acme.authorizations import Task
from tlsmith.authority.acme.bindings import mac_key_of
from tlsmith.authority.acme.certificates import Chains, certificate_of_order
from tlsmith.authority.acme.cleaning import clean_up
from tlsmith.authority.acme.context import ACMEContext
from tlsmith.authority.acme.finalizing import Finalizer
from tlsmith.authority.acme.orders import WantedOrder
from tlsmith.authority.acme.permission import described, profiles_offered
from tlsmith.authority.acme.renewal import Window, renewal_window
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.core.formats import encode_chain
from tlsmith.storage.acme.accounts import (
    AccountRecord,
    account_by_thumbprint,
)
from tlsmith.storage.acme.authorizations import AuthorizationRecord
from tlsmith.storage.acme.known import known_account
from tlsmith.storage.acme.nonces import Use, Used
from tlsmith.storage.acme.orders import OrderRecord, orders_of_account
from tlsmith.storage.acme.wanted import ACCOUNT, IN_USE, TRIES, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from tlsmith.acme.identifiers import Identifier
    from tlsmith.acme.jwk import AccountKey
    from tlsmith.acme.renewal_info import CertID
    from tlsmith.authority.service import Authority
    from tlsmith.core.blocklist import Blocklist
    from tlsmith.errors import ACMEProblem
    from tlsmith.storage.certificates import CertificateRecord


class ACMEService:
    """What a client can ask for; to be used from any thread.

    What changes something returns a future, whose result is on disk.

    Raises, each method or its future:
        ACMEProblem: what the client is to be told.
        StorageError: the store cannot be read or written.
    """

    def __init__(self, authority: Authority, settings: ACMESettings) -> None:
        self.authority = authority
        self.settings = settings
        self.nonces = authority.storage.nonces()
        self._context = ACMEContext(authority, settings)
        self._finalizer = Finalizer(self._context)
        self._chains = Chains(self._context)

    @property
    def blocklist(self) -> Blocklist:
        """Keys that neither certificates nor accounts may have."""
        return self.authority.blocklist

    @property
    def is_near(self) -> bool:
        """Whether an event loop may wait for what is asked here."""
        return self.authority.storage.is_near

    def close(self) -> None:
        """Let go of what is open."""
        self.nonces.close()

    def profiles(self) -> dict[str, str]:
        """Return the profiles that are offered, with what each is for."""
        return {
            name: described(profile)
            for name, profile in profiles_offered(self._context).items()
        }

    # Accounts

    def account(self, account_id: str) -> AccountRecord:
        """Return the account that a request is signed for."""
        storage = self.authority.storage
        account = known_account(storage, account_id)
        if account is not None:
            storage.kept.note({(ACCOUNT, account_id): account})
        return accounts.usable(account)

    def account_before(self, account_id: str) -> AccountRecord:
        """Return the account that a request is signed for, as it was some time ago.

        What is found out by it holds once `is_current` says so; what is refused by it
        may be accepted by now, unless `is_sure`.
        """
        before = self.authority.storage.kept.former((ACCOUNT, account_id))
        return self.account(account_id) if before is None else accounts.usable(before)

    @property
    def is_sure(self) -> bool:
        """Whether `account_before` is as of now."""
        return self.authority.storage.kept.is_sure

    def use_of(
        self, nonce: str, account: AccountRecord | None, about: Sequence[Wanted]
    ) -> Use:
        """Return what is to be used up, and read, for a request."""
        wanted: list[Wanted] = []
        for one in about:
            if one.kind == TRIES:
                wanted += tries.tries_of(self._context, one.id)
            else:
                wanted.append(one)
        return Use(nonce, account, wanted)

    @property
    def gathers(self) -> bool:
        """Whether to use up several nonces at once is worth while."""
        return self.authority.storage.gathers

    def remember(self, used: Used) -> None:
        """Have this thread know what was read with a nonce, until `forget`."""
        self.authority.storage.kept.show(used.records)

    def is_current(self, account: AccountRecord) -> bool:
        """Tell whether an account was still so when the nonce was used up.

        What may change beside status and key is looked at where the request is about
        the account.
        """
        shown = self.authority.storage.kept.shown
        if shown is None:
            return True
        whole: AccountRecord | None = shown.get((ACCOUNT, account.id))
        if whole is not None:
            return whole == account
        return (IN_USE, account.id) in shown

    def forget(self) -> None:
        """Have this thread forget what was read with the nonce."""
        self.authority.storage.kept.hide()

    def account_of_key(self, key: AccountKey) -> AccountRecord | None:
        """Return the account of a key, None where there is none."""
        with self.authority.storage.look() as connection:
            found = account_by_thumbprint(connection, key.thumbprint)
        if found is not None:
            accounts.refuse_inactive(found)
        return found

    def mac_key_of(self, binding_id: str) -> bytes | None:
        """Return the key of an external account, None where it is kept no more."""
        with self.authority.storage.look() as connection:
            return mac_key_of(connection, binding_id)

    def new_account(self, wanted: WantedAccount) -> Future[MadeAccount]:
        """Make an account; see `accounts`."""
        return accounts.new_account(self._context, wanted)

    def update_account(
        self,
        account: AccountRecord,
        contacts: tuple[str, ...] | None,
        *,
        terms_agreed: bool = False,
    ) -> Future[AccountRecord]:
        """Give an account other contacts."""
        return accounts.update_account(
            self._context, account, contacts, terms_agreed=terms_agreed
        )

    def deactivate_account(
        self, account: AccountRecord, request_id: str
    ) -> Future[AccountRecord]:
        """Deactivate an account."""
        return accounts.deactivate_account(self._context, account, request_id)

    def change_key(
        self, account: AccountRecord, new: AccountKey, request_id: str
    ) -> Future[MadeAccount]:
        """Give an account a new key."""
        return accounts.change_key(self._context, account, new, request_id)

    # Orders

    def orders(
        self, account: AccountRecord, after: str, limit: int
    ) -> list[OrderRecord]:
        """Return an account's orders that are behind one."""
        with self.authority.storage.look() as connection:
            return orders_of_account(
                connection, account.id, self._context.now(), after=after, limit=limit
            )

    def new_order(
        self, account: AccountRecord, wanted: WantedOrder
    ) -> Future[OrderRecord]:
        """Make an order."""
        return orders.new_order(self._context, account, wanted)

    def order(self, account: AccountRecord, order_id: str) -> OrderRecord:
        """Return an account's order."""
        return orders.order_of(self._context, account, order_id)

    def is_finalizing(self, order_id: str) -> bool:
        """Tell whether an order is being finalized here."""
        return self._finalizer.is_running(order_id)

    def refuse_unfit(self, order: OrderRecord, csr: bytes) -> None:
        """Refuse what `finalize` would refuse at once."""
        self._finalizer.refuse_unfit(order, csr)

    def finalize(
        self, account: AccountRecord, order: OrderRecord, csr: bytes, request_id: str
    ) -> Future[OrderRecord]:
        """Issue an order's certificate."""
        return self._finalizer.finalize(account, order, csr, request_id)

    def certificate(self, order: OrderRecord) -> tuple[bytes, list[bytes]]:
        """Return an order's certificate, and each way from it to a root, in PEM."""
        record = certificate_of_order(self._context, order)
        certificate = encode_chain([record.certificate or b""])
        return certificate, self._chains.above(record.authority_id)

    def revoke(
        self,
        certificate: bytes,
        reason: int | None,
        asker: AccountRecord | AccountKey,
        request_id: str,
    ) -> Future[CertificateRecord]:
        """Revoke a certificate."""
        return revoking.revoke(self._context, certificate, reason, asker, request_id)

    def renewal_window(self, wanted: CertID) -> Window:
        """Return when a certificate is to be renewed."""
        return renewal_window(self._context, wanted)

    # Authorizations

    def new_authorization(
        self, account: AccountRecord, identifier: Identifier, address: str
    ) -> Future[AuthorizationRecord]:
        """Authorize beforehand."""
        return orders.new_authorization(self._context, account, identifier, address)

    def authorization(
        self, account: AccountRecord, authorization_id: str
    ) -> AuthorizationRecord:
        """Return an account's authorization."""
        return authorizations.authorization_of(self._context, account, authorization_id)

    def deactivate_authorization(
        self, record: AuthorizationRecord
    ) -> Future[AuthorizationRecord]:
        """Give an authorization up."""
        return authorizations.deactivate_authorization(self._context, record)

    def refuse_tries(self, record: AuthorizationRecord) -> None:
        """Refuse where too many validations failed."""
        tries.refuse_tries(self._context, record)

    def keep_running(
        self, task: Task, error: ACMEProblem | None
    ) -> Future[AuthorizationRecord]:
        """Keep that a challenge is being validated."""
        return authorizations.keep_running(self._context, task, error)

    def succeed(
        self, task: Task, until: int | None = None
    ) -> Future[AuthorizationRecord]:
        """Keep that a challenge was met."""
        return authorizations.succeed(self._context, task, until)

    def fail(self, task: Task, error: ACMEProblem) -> Future[AuthorizationRecord]:
        """Keep that a challenge was not met."""
        return authorizations.fail(self._context, task, error)

    def left_running(self) -> list[tuple[AuthorizationRecord, AccountRecord]]:
        """Return what somebody began to validate and did not end, with whose it is."""
        return authorizations.take_left_running(self._context)

    def give_back(self, ids: Sequence[str]) -> Future[None]:
        """Leave validations to whoever comes first, by the authorizations' ids."""
        return authorizations.give_back(self._context, ids)

    # What is done besides

    def maintain(self, keep: timedelta) -> None:
        """Forget what is over."""
        self.nonces.maintain()
        writer, now = self.authority.writer, self._context.now()
        while writer.submit(lambda tx: clean_up(tx, keep, now)):
            pass
