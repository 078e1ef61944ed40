"""`tlsmith scan` of a large tree, beside ripgrep and semgrep; one file; a commit."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import scan_tree

ROUNDS = 5
SMALL = 15
SETTLED = 4.0
SEMGREP = "semgrep, 20 rules"
PEERS = Path(__file__).parent / "scan_peers"
TLSMITH = str(Path(sys.executable).with_name("tlsmith"))
SCAN = [TLSMITH, "scan", "--no-config", "--no-ignore", "--fail-on", "never", "--json"]
RG = ["rg", "-j2", "--no-ignore", "--hidden", "--max-filesize", "1M"]
COMMITTED = "import requests\nrequests.get('https://a.example', verify=False)\n" * 20


def main(folder: str) -> None:
    os.environ["TLSMITH_HOME"] = f"{folder}/home"
    tree = Path(folder, "tree")
    _tell_tree(tree)
    _compile(tree)
    _large(tree)
    if shutil.which("semgrep"):
        _beside_semgrep(tree)
    _small(Path(folder))


def _tell_tree(tree: Path) -> None:
    endings = scan_tree.build(tree)
    size = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file())
    most = ", ".join(f"{end or 'none'} {n:,}" for end, n in endings.most_common(12))
    print(
        f"tree: {endings.total():,} text files, {size / 1e6:.0f} MB, what is installed"
    )
    print(f"here under {', '.join(scan_tree.INSTALLED)}, by ending: {most}")


def _compile(tree: Path) -> None:
    """Scan once, as one must before the rules are compiled, and read the tree."""
    start = time.perf_counter()
    _run([*SCAN, str(tree)])
    print(
        f"the first scan, which compiles the rules: {time.perf_counter() - start:.1f} s"
    )
    time.sleep(SETTLED)  # what was written just now is judged again
    _run([*SCAN, str(tree)])


def _large(tree: Path) -> None:
    patterns = PEERS / "patterns.txt"
    ascii_ones = tree.parent / "ascii.txt"
    lines = patterns.read_text().splitlines()
    ascii_ones.write_text("".join(f"(?-u:{line})\n" for line in lines))
    commands = {
        "tlsmith scan": [*SCAN, "--no-cache", str(tree)],
        "tlsmith scan, again": [*SCAN, str(tree)],
        "rg, 63 patterns, ASCII": [*RG, "-f", str(ascii_ones), str(tree)],
    }
    times = _measure({name: _runs(words) for name, words in commands.items()}, ROUNDS)
    # Words end where Unicode has them end, which takes so long that once will do.
    times |= _measure(
        {"rg, 63 patterns": _runs([*RG, "-f", str(patterns), str(tree)])}, 1
    )
    for name, seconds in times.items():
        print(f"{name:<26}{seconds:>8.2f} s  {times['tlsmith scan'] / seconds:>6.2f}")
    most = _peak([*SCAN, "--no-cache", str(tree)])
    print(f"peak memory of all its processes: {most:.0f} MiB")
    print("aims: at most 1.3 times rg; below 400 MiB")


def _beside_semgrep(tree: Path) -> None:
    rules = str(PEERS / "semgrep.yaml")
    semgrep = [
        "semgrep", "scan", "--config", rules, "--metrics=off", "--json", "-j2",
        "--disable-version-check", "--no-git-ignore", "--quiet", str(tree),
    ]  # fmt: skip
    commands = {
        "tlsmith scan": [*SCAN, "--no-cache", str(tree)],
        "tlsmith scan, again": [*SCAN, str(tree)],
        SEMGREP: semgrep,
    }
    times = _measure({name: _runs(words) for name, words in commands.items()}, 3)
    for name, seconds in times.items():
        print(f"{name:<26}{seconds:>8.2f} s  {times[SEMGREP] / seconds:>6.2f}")
    print("aim: 20 times faster than semgrep")


def _small(folder: Path) -> None:
    repository = folder / "repository"
    repository.mkdir()
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    _run([*git, "init", "-q"])
    for number in range(200):
        (repository / f"module{number}.py").write_text("import os\n" * 200)
    _run([*git, "add", "."])
    _run([*git, "commit", "-qm", "first"])
    for number in range(10):
        (repository / f"module{number}.py").write_text(COMMITTED)
    _run([*git, "add", "."])
    one = str(repository / "module1.py")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "one small file": [*SCAN, one],
        "--staged, ten files": [*SCAN, "--staged", str(repository)],
    }
    times = _measure({name: _runs(words) for name, words in commands.items()}, SMALL)
    for name, seconds in times.items():
        print(f"{name:<26}{seconds:>8.3f} s")
    print("aims: one small file in 0.35 s, ten staged ones in 0.5 s")


def _runs(words: list[str]) -> Callable[[], None]:
    return lambda: _run(words)


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{words[0]} failed: {done.stderr.decode()[-500:]}")


def _measure(works: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Return medians in seconds; the works take turns, to share the noise."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for name in [*works] * rounds:
        start = time.perf_counter()
        works[name]()
        times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _peak(words: list[str]) -> float:
    """Return the most memory that a process and its children had at once, in MiB.

    Pages that they share are counted for each.
    """
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    most = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.02):
            most = max(
                most, sum(map(_resident, [process.pid, *_children(process.pid)]))
            )

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    ended.set()
    watcher.join()
    return most / 1024


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(temporary)
