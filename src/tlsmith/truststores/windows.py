"""Windows' own store of roots: the machine's for an administrator, else the person's.

With PowerShell, not certutil: that one says what it finds in the language of Windows,
knows a certificate by its SHA-1, and leaves no mark. PowerShell gives the bytes, and
our name goes on as the certificate's friendly name, so that what is ours is known
without a journal.

The person's store needs no rights, but consent: Windows asks in a window of its own
before a root comes or goes.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

from tlsmith.errors import PrivilegeError, ToolMissingError, TrustStoreError
from tlsmith.truststores import powershell
from tlsmith.truststores.base import Host, Root, TrustStore

MACHINE, USER = r"Cert:\LocalMachine\Root", r"Cert:\CurrentUser\Root"
_DENIED, _CANCELLED = "80070005", "800704C7"


class _Entry(NamedTuple):
    """A certificate as a store has it.

    Args:
        where: "LocalMachine" or "CurrentUser", which shows those of the machine, too.
        own: whether it is in that store itself.
        label: our name for it, or "-".
    """

    where: str
    own: bool
    label: str
    der: bytes


class _Look(NamedTuple):
    """What there is, and whether we are an administrator who said so."""

    elevated: bool
    entries: tuple[_Entry, ...]


@dataclass(frozen=True)
class WindowsStore(TrustStore):
    """One store; `place` is its path in PowerShell's words."""

    name: ClassVar[str] = "windows"
    family: ClassVar[str] = "system"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the store we may change, and the other where something of ours is."""
        if host.platform != "win32":
            return []
        look = _Look(False, ())
        with contextlib.suppress(TrustStoreError):  # the verbs will tell
            look = cls(host, USER)._look()
        first = MACHINE if look.elevated else USER
        ours = {e.where for e in look.entries if e.own and e.label != "-"}
        stores = (cls(host, place) for place in (MACHINE, USER))
        return [s for s in stores if s.place == first or s._where in ours]

    @property
    def machine_wide(self) -> bool:
        return self.place == MACHINE

    @property
    def is_there(self) -> bool:
        return True

    def check_changeable(self) -> None:
        """Check for PowerShell, and for the right to use it on this store.

        Raises:
            PrivilegeError: only an administrator can change the machine's store.
        """
        if self._tool() is None:
            raise self._tool_missing()
        if self.machine_wide and not self._look().elevated:
            raise self._not_ours()

    def touches(self) -> Sequence[str]:
        """Return nothing: it has no files that are ours to put back."""
        return []

    def in_use(self) -> bool:
        """Tell that putting files back undoes nothing here."""
        return True

    def contains(self, root: Root) -> bool:
        """Tell whether it has the root, its own or the machine's."""
        return any(entry.der == root.der for entry in self._entries())

    def is_ours(self, root: Root) -> bool:
        """Tell whether it has the root under our name."""
        return any(
            entry.own and entry.label == root.label and entry.der == root.der
            for entry in self._entries()
        )

    def install(self, roots: Sequence[Root]) -> None:
        """Add each under our name."""
        self._run(powershell.adding(self._where, roots))

    def remove(self, roots: Sequence[Root]) -> None:
        """Take out what has our names."""
        ours = [root for root in roots if self.is_ours(root)]
        if ours:
            self._run(powershell.removing(self._where, ours))

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        asked = "" if self.machine_wide else "; Windows asks for consent"
        return [f"add {root.label} to {self.place}{asked}" for root in roots]

    @property
    def _where(self) -> str:
        return self.place.split("\\")[1]

    def _entries(self) -> list[_Entry]:
        return [entry for entry in self._look().entries if entry.where == self._where]

    def _look(self) -> _Look:
        first, *rest = self._run(powershell.LOOK) or [""]
        entries = []
        for line in rest:
            where, own, label, data = line.split()
            entries.append(_Entry(where, own == "own", label, base64.b64decode(data)))
        return _Look(first == "elevated", tuple(entries))

    def _tool(self) -> str | None:
        return self.host.runner.find("powershell")

    def _run(self, script: str) -> list[str]:
        tool = self._tool()
        if tool is None:
            raise self._tool_missing()
        words = ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", script]
        ended = self.host.runner.run([tool, *words])
        lines = ended.stdout.decode("ascii", "replace").splitlines()
        if ended.code == 0:
            return [line for line in lines if line]
        refusals = [line for line in lines if line.startswith(powershell.REFUSED)]
        number = refusals[-1].split()[1] if refusals else f"exit code {ended.code}"
        if number == _DENIED and self.machine_wide:
            raise self._not_ours()
        raise self._refusal(number)

    def _tool_missing(self) -> TrustStoreError:
        return ToolMissingError(
            "powershell is not on this machine",
            store=self.name,
            hint="add its folder in System32\\WindowsPowerShell to PATH",
        )

    def _not_ours(self) -> TrustStoreError:
        return PrivilegeError(
            f"{self.place!r} is an administrator's to change", store=self.name
        )

    def _refusal(self, number: str) -> TrustStoreError:
        if number == _CANCELLED:
            return TrustStoreError(
                "the question of Windows was answered with No",
                store=self.name,
                code="refused",
                hint="try again and answer Yes; an administrator is not asked",
            )
        return self.error(
            f"Windows refused to open or change {self.place!r}: {number}",
            "where nobody is at the screen, or PowerShell is restricted, an "
            "administrator can do it",
        )
