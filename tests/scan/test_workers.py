"""Processes that judge: they end with their parent, and cost no finding if they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scan_engine import BAD, RULES
from tlsmith.scan.examine import Examiner
from tlsmith.scan.workers import Named, alone, can_work, examined

pytestmark = pytest.mark.skipif(not can_work(), reason="processes cannot be forked")


class _Deadly(Examiner):
    """Dies over some files, and hangs over others, as no code of ours should."""

    def data(self, path, inside, data, *, named=False):  # type: ignore[no-untyped-def]
        if b"deadly" in data:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"hanging" in data:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(1000)
        return super().data(path, inside, data, named=named)


def files(folder: Path, *texts: str) -> list[Named]:
    for number, text in enumerate(texts):
        (folder / f"{number:03}.py").write_text(text)
    return [Named(str(path)) for path in sorted(folder.iterdir())]


def outcome(
    examiner: Examiner, given: list[Named], patience: float = 60
) -> dict[str, str | int]:
    return {
        os.path.basename(file.path): result.skipped or len(result.findings)
        for file, result in examined(examiner, given, 2, patience)
    }


def test_a_worker_that_dies_costs_one_file(tmp_path: Path) -> None:
    given = files(tmp_path, BAD, "deadly\n", BAD, "x\n")
    assert outcome(_Deadly(RULES), given) == {
        "000.py": 1, "001.py": "could not be judged", "002.py": 1, "003.py": 0
    }  # fmt: skip


def test_a_worker_that_hangs_costs_one_file(tmp_path: Path) -> None:
    given = files(tmp_path, BAD, "hanging\n", BAD)
    examiner = _Deadly(RULES)
    assert alone(examiner, given[1], 0.3).skipped == "took too long"
    assert outcome(examiner, given, patience=0.5) == {
        "000.py": 1, "001.py": "took too long", "002.py": 1
    }  # fmt: skip


def test_more_files_than_a_batch(tmp_path: Path) -> None:
    given = files(tmp_path, *[BAD] * 450)
    assert outcome(Examiner(RULES), given) == {f"{n:03}.py": 1 for n in range(450)}


def test_no_files_need_no_workers() -> None:
    assert list(examined(Examiner(RULES), [], 4)) == []


PARENT = """
import os, sys, time
from scan_engine import RULES
from tlsmith.scan.examine import Examiner
from tlsmith.scan.workers import _Worker
workers = [_Worker(Examiner(RULES)) for _ in range(3)]
print(*(worker.process.pid for worker in workers), flush=True)
time.sleep(60)
"""


def test_workers_end_with_their_parent() -> None:
    here = str(Path(__file__).parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": here},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
        assert len(pids) == 3
    deadline = time.monotonic() + 10
    while any(map(_lives, pids)):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Whether a process runs: one that has ended may wait for somebody to ask."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False
