"""NSS databases: Chromium's and Firefox's own stores, with `certutil`.

Changing a database is safe while the browser runs, since certutil takes SQLite's locks;
putting old files back is not, and is left then. A database is made for Chromium alone,
where it would make one itself, with the root in it from the start; never for Firefox,
and never where an old, empty one would hide the new one from Chromium.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.core.formats import encode_pem
from tlsmith.errors import ToolMissingError, TrustStoreError
from tlsmith.truststores.base import Completed, Host, Root, TrustStore
from tlsmith.truststores.folders import folders_of_ours
from tlsmith.truststores.nss_objects import Objects, forget, reading
from tlsmith.truststores.nss_places import (
    NEW,
    OLD,
    chromium_database,
    is_database,
    nss_databases,
)

_FILES = (NEW, "key4.db", "pkcs11.txt", OLD, "key3.db", "secmod.db")
_JOURNALS = ("cert9.db-journal", "key4.db-journal")
_TRUST = "C,,"  # a CA for TLS servers; nothing for e-mail and code
# Chromium and its kin, which share one database.
CHROMIUMS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("microsoft-edge", "microsoft-edge-stable", "brave", "brave-browser"),
    *("vivaldi", "vivaldi-stable", "opera"),
)


@dataclass(frozen=True)
class NSSStore(TrustStore):
    """One database; `place` is its folder."""

    name: ClassVar[str] = "nss"
    family: ClassVar[str] = "nss"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return every database of the person's browsers, and the one to be made."""
        places = [*nss_databases(host)]
        chromium = chromium_database(host)
        if not is_database(chromium) and any(map(host.runner.find, CHROMIUMS)):
            places.append(chromium)
        return [cls(host, place) for place in places]

    @property
    def machine_wide(self) -> bool:
        return not self.host.is_at_home(self.place)

    @property
    def is_there(self) -> bool:
        # Chromium's is ours to make: what a killed run left of that is to be undone.
        return is_database(self.place) or self.place == chromium_database(self.host)

    @property
    def is_to_be_made(self) -> bool:
        return not is_database(self.place)

    def check_changeable(self) -> None:
        """Check for certutil, and for the right to write."""
        if self.host.runner.find("certutil") is None:
            raise ToolMissingError(
                "certutil is not installed",
                store=self.name,
                hint="install the package libnss3-tools (nss-tools elsewhere)",
            )
        there = [name for name in _FILES if os.path.exists(self._path(name))]
        if there and self.is_to_be_made:
            # Asked to make the rest, certutil would ask for a password without end.
            raise self.error(
                f"{self.place!r} has only part of a database: {', '.join(there)}",
                "move that away and start the browser, which makes it anew",
            )
        self.require_writable(self.place, *map(self._path, there))

    def touches(self) -> Sequence[str]:
        """Return the database's files, SQLite's journals, and folders made for them."""
        files = [self._path(name) for name in (*_FILES, *_JOURNALS)]
        return [*folders_of_ours(self.host.home, self.place, files), *files]

    def in_use(self) -> bool:
        """Tell whether a program has a file of the database open, or may have."""
        if not os.path.isdir("/proc/self/fd"):
            return True
        paths = filter(os.path.exists, map(self._path, _FILES))
        ours = {(s.st_dev, s.st_ino) for s in map(os.stat, paths)}
        return any((s.st_dev, s.st_ino) in ours for s in _open_files())

    def contains(self, root: Root) -> bool:
        """Tell whether it is there, and trusted to vouch for servers."""
        if self.is_to_be_made:
            return False
        if not os.path.exists(self._path(NEW)):
            return self._is_trusted_old(root)
        with self._reading() as objects:
            return objects.trusts(root.der)

    def is_ours(self, root: Root) -> bool:
        """Tell whether there is a certificate under our name."""
        if self.is_to_be_made:
            return False
        if not os.path.exists(self._path(NEW)):
            return self._old_certificate(root.label) is not None
        with self._reading() as objects:
            return objects.has_name(root.label)

    def install(self, roots: Sequence[Root]) -> None:
        """Add each, and have certutil say that it may vouch for servers now."""
        if self.is_to_be_made:
            os.makedirs(self.place, mode=0o700, exist_ok=True)
            self._certutil("-N", "--empty-password", kind="sql")
        for root in roots:
            self._refuse_distrusted(root)
            pem = encode_pem("CERTIFICATE", root.der)
            self._certutil("-A", "-t", _TRUST, "-n", root.label, stdin=pem)
            self._certutil("-V", "-u", "L", "-n", root.label)

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete what is under our names."""
        for root in roots:
            if self.is_ours(root):
                self._certutil("-D", "-n", root.label)
                self._forget_trust(root)

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"add {root.label} to {self.place} with certutil" for root in roots]

    def _refuse_distrusted(self, root: Root) -> None:
        """Leave a root alone that somebody put there without trusting it."""
        if not os.path.exists(self._path(NEW)):
            return
        with self._reading() as objects:
            there = objects.has(root.der)
        if there:
            raise self.error(
                f"{self.place!r} has this root, and was told not to trust it",
                "if that is no longer meant, delete it in the browser's settings, "
                "under authorities",
            )

    def _forget_trust(self, root: Root) -> None:
        """Delete what certutil, where it is older than the browser, leaves behind."""
        if not os.path.exists(self._path(NEW)):
            return
        try:
            forget(self.place, root.der, trust_alone=True)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Objects]:
        try:
            with reading(self.place) as objects:
                yield objects
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.Error) -> TrustStoreError:
        return self.error(
            f"the NSS database in {self.place!r} cannot be read: {error}",
            "close the browser and try again; a damaged one it makes anew",
        )

    def _certutil(
        self, *arguments: str, stdin: bytes = b"", kind: str | None = None
    ) -> Completed:
        ended = self._run(*arguments, stdin=stdin, kind=kind)
        if ended.code != 0:
            raise self._refusal(ended)
        return ended

    def _run(
        self, *arguments: str, stdin: bytes = b"", kind: str | None = None
    ) -> Completed:
        tool = self.host.runner.find("certutil") or "certutil"
        kind = kind or ("sql" if os.path.exists(self._path(NEW)) else "dbm")
        command = [tool, *arguments, "-d", f"{kind}:{self.place}"]
        return self.host.runner.run(command, stdin=stdin)

    def _refusal(self, ended: Completed) -> TrustStoreError:
        if "BAD_PASSWORD" in ended.output or "password" in ended.output.lower():
            return TrustStoreError(
                f"{self.place!r} is protected by a primary password",
                store=self.name,
                code="wrong-password",
                hint="import the root in the browser's settings, under authorities: "
                "tlsmith ca export --root > root.pem",
            )
        return self.error(
            f"certutil could not change {self.place!r}: {ended.last_line}",
            "close the browser that uses it and try again",
        )

    def _is_trusted_old(self, root: Root) -> bool:
        """Look into a database of the old format, which certutil alone can read."""
        listing = self._certutil("-L").stdout.decode(errors="replace")
        for line in listing.splitlines():
            name, _, flags = line.strip().rpartition(" ")
            is_trusted = flags.count(",") == 2 and "C" in flags.split(",")[0]
            if is_trusted and self._old_certificate(name.strip()) == root.der:
                return True
        return False

    def _old_certificate(self, nickname: str) -> bytes | None:
        ended = self._run("-L", "-r", "-n", nickname)
        return ended.stdout if ended.code == 0 else None

    def _path(self, name: str) -> str:
        return os.path.join(self.place, name)


def _open_files() -> Iterator[os.stat_result]:
    """Return what the processes have open that we may look at."""
    for process in os.listdir("/proc"):
        if not process.isdigit():
            continue
        folder = f"/proc/{process}/fd"
        with contextlib.suppress(OSError):
            for number in os.listdir(folder):
                with contextlib.suppress(OSError):
                    yield os.stat(os.path.join(folder, number))
