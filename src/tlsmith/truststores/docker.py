"""Registries' own roots: `certs.d/HOST[:PORT]`, of Docker and of podman and its kin.

Every `*.crt` in such a folder is trusted for that registry, beside the system's roots.
Nothing has to be restarted, and no tool is needed: a file is added, and taken away.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from tlsmith.core.formats import encode_pem
from tlsmith.errors import InputError, PrivilegeError
from tlsmith.files import write_file
from tlsmith.files.atomic import TEMPORARY_MARK
from tlsmith.truststores.base import Host, Root, TrustStore, certificates_in
from tlsmith.truststores.registries import Registry, parse_registry, registry_folders

_OURS = "tlsmith-"


@dataclass(frozen=True)
class DockerStore(TrustStore):
    """One registry's folder, which need not be there yet."""

    name: ClassVar[str] = "docker"
    family: ClassVar[str] = "docker"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the folder of every registry that has one."""
        return [
            cls(host, entry.path)
            for folder in registry_folders(host)
            for entry in _folders_in(folder)
        ]

    @cached_property
    def registry(self) -> Registry | None:
        """The registry, or None where the folder is not called like one."""
        name = os.path.basename(self.place)
        if self.host.platform == "win32" and ":" not in name:
            name = name.rstrip("0123456789")  # Docker leaves out the colon there
        try:
            return parse_registry(name)
        except InputError:
            return None

    @property
    def machine_wide(self) -> bool:
        return not self.host.is_at_home(self.place)

    @property
    def is_there(self) -> bool:
        # It is ours to make: what a killed run left of that is to be undone.
        return True

    def can_use(self, root: Root) -> bool:
        """Tell whether the root may vouch for the registry."""
        where = self.registry
        return where is not None and root.may_vouch_for(where.kind, where.host)

    def check_changeable(self) -> None:
        """Check for the right to write."""
        self.require_writable(self.place)

    def touches(self) -> Sequence[str]:
        """Return our files, and the folders that hold nothing else."""
        folders, folder = [], self.place
        top = self.host.home if not self.machine_wide else self.host.path("/etc")
        while folder.startswith(top.rstrip(os.sep) + os.sep) and _is_ours(folder):
            folders.append(folder)
            folder = os.path.dirname(folder)
        files = []
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            files = [n for n in os.listdir(self.place) if _is_our_name(n)]
        return [*folders, *(os.path.join(self.place, name) for name in files)]

    def may_make(self, path: str) -> bool:
        """Tell whether we may have made `path`."""
        folder, name = os.path.split(path)
        is_file = folder == self.place and name.startswith(_OURS)
        return is_file or (self.place + os.sep).startswith(path + os.sep)

    def contains(self, root: Root) -> bool:
        """Tell whether any `*.crt` there has it, in PEM: DER is not read."""
        try:
            return any(
                data[:1] != b"\x30" and root.der in certificates_in(data)
                for data in self._authorities()
            )
        except PermissionError as error:
            raise PrivilegeError(
                f"{error.filename!r} is not ours to read", store=self.name
            ) from error

    def is_ours(self, root: Root) -> bool:
        """Tell whether our file is there."""
        return os.path.lexists(self._file_of(root))

    def install(self, roots: Sequence[Root]) -> None:
        """Write a file for each."""
        # Whoever pulls has to be able to read them, whatever our umask is.
        missing = [f for f in self._way_there() if not os.path.isdir(f)]
        os.makedirs(self.place, exist_ok=True)
        for folder in missing:
            os.chmod(folder, 0o755)  # noqa: S103
        for root in roots:
            write_file(self._file_of(root), encode_pem("CERTIFICATE", root.der))
            os.chmod(self._file_of(root), 0o644)

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete our files."""
        for root in roots:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(self._file_of(root))

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"write {self._file_of(root)}" for root in roots]

    def _file_of(self, root: Root) -> str:
        return os.path.join(self.place, f"{root.label}.crt")

    def _way_there(self) -> Iterator[str]:
        folder = self.place
        while folder != os.path.dirname(folder):
            yield folder
            folder = os.path.dirname(folder)

    def _authorities(self) -> Iterator[bytes]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for name in sorted(os.listdir(self.place)):
                path = os.path.join(self.place, name)
                if name.endswith(".crt") and os.path.isfile(path):
                    with open(path, "rb") as stream:
                        yield stream.read()


def _folders_in(folder: str) -> list[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sorted((e for e in entries if e.is_dir()), key=lambda entry: entry.name)
    return []


def _is_our_name(name: str) -> bool:
    return name.startswith(_OURS) or (
        name.startswith(f".{_OURS}") and TEMPORARY_MARK in name
    )


def _is_ours(folder: str) -> bool:
    """Tell whether a folder is not there, or holds nothing but what we make."""
    try:
        with os.scandir(folder) as entries:
            return not os.path.islink(folder) and all(
                _is_ours(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else _is_our_name(entry.name)
                for entry in entries
            )
    except OSError:
        return not os.path.lexists(folder)
