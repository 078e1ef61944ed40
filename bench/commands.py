"""Whole processes: how long a command takes, beside what people run instead."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 31
HERE = Path(__file__).parent
TLSMITH = str(Path(sys.executable).with_name("tlsmith"))
NAMES = ["localhost", "127.0.0.1", "::1"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            # As pip installs it: compiled.
            "PYTHONDONTWRITEBYTECODE": "",
            "TLSMITH_HOME": f"{folder}/home",
            "CAROOT": f"{folder}/caroot",
            "TRUST_STORES": "none",
        }
        _run([TLSMITH, "make", *NAMES], environment, folder)
        (authority,) = Path(folder, "home", "authorities").iterdir()
        files = [f"{authority}/intermediate.pem", f"{authority}/intermediate-key.pem"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "tlsmith --help": [TLSMITH, "--help"],
            "ten-line script": [
                sys.executable,
                str(HERE / "peers/ten_lines.py"),
                *files,
            ],
            "tlsmith make": [TLSMITH, "make", *NAMES],
        }
        if shutil.which("mkcert"):
            commands["mkcert"] = ["mkcert", *NAMES]
            _run(commands["mkcert"], environment, folder)
        times = _measure(commands, environment, folder)
        memory = {name: _peak(commands[name], environment, folder) for name in commands}
    _print(times, memory)


def _measure(
    commands: dict[str, list[str]], environment: dict[str, str], folder: str
) -> dict[str, float]:
    """Return medians in milliseconds; the commands take turns, to share the noise."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for name in [*commands] * (ROUNDS + 2):
        start = time.perf_counter()
        _run(commands[name], environment, folder)
        times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values[2:]) for name, values in times.items()}


def _peak(command: list[str], environment: dict[str, str], folder: str) -> float:
    """Return the largest resident size of a command, in MiB."""
    process = os.posix_spawn(
        "/bin/sh",
        [
            "sh",
            "-c",
            'cd "$1" && shift && exec "$@" >/dev/null 2>&1',
            "",
            folder,
            *command,
        ],
        environment,
    )
    _, _, usage = os.wait4(process, 0)
    return usage.ru_maxrss / 1024


def _run(command: list[str], environment: dict[str, str], folder: str) -> None:
    subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _print(times: dict[str, float], memory: dict[str, float]) -> None:
    print(f"{'':<18}{'median ms':>10}{'peak MiB':>10}")
    for name, value in times.items():
        print(f"{name:<18}{value:>10.1f}{memory[name]:>10.1f}")
    ratios = [
        ("tlsmith make", "ten-line script", "at most 1.25"),
        ("tlsmith make", "mkcert", "under 1"),
        ("tlsmith --help", "python -c pass", "under 2.5"),
    ]
    print()
    for one, other, aim in ratios:
        if other in times:
            ratio = times[one] / times[other]
            print(f"{one} / {other}: {ratio:.2f} (aim: {aim})")
    print(f"tlsmith make: {memory['tlsmith make']:.1f} MiB (aim: under 45)")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
