"""Authorizations and their challenges (RFC 8555 section 7.5)."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.problems import problem_document
from tlsmith.authority.acme.context import ACMEContext
from tlsmith.authority.acme.limiting import count, failure_limits, refuse_too_many
from tlsmith.errors import ACMEProblem
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
    set_outcome,
)
from tlsmith.storage.acme.orders import (
    make_invalid,
    make_ready,
    open_orders_with,
    order_by_id,
)

if TYPE_CHECKING:
    from tlsmith.storage import Transaction
    from tlsmith.storage.acme.accounts import AccountRecord

# How long whoever validates has; afterwards, whoever looks begins again.
_LEASE = timedelta(seconds=90)


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
    with context.storage.look() as connection:
        record = authorization_by_id(connection, authorization_id)
    if record is None:
        raise problems.malformed("there is no such authorization", status=404)
    if record.account_id != account.id:
        raise problems.unauthorized("the authorization is another account's")
    return record._replace(status=record.status_at(context.now()))


def challenge_of(record: AuthorizationRecord, type_: str) -> ChallengeRecord:
    """Return a challenge of an authorization.

    Raises:
        ACMEProblem: it has none of that type.
    """
    for one in record.challenges:
        if one.type == type_:
            return one
    raise problems.malformed("there is no such challenge", status=404)


def refuse_tries(context: ACMEContext, record: AuthorizationRecord) -> Future[None]:
    """Refuse where too many validations of an account and a name failed already.

    The future raises:
        ACMEProblem: rateLimited.
    """
    limits = failure_limits(context.settings.limits, record.account_id, record.value)
    return context.begin(lambda tx: refuse_too_many(tx, limits, context.now()))


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
    )._replace(running_until=now + _LEASE)

    def act(transaction: Transaction) -> AuthorizationRecord:
        return record if set_outcome(transaction, record) else _now(transaction, record)

    return context.begin(act)


def succeed(context: ACMEContext, task: Task) -> Future[AuthorizationRecord]:
    """Keep that a challenge was met; its order may be ready by that."""
    now = context.now().replace(microsecond=0)
    challenge = ChallengeRecord(task.type, VALID, int(now.timestamp()))
    record = task.authorization._replace(
        status=VALID,
        expires_at=now + context.settings.authorization_lifetime,
        challenges=(challenge,),
        running_until=None,
    )

    def act(transaction: Transaction) -> AuthorizationRecord:
        if not set_outcome(transaction, record):
            return _now(transaction, record)
        if record.order_id is not None:
            _go_on(transaction, record.order_id)
        return record

    return context.begin(act)


def _go_on(transaction: Transaction, order_id: str) -> None:
    """Have an order be ready where nothing is missing any more (section 7.1.6)."""
    order = order_by_id(transaction, order_id)
    if order is None:
        return
    if len(order.authorizations) > 1:
        needed = authorizations_by_id(transaction, order.authorizations)
        if any(one.status != VALID for one in needed):
            return
    make_ready(transaction, order_id)


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
        if not set_outcome(transaction, record):
            return _now(transaction, record)
        count(transaction, limits, now)
        if record.order_id is not None:
            identifier = {"type": record.type, "value": record.value}
            make_invalid(
                transaction,
                record.order_id,
                json.dumps({**document, "identifier": identifier}),
            )
        return record

    return context.begin(act)


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
    given_up = record._replace(status=DEACTIVATED, running_until=None)

    def act(transaction: Transaction) -> AuthorizationRecord:
        if not set_outcome(transaction, given_up, record.status):
            found = _now(transaction, record)
            if found.status != DEACTIVATED:
                raise problems.malformed(f"the authorization is {found.status} by now")
            return found
        error = problems.unauthorized(
            f"the authorization for {record.value} was deactivated"
        )
        for order_id in open_orders_with(transaction, record.account_id, record.id):
            make_invalid(transaction, order_id, json.dumps(problem_document(error)))
        return given_up

    return context.begin(act)


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


def _now(transaction: Transaction, record: AuthorizationRecord) -> AuthorizationRecord:
    """Return an authorization as somebody else left it."""
    return authorization_by_id(transaction, record.id) or record


def is_over(record: AuthorizationRecord, now: datetime) -> bool:
    """Tell whether nothing can be validated any more."""
    return record.status_at(now) != PENDING
