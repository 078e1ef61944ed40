"""Accounts (RFC 8555 section 7.3)."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.jwk import AccountKey
from tlsmith.authority.acme.authorizations import cancel_orders
from tlsmith.authority.acme.bindings import use
from tlsmith.authority.acme.context import ACMEContext, requester
from tlsmith.authority.acme.ids import new_id
from tlsmith.authority.acme.limiting import account_limits, count, refuse_too_many
from tlsmith.authority.actor import Actor
from tlsmith.core.keys import public_key_info
from tlsmith.errors import NotFoundError
from tlsmith.storage import Connection, Transaction
from tlsmith.storage.acme.accounts import (
    DEACTIVATED,
    REVOKED,
    VALID,
    AccountRecord,
    account_by_id,
    account_by_thumbprint,
    insert_account,
    is_in_use,
    set_account_key,
    set_account_status,
    set_contacts,
    set_terms,
)
from tlsmith.storage.acme.authorizations import revoke_authorizations
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import is_unblocked, why_blocked


class WantedAccount(NamedTuple):
    """An account somebody wants.

    Args:
        binding: the external account's id and key, where the client proved to have it.
        address: of the client.
    """

    key: AccountKey
    contacts: tuple[str, ...]
    terms_agreed: bool
    binding: tuple[str, bytes] | None
    address: str
    request_id: str = ""


class MadeAccount(NamedTuple):
    """An account, and whether it was made just now."""

    account: AccountRecord
    is_new: bool


def account_of_id(connection: Connection, account_id: str) -> AccountRecord:
    """Return the account that a request is signed for.

    Raises:
        ACMEProblem: accountDoesNotExist, or unauthorized where it was deactivated.
    """
    return usable(account_by_id(connection, account_id))


def refuse_unusable(transaction: Transaction, account_id: str) -> None:
    """Refuse an account that is no longer used; most likely it is.

    Raises:
        ACMEProblem: as `account_of_id`.
    """
    if not is_in_use(transaction, account_id):
        account_of_id(transaction, account_id)


def usable(account: AccountRecord | None) -> AccountRecord:
    """Return an account that was looked for, where it is there and in use.

    Raises:
        ACMEProblem: as `account_of_id`.
    """
    if account is None:
        raise problems.account_does_not_exist("there is no account of this URL")
    refuse_inactive(account)
    return account


def refuse_inactive(account: AccountRecord) -> None:
    """Refuse an account that is no longer used (section 7.3.6).

    Raises:
        ACMEProblem: unauthorized.
    """
    if account.status != VALID:
        by = "its holder" if account.status == DEACTIVATED else "the CA"
        raise problems.unauthorized(f"the account was deactivated by {by}", status=401)


def new_account(context: ACMEContext, wanted: WantedAccount) -> Future[MadeAccount]:
    """Make an account, or find the one of the same key (section 7.3.1).

    Raises, or the future does:
        ACMEProblem: userActionRequired, badPublicKey, rateLimited, unauthorized.
    """
    settings, now = context.settings, context.now()
    if settings.terms and not wanted.terms_agreed:
        raise problems.user_action_required(
            f"the terms of service must be agreed to: {settings.terms}",
            instance=settings.terms,
        )
    # Clients say that they agree whether there are terms or not.
    agreed = now.replace(microsecond=0) if settings.terms else None
    record = AccountRecord(
        new_id(now),
        wanted.key.thumbprint,
        wanted.key.jwk,
        VALID,
        wanted.contacts,
        agreed,
        wanted.binding[0] if wanted.binding else None,
        wanted.address,
        now.replace(microsecond=0),
    )
    limits = account_limits(settings.limits, wanted.address)

    def act(transaction: Transaction) -> MadeAccount:
        there = account_by_thumbprint(transaction, record.thumbprint)
        if there is not None:
            refuse_inactive(there)
            return MadeAccount(there, is_new=False)
        _refuse_blocked(transaction, wanted.key)
        refuse_too_many(transaction, limits, now)
        if wanted.binding is not None:
            use(transaction, *wanted.binding, now)
        count(transaction, limits, now)
        insert_account(transaction, record)
        _note(transaction, record, now, wanted.request_id)
        return MadeAccount(record, is_new=True)

    return context.begin(act)


def _refuse_blocked(transaction: Transaction, key: AccountKey) -> None:
    """Refuse a key that others are known to have: its certificate was revoked for that.

    Raises:
        ACMEProblem: badPublicKey.
    """
    digest = sha256(public_key_info(key.public_key)).digest()
    if not is_unblocked(transaction, digest):
        reason = why_blocked(transaction, digest)
        raise problems.bad_public_key(f"the key is blocked: {reason}; make a new one")


def _note(
    transaction: Transaction, record: AccountRecord, now: datetime, request_id: str
) -> None:
    detail: dict[str, object] = {
        "thumbprint": record.thumbprint,
        "address": record.address,
    }
    if record.contacts:
        detail["contacts"] = list(record.contacts)
    if record.binding:
        detail["eab"] = record.binding
    who = requester(record.id)
    append(transaction, Act(who, "account.create", record.id, detail, request_id), now)


def update_account(
    context: ACMEContext,
    account: AccountRecord,
    contacts: tuple[str, ...] | None,
    *,
    terms_agreed: bool = False,
) -> Future[AccountRecord]:
    """Give an account other contacts; None leaves them as they are (section 7.3.2)."""
    now = context.now().replace(microsecond=0)
    agrees = terms_agreed and bool(context.settings.terms)

    def act(transaction: Transaction) -> AccountRecord:
        found = account_of_id(transaction, account.id)
        if contacts is not None and contacts != found.contacts:
            set_contacts(transaction, account.id, contacts)
            found = found._replace(contacts=contacts)
        if agrees and found.terms_agreed_at is None:
            set_terms(transaction, account.id, now)
            found = found._replace(terms_agreed_at=now)
        return found

    return context.begin(act)


def deactivate_account(
    context: ACMEContext, account: AccountRecord, request_id: str = ""
) -> Future[AccountRecord]:
    """Deactivate an account at its holder's wish (section 7.3.6)."""
    now = context.now()

    def act(transaction: Transaction) -> AccountRecord:
        found = account_of_id(transaction, account.id)
        _end(transaction, found, DEACTIVATED, now)
        who = requester(account.id)
        act = Act(who, "account.deactivate", account.id, {}, request_id)
        append(transaction, act, now)
        return found._replace(status=DEACTIVATED)

    return context.begin(act)


def revoke_account(
    transaction: Transaction, account_id: str, actor: Actor, now: datetime
) -> AccountRecord:
    """Have an account order no more, at the CA's wish.

    Raises:
        AccessError: the actor is no operator.
        NotFoundError: there is none of that id that is in use.
    """
    actor.require("operator", "revoking an account")
    actor.require_unbound("an account")
    account = account_by_id(transaction, account_id)
    if account is None or account.status != VALID:
        raise NotFoundError(
            f"no account {account_id!r} that is in use",
            hint="see which there are: tlsmith account list --store URL",
        )
    _end(transaction, account, REVOKED, now)
    act = Act(actor.name, "account.revoke", account_id, {}, actor.request_id)
    append(transaction, act, now)
    return account._replace(status=REVOKED)


def _end(
    transaction: Transaction, account: AccountRecord, status: str, now: datetime
) -> None:
    """Have an account get nothing more, not even what is being finalized."""
    set_account_status(transaction, account.id, status)
    revoke_authorizations(transaction, account.id)
    cancel_orders(transaction, [account.id], f"the account was {status}", now)


def change_key(
    context: ACMEContext, account: AccountRecord, new: AccountKey, request_id: str = ""
) -> Future[MadeAccount]:
    """Give an account a new key (section 7.3.5).

    Returns the account; or, `is_new` being false, another one that has this key.

    Raises, or the future does:
        ACMEProblem: badPublicKey, unauthorized.
    """
    now = context.now()

    def act(transaction: Transaction) -> MadeAccount:
        found = account_of_id(transaction, account.id)
        if found.thumbprint != account.thumbprint:
            raise problems.unauthorized("the account has another key by now")
        there = account_by_thumbprint(transaction, new.thumbprint)
        if there is not None:
            return MadeAccount(there, is_new=False)
        _refuse_blocked(transaction, new)
        set_account_key(transaction, account.id, new.thumbprint, new.jwk)
        detail: dict[str, object] = {
            "thumbprint": new.thumbprint,
            "old_thumbprint": account.thumbprint,
        }
        who = requester(account.id)
        act = Act(who, "account.key-change", account.id, detail, request_id)
        append(transaction, act, now)
        changed = found._replace(thumbprint=new.thumbprint, jwk=new.jwk)
        return MadeAccount(changed, is_new=True)

    return context.begin(act)
