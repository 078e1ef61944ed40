"""This machine with a home of its own, below overlays: real commands, no traces."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from running import TLSMITH, Done, environment_of

OVERLAID = ("/etc", "/usr/local", "/var")
WATCHED = (
    *("/etc/ssl/", "/etc/ca-certificates", "/usr/local/share/"),
    *("/var/lib/ca-certificates-java", "/var/lib/tlsmith"),
)
# Nobody's account in particular: what it may not write, root may.
SOMEBODY = 12345


@dataclass(frozen=True)
class Machine:
    """What is changed below /etc and the like is in `layers`, for as long as it lasts.

    Args:
        layers: a file system in memory.
        home: the person's.
    """

    layers: Path
    home: Path

    def trust(
        self,
        *words: str,
        before: Sequence[str] = (),
        user: int = 0,
        stdin: int = subprocess.DEVNULL,
        **environment: str,
    ) -> Done:
        """Run `tlsmith trust`.

        Args:
            before: commands for the shell, run first, as root, such as mounts.
            user: who runs it.
        """
        lines = ["set -e"]
        for number, place in enumerate(OVERLAID):
            lines += self._overlay(place, str(number))
        become = ""
        if user:
            become = f"setpriv --reuid={user} --regid={user} --clear-groups "
            for place in _closed_to_others():
                lines += [*self._overlay(place, "closed"), f"chmod a+x {place}"]
        lines += before
        setting = "".join(f"{k}={shlex.quote(v)} " for k, v in environment.items())
        lines.append(f'exec {become}env {setting}"$@"')
        command = ["sh", "-c", "\n".join(lines), "sh", TLSMITH, "trust", *words]
        done = subprocess.run(
            ["unshare", "--mount", *command],
            env=environment_of(self.home),
            cwd=self.home,
            stdin=stdin,
            capture_output=True,
            timeout=300,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        assert "should not have happened" not in err, err
        return Done(done.returncode, out, err)

    def _overlay(self, place: str, layer: str) -> list[str]:
        upper, work = f"{self.layers}/{layer}/upper", f"{self.layers}/{layer}/work"
        options = shlex.quote(f"lowerdir={place},upperdir={upper},workdir={work}")
        return [
            f"mkdir -p {upper} {work}",
            f"mount -t overlay overlay -o {options} {place}",
        ]

    def state(self) -> dict[str, str]:
        """Return every path of the home and of what is watched: kind, mode, contents.

        The local CA is left out.
        """
        found = {
            str(path): said
            for path in self.home.rglob("*")
            if path.relative_to(self.home).parts[0] != "tlsmith"
            and (said := _described(path))
        }
        for number, place in enumerate(OVERLAID):
            upper = self.layers / f"{number}/upper"
            for path in upper.rglob("*"):
                real = Path(place) / path.relative_to(upper)
                said = _described(path)
                # What was put back is still there, equal to what is below.
                if str(real).startswith(WATCHED) and said != _described(real):
                    found[str(real)] = said
        return found


def _closed_to_others() -> list[str]:
    """Return the folder above Python that only root may enter, if any."""
    above = reversed(Path(sys.executable).resolve().parents)
    return [str(place) for place in above if not place.stat().st_mode & 1][:1]


def _described(path: Path) -> str:
    """Return what a file or link is like; nothing for folders and what is not there."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ""
    if stat.S_ISLNK(status.st_mode):
        return f"link to {os.readlink(path)}"
    if stat.S_ISDIR(status.st_mode):
        return ""
    if not stat.S_ISREG(status.st_mode):
        return "gone"  # what an overlay puts in the place of a file that was deleted
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{oct(status.st_mode)} {status.st_uid} {digest}"
