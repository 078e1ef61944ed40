"""ACME's clean-up: what is over, and nobody asks for any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from tlsmith.authority.acme.ids import id_from, milliseconds
from tlsmith.storage import Transaction
from tlsmith.storage.acme.authorizations import delete_authorizations
from tlsmith.storage.acme.limits import delete_paid
from tlsmith.storage.acme.orders import delete_orders

# Deleted at a time, so that nobody waits long for the store meanwhile.
_BATCH = 500


def clean_up(transaction: Transaction, keep: timedelta, now: datetime) -> bool:
    """Delete some of what is over; tell whether there may be more.

    Args:
        keep: how long orders and authorizations stay after they were made.
    """
    before = id_from(now - keep)
    orders = delete_orders(transaction, before, now, _BATCH)
    proofs = delete_authorizations(transaction, before, now, _BATCH)
    delete_paid(transaction, milliseconds(now))
    return _BATCH in (orders, proofs)
