"""What trusting a root costs, beside the system's own refresh and mkcert.

Run as root: all of it is done below overlays, in a mount namespace that goes with it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 11
OVERLAID = ("/etc", "/usr/local", "/var")
TLSMITH = str(Path(sys.executable).with_name("tlsmith"))
SYSTEM = ["--store", "system"]
LOCAL = Path("/usr/local/share/ca-certificates")
KEYSTORE = Path("/etc/ssl/certs/java/cacerts")
_HIDDEN = "TLSMITH_BENCH_HIDDEN"


def main() -> None:
    if _HIDDEN not in os.environ:
        os.environ[_HIDDEN] = "1"
        command = ["unshare", "--mount", sys.executable, __file__]
        os.execvp(command[0], command)  # noqa: S606
    with tempfile.TemporaryDirectory() as folder:
        _overlay(Path(folder))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": f"{folder}/home",
            "TLSMITH_HOME": f"{folder}/home/tlsmith",
            "CAROOT": f"{folder}/home/caroot",
            "TRUST_STORES": "system",
        }
        times = _measure(environment)
        os.chdir("/")
        for place in (*OVERLAID, folder):
            subprocess.run(["umount", "--lazy", place], check=True)
    _print({name: statistics.median(values) for name, values in times.items()})


def _overlay(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    for number, place in enumerate(OVERLAID):
        upper, work = folder / f"{number}/upper", folder / f"{number}/work"
        upper.mkdir(parents=True)
        work.mkdir()
        options = f"lowerdir={place},upperdir={upper},workdir={work}"
        command = ["mount", "-t", "overlay", "overlay", "-o", options, place]
        subprocess.run(command, check=True)
    (folder / "home").mkdir()


def _measure(environment: dict[str, str]) -> dict[str, list[float]]:
    """Return the seconds of each command; they take turns, to share the noise."""
    times: dict[str, list[float]] = {}

    def timed(name: str, *command: str, code: int = 0) -> None:
        start = time.perf_counter()
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        times.setdefault(name, []).append(time.perf_counter() - start)
        assert done.returncode == code, (name, done)

    def run(*command: str) -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True)

    run(TLSMITH, "ca", "init", "--local")
    done = subprocess.run(
        [TLSMITH, "ca", "export", "--root"],
        env=environment,
        check=True,
        capture_output=True,
    )
    file = LOCAL / "bench.crt"
    has_mkcert = shutil.which("mkcert") is not None
    if has_mkcert:
        run("mkcert", "-install")  # makes its CA
        run("mkcert", "-uninstall")
        run("update-ca-certificates", "--fresh")
    keystore = KEYSTORE.read_bytes() if KEYSTORE.exists() else b""

    def forget() -> None:
        """Have Debian's hook work as on the first day: it never takes a root out."""
        if keystore:
            KEYSTORE.write_bytes(keystore)

    for _ in range(ROUNDS):
        forget()
        # The same root in the same folder, by hand: what cannot be had for less.
        LOCAL.mkdir(parents=True, exist_ok=True)
        file.write_bytes(done.stdout)
        timed("update-ca-certificates", "update-ca-certificates")
        file.unlink()
        timed("update-ca-certificates --fresh", "update-ca-certificates", "--fresh")
        timed(
            "trust status --no-proof", TLSMITH, "trust", "status", "--no-proof", code=1
        )
        timed("trust install", TLSMITH, "trust", "install", *SYSTEM)
        timed("trust install, again", TLSMITH, "trust", "install", *SYSTEM)
        timed("trust uninstall", TLSMITH, "trust", "uninstall", *SYSTEM)
        if has_mkcert:
            forget()
            timed("mkcert -install", "mkcert", "-install")
            timed("mkcert -uninstall", "mkcert", "-uninstall")
            run("update-ca-certificates", "--fresh")
        timed("env", TLSMITH, "env")
        timed("run -- true", TLSMITH, "run", "--", "true")
        timed("python -c pass", sys.executable, "-c", "pass")
    return times


def _print(times: dict[str, float]) -> None:
    print(f"{'':<32}{'median s':>9}")
    for name, seconds in times.items():
        print(f"{name:<32}{seconds:>9.3f}")
    print()
    refresh = times["update-ca-certificates"]
    fresh = times["update-ca-certificates --fresh"]
    added = times["trust install"] - refresh
    print(f"trust install adds {added:.3f} s to the refresh (aim: at most 0.3)")
    print(f"trust install / refresh: {times['trust install'] / refresh:.2f}")
    print(f"trust uninstall / refresh --fresh: {times['trust uninstall'] / fresh:.2f}")
    for verb in ("install", "uninstall"):
        if f"mkcert -{verb}" in times:
            ratio = times[f"trust {verb}"] / times[f"mkcert -{verb}"]
            print(f"trust {verb} / mkcert -{verb}: {ratio:.2f} (aim: at most 1.3)")
    status = times["trust status --no-proof"]
    print(f"trust status --no-proof: {status:.3f} s (aim: under 0.4)")


if __name__ == "__main__":
    main()
