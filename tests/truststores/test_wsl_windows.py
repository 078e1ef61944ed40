"""Windows' store seen from inside WSL; its PowerShell is that of `test_windows`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tlsmith.truststores import Host, find_stores, install, uninstall
from tlsmith.truststores.windows import USER
from truststores.test_windows import PowerShell
from truststores.worlds import OWNER, root

_USUAL = "mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"


@dataclass
class PowerShellOnPath(PowerShell):
    """Is found under the name that Windows' programs have in Linux."""

    tools: tuple[str, ...] = ("powershell.exe",)

    def find(self, tool: str) -> str | None:
        return f"/mnt/c/{tool}" if tool in self.tools else None


def _machine(folder: Path, kernel: str, interop: str) -> Host:
    release = folder / "proc/sys/kernel/osrelease"
    release.parent.mkdir(parents=True)
    release.write_text(f"{kernel}\n")
    if interop:
        (folder / "proc/sys/fs/binfmt_misc").mkdir(parents=True)
        (folder / "proc/sys/fs/binfmt_misc" / interop).touch()
    home = folder / "home"
    (home / ".local/state").mkdir(parents=True)
    stores = {"LocalMachine": {root("first").der: "Microsoft Root"}, "CurrentUser": {}}
    return Host(PowerShellOnPath(stores), str(home), str(folder), {}, "linux")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    kernel = "5.15.153.1-microsoft-standard-WSL2"
    return _machine(tmp_path, kernel, "WSLInterop-late")


def test_the_whole_life(host: Host) -> None:
    assert isinstance(host.runner, PowerShell)
    before = host.runner.copied()
    stores = find_stores(host, ["wsl-windows"])
    (outcome,) = install(stores, [root()], host, OWNER)
    assert (outcome.state, outcome.place, outcome.changed) == ("trusted", USER, True)
    assert host.runner.calls[0][0] == "/mnt/c/powershell.exe"
    assert root().der in host.runner.stores["CurrentUser"]
    remembered = find_stores(host, ["wsl"], remembered=True)
    (gone,) = uninstall(remembered, [], host, OWNER)
    assert (gone.state, gone.changed) == ("not-trusted", True)
    assert host.runner.copied() == before
    assert not Path(host.user_journal).exists()


def test_what_windows_trusts_already_is_left(host: Host) -> None:
    assert isinstance(host.runner, PowerShell)
    stores = find_stores(host, ["wsl"])
    (outcome,) = install(stores, [root("first")], host, OWNER)
    assert (outcome.state, outcome.changed) == ("trusted", False)
    assert host.runner.calls == []


def test_powershell_is_found_where_path_lacks_it(host: Host) -> None:
    assert isinstance(host.runner, PowerShell)
    host.runner.tools = ()
    assert find_stores(host, ["wsl"]) == []
    usual = Path(host.path(_USUAL))
    usual.parent.mkdir(parents=True)
    usual.touch()
    install(find_stores(host, ["wsl"]), [root()], host, OWNER)
    assert host.runner.calls[0][0] == str(usual)


def test_an_elevated_windows_changes_nothing_of_that(host: Host) -> None:
    assert isinstance(host.runner, PowerShell)
    host.runner.elevated = True
    (store,) = find_stores(host, ["wsl"])
    assert (store.place, store.machine_wide) == (USER, False)


@pytest.mark.parametrize(
    ("kernel", "interop", "found"),
    [
        ("4.4.0-19041-Microsoft", "WSLInterop", True),
        ("5.15.153.1-microsoft-standard-WSL2", "", False),
        ("6.1.0-18-amd64", "WSLInterop", False),
    ],
)
def test_where_it_is(tmp_path: Path, kernel: str, interop: str, found: bool) -> None:
    host = _machine(tmp_path / "machine", kernel, interop)
    assert bool(find_stores(host, ["wsl"])) is found


def test_only_linux_has_a_windows_around_it(host: Host, tmp_path: Path) -> None:
    assert find_stores(replace(host, root=str(tmp_path / "none")), ["wsl"]) == []
