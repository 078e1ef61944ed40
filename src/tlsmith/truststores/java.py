"""The keystore of each Java on the machine: `cacerts`.

Debian's Javas share one, which its system store feeds; it is listed all the same, since
that feeding can be turned off, and a Java can be meant alone.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.files import read_file
from tlsmith.truststores import keytool
from tlsmith.truststores.base import Host, Root, TrustStore
from tlsmith.truststores.keystore import (
    hides_certificates,
    is_keystore,
    open_pkcs12,
    trusted_entries,
)

# Below a Java's home: since Java 9, and the runtime inside a JDK 8.
KEYSTORES = ("lib/security/cacerts", "jre/lib/security/cacerts")
_MACHINE_HOMES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/opt/jdk*",
    "/opt/openjdk*",
    "/usr/local/openjdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
_HINT = "install that Java again, or copy the cacerts of another into its place"
_OWN_HOMES = (
    ".sdkman/candidates/java/*",
    ".jdks/*",
    ".asdf/installs/java/*",
    ".local/share/mise/installs/java/*",
    ".local/share/coursier/jvm/*",
)
# What system stores keep for Java, there before any Java is.
_SHARED = (
    "/etc/ssl/certs/java/cacerts",
    "/etc/pki/ca-trust/extracted/java/cacerts",
    "/etc/ca-certificates/extracted/java-cacerts.jks",
    "/var/lib/ca-certificates/java-cacerts",
)


@dataclass(frozen=True)
class JavaStore(TrustStore):
    """One `cacerts`; `place` is the file itself, with links followed."""

    name: ClassVar[str] = "java"
    family: ClassVar[str] = "java"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the keystore of every Java found, those that share one once."""
        if host.image:
            return [cls(host, place) for place in _keystores_in_image(host)]
        found = dict.fromkeys(
            os.path.realpath(os.path.join(home, inside))
            for home in java_homes(host)
            for inside in KEYSTORES
            if os.path.exists(os.path.join(home, inside))
        )
        return [cls(host, place) for place in found]

    @property
    def machine_wide(self) -> bool:
        return not self.host.is_at_home(self.place)

    def check_changeable(self) -> None:
        """Check for keytool, and for the right to replace the keystore."""
        if keytool.needs_keytool(self, self.place):
            keytool.require_keytool(self, self.place)
        self.require_writable(os.path.dirname(self.place), self.place)

    def touches(self) -> Sequence[str]:
        """Return the keystore."""
        return (self.place,)

    def contains(self, root: Root) -> bool:
        """Tell whether it is there, under any name."""
        data = self._read()
        return root.der in data or root.der in self._hidden(data).values()

    def is_ours(self, root: Root) -> bool:
        """Tell whether there is an entry of our name."""
        data = self._read()
        entries = trusted_entries(data)
        if entries is not None:
            return root.label in entries
        if hides_certificates(data):
            return root.label in self._hidden(data)
        # PKCS#12 has names in UTF-16, and JKS with keys in UTF-8 after their length.
        wide = root.label.encode("utf-16-be")
        name = root.label.encode()
        return b"\x1e" + bytes([len(wide)]) + wide in data or (
            len(name).to_bytes(2, "big") + name in data
        )

    def _read(self) -> bytes:
        data = read_file(self.place)
        if not is_keystore(data):
            what = "is damaged: it is no keystore" if data else "is empty"
            raise self.error(f"{self.place!r} {what}", _HINT)
        return data

    def _hidden(self, data: bytes) -> dict[str, bytes]:
        """Return the entries that are encrypted."""
        if not hides_certificates(data):
            return {}
        try:
            return open_pkcs12(data, keytool.password_of(self.host).encode())
        except ValueError as error:
            raise keytool.password_error(self, self.place) from error

    def install(self, roots: Sequence[Root]) -> None:
        """Add an entry for each."""
        for root in roots:
            keytool.import_root(self, self.place, root)

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete our entries."""
        for root in roots:
            if self.is_ours(root):
                keytool.delete_alias(self, self.place, root.label)

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"add {root.label} to {self.place} with keytool" for root in roots]


def java_homes(host: Host) -> Iterator[str]:
    """Return the home of every Java found, some of them twice."""
    own = host.environment.get("JAVA_HOME")
    if own:
        yield own
    for pattern in _MACHINE_HOMES:
        yield from host.matching(pattern)
    for pattern in _OWN_HOMES:
        yield from sorted(glob.glob(host.at_home(pattern)))
    on_path = host.runner.find("java")
    if on_path is not None and host.root == "/":
        yield os.path.dirname(os.path.dirname(os.path.realpath(on_path)))


def _keystores_in_image(host: Host) -> list[str]:
    """Return the keystores of an image's Javas, and root's own; links stay inside."""
    homes = [*_MACHINE_HOMES, *(f"/root/{pattern}" for pattern in _OWN_HOMES)]
    paths = [f"{home}/{inside}" for home in homes for inside in KEYSTORES]
    found = dict.fromkeys(p for path in (*paths, *_SHARED) for p in host.matching(path))
    return [path for path in found if stat.S_ISREG(os.lstat(path).st_mode)]
