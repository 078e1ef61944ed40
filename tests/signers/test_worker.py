"""The thread that calls a module in place of whoever asks."""

from __future__ import annotations

import threading
import time

import pytest

from tlsmith.signers._worker import NoAnswerError, Worker


def test_results_and_errors_come_back() -> None:
    worker = Worker("test")
    assert worker.run(lambda: 6 * 7, 1) == 42
    with pytest.raises(ZeroDivisionError):
        worker.run(lambda: 1 // 0, 1)
    assert worker.run(lambda: 6 * 7, 1) == 42


def test_one_call_at_a_time_all_in_one_thread() -> None:
    worker = Worker("test")
    inside, threads = 0, set()

    def work() -> None:
        nonlocal inside
        inside += 1
        threads.add(threading.get_ident())
        assert inside == 1
        time.sleep(0.002)
        inside -= 1

    askers = [threading.Thread(target=lambda: worker.run(work, 10)) for _ in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert inside == 0
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_who_waited_too_long_is_let_go_and_the_next_are_not_kept() -> None:
    worker, end, made = Worker("test"), threading.Event(), []
    with pytest.raises(NoAnswerError):
        worker.run(end.wait, 1.5)
    start = time.monotonic()
    with pytest.raises(NoAnswerError):
        worker.run(lambda: made.append(1), 1.2)
    assert time.monotonic() - start < 0.9
    # One that waits longer is given its chance, and forgotten when it leaves.
    with pytest.raises(NoAnswerError):
        worker.run(lambda: made.append(2), 2)
    end.set()
    assert worker.run(lambda: list(made), 10) == []


def test_what_is_posted_is_called_however_long_it_takes() -> None:
    worker, end, made = Worker("test"), threading.Event(), []
    with pytest.raises(NoAnswerError):
        worker.run(end.wait, 0.05)
    worker.post(lambda: made.append(1))
    end.set()
    assert worker.run(lambda: list(made), 10) == [1]
