"""The system store of SUSE: openSUSE Leap and Tumbleweed, SLES.

`update-ca-certificates`, a third tool of this name, runs hooks that have p11-kit write
every form anew; `/etc/ssl/certs` and `/etc/ssl/ca-bundle.pem` are links to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tlsmith.truststores.anchors import AnchorStore
from tlsmith.truststores.outputs import Bundle, HashFolder, Output

_OUT = "/var/lib/ca-certificates"


@dataclass(frozen=True)
class SUSEStore(AnchorStore):
    """`/var/lib/ca-certificates`, fed from `/etc/pki/trust/anchors`."""

    name: ClassVar[str] = "suse"
    anchors: ClassVar[str] = "/etc/pki/trust/anchors"
    ending: ClassVar[str] = ".pem"
    command: ClassVar[tuple[str, ...]] = ("update-ca-certificates",)
    written: ClassVar[tuple[str, ...]] = (_OUT,)
    read: ClassVar[Bundle] = Bundle(f"{_OUT}/ca-bundle.pem", named=True)
    by_hash: ClassVar[HashFolder | None] = HashFolder(f"{_OUT}/pem")
    others: ClassVar[tuple[Output, ...]] = (
        HashFolder(f"{_OUT}/openssl", trusted=True),
    )
