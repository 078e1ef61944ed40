"""The system store of Debian, Ubuntu and their kin.

Certificates of the administrator lie in a folder of their own; `update-ca-certificates`
makes the bundle and the links by hash from it, and a hook of Debian's copies new ones
into Java's store. Nothing of that is undone when a file goes away again: dangling links
and Java's copy stay. So both are taken care of here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tlsmith.truststores import keytool
from tlsmith.truststores.anchors import AnchorStore
from tlsmith.truststores.base import Root
from tlsmith.truststores.inside import read_regular
from tlsmith.truststores.keystore import trusted_entries
from tlsmith.truststores.outputs import Bundle, HashFolder

_LOCAL = "/usr/local/share/ca-certificates"
_CERTS = "/etc/ssl/certs"
_OPTIONS = {
    "--certsconf": "/etc/ca-certificates.conf",
    "--certsdir": "/usr/share/ca-certificates",
    "--localcertsdir": _LOCAL,
    "--etccertsdir": _CERTS,
    "--hooksdir": "/etc/ca-certificates/update.d",
}


@dataclass(frozen=True)
class DebianStore(AnchorStore):
    """`/etc/ssl/certs`, fed from `/usr/local/share/ca-certificates`."""

    name: ClassVar[str] = "debian"
    anchors: ClassVar[str] = _LOCAL
    ending: ClassVar[str] = ".crt"
    command: ClassVar[tuple[str, ...]] = ("update-ca-certificates",)
    # The second is where the Java hook keeps what it could not do yet.
    written: ClassVar[tuple[str, ...]] = (_CERTS, "/var/lib/ca-certificates-java")
    read: ClassVar[Bundle] = Bundle(f"{_CERTS}/ca-certificates.crt")
    by_hash: ClassVar[HashFolder | None] = HashFolder(
        _CERTS,
        target=f"{_LOCAL}/{{label}}.crt",
        always="/usr/sbin/update-ca-certificates",
    )

    @property
    def java_keystore(self) -> str:
        return self.host.path(f"{_CERTS}/java/cacerts")

    def is_ours(self, root: Root) -> bool:
        """Tell whether our file is there, or a link to it, or Java's copy."""
        return super().is_ours(root) or self._java_alias(root) in self._java_entries()

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete our files and every link to them, refresh, and tell Java's store."""
        super().remove(roots)
        for root in roots:
            if self._java_alias(root) in self._java_entries():
                keytool.delete_alias(self, self.java_keystore, self._java_alias(root))

    def _refresh(self) -> None:
        # Left behind where the tool was killed, it would be added to, not replaced.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.place, "ca-certificates.crt.new"))
        super()._refresh()

    def _command(self) -> Sequence[str]:
        words = list(self.command)
        if self.host.root != "/":
            for option, path in _OPTIONS.items():
                words += [option, self.host.path(path)]
        return words

    def _java_alias(self, root: Root) -> str:
        return f"debian:{root.label}.pem"

    def _java_entries(self) -> dict[str, bytes]:
        return trusted_entries(read_regular(self.java_keystore) or b"") or {}
