"""The system store of Debian, Ubuntu and their kin.

Certificates of the administrator lie in a folder of their own; `update-ca-certificates`
makes the bundle and the links by hash from it, and a hook of Debian's copies new ones
into Java's store. Nothing of that is undone when a file goes away again: dangling links
and Java's copy stay. So both are taken care of here.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.core.formats import encode_pem
from tlsmith.errors import ToolMissingError
from tlsmith.files import write_file
from tlsmith.truststores import keytool
from tlsmith.truststores.base import Host, Root, TrustStore, certificates_in
from tlsmith.truststores.keystore import trusted_entries

_TOOL = "update-ca-certificates"
_OPTIONS = {
    "--certsconf": "/etc/ca-certificates.conf",
    "--certsdir": "/usr/share/ca-certificates",
    "--localcertsdir": "/usr/local/share/ca-certificates",
    "--etccertsdir": "/etc/ssl/certs",
    "--hooksdir": "/etc/ca-certificates/update.d",
}
_LINK_BY_HASH = re.compile(r"([0-9a-f]{8})\.([0-9]+)")


@dataclass(frozen=True)
class DebianStore(TrustStore):
    """`/etc/ssl/certs`, fed from `/usr/local/share/ca-certificates`."""

    name: ClassVar[str] = "debian"
    family: ClassVar[str] = "system"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the store of a Debian, Ubuntu or the like; empty elsewhere."""
        is_debian = os.path.exists(host.path("/etc/debian_version"))
        return [cls(host, host.path("/etc/ssl/certs"))] if is_debian else []

    @property
    def local_folder(self) -> str:
        return self.host.path("/usr/local/share/ca-certificates")

    @property
    def java_keystore(self) -> str:
        return os.path.join(self.place, "java", "cacerts")

    def check_changeable(self) -> None:
        """Check for the tool, and for the right to use it."""
        if self.host.runner.find(_TOOL) is None:
            raise ToolMissingError(
                f"{_TOOL} is not installed",
                store=self.name,
                hint="install the package ca-certificates",
            )
        self.require_writable(self.local_folder, self.place)

    def touches(self) -> Sequence[str]:
        """Return the folders the tool and its Java hook write to."""
        pending = self.host.path("/var/lib/ca-certificates-java")
        return (self.local_folder, self.place, pending)

    def may_make(self, path: str) -> bool:
        """Tell a file of ours or of the tool's from what somebody else added."""
        folder, name = os.path.split(path)
        if folder == self.local_folder:
            return name.startswith("tlsmith-")
        if folder == self.place and name.endswith(".pem"):
            is_late = os.path.islink(path) and os.readlink(path).startswith(
                self.local_folder
            )
            return name.startswith("tlsmith-") or is_late
        return True

    def contains(self, root: Root) -> bool:
        """Tell whether it is in the bundle, and findable by hash as OpenSSL does."""
        return self._is_in_file("ca-certificates.crt", root) and any(
            self._is_in_file(name, root) for name, _ in self._links_by_hash()
        )

    def is_ours(self, root: Root) -> bool:
        """Tell whether our file is there, or a link to it, or Java's copy."""
        return (
            os.path.lexists(self._file_of(root))
            or os.path.lexists(self._link_of(root))
            or self._java_alias(root) in self._java_entries()
        )

    def install(self, roots: Sequence[Root]) -> None:
        """Add a file for each, then refresh."""
        # Everybody has to be able to read these, whatever our umask is.
        if not os.path.isdir(self.local_folder):
            os.makedirs(self.local_folder)
            os.chmod(self.local_folder, 0o755)  # noqa: S103
        for root in roots:
            write_file(self._file_of(root), encode_pem("CERTIFICATE", root.der))
            os.chmod(self._file_of(root), 0o644)
        self._refresh()

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete our files and every link to them, refresh, and tell Java's store."""
        for root in roots:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._file_of(root))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._link_of(root))
        self._unlink_hashes_of(
            [os.path.basename(self._link_of(root)) for root in roots]
        )
        self._close_gaps()
        if any(self._is_in_file("ca-certificates.crt", root) for root in roots):
            self._refresh()
        for root in roots:
            if self._java_alias(root) in self._java_entries():
                keytool.delete_alias(self, self.java_keystore, self._java_alias(root))

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return (*(f"write {self._file_of(root)}" for root in roots), f"run {_TOOL}")

    def _refresh(self) -> None:
        # Left behind where the tool was killed, it would be added to, not replaced.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.place, "ca-certificates.crt.new"))
        command = [self.host.runner.find(_TOOL) or _TOOL]
        if self.host.root != "/":
            for option, path in _OPTIONS.items():
                command += [option, self.host.path(path)]
        ended = self.host.runner.run(command)
        if ended.code != 0:
            raise self.error(
                f"{_TOOL} failed: {ended.last_line}",
                f"run `{_TOOL}` by itself and mend what it complains about",
            )

    def _file_of(self, root: Root) -> str:
        return os.path.join(self.local_folder, f"{root.label}.crt")

    def _link_of(self, root: Root) -> str:
        return os.path.join(self.place, f"{root.label}.pem")

    def _java_alias(self, root: Root) -> str:
        return f"debian:{root.label}.pem"

    def _java_entries(self) -> dict[str, bytes]:
        try:
            with open(self.java_keystore, "rb") as stream:
                return trusted_entries(stream.read()) or {}
        except FileNotFoundError:
            return {}

    def _is_in_file(self, name: str, root: Root) -> bool:
        try:
            with open(os.path.join(self.place, name), "rb") as stream:
                return root.der in certificates_in(stream.read())
        except (FileNotFoundError, IsADirectoryError):
            return False

    def _links_by_hash(self) -> Iterator[tuple[str, str]]:
        """Return each link such as "5ad8a5d6.0", and where it points."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.place) as entries:
            for entry in entries:
                if _LINK_BY_HASH.fullmatch(entry.name) and entry.is_symlink():
                    yield entry.name, os.readlink(entry.path)

    def _unlink_hashes_of(self, targets: Collection[str]) -> None:
        """Delete links by hash to `targets`."""
        for name, found in list(self._links_by_hash()):
            if found in targets:
                os.unlink(os.path.join(self.place, name))

    def _close_gaps(self) -> None:
        """Number links of one hash from 0: OpenSSL stops at the first missing."""
        numbers: dict[str, list[int]] = {}
        for name, _ in self._links_by_hash():
            start, _, number = name.partition(".")
            numbers.setdefault(start, []).append(int(number))
        for start, found in numbers.items():
            path = os.path.join(self.place, start)
            for wanted, current in enumerate(sorted(found)):
                if current != wanted:
                    os.rename(f"{path}.{current}", f"{path}.{wanted}")
