"""Work that an event loop does for the thread that writes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from tlsmith.errors import ConflictError
from tlsmith.storage.errand import Errand
from tlsmith.storage.sqlite import SQLiteStorage
from tlsmith.storage.writer import Writer


class OtherStorage(SQLiteStorage):
    """One whose transactions an event loop does not begin, as PostgreSQL's."""

    begins_now = False


class Loop:
    """One that calls as it is told to."""

    def __init__(self, call: Callable[[Callable[[], None]], None]) -> None:
        self.call_soon = self.call_soon_threadsafe = call


def test_it_is_done_by_the_thread_of_the_loop() -> None:
    async def main() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        errand = Errand(threading.get_ident)
        by = await asyncio.to_thread(errand.result_by, loop.call_soon_threadsafe)
        return by, threading.get_ident()

    by, own = asyncio.run(main())
    assert by == own


def test_it_is_done_here_and_once_where_the_other_thread_is_late() -> None:
    late: list[Callable[[], None]] = []
    done = []
    errand = Errand(lambda: done.append(threading.get_ident()))
    errand.result_by(late.append)
    late[0]()
    assert done == [threading.get_ident()]


def test_it_is_done_here_where_the_loop_is_closed() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    assert Errand(lambda: 7).result_by(loop.call_soon_threadsafe) == 7


def test_its_error_is_raised_where_it_is_waited_for() -> None:
    def work() -> None:
        raise ConflictError("there already")

    with pytest.raises(ConflictError, match="there already"):
        Errand(work).result_by(lambda run: run())


def test_short_acts_alone_are_done_by_the_loop(tmp_path: Path) -> None:
    storage = OtherStorage(str(tmp_path / "ca.db"), create=True)
    storage.migrate()
    writer = Writer(storage)

    async def main() -> tuple[int, int]:
        writer.attend(asyncio.get_running_loop())
        short = writer.begin(lambda _: threading.get_ident(), is_short=True)
        by_loop = await asyncio.wrap_future(short)
        long = writer.begin(lambda _: threading.get_ident())
        return by_loop, await asyncio.wrap_future(long)

    by_loop, by_writer = asyncio.run(main())
    assert by_loop == threading.get_ident() != by_writer
    writer.close()
    storage.close()


def test_a_loop_that_waits_itself_is_not_waited_for(tmp_path: Path) -> None:
    storage = OtherStorage(str(tmp_path / "ca.db"), create=True)
    storage.migrate()
    writer = Writer(storage)

    async def main() -> int:
        writer.attend(asyncio.get_running_loop())
        return writer.begin(lambda _: 7, is_short=True).result()

    assert asyncio.run(main()) == 7
    writer.close()
    storage.close()


def test_the_loop_takes_what_was_begun_meanwhile_up_to_a_long_act(
    tmp_path: Path,
) -> None:
    storage = OtherStorage(str(tmp_path / "ca.db"), create=True)
    storage.migrate()
    commits: list[int] = []
    writer = Writer(storage, observe=commits.append)

    def hand_over(run: Callable[[], None]) -> None:
        for is_short in (True, False, True):
            more.append(writer.begin(lambda _: 7, is_short=is_short))
        writer.attend(Loop(lambda run: run()))
        run()

    more: list[Future[int]] = []
    writer.attend(Loop(hand_over))
    assert writer.begin(lambda _: 7, is_short=True).result(10) == 7
    assert [one.result(10) for one in more] == [7, 7, 7]
    writer.close()
    assert commits == [2, 2]
    storage.close()
