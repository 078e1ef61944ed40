"""Killed at any instant, a command leaves the old files or the new, and no secrets."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import issued
from e2e.dying import every_instant
from running import TLSMITH, environment_of, tlsmith_here
from tlsmith.files import data_home

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs fork, to die a hundred times in a second"
)

MAKE = ["make", "a.test", "--p12-file", "a.p12"]
FILES = ["a.p12", "a.test-key.pem", "a.test.pem"]


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Above both the home and the folder we work in.

    In memory, where that can be: each run waits for the disk a dozen times.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        place = Path(name).resolve()
        (place / "work").mkdir()
        monkeypatch.setenv("TLSMITH_HOME", str(place / "home"))
        monkeypatch.chdir(place / "work")
        yield place
        monkeypatch.chdir("/")


def test_the_first_certificate_survives_a_kill_at_every_instant(
    everything: Path,
) -> None:
    for at in every_instant(MAKE, everything, signal.SIGKILL):
        mended = tlsmith_here(*MAKE)
        assert mended.code == 0, (at, mended.err)
        _all_in_order(at)
        _start_anew()


def test_a_renewal_survives_a_kill_at_every_instant(
    everything: Path,
) -> None:
    assert tlsmith_here(*MAKE).code == 0
    for at in every_instant(MAKE, everything, signal.SIGKILL):
        assert set(FILES) <= set(os.listdir()), at
        mended = tlsmith_here(*MAKE)
        assert mended.code == 0, (at, mended.err)
        _all_in_order(at)


def test_whoever_keeps_what_is_in_order_finds_a_pair_after_a_kill(
    everything: Path,
) -> None:
    """--if-needed and --reuse-key judge what is there: it must be whole by then."""
    assert tlsmith_here(*MAKE).code == 0
    for at in every_instant(MAKE, everything, signal.SIGKILL):
        option = ["--if-needed", "--reuse-key"][at % 2]
        mended = tlsmith_here(*MAKE, option)
        assert mended.code == 0, (at, mended.err)
        _all_in_order(at)


def test_an_interrupt_at_any_instant_leaves_all_old_or_all_new(
    everything: Path,
) -> None:
    assert tlsmith_here(*MAKE).code == 0
    for at in every_instant(MAKE, everything, signal.SIGINT):
        _all_in_order(at)


def test_an_interrupt_at_any_instant_of_the_first_run_leaves_nothing_by_halves(
    everything: Path,
) -> None:
    for at in every_instant(MAKE, everything, signal.SIGINT):
        assert os.listdir() == [] or sorted(os.listdir()) == FILES, at
        assert _temporaries() == [], at
        assert tlsmith_here(*MAKE).code == 0
        _all_in_order(at)
        _start_anew()


def test_a_ca_replaced_survives_a_kill_at_every_instant(
    everything: Path,
) -> None:
    words = ["ca", "init", "--local", "--replace", "--json"]
    assert tlsmith_here(*MAKE).code == 0
    for at in every_instant(words, everything, signal.SIGKILL):
        mended = tlsmith_here(*MAKE)
        assert mended.code == 0, (at, mended.err)
        _all_in_order(at)
        # Every CA there was is one more step.
        _start_anew()
        assert tlsmith_here(*MAKE).code == 0


@pytest.mark.parametrize("words", [["self-sign", "a.test"], ["csr", "a.test"]])
def test_other_commands_survive_a_kill_at_every_instant(
    everything: Path, words: list[str]
) -> None:
    for at in every_instant(words, everything, signal.SIGKILL):
        assert tlsmith_here(*words).code == 0, at
        assert _temporaries() == [], at
        if words[0] == "self-sign":
            assert issued.belong_together("a.test.pem", "a.test-key.pem"), at
        _start_anew()


def test_real_processes_killed_at_random(everything: Path) -> None:
    chance = random.Random(2)  # noqa: S311 -- no secret
    for round_number in range(12):
        process = subprocess.Popen(
            [TLSMITH, *MAKE],
            env=environment_of(everything, TLSMITH_HOME=data_home()),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.03, 0.25))
        process.kill()
        process.wait()
        if round_number % 3 == 0:
            assert tlsmith_here(*MAKE).code == 0
            _all_in_order(round_number)


def _all_in_order(at: int) -> None:
    assert sorted(os.listdir()) == FILES, at
    assert issued.belong_together("a.test.pem", "a.test-key.pem"), at
    for name in ("a.p12", "a.test-key.pem"):
        assert issued.mode(name) == 0o600, (at, name)
    root = tlsmith_here("ca", "export", "--root").out
    issued.verify("a.test.pem", root, "a.test")
    assert _temporaries() == [], at
    keys = list(Path(data_home()).rglob("*key*.pem"))
    assert len(keys) == 1, (at, keys)


def _temporaries() -> list[str]:
    """Files that someone should have removed."""
    places = [Path(), Path(data_home())]
    found = [str(path) for place in places for path in place.rglob("*")]
    return [name for name in found if "tlsmith-" in name or "/.new-" in name]


def _start_anew() -> None:
    import shutil

    for name in os.listdir():
        os.unlink(name)
    shutil.rmtree(data_home(), ignore_errors=True)
