"""A light future does what the library's does."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from tlsmith.storage.light_future import LightFuture


@pytest.fixture(params=[Future, LightFuture])
def future(request: pytest.FixtureRequest) -> Future[int]:
    made: Future[int] = request.param()
    assert made.set_running_or_notify_cancel()
    return made


def test_it_is_done_once_it_has_a_result(future: Future[int]) -> None:
    assert (future.done(), future.running()) == (False, True)
    future.set_result(7)
    assert (future.done(), future.running()) == (True, False)
    assert (future.result(), future.exception()) == (7, None)


def test_its_error_is_raised(future: Future[int]) -> None:
    future.set_exception(KeyError("a"))
    assert isinstance(future.exception(), KeyError)
    with pytest.raises(KeyError):
        future.result()


def test_it_cannot_be_cancelled(future: Future[int]) -> None:
    assert not future.cancel()
    assert not future.cancelled()


def test_who_is_to_be_called_is_called_once(future: Future[int]) -> None:
    called: list[Future[int]] = []
    future.add_done_callback(called.append)
    future.set_result(7)
    future.add_done_callback(called.append)
    assert called == [future, future]


def test_one_that_fails_disturbs_no_other(future: Future[int]) -> None:
    def fail(_: Future[int]) -> None:
        raise KeyError("a")

    called: list[Future[int]] = []
    future.add_done_callback(fail)
    future.add_done_callback(called.append)
    future.set_result(7)
    assert called == [future]


def test_a_thread_can_wait_for_it(future: Future[int]) -> None:
    timer = threading.Timer(0.05, future.set_result, (7,))
    timer.start()
    assert future.result(10) == 7
    timer.join()


def test_who_waits_for_too_long_is_told(future: Future[int]) -> None:
    with pytest.raises(TimeoutError):
        future.result(0.01)


def test_an_event_loop_can_wait_for_it(future: Future[int]) -> None:
    async def main() -> int:
        asyncio.get_running_loop().call_later(0.01, future.set_result, 7)
        return await asyncio.wrap_future(future)

    assert asyncio.run(main()) == 7
