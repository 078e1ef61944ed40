"""The system store of Arch and its kin: Manjaro, EndeavourOS, SteamOS.

`trust extract-compat` has p11-kit write every form anew; `/etc/ssl/certs` has links to
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tlsmith.truststores.anchors import AnchorStore
from tlsmith.truststores.outputs import Bundle, EFIList, HashFolder, Output

_OUT = "/etc/ca-certificates/extracted"
_CERTS = "/etc/ssl/certs"


@dataclass(frozen=True)
class ArchStore(AnchorStore):
    """`/etc/ca-certificates/extracted`, fed from a folder of anchors beside it."""

    name: ClassVar[str] = "arch"
    anchors: ClassVar[str] = "/etc/ca-certificates/trust-source/anchors"
    ending: ClassVar[str] = ".crt"
    command: ClassVar[tuple[str, ...]] = ("trust", "extract-compat")
    written: ClassVar[tuple[str, ...]] = (_OUT, _CERTS)
    read: ClassVar[Bundle] = Bundle(f"{_OUT}/tls-ca-bundle.pem", named=True)
    by_hash: ClassVar[HashFolder | None] = HashFolder(f"{_OUT}/cadir")
    others: ClassVar[tuple[Output, ...]] = (
        HashFolder(_CERTS, target="../../ca-certificates/extracted/cadir/{label}.pem"),
        Bundle(f"{_OUT}/email-ca-bundle.pem", named=True),
        Bundle(f"{_OUT}/objsign-ca-bundle.pem", named=True),
        Bundle(f"{_OUT}/ca-bundle.trust.crt", trusted=True, named=True),
        EFIList(f"{_OUT}/edk2-cacerts.bin"),
    )
