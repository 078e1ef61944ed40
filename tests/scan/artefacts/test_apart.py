"""Work in a process of its own: its result, its end, and what is left of it."""

from __future__ import annotations

import os
import time

import pytest

from tlsmith.scan.artefacts.apart import TookTooLongError, apart

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="it has no processes")


def test_what_it_gives_comes_back() -> None:
    assert apart(lambda: {"pid": os.getpid()}) != {"pid": os.getpid()}
    assert apart(lambda: b"x" * 3_000_000) == b"x" * 3_000_000


def test_what_fails_comes_to_nothing() -> None:
    assert apart(lambda: 1 // 0) is None
    assert apart(lambda: os._exit(3)) is None


def test_what_takes_too_long_is_stopped() -> None:
    begun = time.monotonic()
    with pytest.raises(TookTooLongError):
        apart(lambda: time.sleep(60), seconds=0.2)
    assert time.monotonic() - begun < 10


def test_nothing_is_left_behind() -> None:
    child = apart(os.getpid)
    assert child
    # By its number: the process that runs the tests may have other children.
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)
