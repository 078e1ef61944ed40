"""macOS: the System keychain for root, else the person's login keychain.

The person's own needs no root: one question of macOS for their password, or their
finger, and every program of theirs that asks the system accepts. The System keychain
needs sudo, and since macOS 11 asks the same question even so; it is for whoever is root
already, where daemons and other people are to trust the root, too. As root the login
keychain is never used: its trust settings would be root's.

A certificate in a keychain is trusted only where trust settings say so; both are
looked up, the first by its bytes, the second by its SHA-1, which is their key. Trust is
given for TLS servers alone. A keychain keeps no mark of ours, so the journal notes
whether the certificate was there before: then only the trust is taken away.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import plistlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self
from xml.parsers.expat import ExpatError

from tlsmith.core.formats import encode_pem
from tlsmith.errors import PrivilegeError, ToolMissingError, VerifyInstallError
from tlsmith.truststores.base import (
    Completed,
    Host,
    Root,
    TrustStore,
    certificates_in,
)

_SYSTEM = "/Library/Keychains/System.keychain"
_NOT_FOUND = 44  # the low byte of errSecItemNotFound, which is security's exit code
_HAD_IT = "in the keychain"
_TRUST_ROOT = 1  # kSecTrustSettingsResultTrustRoot, also where no result is given
_SERVERS = "sslServer"


@dataclass(frozen=True)
class MacOSStore(TrustStore):
    """One keychain, and the trust settings that go with it."""

    name: ClassVar[str] = "macos"
    family: ClassVar[str] = "system"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the keychain that we may change."""
        if host.platform != "darwin":
            return []
        system = cls(host, host.path(_SYSTEM))
        login = cls(host, host.at_home("Library/Keychains/login.keychain-db"))
        return [system if system._is_root() else login]

    @property
    def machine_wide(self) -> bool:
        return self.place == self.host.path(_SYSTEM)

    def check_changeable(self) -> None:
        """Check for the tool, and for the right to use it on this keychain."""
        if self.host.runner.find("security") is None:
            raise self._tool_missing()
        if self.machine_wide and not self._is_root():
            raise PrivilegeError(f"{self.place!r} is root's to change", store=self.name)

    def touches(self) -> Sequence[str]:
        """Return nothing: a keychain is macOS's own to write."""
        return []

    def in_use(self) -> bool:
        """Tell that putting files back undoes nothing here."""
        return True

    def note(self, root: Root) -> str:
        """Return whether the keychain had it, without trust settings of its own.

        Raises:
            TrustStoreError: it has some, which are not ours to take away.
        """
        if self._settings(root) is not None:
            raise self.error(
                f"{self.place!r} has trust settings for this root that do not trust "
                "it for servers",
                "if they are no longer meant, take them back in Keychain Access",
            )
        return _HAD_IT if self._has(root) else ""

    def contains(self, root: Root) -> bool:
        """Tell whether it is in the keychain, and trusted to vouch for servers.

        The person's settings go before everybody's, which hold where there are none.
        """
        settings = self._settings(root)
        if settings is not None:
            return self._has(root) and _trusts_servers(settings)
        system = replace(self, place=self.host.path(_SYSTEM))
        return not self.machine_wide and system.contains(root)

    def is_ours(self, root: Root) -> bool:
        """Tell nothing: keychains keep no mark. The journal knows what is ours."""
        return False

    def install(self, roots: Sequence[Root]) -> None:
        """Add each, trusted for TLS servers."""
        for root in roots:
            with _as_file(root) as file:
                words = ["-r", "trustRoot", "-p", "ssl", "-p", "basic"]
                self._must("add-trusted-cert", *words, "-k", self.place, file)

    def remove(self, roots: Sequence[Root]) -> None:
        """Take away the trust, and the certificate where it was not there before.

        Raises:
            VerifyInstallError: it is still there.
        """
        for root in roots:
            if self._settings(root) is not None:
                with _as_file(root) as file:
                    self._must("remove-trusted-cert", file)
            if root.note != _HAD_IT and self._has(root):
                digest = root.fingerprint.upper()
                self._must("delete-certificate", "-Z", digest, self.place)
            if self._settings(root) is not None:
                raise VerifyInstallError(
                    f"{self.place!r} was changed, and still trusts the root",
                    store=self.name,
                )

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        where = self.place
        return [
            f"trust {root.label} in {where}; macOS asks for consent" for root in roots
        ]

    def _has(self, root: Root) -> bool:
        ended = self._run("find-certificate", "-a", "-p", self.place)
        if ended.code not in (0, _NOT_FOUND):
            raise self.error(
                f"{self.place!r} cannot be read: {ended.last_line}",
                "open it in Keychain Access, and repair or unlock it",
            )
        return root.der in certificates_in(ended.stdout)

    def _settings(self, root: Root) -> list[dict[str, Any]] | None:
        """Return the trust settings there are for a root, or None where there are none.

        Without any for anybody, the tool fails to export them.
        """
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "settings.plist")
            ended = self._run("trust-settings-export", *self._domain, file)
            if ended.code != 0 or not os.path.exists(file):
                return None
            with open(file, "rb") as stream:
                try:
                    listed = plistlib.load(stream)["trustList"]
                except (ValueError, KeyError, ExpatError) as error:
                    raise self.error(
                        "the trust settings of macOS cannot be understood"
                    ) from error
        digest = hashlib.sha1(root.der, usedforsecurity=False).hexdigest()
        found = listed.get(digest.upper())
        return None if found is None else list(found.get("trustSettings", ()))

    @property
    def _domain(self) -> list[str]:
        """The option that means everybody's trust settings, not the person's."""
        return ["-d"] if self.machine_wide else []

    def _is_root(self) -> bool:
        ended = self.host.runner.run([self.host.runner.find("id") or "id", "-u"])
        return ended.stdout.strip() == b"0"

    def _must(self, verb: str, *words: str) -> None:
        domain = self._domain if verb.endswith("trusted-cert") else []
        ended = self._run(verb, *domain, *words)
        if ended.code != 0:
            raise self.error(
                f"security {verb} failed: {ended.last_line}",
                "try again, and agree when macOS asks; where nobody is at the screen, "
                "run the same as root",
            )

    def _run(self, *words: str) -> Completed:
        tool = self.host.runner.find("security")
        if tool is None:
            raise self._tool_missing()
        return self.host.runner.run([tool, *words])

    def _tool_missing(self) -> ToolMissingError:
        return ToolMissingError(
            "security is not on this machine",
            store=self.name,
            hint="it is in /usr/bin on macOS: add that to PATH",
        )


def _trusts_servers(settings: Sequence[dict[str, Any]]) -> bool:
    """Tell whether trust settings let a root vouch for servers; none mean always."""
    results = [
        setting.get("kSecTrustSettingsResult", _TRUST_ROOT)
        for setting in settings
        if setting.get("kSecTrustSettingsPolicyName", _SERVERS) == _SERVERS
    ]
    return (not settings or bool(results)) and set(results) <= {_TRUST_ROOT}


@contextlib.contextmanager
def _as_file(root: Root) -> Iterator[str]:
    """Give the name of a file with the root, which `security` cannot do without."""
    with tempfile.TemporaryDirectory(prefix="tlsmith-") as folder:
        file = os.path.join(folder, "root.pem")
        with open(file, "wb") as stream:
            stream.write(encode_pem("CERTIFICATE", root.der))
        yield file
