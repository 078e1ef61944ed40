"""The writer's promises: what was begun is done, whether or not anybody waits."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from tlsmith.storage import Storage, Transaction, Writer


@pytest.fixture
def writer(storage: Storage) -> Iterator[Writer]:
    made = Writer(storage)
    yield made
    made.close()


def tally(transaction: Transaction) -> str:
    transaction.tally(1, "issued")
    return "done"


def tallied(storage: Storage) -> int:
    with storage.read() as connection:
        row = connection.one("SELECT number FROM tallies")
    return 0 if row is None else int(row[0])


def test_who_goes_away_calls_nothing_off_and_stops_nobody(
    storage: Storage, writer: Writer
) -> None:
    """A task that is cancelled while it waits, as where the server stops."""
    there, go_on = threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> None:
        there.set()
        assert go_on.wait(10)

    async def go_away() -> None:
        writer.begin(slow)
        assert there.wait(10)
        waiting = asyncio.ensure_future(asyncio.wrap_future(writer.begin(tally)))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        go_on.set()

    asyncio.run(go_away())
    assert writer.begin(tally).result(10) == "done"
    assert tallied(storage) == 2


def test_what_was_begun_cannot_be_cancelled(storage: Storage, writer: Writer) -> None:
    future = writer.begin(tally)
    assert not future.cancel()
    assert future.result(10) == "done"
    assert tallied(storage) == 1
