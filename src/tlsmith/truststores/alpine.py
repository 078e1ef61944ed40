"""The system store of Alpine, Wolfi and Chainguard's images.

Laid out as Debian's. The tool is another of the same name: it knows no options, and
links each root as `ca-cert-NAME.pem`. Links by hash are made only where OpenSSL's
command is installed; the small images have the bundle alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tlsmith.truststores.anchors import AnchorStore
from tlsmith.truststores.outputs import Bundle, HashFolder

_LOCAL = "/usr/local/share/ca-certificates"
_CERTS = "/etc/ssl/certs"


@dataclass(frozen=True)
class AlpineStore(AnchorStore):
    """`/etc/ssl/certs`, fed from `/usr/local/share/ca-certificates`."""

    name: ClassVar[str] = "alpine"
    anchors: ClassVar[str] = _LOCAL
    ending: ClassVar[str] = ".crt"
    command: ClassVar[tuple[str, ...]] = ("update-ca-certificates",)
    written: ClassVar[tuple[str, ...]] = (_CERTS,)
    read: ClassVar[Bundle] = Bundle(f"{_CERTS}/ca-certificates.crt")
    by_hash: ClassVar[HashFolder | None] = HashFolder(
        _CERTS, entry="ca-cert-{label}.pem", target=f"{_LOCAL}/{{label}}.crt"
    )
