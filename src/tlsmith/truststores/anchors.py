"""What the system stores of Linux share: a folder for anchors, and what is made of it.

The administrator's roots lie in a folder of their own. The system's tool makes from it
what clients read. A store is mostly data: where all that is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.core.formats import encode_pem
from tlsmith.errors import ToolMissingError
from tlsmith.truststores.base import Host, Root, TrustStore
from tlsmith.truststores.inside import make_folder, write_regular
from tlsmith.truststores.outputs import Bundle, HashFolder, Output
from tlsmith.truststores.systems import system_of


@dataclass(frozen=True)
class AnchorStore(TrustStore):
    """A system's store; `place` is where its tool writes to first of all."""

    family: ClassVar[str] = "system"

    anchors: ClassVar[str]  # the folder
    ending: ClassVar[str]  # of a file in it
    command: ClassVar[tuple[str, ...]]  # the tool, with what it is told
    written: ClassVar[tuple[str, ...]]  # folders that the tool writes to
    read: ClassVar[Bundle]  # what clients read
    by_hash: ClassVar[HashFolder | None] = None  # what OpenSSL reads, where used
    others: ClassVar[tuple[Output, ...]] = ()

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the store where this is such a system; empty elsewhere."""
        if system_of(host) != cls.name:
            return []
        return [cls(host, host.path(cls.written[0]))]

    @property
    def anchor_folder(self) -> str:
        return self.host.path(self.anchors)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Everything the tool makes of the anchors."""
        by_hash = () if self.by_hash is None else (self.by_hash,)
        return (self.read, *by_hash, *self.others)

    def check_changeable(self) -> None:
        """Check for the tool, and for the right to use it."""
        if not self._is_refreshable():
            what = "a bundle of roots" if self.host.image else self.command[0]
            where = "in the image" if self.host.image else "installed"
            raise ToolMissingError(
                f"{what} is not {where}",
                store=self.name,
                hint="install the package ca-certificates"
                + (" in it" if self.host.image else ""),
            )
        self.require_writable(self.anchor_folder, self.place)
        if self.host.image:
            places = [p for out in self.outputs for p in out.places(self.host)]
            folders = [p if os.path.isdir(p) else os.path.dirname(p) for p in places]
            self.require_writable(*dict.fromkeys(folders))

    def _is_refreshable(self) -> bool:
        if self.host.image:
            return os.path.isfile(self.host.path(self.read.path))
        return self.host.runner.find(self.command[0]) is not None

    def touches(self) -> Sequence[str]:
        """Return the folders that we and the tool write to."""
        places = [self.host.path(path) for path in (self.anchors, *self.written)]
        for output in self.outputs:
            places += output.places(self.host)
        return list(dict.fromkeys(places))

    def may_make(self, path: str) -> bool:
        """Tell a file of ours or of the tool's from what somebody else added."""
        folder, name = os.path.split(path)
        if folder == self.anchor_folder:
            return name.startswith("tlsmith-")
        if os.path.islink(path) and "tlsmith-" not in name:
            # Made from an anchor: from another one than ours.
            anchors = (f"{self.anchor_folder}/", f"{self.anchors}/")
            return not os.readlink(path).startswith(anchors)
        return True

    def contains(self, root: Root) -> bool:
        """Tell whether it is in the bundle, and findable by hash as OpenSSL does."""
        by_hash = self.by_hash
        return self.read.contains(self.host, root) and (
            by_hash is None
            or not by_hash.is_used(self.host)
            or by_hash.finds(self.host, root)
        )

    def is_ours(self, root: Root) -> bool:
        """Tell whether our anchor is there, or what was made of it."""
        return os.path.lexists(self._anchor_of(root)) or any(
            output.is_ours(self.host, root) for output in self.outputs
        )

    def is_sound(self, root: Root) -> bool:
        """Tell whether the links by hash of its subject are numbered without a gap."""
        folders = [out for out in self.outputs if isinstance(out, HashFolder)]
        return not any(folder.has_gap(self.host, root) for folder in folders)

    def install(self, roots: Sequence[Root]) -> None:
        """Add an anchor for each, then have what clients read made from them."""
        make_folder(self.anchor_folder)
        for root in roots:
            pem = encode_pem("CERTIFICATE", root.der)
            write_regular(self._anchor_of(root), pem)
        if not self.host.image:
            self._refresh()
            return
        for output in self.outputs:
            for root in roots:
                output.add(self.host, root)

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete our anchors, and take them out of what clients read."""
        for root in roots:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(self._anchor_of(root))
            if self.by_hash is not None and self.by_hash.target:
                # Some tools leave these, to lead nowhere.
                self.by_hash.drop(self.host, root)
        if not self.host.image:
            if any(self.read.contains(self.host, root) for root in roots):
                self._refresh()
            return
        # What leads to something else goes before that.
        for output in reversed(self.outputs):
            for root in roots:
                output.drop(self.host, root)

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        then = f"run {self.command[0]}"
        if self.host.image:
            then = f"add it to {self.host.path(self.read.path)}"
        return (*(f"write {self._anchor_of(root)}" for root in roots), then)

    def _refresh(self) -> None:
        tool, *words = self._command()
        # In the person's own locale, as if they ran it: what it says is not read, and
        # UTF-8 would cost Debian's script an eighth of a second where they have none.
        locale = {"LC_ALL": self.host.environment.get("LC_ALL", "")}
        command = [self.host.runner.find(tool) or tool, *words]
        ended = self.host.runner.run(command, locale)
        if ended.code != 0:
            raise self.error(
                f"{tool} failed: {ended.last_line}",
                f"run `{tool}` by itself and mend what it complains about",
            )

    def _command(self) -> Sequence[str]:
        return self.command

    def _anchor_of(self, root: Root) -> str:
        return os.path.join(self.anchor_folder, root.label + self.ending)
