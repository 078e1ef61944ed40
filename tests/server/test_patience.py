"""Waiting for a moment only."""

import threading
import time

import pytest

from tlsmith.errors import InputError, StorageError
from tlsmith.server.patience import Patience


def test_what_is_quick_is_done() -> None:
    patience = Patience()
    assert [patience.do(lambda n=n: n * 2) for n in range(3)] == [0, 2, 4]
    with pytest.raises(InputError):
        patience.do(lambda: (_ for _ in ()).throw(InputError("no")))
    assert patience.do(lambda: 1) == 1


def test_what_is_slow_holds_up_nobody() -> None:
    patience, over = Patience(), threading.Event()
    begun = time.monotonic()
    for _ in range(100):
        with pytest.raises(StorageError) as raised:
            patience.do(over.wait)
        assert raised.value.code == "store-slow"
    assert time.monotonic() - begun < 2
    over.set()
    deadline = time.monotonic() + 5
    while True:
        try:
            assert patience.do(lambda: "again") == "again"
            break
        except StorageError:
            assert time.monotonic() < deadline
            time.sleep(0.01)
