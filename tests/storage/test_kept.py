"""Records that are kept: never older than what anybody has committed."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tlsmith.errors import ConflictError, StorageError
from tlsmith.storage import Transaction, Writer
from tlsmith.storage.kept import Kept
from tlsmith.storage.sqlite import SQLiteStorage
from tlsmith.storage.wal_index import is_next

KEY = "tally"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    made = SQLiteStorage(str(tmp_path / "ca.db"), create=True)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def elsewhere(storage: SQLiteStorage) -> Iterator[SQLiteStorage]:
    """The same file, as another process has it."""
    made = SQLiteStorage(storage.path)
    yield made
    made.close()


@pytest.fixture
def writer(storage: SQLiteStorage) -> Iterator[Writer]:
    made = Writer(storage)
    yield made
    made.close()


def tallied(storage: SQLiteStorage) -> int:
    with storage.look() as connection:
        row = connection.one("SELECT number FROM tallies")
    return 0 if row is None else int(row[0])


def known(storage: SQLiteStorage) -> int:
    """Return the number as it is kept, or else as it is in the store."""
    return storage.kept.read(KEY, lambda: tallied(storage))


def never() -> int:
    raise AssertionError("it is known")


def add(transaction: Transaction) -> int:
    """Add one, and say what it is then."""
    transaction.tally(1, "issued")
    transaction.flush()
    (number,) = transaction.one("SELECT number FROM tallies") or (0,)
    transaction.tell(KEY, number)
    return int(number)


def add_silently(transaction: Transaction) -> None:
    transaction.tally(1, "issued")


def add_there(storage: SQLiteStorage) -> None:
    with storage.write() as transaction:
        add_silently(transaction)


def in_loop(writer: Writer, *steps: Callable[[], object] | str) -> None:
    """Have an event loop do steps: acts by their names, and calls."""
    acts = {"add": add, "add silently": add_silently, "fail": fail, "refuse": refuse}

    async def main() -> None:
        writer.attend(asyncio.get_running_loop())
        for step in steps:
            if callable(step):
                step()
                continue
            future = writer.begin(acts[step], is_short=True)
            try:
                await asyncio.wrap_future(future)
            except (StorageError, ConflictError):
                assert step in ("fail", "refuse")

    asyncio.run(main())


def fail(transaction: Transaction) -> None:
    add(transaction)
    raise ConflictError("after it has written")


def refuse(_: Transaction) -> None:
    raise ConflictError("before it has written")


def test_nothing_is_kept_before_the_store_was_written_to_here(
    storage: SQLiteStorage,
) -> None:
    assert known(storage) == 0
    assert storage.kept.get(KEY) is None
    assert storage.state() is None


def test_what_was_committed_here_is_known(
    storage: SQLiteStorage, writer: Writer
) -> None:
    in_loop(writer, "add", "add", lambda: storage.kept.read(KEY, never))
    assert storage.kept.get(KEY) == tallied(storage) == 2


def test_what_was_read_is_known(storage: SQLiteStorage, writer: Writer) -> None:
    in_loop(writer, "add silently")
    assert storage.kept.get(KEY) is None
    assert known(storage) == 1
    assert storage.kept.read(KEY, never) == 1


def test_it_is_known_no_more_once_somebody_wrote_elsewhere(
    storage: SQLiteStorage, elsewhere: SQLiteStorage, writer: Writer
) -> None:
    in_loop(writer, "add", lambda: add_there(elsewhere))
    assert storage.kept.get(KEY) is None
    assert known(storage) == 2
    in_loop(writer, "add")
    assert storage.kept.read(KEY, never) == 3


def test_a_commit_elsewhere_right_behind_one_here_is_seen(
    storage: SQLiteStorage, elsewhere: SQLiteStorage, writer: Writer
) -> None:
    """As where the loop has not heard yet that its own is done."""
    seen = []

    async def main() -> None:
        writer.attend(asyncio.get_running_loop())
        future = writer.begin(add, is_short=True)
        await asyncio.sleep(0)
        # The loop waits here, and so cannot hear of it.
        while tallied(storage) < 1:
            pass
        add_there(elsewhere)
        seen.append(known(storage))
        await asyncio.wrap_future(future)
        seen.append(known(storage))

    asyncio.run(main())
    assert seen == [2, 2]


def test_a_commit_here_is_known_before_the_loop_hears_of_it(
    storage: SQLiteStorage, writer: Writer
) -> None:
    seen = []

    async def main() -> None:
        writer.attend(asyncio.get_running_loop())
        await asyncio.wrap_future(writer.begin(add, is_short=True))
        future = writer.begin(add, is_short=True)
        await asyncio.sleep(0)
        while tallied(storage) < 2:
            pass
        seen.append(storage.kept.read(KEY, never))
        await asyncio.wrap_future(future)
        seen.append(storage.kept.read(KEY, never))

    asyncio.run(main())
    assert seen == [2, 2]


@pytest.mark.parametrize("other", ["add silently", "fail", "refuse"])
def test_it_stays_right_whatever_other_acts_do(
    storage: SQLiteStorage, writer: Writer, other: str
) -> None:
    in_loop(writer, "add", other)
    assert known(storage) == tallied(storage)
    in_loop(writer, "add", other, "add")
    assert known(storage) == tallied(storage)


def test_an_act_of_a_thread_is_seen(storage: SQLiteStorage, writer: Writer) -> None:
    in_loop(writer, "add")
    writer.submit(add_silently)
    assert known(storage) == 2


def test_what_could_not_be_committed_is_not_known(
    storage: SQLiteStorage, elsewhere: SQLiteStorage, writer: Writer
) -> None:
    in_loop(writer, "add")
    begun = storage.begin_now()
    assert begun is not None
    storage.kept.begin()
    add(begun.transaction)
    storage.kept.expect(begun.transaction.changes)
    begun.transaction._execute("ROLLBACK")
    with pytest.raises(StorageError):
        begun.commit()
    add_there(elsewhere)
    assert known(storage) == 2


def test_a_record_read_while_somebody_writes_is_not_kept(
    storage: SQLiteStorage, elsewhere: SQLiteStorage, writer: Writer
) -> None:
    in_loop(writer, "add silently")

    def find() -> int:
        found = tallied(storage)
        add_there(elsewhere)
        return found

    assert storage.kept.read(KEY, find) == 1
    assert known(storage) == 2


def test_they_are_not_kept_without_bound(
    storage: SQLiteStorage, writer: Writer
) -> None:
    in_loop(writer, "add silently")
    for number in range(10_000):
        storage.kept.read(number, lambda: 1)
    assert len(storage.kept._records) <= 4096


def test_nobody_waits_in_the_loop_for_another_process(
    storage: SQLiteStorage, elsewhere: SQLiteStorage, writer: Writer
) -> None:
    async def main() -> int:
        writer.attend(asyncio.get_running_loop())
        with elsewhere.write() as transaction:
            future = writer.begin(add, is_short=True)
            await asyncio.sleep(0.05)
            assert not future.done()
            add_silently(transaction)
        return await asyncio.wrap_future(future)

    assert asyncio.run(main()) == 2
    assert tallied(storage) == 2


def test_who_waits_for_the_lock_gets_it_before_the_loop_takes_it_again(
    writer: Writer,
) -> None:
    order = []

    async def main() -> None:
        writer.attend(asyncio.get_running_loop())
        short = [writer.begin(lambda _: order.append("s"), is_short=True)]
        long = writer.begin(lambda _: order.append("long"))
        while not long.done():
            short.append(writer.begin(add, is_short=True))
            await asyncio.sleep(0)
            assert len(short) < 10_000
        for one in short:
            await asyncio.wrap_future(one)

    asyncio.run(main())
    assert "long" in order


def test_what_waits_at_the_end_is_done(storage: SQLiteStorage, writer: Writer) -> None:
    async def main() -> None:
        writer.attend(asyncio.get_running_loop())
        futures.append(writer.begin(add, is_short=True))
        await asyncio.sleep(0)
        futures.append(writer.begin(add, is_short=True))

    futures: list[object] = []
    asyncio.run(main())
    writer.close()
    assert tallied(storage) == 2


def test_the_index_counts_commits_as_sqlite_says(
    storage: SQLiteStorage, writer: Writer
) -> None:
    """Were its form another one day, this would tell."""
    in_loop(writer, "add")
    other = sqlite3.connect(storage.path, isolation_level=None)
    states = [storage.state()]
    for number in range(3):
        other.execute("UPDATE tallies SET number = ?", (number,))
        states.append(storage.state())
    other.execute("SELECT * FROM tallies").fetchall()
    assert storage.state() == states[-1]
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    assert None not in states
    pairs = itertools.pairwise(states)
    assert all(is_next(one, two) for one, two in pairs if one and two)
    assert not is_next(states[0] or b"", states[2] or b"")
    add_there(storage)
    assert storage.state() not in states


def test_it_is_known_though_the_wal_begins_anew(
    storage: SQLiteStorage, elsewhere: SQLiteStorage, writer: Writer
) -> None:
    """As it does several times a second, once a thousand pages are written."""
    in_loop(writer, "add")
    wal = Path(f"{storage.path}-wal")
    with elsewhere.look() as connection:
        connection.all("PRAGMA wal_checkpoint(TRUNCATE)")
    assert wal.stat().st_size == 0
    assert storage.kept.read(KEY, never) == 1
    in_loop(writer, "add", lambda: storage.kept.read(KEY, never))
    add_there(elsewhere)
    assert known(storage) == 3


def test_it_is_known_though_nobody_could_tell_for_a_moment() -> None:
    """Who looks in the middle of a commit sees the index half written."""

    class Store:
        now: bytes | None = b"1"

        def state(self) -> bytes | None:
            return self.now

        def is_next(self, before: bytes, after: bytes) -> bool:
            return int(after) - int(before) == 1

    kept = Kept(store := Store())
    kept.begin()
    kept.expect({KEY: 7})
    store.now = None
    assert kept.get(KEY) is None
    store.now = b"2"
    assert kept.get(KEY) == 7


def test_a_thread_is_shown_records_until_they_are_hidden(
    storage: SQLiteStorage,
) -> None:
    storage.kept.show({KEY: 7})
    assert storage.kept.get(KEY) == 7
    assert storage.kept.get("other") is None
    with ThreadPoolExecutor(1) as other:
        assert other.submit(storage.kept.get, KEY).result() is None
    storage.kept.hide()
    assert storage.kept.get(KEY) is None


def test_what_cannot_be_known_is_remembered_as_it_was() -> None:
    class Unsure:
        def state(self) -> None:
            return None

        def is_next(self, before: bytes, after: bytes) -> bool:
            return False

    kept = Kept(Unsure())
    kept.note({KEY: 7, "gone": None})
    assert (kept.get(KEY), kept.former(KEY), kept.former("gone")) == (None, 7, None)
