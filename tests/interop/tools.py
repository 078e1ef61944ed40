"""The programs that judge: compiled or fetched at first need, once for all runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from interop.trixie import NoTrixieError, Trixie, trixie

PROGRAMS = Path(__file__).parent / "programs"
# Ignored by git, and kept from one run to the next.
CACHE = Path(__file__).parents[2] / ".tlsmith-test"


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Let one of the test processes in at a time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def needs(*tools: str) -> None:
    """Skip the test where one of the tools is not on this machine."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")


def go_program(name: str) -> Path:
    """Return a Go program of ours, compiled."""
    needs("go")
    source = PROGRAMS / f"{name}.go"
    target = _place(source)

    def build() -> None:
        environment = os.environ | {
            "GOCACHE": str(CACHE / "go-cache"),
            # Behind ours, where Debian's packages put the sources of others.
            "GOPATH": f"{CACHE / 'go'}:/usr/share/gocode",
            "GO111MODULE": "off",
            "GOFLAGS": "",
        }
        unfinished = target.with_suffix(".unfinished")
        _compile(["go", "build", "-o", str(unfinished), str(source)], environment)
        unfinished.rename(target)

    with one_at_a_time(CACHE / "go.lock"):
        if not target.exists():
            build()
    return target


def java_program(name: str) -> list[str]:
    """Return how to start a Java program of ours, compiled."""
    needs("java", "javac")
    source = PROGRAMS / f"{name}.java"
    target = _place(source)
    with one_at_a_time(CACHE / "java.lock"):
        if not (target / f"{name}.class").exists():
            _compile(["javac", "-d", str(target), str(source)], dict(os.environ))
    # It starts in half the time without the compiler that long runs are for.
    return ["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", str(target), name]


def debian_13() -> Trixie:
    """Return the programs of Debian 13; skip where they cannot be had."""
    with one_at_a_time(CACHE / "trixie.lock"):
        try:
            return trixie(CACHE)
        except NoTrixieError as error:
            pytest.skip(str(error))


def _place(source: Path) -> Path:
    """Return where a program goes when it is compiled: a new source, a new place."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    CACHE.mkdir(exist_ok=True)
    return CACHE / f"{source.stem}-{source.suffix[1:]}-{digest}"


def _compile(command: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
