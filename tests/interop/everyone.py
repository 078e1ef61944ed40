"""One person on this machine, below overlays that vanish: everybody accepts, then not.

    unshare --mount python everyone.py FOLDER [PATH_ENTRY...]

Makes a certificate, installs trust with variables, asks every client from a new login
shell, does what else may happen to a machine, takes it out again, and asks once more.
Prints, as JSON, the proofs of both and what differs between before and after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from truststores.overlaid import overlay, state

# What this machine's administrator has set up for clients is none of the test's.
_SETTINGS = ("/etc/npmrc", "/usr/local/etc/npmrc", "/etc/pip.conf", "/etc/gitconfig")
_TLSMITH = str(Path(sys.executable).with_name("tlsmith"))


class Person:
    """Somebody with a home of their own, and nothing of ours in their variables."""

    def __init__(self, folder: Path, path: str) -> None:
        self.home = folder / "home"
        self.data = folder / "data"
        self.path = path
        self.variables = {
            "HOME": str(self.home),
            "TLSMITH_HOME": str(self.data),
            "PATH": path,
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", "/root/.rustup"),
        }

    def run(self, *words: str) -> str:
        """Run tlsmith and return what it printed; findings are no failure."""
        return self._run([_TLSMITH, *words])

    def run_at_login(self, *words: str) -> str:
        """Run tlsmith in a new login shell, which may set PATH anew."""
        return self._run(
            ["bash", "-l", "-c", 'PATH=$0; exec "$@"', self.path, _TLSMITH, *words]
        )

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            env=self.variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            sys.exit(f"{command}: {done.stderr}{done.stdout}")
        return done.stdout

    def proofs(self) -> list[dict[str, object]]:
        """Return what every client makes of the local CA, from a new login shell."""
        facts = json.loads(self.run_at_login("trust", "status", "--json"))
        found = facts["proof"]
        assert isinstance(found, list)
        return found

    def everything(self) -> dict[str, str]:
        """Return every path that may have been touched, with its contents."""
        return state(extra=(str(self.home), "/etc/firefox", "/etc/chromium"))


def main() -> None:
    folder, *entries = sys.argv[1:]
    overlay(Path(folder))
    for name in _SETTINGS:
        Path(name).unlink(missing_ok=True)
    person = Person(Path(folder), os.pathsep.join(entries))
    # What a login shell and the system's refresh settle by themselves comes first.
    person.run_at_login("--version")
    subprocess.run(["update-ca-certificates"], check=True, capture_output=True)
    person.run("make", "localhost")
    before = person.everything()
    person.run("trust", "install", "--env")
    installed = person.proofs()
    person.run("trust", "uninstall")
    after = person.everything()
    removed = person.proofs()
    paths = sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
    print(
        json.dumps(
            {
                "installed": installed,
                "removed": removed,
                "differ": {p: [before.get(p), after.get(p)] for p in paths},
            }
        )
    )


if __name__ == "__main__":
    main()
