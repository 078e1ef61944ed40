"""The machine's own list of hosts.

It is read here, and everything else asked for with a dot at the end: left to itself the
system would try names below its search domains too, and what `*.corp.example` points to
would be taken for the host of any name that does not exist.
"""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from pathlib import Path


def system_path() -> Path:
    """Return where the machine's own list is."""
    if sys.platform == "win32":
        root = os.environ.get("SYSTEMROOT", r"C:\Windows")
        return Path(root, "System32", "drivers", "etc", "hosts")
    return Path("/etc/hosts")


class HostsFile:
    """A list of hosts, read again when it has changed."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or system_path()
        self._seen: tuple[int, int, int] | None = None
        self._addresses: dict[str, list[str]] = {}

    def addresses(self, host: str) -> list[str]:
        """Return the addresses a name, in lower case, has there."""
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if seen != self._seen:
                self._addresses = _read(self._path)
                self._seen = seen
        except OSError:  # none there, as in many containers
            return []
        return self._addresses.get(host, [])


def _read(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        try:
            ip_address(address)
        except ValueError:
            continue
        for name in names:
            listed = found.setdefault(name.lower().removesuffix("."), [])
            if address not in listed:
                listed.append(address)
    return found
