"""What goes wrong while a command runs, told in this process: streams that refuse."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from running import tlsmith_here
from tlsmith.cli import main


class Refusing(io.TextIOWrapper):
    """A stream that fails at every write, with a file of its own beneath."""

    def __init__(self, file: Any, error: BaseException) -> None:
        super().__init__(file, encoding="utf-8")
        self._error = error

    def write(self, text: str) -> int:
        raise self._error


@pytest.fixture
def beneath(tmp_path: Path) -> Iterator[Any]:
    with (tmp_path / "beneath").open("wb") as stream:
        yield stream


def leave(
    monkeypatch: pytest.MonkeyPatch, words: list[str], out: Any
) -> tuple[int, str]:
    """Run with this as standard output; return the exit code and standard error."""
    err = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert isinstance(caught.value.code, int)
    return caught.value.code, err.getvalue()


WORDS = [["--help"], ["--version"], ["make", "--help"], ["make", "a.test"]]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_standard_output_that_fails_is_told(
    folder: Path,
    beneath: Any,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    number: int,
) -> None:
    out = Refusing(beneath, OSError(number, os.strerror(number)))
    code, err = leave(monkeypatch, words, out)
    assert code == 3
    expected = f"cannot write to standard output: {os.strerror(number).lower()}"
    assert err.splitlines()[-1] == f"tlsmith: {expected}"


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_a_reader_who_left_is_no_error(
    folder: Path, beneath: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    out = Refusing(beneath, BrokenPipeError(errno.EPIPE, "Broken pipe"))
    code, err = leave(monkeypatch, words, out)
    assert code == 0
    assert "Broken" not in err


@pytest.mark.parametrize("words", [["--help"], ["make", "a.test"]], ids=" ".join)
def test_an_interrupt_is_told(
    folder: Path, beneath: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    out = Refusing(beneath, KeyboardInterrupt())
    code, err = leave(monkeypatch, words, out)
    assert code == 3
    assert err.strip().endswith("tlsmith: interrupted")


def test_an_interrupt_is_json_where_that_was_asked_for(
    folder: Path, beneath: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Refusing(beneath, KeyboardInterrupt())
    code, err = leave(monkeypatch, ["make", "a.test", "--json"], out)
    assert code == 3
    assert '{"error": {"code": "interrupted"' in err


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_closed_goes_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out = io.StringIO()
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, out)
    monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as caught:
        main(["make", "a.test"])
    opened = getattr(sys, name)
    opened.close()
    assert caught.value.code == 0
    assert ("A certificate for" in out.getvalue()) is (name != "stdout")


def test_an_error_nobody_foresaw_shows_its_kind_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tlsmith.cli.make", None)
    done = tlsmith_here("make", "a.test")
    assert done.code == 3
    assert "this should not have happened: ModuleNotFoundError" in done.err
    assert "tlsmith.cli.make" not in done.err
    monkeypatch.setenv("TLSMITH_DEBUG", "1")
    with pytest.raises(ModuleNotFoundError):
        tlsmith_here("make", "a.test")


def test_a_file_that_is_full_is_not_taken_for_standard_output(folder: Path) -> None:
    """Errors of files name them."""
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    done = tlsmith_here("make", "a.test", "--cert-file", "/dev/full")
    assert done.code == 3
    assert "cannot write '/dev/full': no space left on device" in done.err
