"""The system store of RHEL, Fedora and their kin: Rocky, Alma, CentOS, Amazon, Oracle.

`update-ca-trust` has p11-kit write every form anew, Java's among them. Newer Fedora has
a folder by hash beside the bundles, and links to it in `/etc/pki/tls/certs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tlsmith.truststores.anchors import AnchorStore
from tlsmith.truststores.outputs import Bundle, EFIList, HashFolder, Output

_OUT = "/etc/pki/ca-trust/extracted"
_LINKS = "/etc/pki/tls/certs"


@dataclass(frozen=True)
class RHELStore(AnchorStore):
    """`/etc/pki/ca-trust/extracted`, fed from `/etc/pki/ca-trust/source/anchors`."""

    name: ClassVar[str] = "rhel"
    anchors: ClassVar[str] = "/etc/pki/ca-trust/source/anchors"
    ending: ClassVar[str] = ".pem"
    command: ClassVar[tuple[str, ...]] = ("update-ca-trust", "extract")
    written: ClassVar[tuple[str, ...]] = (_OUT, _LINKS)
    read: ClassVar[Bundle] = Bundle(f"{_OUT}/pem/tls-ca-bundle.pem", named=True)
    by_hash: ClassVar[HashFolder | None] = HashFolder(f"{_OUT}/pem/directory-hash")
    others: ClassVar[tuple[Output, ...]] = (
        HashFolder(_LINKS, elsewhere=f"{_OUT}/pem/directory-hash"),
        Bundle(f"{_OUT}/pem/email-ca-bundle.pem", named=True),
        Bundle(f"{_OUT}/pem/objsign-ca-bundle.pem", named=True),
        Bundle(f"{_OUT}/openssl/ca-bundle.trust.crt", trusted=True, named=True),
        EFIList(f"{_OUT}/edk2/cacerts.bin"),
    )
