"""An image of no system that is known: one made from nothing, with a bundle of roots.

There is no tool, and no folder for anchors. What is there is one file, at one of the
places where clients look, with a root of ours below a comment that names it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.truststores.base import Host, Root, TrustStore
from tlsmith.truststores.outputs import Bundle
from tlsmith.truststores.systems import system_of

# As Go's crypto/x509 tries them, which is what such images mostly run.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True)
class BundleStore(TrustStore):
    """One bundle of an image; `place` is the file, with links followed."""

    name: ClassVar[str] = "bundle"
    family: ClassVar[str] = "system"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return every bundle of an image whose system has no store of its own."""
        if not host.image or system_of(host) is not None:
            return []
        places = dict.fromkeys(host.path(path) for path in _BUNDLES)
        return [cls(host, place) for place in places if os.path.isfile(place)]

    @property
    def _bundle(self) -> Bundle:
        return Bundle(os.path.relpath(self.place, self.host.root), named=True)

    def check_changeable(self) -> None:
        """Check for the right to replace the file."""
        self.require_writable(os.path.dirname(self.place), self.place)

    def touches(self) -> Sequence[str]:
        """Return the file."""
        return (self.place,)

    def contains(self, root: Root) -> bool:
        """Tell whether it is in the file."""
        return self._bundle.contains(self.host, root)

    def is_ours(self, root: Root) -> bool:
        """Tell whether our comment is in the file."""
        return self._bundle.is_ours(self.host, root)

    def install(self, roots: Sequence[Root]) -> None:
        """Add each to the file."""
        for root in roots:
            self._bundle.add(self.host, root)

    def remove(self, roots: Sequence[Root]) -> None:
        """Take each out of the file."""
        for root in roots:
            self._bundle.drop(self.host, root)

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"add {root.label} to {self.place}" for root in roots]
