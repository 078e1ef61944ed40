"""Change the real system's store, below overlays that vanish with us: a program.

    unshare --mount python overlaid.py SCENARIO FOLDER ROOT.pem ANOTHER.pem

Prints, as JSON, what differs between before and after.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

OVERLAID = ("/etc", "/usr/local", "/var")
WATCHED = (
    "/etc/ssl",
    "/etc/ca-certificates",
    "/usr/local/share",
    "/var/lib/ca-certificates-java",
    "/var/lib/tlsmith",
)


def overlay(folder: Path) -> None:
    """Lay a folder of ours over each part of the system that is written to."""
    _run("mount", "-t", "tmpfs", "tmpfs", str(folder))
    for number, place in enumerate(OVERLAID):
        upper, work = folder / f"{number}/upper", folder / f"{number}/work"
        upper.mkdir(parents=True)
        work.mkdir()
        options = f"lowerdir={place},upperdir={upper},workdir={work}"
        _run("mount", "-t", "overlay", "overlay", "-o", options, place)
    (folder / "home").mkdir()
    os.environ["HOME"] = str(folder / "home")
    os.environ["TLSMITH_HOME"] = str(folder / "home/tlsmith")


def state() -> dict[str, str]:
    """Return every path below what is watched, with its kind and contents."""
    found = {}
    for top in WATCHED:
        for path in [Path(top), *Path(top).rglob("*")]:
            if path.is_symlink():
                found[str(path)] = os.readlink(path)
            elif path.is_file():
                mode = oct(path.stat().st_mode)
                found[str(path)] = mode + hashlib.sha256(path.read_bytes()).hexdigest()
            elif path.is_dir():
                found[str(path)] = "folder"
    return found


def trust(verb: str, *words: str) -> None:
    _run(_tlsmith(), "trust", verb, "--store", "system", *words)


def _tlsmith() -> str:
    return str(Path(sys.executable).with_name("tlsmith"))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)


def plainly(root: str, _: str) -> None:
    trust("install", "--root", root)
    trust("uninstall", "--root", root)


def two_roots(root: str, another: str) -> None:
    trust("install", "--root", root)
    trust("install", "--root", another)
    trust("uninstall", "--root", root)
    trust("uninstall", "--root", another)


def refreshed(root: str, _: str) -> None:
    trust("install", "--root", root)
    _run("update-ca-certificates", "--fresh")
    trust("uninstall", "--root", root)


def local_ca_deleted(_: str, __: str) -> None:
    trust("install")
    shutil.rmtree(os.environ["TLSMITH_HOME"])
    trust("uninstall")


def killed(root: str, _: str) -> None:
    """Kill it, or it and all it started, within its first second and a half."""
    for verb in ("install", "install", "install", "uninstall"):
        if verb == "uninstall":
            trust("install", "--root", root)
        command = [_tlsmith(), "trust", verb, "--store", "system", "--root", root]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(random.uniform(0.1, 1.5))  # noqa: S311 -- any moment will do
        with_tool = random.random() < 0.5  # noqa: S311
        victims = _tree(process.pid) if with_tool else [process.pid]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait()
        trust("uninstall", "--root", root)


def _tree(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except FileNotFoundError:
        return [process]
    return [process, *(p for child in text.split() for p in _tree(int(child)))]


SCENARIOS: dict[str, Callable[[str, str], None]] = {
    work.__name__: work
    for work in (plainly, two_roots, refreshed, local_ca_deleted, killed)
}


def main() -> None:
    scenario, folder, root, another = sys.argv[1:]
    overlay(Path(folder))
    before = state()
    SCENARIOS[scenario](root, another)
    after = state()
    paths = {p for p in {*before, *after} if before.get(p) != after.get(p)}
    print(json.dumps({p: [before.get(p), after.get(p)] for p in sorted(paths)}))


if __name__ == "__main__":
    main()
