"""Authorizations and their challenges (RFC 8555 section 7.5)."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.problems import problem_document
from tlsmith.authority.acme.context import ACMEContext, own
from tlsmith.authority.acme.ids import id_from
from tlsmith.authority.acme.limiting import count, failure_limits
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.accounts import account_by_id
from tlsmith.storage.acme.authorizations import (
    DEACTIVATED,
    INVALID,
    PENDING,
    PROCESSING,
    VALID,
    AuthorizationRecord,
    ChallengeRecord,
    authorization_by_id,
    authorizations_by_id,
    authorizations_left_running,
    set_outcome,
    set_running,
    valid_authorizations,
)
from tlsmith.storage.acme.known import (
    forget_order,
    known_authorization,
    order_by_now,
    order_needs_one,
    tell_authorization,
    tell_order,
)
from tlsmith.storage.acme.orders import (
    READY,
    expire_by,
    make_all_invalid,
    make_invalid,
    make_ready,
    order_by_id,
)
from tlsmith.storage.moments import to_day, to_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlsmith.acme.identifiers import Identifier
    from tlsmith.storage import Connection, Transaction
    from tlsmith.storage.acme.accounts import AccountRecord

_BEGUN = timedelta(minutes=1)
"""An order's id is of when its request came, and it waits for its turn before what it
needs is made."""


class Task(NamedTuple):
    """A challenge to be validated."""

    authorization: AuthorizationRecord
    type: str

    @property
    def challenge(self) -> ChallengeRecord:
        """The challenge."""
        return challenge_of(self.authorization, self.type)


def authorization_of(
    context: ACMEContext, account: AccountRecord, authorization_id: str
) -> AuthorizationRecord:
    """Return an account's authorization, as it is now.

    Raises:
        ACMEProblem: there is none, or it is another account's.
    """
    found = known_authorization(context.storage, authorization_id)
    record = own(found, account, "authorization")
    return record._replace(status=record.status_at(context.now()))


def authorizations_for(
    connection: Connection, account_id: str, identifier: Identifier
) -> list[AuthorizationRecord]:
    """Return what was found valid of an account and an identifier, the last first.

    One for a name does not stand for the wildcard below it, nor the other way round.
    """
    return [
        one
        for one in valid_authorizations(connection, account_id, identifier.base.value)
        if (one.type, one.wildcard) == (identifier.type, identifier.is_wildcard)
    ]


def challenge_of(record: AuthorizationRecord, type_: str) -> ChallengeRecord:
    """Return a challenge of an authorization.

    Raises:
        ACMEProblem: it has none of that type.
    """
    for one in record.challenges:
        if one.type == type_:
            return one
    raise problems.malformed("there is no such challenge", status=404)


def keep_running(
    context: ACMEContext, task: Task, error: ACMEProblem | None
) -> Future[AuthorizationRecord]:
    """Keep that a challenge is being validated, and how the last attempt ended."""
    now = context.now()
    record = with_challenge(
        task.authorization,
        task.challenge._replace(
            status=PROCESSING,
            error=problem_document(error) if error else task.challenge.error,
        ),
    )._replace(running_until=now + context.settings.lease)

    def act(transaction: Transaction) -> AuthorizationRecord:
        if not set_outcome(transaction, record, now):
            return _now(transaction, record, now)
        return record

    return context.begin(act)


def take_left_running(
    context: ACMEContext,
) -> list[tuple[AuthorizationRecord, AccountRecord]]:
    """Return what somebody began to validate and did not end; it is ours from now.

    Whose account is no longer used gets nothing validated.
    """
    with context.storage.look() as connection:
        if not authorizations_left_running(connection, context.now()):
            return []

    def act(transaction: Transaction) -> list[AuthorizationRecord]:
        now = context.now()
        found = authorizations_left_running(transaction, now)
        ids = [one.id for one in found]
        if ids:
            set_running(transaction, ids, now + context.settings.lease)
        return found

    taken = context.begin(act).result()
    with context.storage.look() as connection:
        return [
            (record, account)
            for record in taken
            if (account := account_by_id(connection, record.account_id))
            and account.status == VALID
        ]


def give_back(context: ACMEContext, ids: Sequence[str]) -> Future[None]:
    """Leave what we validate to others, from now on."""
    now = context.now()
    return context.begin(lambda transaction: set_running(transaction, ids, now))


def succeed(
    context: ACMEContext, task: Task, until: int | None = None
) -> Future[AuthorizationRecord]:
    """Keep that a challenge was met; its order may be ready by that.

    Args:
        until: Unix time after which what met it holds no more (dns-persist-01).
    """
    now = context.now().replace(microsecond=0)
    expires = now + context.settings.proof_lifetime
    if until is not None and until < expires.timestamp():
        expires = to_moment(until)
    challenge = ChallengeRecord(task.type, VALID, int(now.timestamp()))
    record = task.authorization._replace(
        status=VALID,
        expires_at=expires,
        challenges=(challenge,),
        running_until=None,
    )

    context.expect_proved(record.account_id, record.value)

    def act(transaction: Transaction) -> AuthorizationRecord:
        if not set_outcome(transaction, record, now):
            return _now(transaction, record, now)
        tell_authorization(transaction, record)
        if record.order_id is not None:
            _go_on(context, transaction, record, record.order_id)
        return record

    return context.begin(act)


def _go_on(
    context: ACMEContext,
    transaction: Transaction,
    record: AuthorizationRecord,
    order_id: str,
) -> None:
    """Have an order be ready where nothing is missing any more (section 7.1.6).

    Args:
        record: what was found valid by now; the order expires with it.
    """
    until = record.expires_at
    # Most orders have one name: a statement less for them.
    known = order_by_now(context.storage, transaction, order_id)
    is_only = order_needs_one(context.storage, transaction, order_id)
    if make_ready(transaction, order_id, until, only=record.id, is_likely=is_only):
        if known is not None:
            until = min(known.expires_at, until)
            tell_order(transaction, known._replace(status=READY, expires_at=until))
        else:
            forget_order(transaction, order_id)
        return
    forget_order(transaction, order_id)
    order = order_by_id(transaction, order_id)
    if order is None:
        return
    needed = authorizations_by_id(transaction, order.authorizations)
    if any(one.status != VALID for one in needed):
        expire_by(transaction, order_id, until)
        return
    make_ready(transaction, order_id, until)


def fail(
    context: ACMEContext, task: Task, error: ACMEProblem
) -> Future[AuthorizationRecord]:
    """Keep that a challenge was not met; authorization and order fail with it."""
    now = context.now()
    document = problem_document(error)
    challenge = task.challenge._replace(status=INVALID, error=document)
    record = task.authorization._replace(
        status=INVALID, challenges=(challenge,), running_until=None
    )
    limits = failure_limits(context.settings.limits, record.account_id, record.value)

    def act(transaction: Transaction) -> AuthorizationRecord:
        if not set_outcome(transaction, record, now):
            return _now(transaction, record, now)
        count(transaction, limits, now)
        if record.order_id is not None:
            error = _of_identifier(document, record)
            _give_up(transaction, record.order_id, error, now)
        return record

    return context.begin(act)


def _of_identifier(
    document: dict[str, Any], record: AuthorizationRecord
) -> dict[str, Any]:
    """Return a problem with what it is about, which subproblems alone may say.

    RFC 8555 section 6.7.1.
    """
    part = {
        "type": document["type"],
        "detail": document["detail"],
        "identifier": {"type": record.type, "value": record.value},
    }
    return {**document, "subproblems": [part]}


def _give_up(
    transaction: Transaction, order_id: str, error: dict[str, Any], now: datetime
) -> None:
    """Have an order fail, and be counted."""
    if make_invalid(transaction, order_id, json.dumps(error)):
        transaction.tally(to_day(now), "acme-order-invalid")


def deactivate_authorization(
    context: ACMEContext, record: AuthorizationRecord
) -> Future[AuthorizationRecord]:
    """Give an authorization up (section 7.5.2).

    Raises, or the future does:
        ACMEProblem: it is over already.
    """
    if record.status not in (PENDING, VALID):
        raise problems.malformed(
            f"the authorization is {record.status}, and stays that"
        )
    now = context.now()

    def act(transaction: Transaction) -> AuthorizationRecord:
        found = _now(transaction, record, now)
        if found.status == DEACTIVATED:
            return found
        if found.status not in (PENDING, VALID):
            raise problems.malformed(f"the authorization is {found.status} by now")
        given_up = found._replace(status=DEACTIVATED, running_until=None)
        set_outcome(transaction, given_up, now, found.status)
        # Others than its first order may need it, all of them made later.
        error = f"the authorization for {record.value} was deactivated"
        cancel_orders(transaction, [record.account_id], error, now, record)
        return given_up

    return context.begin(act)


def cancel_orders(
    transaction: Transaction,
    accounts: Sequence[str],
    reason: str,
    now: datetime,
    authorization: AuthorizationRecord | None = None,
) -> None:
    """Have what accounts ordered, and have not got yet, fail (section 7.1.6).

    Args:
        authorization: only the orders that need this one.
    """
    error = json.dumps(problem_document(problems.unauthorized(reason)))
    which, since = None, ""
    if authorization is not None:
        which, since = authorization.id, id_from(authorization.created_at - _BEGUN)
    changed = make_all_invalid(
        transaction, accounts, error, authorization=which, since=since
    )
    if changed:
        transaction.tally(to_day(now), "acme-order-invalid", changed)


def with_challenge(
    record: AuthorizationRecord, challenge: ChallengeRecord
) -> AuthorizationRecord:
    """Return an authorization with one challenge in place of the one of its type."""
    return record._replace(
        challenges=tuple(
            challenge if one.type == challenge.type else one
            for one in record.challenges
        )
    )


def _now(
    transaction: Transaction, record: AuthorizationRecord, now: datetime
) -> AuthorizationRecord:
    """Return an authorization as somebody else left it."""
    found = authorization_by_id(transaction, record.id) or record
    return found._replace(status=found.status_at(now))
