"""A person's own environment: shell profiles, and systemd's for the whole session.

What is written there are variables, between two marks; they lead to a bundle that has
the roots. So the roots of such a store are those a block names, and that its bundle
has as well.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from tlsmith.errors import FileError, TrustStoreError
from tlsmith.files import read_file
from tlsmith.files.atomic import (
    TEMPORARY_MARK,
    name_beside,
    sync_folder,
    write_temporary,
)
from tlsmith.truststores.base import Host, Root, TrustStore, certificates_in
from tlsmith.truststores.block import Block, Facts, find_block, without, write_block
from tlsmith.truststores.folders import folders_of_ours
from tlsmith.truststores.profile_places import (
    profile_places,
    syntax_of,
    targets_of_all,
)

_NEW_MODE = 0o644


@dataclass(frozen=True)
class ProfileStore(TrustStore):
    """One file that sets variables; `place` is its name, which may be a link.

    Args:
        variables: those to set; none to keep what a block there has.
        bundle: the file they lead to; without it, shells set none of them.
    """

    variables: tuple[tuple[str, str], ...] = ()
    bundle: str = ""

    name: ClassVar[str] = "env"
    family: ClassVar[str] = "env"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the files that have a block of ours, or part of one."""
        stores = [cls(host, place) for place in profile_places(host, existing=True)]
        return [
            replace(store, bundle=store._noted_bundle())
            for store in stores
            if store._has_mark()
        ]

    @property
    def machine_wide(self) -> bool:
        return False

    @property
    def is_there(self) -> bool:
        # The file is ours to make: what a killed run left of that is to be undone.
        return True

    def check_changeable(self) -> None:
        """Check for the right to write, and that the file is not kept read-only."""
        target = self._target
        if os.path.exists(target):
            mode = os.stat(target).st_mode
            if not stat.S_ISREG(mode):
                raise self.error(f"{self.place!r} is not a file")
            # Even where we could: root may write all, and a new file takes its place.
            if not mode & 0o222 or not os.access(target, os.W_OK):
                raise self._is_read_only(target)
        folder = os.path.dirname(target)
        while not os.path.exists(folder):
            folder = os.path.dirname(folder)
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
            raise self._is_read_only(folder)
        self._block()

    def touches(self) -> Sequence[str]:
        """Return the file, what we write beside it, and the folders it is alone in."""
        target = self._target
        beside = name_beside(target, TEMPORARY_MARK)
        found = [target]
        with contextlib.suppress(OSError):
            folder = os.path.dirname(target)
            names = (os.path.join(folder, name) for name in os.listdir(folder))
            found += [path for path in names if path.startswith(beside)]
        ours = targets_of_all(self.host) | {target}
        folders = folders_of_ours(self.host.home, os.path.dirname(target), ours)
        return [*folders, *found]

    def may_make(self, path: str) -> bool:
        """Tell whether we may have made `path`."""
        return path == self._target or self._target.startswith(path + os.sep)

    def contains(self, root: Root) -> bool:
        """Tell whether a block names the root, and its bundle has it."""
        block = self._block()
        if block is None or root.fingerprint not in block.facts.roots:
            return False
        if self.variables and block.body != self._body():
            return False
        try:
            return root.der in certificates_in(read_file(block.facts.bundle))
        except FileError:
            return False

    def is_ours(self, root: Root) -> bool:
        """Tell whether a block names the root."""
        block = self._block()
        return block is not None and root.fingerprint in block.facts.roots

    def install(self, roots: Sequence[Root]) -> None:
        """Write the block, or name the roots in the one there is."""
        block, text = self._block(), self._text()
        names = [root.fingerprint for root in roots]
        if block is None:
            facts = Facts(
                bundle=self.bundle,
                roots=tuple(names),
                new=not os.path.exists(self._target),
                joined=bool(text) and not text.endswith("\n"),
            )
            start, rest = text + "\n" * facts.joined, ""
            body = self._body()
        else:
            both = tuple(dict.fromkeys((*block.facts.roots, *names)))
            facts = block.facts._replace(
                roots=both, bundle=self.bundle or block.facts.bundle
            )
            start, rest = text[: block.start], text[block.stop :]
            body = self._body() if self.variables else block.body
        self._write(start + write_block(facts, body) + rest)

    def remove(self, roots: Sequence[Root]) -> None:
        """Take the roots out of the block; with the last, the block out of the file."""
        block = self._block()
        if block is None:
            return
        text = self._text()
        gone = {root.fingerprint for root in roots}
        left = tuple(name for name in block.facts.roots if name not in gone)
        if left:
            new = write_block(block.facts._replace(roots=left), block.body)
            self._write(text[: block.start] + new + text[block.stop :])
            return
        rest = without(text, block)
        if block.facts.new and not rest:
            os.unlink(self._target)
            sync_folder(os.path.dirname(self._target))
        else:
            self._write(rest)

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"set variables in {self.place}, between marks"]

    @property
    def _target(self) -> str:
        return os.path.realpath(self.place)

    def _body(self) -> str:
        syntax = syntax_of(self.place)
        return syntax.body(dict(self.variables), self.bundle)

    def _text(self) -> str:
        """Return what is in the file, each byte as one character or a stand-in."""
        try:
            return read_file(self._target).decode("utf-8", "surrogateescape")
        except FileError as error:
            if error.code == "file-not-found":
                return ""
            raise TrustStoreError(
                error.message, store=self.name, hint=error.hint
            ) from error

    def _block(self) -> Block | None:
        try:
            return find_block(self._text())
        except ValueError as error:
            raise self.error(
                f"{self.place!r} has only part of what tlsmith wrote: {error}",
                "take out by hand what is left of it",
            ) from error

    def _has_mark(self) -> bool:
        try:
            return self._block() is not None
        except TrustStoreError:
            return True

    def _noted_bundle(self) -> str:
        with contextlib.suppress(TrustStoreError):
            block = self._block()
            if block is not None:
                return block.facts.bundle
        return ""

    def _write(self, text: str) -> None:
        target = self._target
        os.makedirs(os.path.dirname(target), exist_ok=True)
        data = text.encode("utf-8", "surrogateescape")
        status = os.stat(target) if os.path.exists(target) else None
        mode = _NEW_MODE if status is None else stat.S_IMODE(status.st_mode)
        temporary = write_temporary(target, data, mode)
        if status is not None:
            os.chmod(temporary, mode)
            if hasattr(os, "chown"):
                with contextlib.suppress(PermissionError):
                    os.chown(temporary, status.st_uid, status.st_gid)
        os.replace(temporary, target)
        sync_folder(os.path.dirname(target))

    def _is_read_only(self, path: str) -> TrustStoreError:
        return TrustStoreError(
            f"{path!r} is read-only",
            store=self.name,
            code="read-only",
            hint="where another tool keeps it, add there what `tlsmith env` prints; "
            "else make it writable",
        )
