"""What the authority says of ACME's records: facts for people and programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tlsmith.authority.acme.reasons import (
    GIVEN_UP,
    LAPSED,
    Failure,
    failure,
    failure_of,
)
from tlsmith.authority.records import certificate_facts
from tlsmith.errors import NotFoundError
from tlsmith.storage.acme.accounts import AccountCount, AccountRecord
from tlsmith.storage.acme.authorizations import (
    DEACTIVATED,
    EXPIRED,
    INVALID,
    REVOKED,
    VALID,
    AuthorizationRecord,
    ChallengeRecord,
    authorizations_by_id,
)
from tlsmith.storage.acme.bindings import BindingRecord
from tlsmith.storage.acme.orders import PENDING, READY, OrderRecord
from tlsmith.storage.certificates import by_id
from tlsmith.storage.moments import to_moment

if TYPE_CHECKING:
    from tlsmith.storage import Connection

NO_ORDERS = AccountCount(0, 0, None)
# Authorizations that one query asks for.
_AT_ONCE = 500


def account_facts(record: AccountRecord, use: AccountCount) -> dict[str, Any]:
    """Return the facts of an account for programs."""
    return {
        "id": record.id,
        "status": record.status,
        "key_thumbprint": record.thumbprint,
        "contacts": list(record.contacts),
        "eab": record.binding,
        "address": record.address,
        "created_at": record.created_at.isoformat(),
        "terms_agreed_at": _moment(record.terms_agreed_at),
        "orders": use.orders,
        "valid_orders": use.valid,
        "last_order_at": _moment(use.last_order_at),
    }


def order_facts(record: OrderRecord, failed: Failure | None) -> dict[str, Any]:
    """Return the facts of an order for programs.

    Args:
        failed: why it did, where it did.
    """
    return {
        "id": record.id,
        "account": record.account_id,
        "status": INVALID if failed else record.status,
        "identifiers": [
            {"type": kind, "value": value} for kind, value in record.identifiers
        ],
        "profile": record.profile,
        "created_at": record.created_at.isoformat(),
        "expires_at": record.expires_at.isoformat(),
        "not_after": _moment(record.not_after),
        "replaces": record.replaces,
        "failure": failure_facts(failed),
    }


def failure_of_order(
    record: OrderRecord, now: datetime, names: Sequence[AuthorizationRecord] = ()
) -> Failure | None:
    """Return why an order failed, None for one that did not.

    Args:
        names: its authorizations, which know what was tried.
    """
    if record.status in (PENDING, READY) and now >= record.expires_at:
        ordered = ", ".join(value for _, value in record.identifiers)
        end = f"{record.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        what = "proved" if record.status == PENDING else "finalized"
        return failure(LAPSED, f"not {what} until {end}", ordered)
    if record.status != INVALID:
        return None
    for one in names:
        for challenge in one.challenges:
            if challenge.status == INVALID and challenge.error is not None:
                return failure_of_challenge(name_of(one), challenge)
    problem = json.loads(record.error) if record.error else {}
    detail = str(problem.get("detail", ""))
    for one in names:
        # An order that failed for something else has its own detail.
        if one.status == DEACTIVATED and one.value in detail:
            return failure(GIVEN_UP, detail, name_of(one))
    name = record.identifiers[0][1] if len(record.identifiers) == 1 else ""
    return failure_of(problem, name)


def whole_order_facts(
    connection: Connection, record: OrderRecord, now: datetime
) -> dict[str, Any]:
    """Return the facts of an order with its authorizations, and its certificate."""
    names = authorizations_by_id(connection, record.authorizations)
    facts = order_facts(record, failure_of_order(record, now, names))
    facts["authorizations"] = [authorization_facts(one, now) for one in names]
    facts["certificate"] = _certificate(connection, record)
    return facts


def _certificate(connection: Connection, record: OrderRecord) -> dict[str, Any] | None:
    """Return the facts of an order's certificate that matter beside the order."""
    if record.certificate_id is None:
        return None
    try:
        facts = certificate_facts(by_id(connection, record.certificate_id))
    except NotFoundError:
        return None  # deleted long after it expired
    wanted = ("serial_number", "status", "profile", "not_before", "not_after")
    return {name: facts[name] for name in wanted}


def failures_of(
    connection: Connection, orders: Sequence[OrderRecord], now: datetime
) -> dict[str, Failure]:
    """Return why those of some orders that failed did, by the orders' ids."""
    failed = [one for one in orders if one.status == INVALID]
    wanted = list(dict.fromkeys(id_ for one in failed for id_ in one.authorizations))
    names: dict[str, AuthorizationRecord] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        names |= {one.id: one for one in authorizations_by_id(connection, some)}
    found = {}
    for one in orders:
        of_it = [names[id_] for id_ in one.authorizations if id_ in names]
        why = failure_of_order(one, now, of_it)
        if why is not None:
            found[one.id] = why
    return found


def name_of(record: AuthorizationRecord) -> str:
    """Return the identifier of an authorization as it was ordered."""
    return f"*.{record.value}" if record.wildcard else record.value


def failure_facts(failed: Failure | None) -> dict[str, Any] | None:
    """Return the facts of a failure for programs."""
    return None if failed is None else failed._asdict()


def authorization_facts(record: AuthorizationRecord, now: datetime) -> dict[str, Any]:
    """Return the facts of an authorization for programs, as it is at a moment."""
    value = name_of(record)
    return {
        "id": record.id,
        "identifier": {"type": record.type, "value": value},
        "status": record.status_at(now),
        "expires_at": record.expires_at.isoformat(),
        "proved_by": proof_of(record),
        "challenges": [
            {
                "type": one.type,
                "status": one.status,
                "validated_at": _seconds(one),
                "failure": failure_facts(failure_of_challenge(value, one)),
            }
            for one in record.challenges
        ],
    }


def proof_of(record: AuthorizationRecord) -> str | None:
    """Return how a name was proved: by a challenge, or by what made that needless."""
    if record.status not in (VALID, DEACTIVATED, EXPIRED, REVOKED):
        return None
    if record.proof is not None:
        return record.proof
    return next((one.type for one in record.challenges if one.status == VALID), None)


def failure_of_challenge(name: str, challenge: ChallengeRecord) -> Failure | None:
    """Return why the last attempt at a challenge failed, None where none did."""
    if challenge.error is None:
        return None
    return failure_of(challenge.error, name, challenge.type)


def binding_facts(record: BindingRecord, now: datetime) -> dict[str, Any]:
    """Return the facts of an external account for programs: never its key."""
    return {
        "id": record.id,
        "name": record.name,
        "status": binding_status(record, now),
        "reusable": record.is_reusable,
        "profiles": list(record.profiles),
        "names": list(record.names),
        "preauthorized": list(record.preauthorized),
        "created_at": record.created_at.isoformat(),
        "expires_at": _moment(record.expires_at),
        "used_at": _moment(record.used_at),
        "revoked_at": _moment(record.revoked_at),
    }


def binding_status(record: BindingRecord, now: datetime) -> str:
    """Return "usable", or why no further account can be bound to one."""
    if record.revoked_at is not None:
        return "revoked"
    if record.mac_key is None:
        return "used"
    if record.expires_at is not None and record.expires_at <= now:
        return "expired"
    return "usable"


def _seconds(challenge: ChallengeRecord) -> str | None:
    at = challenge.validated_at
    return None if at is None else to_moment(at).isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
