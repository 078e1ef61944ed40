"""`tlsmith scan` where somebody watches and answers."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import TLSMITH
from tlsmith.cli.scan_progress import Progress

pty = pytest.importorskip("pty")

BAD = "tls:\n  insecure_skip_verify: true\n"


def in_terminal(typed: bytes, *words: str) -> tuple[int, str]:
    """Run the command in a terminal of its own; return its exit code and its words."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(TLSMITH, [TLSMITH, *words])  # noqa: S606
    os.write(terminal, typed)
    said = b"".join(_read(terminal))
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # its other end is closed
            return
        if not piece:
            return
        yield piece


def test_fix_asks_first(folder: Path) -> None:
    Path("a.yaml").write_text(BAD)
    code, said = in_terminal(b"n\n", "scan", ".", "--fix")
    assert code == 3
    assert "mend 1 finding in 1 file?" in said
    assert Path("a.yaml").read_text() == BAD
    code, said = in_terminal(b"y\n", "scan", ".", "--fix")
    assert code == 0
    assert Path("a.yaml").read_text() == BAD.replace("true", "false")


def test_colours_are_for_terminals_that_want_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.yaml").write_text(BAD)
    assert "\x1b[31mhigh" in in_terminal(b"", "scan", ".")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in in_terminal(b"", "scan", ".")[1]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_files_are_counted_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _Terminal()
    monkeypatch.setattr(sys, "stderr", seen)
    progress = Progress()
    progress(1)
    progress.end()
    assert seen.getvalue() == ""
    progress = Progress(patience=0)
    progress(1234)
    progress(1235)
    progress.end()
    assert seen.getvalue() == "\r1,234 files read ...\r\x1b[K"


def test_nothing_is_counted_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", seen)
    Progress(patience=0)(5)
    assert seen.getvalue() == ""
