"""Acts that wait to be done in a transaction, with who waits for them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from tlsmith.errors import TLSmithError
from tlsmith.storage.connection import Transaction


class Work(NamedTuple):
    """An act, and who waits for it.

    Args:
        is_short: an event loop can do it, a few statements.
    """

    act: Callable[[Transaction], Any]
    future: Future[Any]
    is_short: bool


class Outcomes(NamedTuple):
    """What came of several acts.

    Args:
        done: with their results.
        refused: with why; they have written nothing.
        is_told: whether those that have written said what they changed.
    """

    done: list[tuple[Work, Any]]
    refused: list[tuple[Work, TLSmithError]]
    is_told: bool


def do_all(batch: Sequence[Work], transaction: Transaction) -> Outcomes:
    """Do every act, and return what came of each: a result, or a refusal."""
    done: list[tuple[Work, Any]] = []
    refused: list[tuple[Work, TLSmithError]] = []
    is_told = True
    for work in batch:
        writes, told = transaction.writes, transaction.told
        try:
            done.append((work, work.act(transaction)))
        except TLSmithError as error:
            if transaction.writes != writes:
                raise
            refused.append((work, error))
        else:
            if transaction.writes != writes and transaction.told == told:
                is_told = False
    return Outcomes(done, refused, is_told)


def fail(work: Work, error: BaseException) -> None:
    """Have who waits raise an error."""
    with contextlib.suppress(Exception):
        if not work.future.done():
            work.future.set_exception(error)
