"""What comes back from a root's machine, taken into a store whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.crl_import import TakenCRL, take_crl
from tlsmith.authority.requests import TakenIn, take_certificates
from tlsmith.errors import ConflictError, InputError
from tlsmith.storage import Storage


class Answer(NamedTuple):
    """What was taken in.

    Args:
        left_out: why CRLs that came with certificates were not, in words.
    """

    taken: TakenIn | None
    crls: tuple[TakenCRL, ...]
    left_out: tuple[str, ...]


def take_in(
    storage: Storage,
    certificates: Sequence[bytes],
    crls: Sequence[bytes],
    actor: Actor,
    now: datetime,
) -> Answer:
    """Verify certificates and CRLs that were signed elsewhere, and keep all or none.

    Args:
        certificates: DER, an answer and those above it, in any order; maybe none.
        crls: DER.

    Raises:
        NotFoundError: nothing of it is for a CA of the store.
        ChainError: no client would accept it; every reason is listed.
        InputError: a signature does not hold, or something is missing or out of date.
        ConflictError: the number of a CRL does not grow.
    """
    actor.require("administrator", "taking in what a root signed")
    found, left_out = [], []
    with storage.write() as transaction:
        taken = None
        if certificates:
            taken = take_certificates(transaction, certificates, actor, now)
        for crl in crls:
            try:
                found.append(take_crl(transaction, crl, actor, now))
            except (ConflictError, InputError) as error:
                # A root's file goes on carrying its first CRL when it signs again.
                stale = error.code in ("crl-number", "crl-expired")
                if taken is None or not stale:
                    raise
                left_out.append(error.message)
    return Answer(taken, tuple(found), tuple(left_out))
