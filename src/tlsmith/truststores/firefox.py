"""Firefox where a person has no profile yet: a policy that each new profile follows.

There is no database to put a root in before Firefox has been started once. A policy has
it import the root at each start, into whichever profile; the copy stays there when the
policy goes, so that taking out means taking out those copies as well.
"""

from __future__ import annotations

import contextlib
import glob
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

from tlsmith.core.formats import encode_pem
from tlsmith.errors import FileError
from tlsmith.files import read_file, write_file
from tlsmith.truststores.base import Host, Root, TrustStore, certificates_in
from tlsmith.truststores.firefox_policies import (
    FOLDER,
    name_certificates,
    named_certificates,
    policies_file,
    says_nothing,
)
from tlsmith.truststores.homes import as_owner, other_homes
from tlsmith.truststores.nss_objects import forget, reading
from tlsmith.truststores.nss_places import NEW, firefox_databases, firefox_profile

FIREFOXES = ("firefox", "firefox-esr", "firefox-developer-edition", "librewolf")


@dataclass(frozen=True)
class FirefoxStore(TrustStore):
    """The policies of this machine's Firefox; `place` is their file."""

    name: ClassVar[str] = "firefox"
    family: ClassVar[str] = "firefox"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the policies, where the person has no profile, or they are ours."""
        store = cls(host, policies_file(host))
        is_here = any(map(host.runner.find, FIREFOXES))
        if is_here and (firefox_profile(host) is None or store._names_ours()):
            return [store]
        return []

    @property
    def is_there(self) -> bool:
        return True  # it is ours to make

    def check_changeable(self) -> None:
        """Check that what is there can be understood, and be written."""
        self._named(strict=True)
        self.require_writable(os.path.dirname(self.place))

    def touches(self) -> Sequence[str]:
        """Return the policies, our files beside them, and the folders of both."""
        folder = os.path.dirname(self.place)
        ours = glob.glob(os.path.join(glob.escape(folder), "tlsmith-*.pem"))
        places = [self.place, *ours]
        if folder == self.host.path(FOLDER):
            places = [os.path.dirname(folder)]
        return places

    def may_make(self, path: str) -> bool:
        """Tell a file of ours from what somebody else added."""
        is_ours = os.path.basename(path).startswith("tlsmith-")
        return is_ours or self.place.startswith(path)

    def contains(self, root: Root) -> bool:
        """Tell whether the policies name a file that has the root."""
        return any(root.der in _certificates(path) for path in self._named())

    def is_ours(self, root: Root) -> bool:
        """Tell whether our file is there, or named."""
        file = self._file_of(root)
        return os.path.lexists(file) or file in self._named()

    def install(self, roots: Sequence[Root]) -> None:
        """Write a file for each, and name it."""
        folder = os.path.dirname(self.place)
        for path in (os.path.dirname(folder), folder):
            if not os.path.isdir(path):
                os.mkdir(path)
                os.chmod(path, 0o755)  # noqa: S103 -- for everybody, whatever the umask
        for root in roots:
            write_file(self._file_of(root), encode_pem("CERTIFICATE", root.der))
            os.chmod(self._file_of(root), 0o644)
        files = [self._file_of(root) for root in roots]
        name_certificates(self.place, [*self._named(strict=True), *files])

    def remove(self, roots: Sequence[Root]) -> None:
        """Take our files out, and their names."""
        files = [self._file_of(root) for root in roots]
        if set(files) & set(self._named()):
            left = [path for path in self._named() if path not in files]
            name_certificates(self.place, left)
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(file)
        if says_nothing(self.place):
            os.unlink(self.place)
            folder = os.path.dirname(self.place)
            with contextlib.suppress(OSError):  # something else is in them
                os.rmdir(folder)
                os.rmdir(os.path.dirname(folder))

    def remove_copies(self, roots: Sequence[Root]) -> None:
        """Take out what Firefox has copied into profiles, of this person and others."""
        self._forget(self.host, roots)
        for host in other_homes(self.host):
            as_owner(host.home, partial(self._forget, host, roots))

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"name {self._file_of(root)} in {self.place}" for root in roots]

    def _forget(self, host: Host, roots: Sequence[Root]) -> None:
        for place in firefox_databases(host):
            for root in roots:
                try:
                    if self._is_copy(place, root):
                        forget(place, root.der, trust_alone=False)
                except sqlite3.Error as error:
                    raise self.error(
                        f"Firefox's copy in {place!r} cannot be taken out: {error}",
                        "close Firefox, then: tlsmith trust uninstall",
                    ) from error

    def _is_copy(self, place: str, root: Root) -> bool:
        if not os.path.exists(os.path.join(place, NEW)):
            return False
        with reading(place) as objects:
            return objects.name_of(root.der) not in (None, root.label)

    def _file_of(self, root: Root) -> str:
        return os.path.join(os.path.dirname(self.place), f"{root.label}.pem")

    def _names_ours(self) -> bool:
        names = (os.path.basename(path) for path in self._named())
        return any(name.startswith("tlsmith-") for name in names)

    def _named(self, *, strict: bool = False) -> list[str]:
        """Return the files that the policies name; none where they are damaged.

        Args:
            strict: raise there instead.
        """
        try:
            return named_certificates(self.place)
        except ValueError as error:
            if strict:
                raise self.error(
                    f"the policies in {self.place!r} cannot be understood: {error}",
                    "Firefox does not read them either: about:policies says more",
                ) from error
            return []


def _certificates(path: str) -> list[bytes]:
    with contextlib.suppress(FileError):
        return certificates_in(read_file(path))
    return []
