"""Windows' stores, with a PowerShell of paper that knows our three scripts."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tlsmith.truststores import (
    Completed,
    Host,
    Outcome,
    find_stores,
    install,
    plan_install,
    status,
    uninstall,
)
from tlsmith.truststores.windows import MACHINE, USER
from truststores.worlds import OTHER_OWNER, OWNER, root

_PAIR = re.compile(r"'(tlsmith-[0-9a-f]{16}):([A-Za-z0-9+/=]+)'")
_STORE = re.compile(r"\$s=Open '(\w+)' 'ReadWrite'")
# What Windows says, in the language of Windows; nothing of it may matter.
_PROSE = "Die Anforderung wird nicht unterstützt.\r\n".encode("cp1252")


@dataclass
class PowerShell:
    """The two stores as Windows keeps them, certificate to friendly name."""

    stores: dict[str, dict[bytes, str]]
    elevated: bool = False
    refusal: str = ""
    dies: str = ""
    dead: bool = False
    tools: tuple[str, ...] = ("powershell",)
    calls: list[Sequence[str]] = field(default_factory=list)

    def find(self, tool: str) -> str | None:
        return f"C:\\Windows\\{tool}.exe" if tool in self.tools else None

    def within(self, folder: str, lock: int) -> PowerShell:
        return self

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        script = command[-1]
        assert list(command[1:-1]) == [
            *("-NoLogo", "-NoProfile", "-NonInteractive", "-Command")
        ]
        # No layer between us and PowerShell has anything to rewrite in it.
        assert '"' not in script
        assert "\n" not in script
        if self.dead:
            raise KeyboardInterrupt
        place = _STORE.search(script)
        if place is None:
            return self._look()
        self.calls.append(command)
        # Whoever is dead runs nothing any more, to undo it either.
        self.dead = bool(self.dies)
        if self.dies == "before":
            raise KeyboardInterrupt
        if self.refusal:
            return self._done(f"refused {self.refusal}", code=5)
        self._change(place[1], script)
        if self.dies == "after":
            raise KeyboardInterrupt
        return self._done("")

    def _change(self, where: str, script: str) -> None:
        if where == "LocalMachine" and not self.elevated:
            self.refusal = "80070005"
            return
        store = self.stores[where]
        for label, data in _PAIR.findall(script):
            der = base64.b64decode(data)
            if "$s.Add(" in script:
                store[der] = label
            elif store.get(der) == label:
                del store[der]

    def _look(self) -> Completed:
        lines = ["elevated" if self.elevated else "plain"]
        shown = {
            "LocalMachine": self.stores["LocalMachine"],
            "CurrentUser": self.stores["LocalMachine"] | self.stores["CurrentUser"],
        }
        for where, certificates in shown.items():
            for der, name in certificates.items():
                own = "own" if der in self.stores[where] else "-"
                label = name if name.startswith("tlsmith-") else "-"
                data = base64.b64encode(der).decode()
                lines.append(f"{where} {own} {label} {data}")
        return self._done("\r\n".join([*lines, ""]))

    def _done(self, text: str, code: int = 0) -> Completed:
        data = text.encode() + b"\r\n"
        output = (data + _PROSE * (code != 0)).decode(errors="replace")
        return Completed(code, output, data)

    def copied(self) -> dict[str, dict[bytes, str]]:
        return {where: dict(store) for where, store in self.stores.items()}


@pytest.fixture
def windows() -> PowerShell:
    """Windows with a root of Microsoft's, and one that the person added."""
    return PowerShell(
        {
            "LocalMachine": {root("first").der: "Microsoft Root"},
            "CurrentUser": {root("second").der: ""},
        }
    )


@pytest.fixture
def host(windows: PowerShell, tmp_path: Path) -> Host:
    environment = {
        "LOCALAPPDATA": str(tmp_path / "local"),
        "PROGRAMFILES": str(tmp_path / "programs"),
    }
    return Host(windows, str(tmp_path / "home"), str(tmp_path), environment, "win32")


def put_in(host: Host, name: str = "Root under test", owner: str = OWNER) -> Outcome:
    stores = find_stores(host, ["windows"])
    return install(stores, [root(name)], host, owner)[0]


def take_out(host: Host, owner: str = OWNER) -> list[Outcome]:
    stores = find_stores(host, ["windows"], remembered=True)
    return uninstall(stores, [], host, owner)


def test_a_person_gets_their_own_store(windows: PowerShell, host: Host) -> None:
    before = windows.copied()
    (planned,) = plan_install(find_stores(host, ["windows"]), [root()], host)
    assert "asks for consent" in planned.message
    outcome = put_in(host)
    assert (outcome.state, outcome.place, outcome.changed) == ("trusted", USER, True)
    assert windows.stores["CurrentUser"][root().der] == root().label
    assert windows.stores["LocalMachine"] == before["LocalMachine"]
    assert not put_in(host).changed
    (gone,) = take_out(host)
    assert (gone.state, gone.changed) == ("not-trusted", True), gone
    assert windows.copied() == before


def test_an_administrator_gets_the_machines(
    windows: PowerShell, host: Host, tmp_path: Path
) -> None:
    before = windows.copied()
    windows.elevated = True
    outcome = put_in(host)
    assert (outcome.place, outcome.changed) == (MACHINE, True), outcome
    assert (tmp_path / "programs/tlsmith-trust").is_dir()
    (gone,) = take_out(host)
    assert gone.changed, gone
    assert windows.copied() == before
    assert not (tmp_path / "programs").exists()


def test_the_machines_is_told_of_to_whoever_cannot_change_it(
    windows: PowerShell, host: Host
) -> None:
    windows.elevated = True
    put_in(host)
    windows.elevated = False
    found = {one.place: one for one in status(find_stores(host), [root()])}
    assert {place: one.state for place, one in found.items()} == {
        MACHINE: "trusted",
        USER: "trusted",
    }
    gone = {one.place: one for one in take_out(host)}
    assert gone[MACHINE].state == "needs-root"
    assert root().der in windows.stores["LocalMachine"]


def test_an_administrator_takes_out_of_both(windows: PowerShell, host: Host) -> None:
    before = windows.copied()
    put_in(host)
    windows.elevated = True
    assert put_in(host).place == MACHINE
    gone = take_out(host)
    assert {one.place for one in gone if one.changed} == {MACHINE, USER}
    assert windows.copied() == before


def test_what_was_there_before_stays(windows: PowerShell, host: Host) -> None:
    before = windows.copied()
    for name in ("first", "second"):
        assert not put_in(host, name).changed
        stores = find_stores(host, ["windows"], remembered=True)
        (left,) = uninstall(stores, [root(name)], host, OWNER)
        assert (left.state, left.changed) == ("trusted", False)
    assert windows.copied() == before
    assert windows.calls == []


def test_two_roots_and_two_owners(windows: PowerShell, host: Host) -> None:
    before = windows.copied()
    put_in(host)
    put_in(host, "another")
    put_in(host, owner=OTHER_OWNER)
    take_out(host)
    assert windows.stores["CurrentUser"][root().der] == root().label
    assert root("another").der not in windows.stores["CurrentUser"]
    take_out(host, OTHER_OWNER)
    assert windows.copied() == before


@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_it_is_undone(
    windows: PowerShell, host: Host, dies: str, verb: str
) -> None:
    before = windows.copied()
    if verb == "uninstall":
        put_in(host)
    windows.dies = dies
    with pytest.raises(KeyboardInterrupt):
        (put_in if verb == "install" else take_out)(host)
    windows.dies, windows.dead = "", False
    take_out(host)
    assert windows.copied() == before
    assert not Path(host.user_journal).exists()


def test_our_entry_is_known_without_a_journal(
    windows: PowerShell, host: Host, tmp_path: Path
) -> None:
    before = windows.copied()
    put_in(host)
    Path(host.user_journal).rename(tmp_path / "lost")
    stores = find_stores(host, ["windows"])
    (gone,) = uninstall(stores, [root()], host, OWNER)
    assert (gone.state, gone.changed) == ("not-trusted", True)
    assert windows.copied() == before


def test_a_no_is_an_answer(windows: PowerShell, host: Host) -> None:
    before = windows.copied()
    windows.refusal = "800704C7"
    outcome = put_in(host)
    assert (outcome.state, outcome.code) == ("failed", "refused")
    assert "Yes" in (outcome.hint or "")
    assert windows.copied() == before


def test_a_refusal_is_told_by_its_number(windows: PowerShell, host: Host) -> None:
    windows.refusal = "80090020"
    outcome = put_in(host)
    assert outcome.state == "failed"
    assert "80090020" in outcome.message


def test_rights_lost_on_the_way_are_named(windows: PowerShell, host: Host) -> None:
    windows.elevated, windows.refusal = True, "80070005"
    assert put_in(host).state == "needs-root"


def test_a_missing_powershell_is_named(windows: PowerShell, host: Host) -> None:
    windows.tools = ()
    outcome = put_in(host)
    assert (outcome.state, outcome.code) == ("failed", "tool-missing")
    assert outcome.hint


def test_elsewhere_there_is_no_such_store(host: Host) -> None:
    assert find_stores(replace(host, platform="linux"), ["windows"]) == []
