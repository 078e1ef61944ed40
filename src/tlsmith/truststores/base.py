"""What every trust store has in common: four verbs, and what they are given.

A store is one place where roots are kept, such as one browser profile. It changes only
what is its own, and never prints. Journal, locking and undoing are not its business:
see `changes`.
"""

from __future__ import annotations

import abc
import binascii
import glob
import hashlib
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol, Self

from tlsmith.errors import InputError, PrivilegeError, TrustStoreError
from tlsmith.truststores.inside import matching, resolve

_PEM = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.+?)-----END", re.DOTALL
)


@dataclass(frozen=True)
class Root:
    """A root certificate; the same one wherever its bytes are the same.

    Args:
        der: the certificate.
        note: what the store that has it said before; see `TrustStore.note`.
    """

    der: bytes
    note: str = field(default="", compare=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, 64 hexadecimal digits."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def label(self) -> str:
        """The name our entries get: file name, alias or nickname, without an ending."""
        return f"tlsmith-{self.fingerprint[:16]}"

    def may_vouch_for(self, kind: str, host: str) -> bool:
        """Tell whether its name constraints let it vouch for a host.

        Args:
            kind: of the host: "dns" or "ip".
        """
        from tlsmith.core.view import view_certificate

        try:
            constraints = view_certificate(self.der).name_constraints
        except InputError:
            return True  # what cannot be read cannot be judged
        return constraints is None or constraints.permits(kind, host)


@dataclass(frozen=True)
class Completed:
    """A command that has ended.

    Args:
        code: its exit code; negative for a signal.
        output: what it said, on both streams, decoded.
        stdout: its standard output alone, as bytes.
    """

    code: int
    output: str
    stdout: bytes = b""

    @property
    def last_line(self) -> str:
        """The last thing it said, for an error message."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}"


class CommandRunner(Protocol):
    """Finds and runs the stores' own tools; tests bring one of their own."""

    def find(self, tool: str) -> str | None:
        """Return where a tool is, or None."""

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        """Run a command to its end; `environment` is added to ours.

        Raises:
            TrustStoreError: it cannot be started, or did not end in time.
        """

    def within(self, folder: str, lock: int) -> CommandRunner:
        """Return a runner whose commands keep their temporary files in `folder`.

        Args:
            lock: descriptor of a lock that they hold as long as they run, even where
                we are killed before.
        """


@dataclass(frozen=True)
class Host:
    """The machine and person whose stores are meant.

    Args:
        runner: runs the stores' tools.
        home: the person's home folder.
        root: what stands before every path of the system: "/", or a test's folder.
        platform: as `sys.platform` has it.
        image: `root` is an unpacked image, whose links mean its own paths, and of which
            nothing is run. It has no person: `home` is that of whoever works on it.
    """

    runner: CommandRunner
    home: str
    root: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    platform: str = sys.platform
    image: bool = False

    def path(self, absolute: str) -> str:
        """Return a path of the system, below `root`; of an image, never outside it."""
        if self.image:
            return resolve(self.root, absolute)
        return os.path.join(self.root, absolute.lstrip("/"))

    def matching(self, pattern: str) -> list[str]:
        """Return the paths of the system that a pattern such as "/opt/jdk*" matches."""
        if self.image:
            return [self.path(found) for found in matching(self.root, pattern)]
        return sorted(glob.glob(self.path(pattern)))

    def at_home(self, *parts: str) -> str:
        """Return a path below the person's home."""
        return os.path.join(self.home, *parts)

    def is_at_home(self, path: str) -> bool:
        """Tell whether a path is below the person's home."""
        home = os.path.realpath(self.home)
        return os.path.realpath(path).startswith(home.rstrip("/") + "/")

    @property
    def is_sudo_at_users_home(self) -> bool:
        """Whether we are root, by sudo, with the home of whoever asked for that."""
        asking = self.environment.get("SUDO_UID", "0")
        return (
            asking not in ("", "0")
            and os.path.exists(self.home)
            and str(os.stat(self.home).st_uid) == asking
        )

    @property
    def machine_journal(self) -> str:
        """Where the journal of machine-wide stores is: where root alone may write.

        What is noted there is put back with root's rights. An image's is outside it.
        """
        if self.image:
            mark = hashlib.sha256(self.root.encode()).hexdigest()[:12]
            return f"{self.user_journal}-image-{mark}"
        if self.platform == "win32":
            programs = self.environment.get("PROGRAMFILES", r"C:\Program Files")
            return os.path.join(programs, "tlsmith-trust")
        if self.platform == "darwin":
            return self.path("/Library/Application Support/tlsmith-trust")
        return self.path("/var/lib/tlsmith/trust")

    @property
    def journals(self) -> tuple[str, ...]:
        """The folders where journals of this system's stores are."""
        if self.image:
            return (self.machine_journal,)
        return (self.machine_journal, self.user_journal)

    @property
    def user_journal(self) -> str:
        """Where the journal of the person's own stores is.

        Beside the data, not in it: it has to outlive a CA that is deleted by hand.
        """
        if self.platform == "win32":
            local = self.environment.get("LOCALAPPDATA")
            return os.path.join(local or self.at_home("AppData/Local"), "tlsmith-trust")
        if self.platform == "darwin":
            return self.at_home("Library/Application Support/tlsmith-trust")
        state = self.environment.get("XDG_STATE_HOME", "")
        if not os.path.isabs(state):
            state = self.at_home(".local/state")
        return os.path.join(state, "tlsmith", "trust")


@dataclass(frozen=True)
class TrustStore(abc.ABC):
    """One place that holds roots. `detect`, `contains`, `install`, `remove`.

    Args:
        host: where it is.
        place: the file or folder that it is, absolute.
    """

    host: Host
    place: str

    name: ClassVar[str]
    # "system", "java" and "nss" are what mkcert's TRUST_STORES has.
    family: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return every store of this kind that is there, usable or not."""

    @abc.abstractmethod
    def contains(self, root: Root) -> bool:
        """Tell whether the store trusts `root`, whoever put it there.

        Raises:
            TrustStoreError: the store cannot be read.
        """

    @abc.abstractmethod
    def install(self, roots: Sequence[Root]) -> None:
        """Add roots the store does not contain.

        Raises:
            TrustStoreError: it cannot be changed; the caller undoes what was done.
        """

    @abc.abstractmethod
    def remove(self, roots: Sequence[Root]) -> None:
        """Take out what `install` put in, and only that; nothing there is no error.

        Raises:
            TrustStoreError: it cannot be changed.
        """

    @abc.abstractmethod
    def check_changeable(self) -> None:
        """Raise what would stop a change, before anything is touched.

        Raises:
            ToolMissingError, PrivilegeError, TrustStoreError: what is in the way.
        """

    @abc.abstractmethod
    def touches(self) -> Sequence[str]:
        """Return the files and folders that installing may change."""

    @abc.abstractmethod
    def is_ours(self, root: Root) -> bool:
        """Tell whether the store has `root` under the name that we give."""

    @abc.abstractmethod
    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do, in words, for a dry run."""

    def remove_copies(self, roots: Sequence[Root]) -> None:  # noqa: B027 -- few have
        """Take out what clients have copied from here into places of their own.

        Raises:
            TrustStoreError: one cannot be changed.
        """

    @property
    def machine_wide(self) -> bool:
        """Whether it is everybody's; else it is the person's own."""
        return True

    @property
    def is_there(self) -> bool:
        """Whether the place is still there."""
        return os.path.exists(self.place)

    @property
    def is_to_be_made(self) -> bool:
        """Whether there is nothing at the place yet, and installing makes it."""
        return False

    def can_use(self, root: Root) -> bool:
        """Tell whether clients of this store could ever need `root`."""
        return True

    def note(self, root: Root) -> str:
        """Return what there is of `root` before it is installed.

        It is kept, and handed to `remove` in the root, by stores that tell with nothing
        of their own what was there before.

        Raises:
            TrustStoreError: it is there in a way that could not be put back.
        """
        return ""

    def may_make(self, path: str) -> bool:
        """Tell whether installing can make a new file `path`, among what it touches."""
        return True

    def is_sound(self, root: Root) -> bool:
        """Tell whether others' roots can still be found where `root` was before."""
        return True

    def in_use(self) -> bool:
        """Tell whether a program has the files open, so that none may be replaced."""
        return False

    def error(self, message: str, hint: str | None = None) -> TrustStoreError:
        """Return the error to raise for this store."""
        return TrustStoreError(message, store=self.name, hint=hint)

    def require_writable(self, *paths: str) -> None:
        """Check that each path, or what it will be made in, can be written.

        Raises:
            PrivilegeError: not by us.
            TrustStoreError: by nobody, since its file system is read-only.
        """
        for path in paths:
            existing = nearest(path)
            if os.access(existing, os.W_OK):
                continue
            if _is_read_only(existing):
                raise TrustStoreError(
                    f"{existing!r} is on a read-only file system",
                    store=self.name,
                    code="read-only",
                    hint="mount it writable, or install where the image is built",
                )
            raise PrivilegeError(
                f"{existing!r} is not ours to write",
                store=self.name,
                hint=None if self.machine_wide else _how_to_own(existing),
            )


def _how_to_own(path: str) -> str:
    """Return what lets a person write what is in their home."""
    if sys.platform != "win32" and os.stat(path).st_uid != os.geteuid():
        return f"it belongs to another account: sudo chown $(id -u) {shlex.quote(path)}"
    return f"chmod u+w {shlex.quote(path)}"


def nearest(path: str) -> str:
    """Return `path`, or the folder above that is there."""
    while not os.path.exists(path):
        path = os.path.dirname(path) or "."
    return path


def _is_read_only(path: str) -> bool:
    if sys.platform == "win32":
        return False
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def certificates_in(data: bytes) -> list[bytes]:
    """Return the DER of every readable certificate in PEM text, or in one DER file."""
    found = []
    for block in _PEM.finditer(data):
        try:
            found.append(binascii.a2b_base64(block[1]))
        except binascii.Error:
            continue
    return found or ([data] if data[:1] == b"\x30" else [])
