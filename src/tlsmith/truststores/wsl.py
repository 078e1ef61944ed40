"""From Windows: the system's store of every distribution of WSL that is running.

A distribution that is not running is left alone, since looking into it would start it,
which takes seconds and memory: start it and install again. Out of one that has our root
it is taken all the same, and that starts it.

`--exec` starts the shell without another shell around it, which would read our words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.errors import ToolMissingError, TrustStoreError
from tlsmith.truststores import wsl_script
from tlsmith.truststores.base import Host, Root, TrustStore, certificates_in

_SHARE = "\\\\wsl.localhost\\"
# Machinery of these programs, made anew with each of their versions.
_NOT_OURS = ("docker-desktop", "rancher-desktop")


@dataclass(frozen=True)
class WSLStore(TrustStore):
    """One distribution; `place` is its root folder as Windows sees it."""

    name: ClassVar[str] = "wsl"
    family: ClassVar[str] = "wsl"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return every distribution that is running."""
        if host.platform != "win32":
            return []
        return [
            cls(host, _SHARE + name)
            for name in _distributions(host, "--running")
            if not name.startswith(_NOT_OURS)
        ]

    @property
    def machine_wide(self) -> bool:
        return False

    @property
    def is_there(self) -> bool:
        return self._distribution in _distributions(self.host)

    def check_changeable(self) -> None:
        """Check for WSL, and for a store in the distribution that we know."""
        if self.host.runner.find("wsl") is None:
            raise ToolMissingError(
                "wsl is not on this machine", store=self.name, hint="wsl --install"
            )
        self._do("look", Root(b""))

    def touches(self) -> Sequence[str]:
        """Return nothing: its files are the distribution's to change."""
        return []

    def in_use(self) -> bool:
        """Tell that putting files back undoes nothing here."""
        return True

    def contains(self, root: Root) -> bool:
        """Tell whether it is among the roots that the distribution's tool extracted."""
        return root.der in certificates_in(self._do("look", root))

    def is_ours(self, root: Root) -> bool:
        """Tell whether our file is there."""
        return self._do("look", root).startswith(f"# {root.label}\n".encode())

    def install(self, roots: Sequence[Root]) -> None:
        """Add a file for each, and have the distribution refresh."""
        for root in roots:
            self._do("add", root)

    def remove(self, roots: Sequence[Root]) -> None:
        """Delete our files, and have the distribution refresh."""
        for root in roots:
            if self.is_ours(root) or self.contains(root):
                self._do("remove", root)

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        where = self._distribution
        return [f"add {root.label} to the system's store of {where}" for root in roots]

    @property
    def _distribution(self) -> str:
        return self.place.removeprefix(_SHARE)

    def _do(self, verb: str, root: Root) -> bytes:
        tool = self.host.runner.find("wsl") or "wsl"
        words = ["-d", self._distribution, "-u", "root", "--exec", "sh", "-s"]
        given = wsl_script.program(verb, root)
        ended = self.host.runner.run([tool, *words], stdin=given)
        if ended.code == 0:
            return ended.stdout
        raise self._refusal(ended.code, ended.last_line)

    def _refusal(self, code: int, last_line: str) -> TrustStoreError:
        where = self._distribution
        if code == wsl_script.NO_STORE:
            return self.error(
                f"{where!r} has no store of roots that tlsmith knows",
                "install the package ca-certificates in it",
            )
        if code == wsl_script.TOOL_MISSING:
            return ToolMissingError(
                f"{where!r} has no tool that refreshes its roots",
                store=self.name,
                hint="install the package ca-certificates in it",
            )
        what = last_line if code == wsl_script.TOOL_FAILED else f"exit code {code}"
        return self.error(
            f"{where!r} could not be changed: {what}",
            f"see whether it starts: wsl -d {where}",
        )


def _distributions(host: Host, *options: str) -> list[str]:
    """Return the names of distributions; none where WSL has none, or is not there."""
    tool = host.runner.find("wsl")
    if tool is None:
        return []
    try:
        ended = host.runner.run([tool, "-l", "-q", *options])
    except TrustStoreError:
        return []
    if ended.code != 0:
        return []
    # UTF-16, unless WSL_UTF8 is set; a name may have blanks in it.
    encoding = "utf-16-le" if b"\0" in ended.stdout else "utf-8"
    text = ended.stdout.decode(encoding, "replace").lstrip("\ufeff")
    return [line.strip() for line in text.splitlines() if line.strip()]
