"""What a server costs: CPU, memory, and waits for the disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu(*roots: int) -> float:
    """Return the seconds of CPU that processes and their descendants have used."""
    ticks = 0
    for process in trees(roots):
        with contextlib.suppress(OSError):
            # Those of children that have ended as well.
            ticks += sum(map(int, _stat(process)[11:15]))
    return ticks / _TICK


def peak_memory(*roots: int) -> float:
    """Return the MiB that processes and their descendants had at most, in sum."""
    found = 0
    for process in trees(roots):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    found += int(line.split()[1])
    return found / 1024


def count_syncs(trace: Path) -> int:
    """Return how often `strace` saw the disk being waited for."""
    lines = trace.read_text(errors="replace").splitlines()
    return sum("sync(" in line for line in lines)


def trees(roots: Iterable[int]) -> list[int]:
    """Return processes and their descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int(_stat(int(folder.name))[1])
                children.setdefault(parent, []).append(int(folder.name))
    found, left = [], list(roots)
    while left:
        process = left.pop()
        found.append(process)
        left += children.get(process, [])
    return found


def _stat(process: int) -> list[str]:
    """Return the fields of a process after its name: the state is the first."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
