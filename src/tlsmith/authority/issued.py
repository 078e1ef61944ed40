"""A certificate that is in the store, and how one gets there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.issuance import Prepared, record_certificate
from tlsmith.errors import TLSmithError

if TYPE_CHECKING:
    from tlsmith.authority.actor import Actor
    from tlsmith.storage import Transaction


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
