"""Clean-up: what has expired, and nobody asks for any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tlsmith.storage import Transaction
from tlsmith.storage.access import delete_replies
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import delete_expired
from tlsmith.storage.status import delete_changes, delete_responders

# Deleted at a time, so that nobody waits long for the store meanwhile.
_BATCH = 500
# A delta CRL is based on one of the last day or so; this is long after any.
_CHANGES = timedelta(days=60)


class Retention(NamedTuple):
    """How long what is over is kept.

    Args:
        certificates: after they expired; None for ever.
        replies: answers to requests with an Idempotency-Key.
    """

    certificates: timedelta | None = None
    replies: timedelta = timedelta(days=1)


class Cleaned(NamedTuple):
    """What was deleted."""

    certificates: int
    replies: int
    responders: int

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to delete now."""
        return self.certificates < _BATCH


def clean_up(transaction: Transaction, retention: Retention, now: datetime) -> Cleaned:
    """Delete some of what is over; call again while there is more."""
    certificates = 0
    if retention.certificates is not None:
        before = now - retention.certificates
        certificates = delete_expired(transaction, before, _BATCH)
    cleaned = Cleaned(
        certificates,
        delete_replies(transaction, now - retention.replies),
        delete_responders(transaction, now),
    )
    delete_changes(transaction, now - _CHANGES)
    if certificates:
        detail: dict[str, object] = {"certificates": certificates}
        append(transaction, Act("authority", "store.clean-up", "", detail), now)
    return cleaned
