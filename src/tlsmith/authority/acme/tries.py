"""Tries at challenges: how many may fail of an account and a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsmith.authority.acme.limiting import FAILURES, failure_limits, refuse_too_many
from tlsmith.storage.acme.limits import is_any_counted
from tlsmith.storage.acme.wanted import AUTHORIZATION, LIMIT, Wanted

if TYPE_CHECKING:
    from tlsmith.authority.acme.context import ACMEContext
    from tlsmith.storage import Storage
    from tlsmith.storage.acme.authorizations import AuthorizationRecord


def refuse_tries(context: ACMEContext, record: AuthorizationRecord) -> None:
    """Refuse where too many validations of an account and a name failed already.

    Raises:
        ACMEProblem: rateLimited.
    """
    kept = context.storage.kept
    limits = [
        limit
        for limit in failure_limits(
            context.settings.limits, record.account_id, record.value
        )
        # Of most, nothing was counted, which is known by now.
        if kept.get(Wanted(LIMIT, limit.name)) != 0
    ]
    if limits and _has_any_failed(context.storage):
        with context.storage.look() as connection:
            refuse_too_many(connection, limits, context.now())


def _has_any_failed(storage: Storage) -> bool:
    """Tell whether any validation has failed lately: most often none has.

    True where that is not known: to ask would cost as much as to look at a limit.
    """
    kept = storage.kept
    if not kept.is_sure:
        return True

    def find() -> bool:
        with storage.look() as connection:
            return is_any_counted(connection, FAILURES)

    return kept.read(("counted", FAILURES), find)


def tries_of(context: ACMEContext, authorization_id: str) -> list[Wanted]:
    """Return what `refuse_tries` will ask for, where the authorization was seen."""
    seen: AuthorizationRecord | None
    seen = context.storage.kept.former((AUTHORIZATION, authorization_id))
    if seen is None:
        return []
    limits = failure_limits(context.settings.limits, seen.account_id, seen.value)
    return [Wanted(LIMIT, limit.name) for limit in limits]
