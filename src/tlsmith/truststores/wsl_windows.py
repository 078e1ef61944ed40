"""From inside WSL: the person's store of the Windows around it.

Windows' own PowerShell runs from here, without rights that were not had before; the
certificate is in its words, so that there is no file both sides would have to find.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tlsmith.truststores.base import Host
from tlsmith.truststores.windows import USER, WindowsStore

_KERNEL = "/proc/sys/kernel/osrelease"
# Either, where Linux starts programs of Windows; WSL has them off on request.
_INTEROP = ("WSLInterop", "WSLInterop-late")
_USUAL = "/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"


@dataclass(frozen=True)
class WSLWindowsStore(WindowsStore):
    """The store of Windows' person, seen from Linux."""

    name: ClassVar[str] = "wsl-windows"
    family: ClassVar[str] = "wsl"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return it where this Linux is WSL's, and can start what is Windows'."""
        store = cls(host, USER)
        is_here = _is_wsl(host) and store._tool() is not None
        return [store] if is_here else []

    def _tool(self) -> str | None:
        found = self.host.runner.find("powershell.exe")
        if found is None and os.path.exists(self.host.path(_USUAL)):
            found = self.host.path(_USUAL)  # sudo leaves Windows' folders out of PATH
        return found


def _is_wsl(host: Host) -> bool:
    """Tell whether the kernel is WSL's; that of a container there is, as well."""
    try:
        with open(host.path(_KERNEL), encoding="utf-8") as stream:
            kernel = stream.read()
    except OSError:
        return False
    folder = host.path("/proc/sys/fs/binfmt_misc")
    has_interop = any(os.path.exists(os.path.join(folder, n)) for n in _INTEROP)
    return "microsoft" in kernel.lower() and has_interop
