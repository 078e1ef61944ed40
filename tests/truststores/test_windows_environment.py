"""The environment of a person on Windows, with a registry of paper."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tlsmith.truststores import (
    Completed,
    Host,
    Outcome,
    find_stores,
    install,
    plan_install,
    uninstall,
)
from tlsmith.truststores.windows_environment import WindowsEnvironmentStore
from truststores.worlds import OWNER, root, root_pair

ENVIRONMENT = r"HKCU\Environment"


@dataclass
class Registry:
    """What `reg` and `powershell` do, as far as they are asked to."""

    keys: dict[str, dict[str, tuple[str, str]]]
    calls: list[Sequence[str]] = field(default_factory=list)
    dies_after: int = 1000
    denied: str = ""
    tools: tuple[str, ...] = ("reg", "powershell")

    def find(self, tool: str) -> str | None:
        return tool if tool in self.tools else None

    def within(self, folder: str, lock: int) -> Registry:
        return self

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        tool, verb, key, *words = command
        if tool == "powershell":
            self.calls.append(command)
            return Completed(0, "")
        if verb == "query":
            return self._query(key)
        self.calls.append(command)
        if len(self.calls) > self.dies_after:
            raise KeyboardInterrupt
        if self.denied:
            return Completed(1, self.denied)
        options = dict(zip(words[0::2], words[1::2], strict=False))
        if verb == "add":
            kind, value = options["/t"], options["/d"]
            self.keys.setdefault(key, {})[options["/v"]] = (kind, value)
        elif "/v" in options:
            del self.keys[key][options["/v"]]
        else:
            del self.keys[key]
        return Completed(0, "The operation completed successfully.")

    def _query(self, key: str) -> Completed:
        if key not in self.keys:
            return Completed(1, "ERROR: The system was unable to find the key.")
        lines = ["", key.replace("HKCU", "HKEY_CURRENT_USER")]
        for name, (kind, value) in self.keys[key].items():
            lines.append(f"    {name}    {kind}    {value}")
        text = "\r\n".join([*lines, "", ""])
        return Completed(0, text, text.encode())


@pytest.fixture
def registry() -> Registry:
    return Registry(
        {
            ENVIRONMENT: {
                "Path": ("REG_EXPAND_SZ", r"%USERPROFILE%\bin"),
                "SSL_CERT_FILE": ("REG_EXPAND_SZ", r"%USERPROFILE%\company.pem"),
                "EMPTY": ("REG_SZ", ""),
            }
        }
    )


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    file = tmp_path / "bundle.pem"
    file.write_bytes(root_pair().pem + root_pair("another").pem)
    return str(file)


def host_of(registry: Registry, tmp_path: Path) -> Host:
    return Host(registry, str(tmp_path / "home"), str(tmp_path / "none"))


def put_in(host: Host, bundle: str, name: str = "Root under test") -> Outcome:
    values = [("SSL_CERT_FILE", bundle), ("PIP_CERT", bundle)]
    store = WindowsEnvironmentStore.here(host, values, bundle)
    (outcome,) = install([store], [root(name)], host, OWNER)
    return outcome


def take_out(host: Host) -> list[Outcome]:
    stores = find_stores(host, ["windows-env"], remembered=True)
    return uninstall(stores, [root()], host, OWNER)


def copied(registry: Registry) -> object:
    return json.loads(json.dumps(registry.keys))


def test_what_was_there_comes_back(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    before, host = copied(registry), host_of(registry, tmp_path)
    outcome = put_in(host, bundle)
    assert (outcome.state, outcome.changed) == ("trusted", True), outcome
    assert registry.keys[ENVIRONMENT]["SSL_CERT_FILE"] == ("REG_SZ", bundle)
    assert not put_in(host, bundle).changed
    (gone,) = take_out(host)
    assert (gone.state, gone.changed) == ("not-trusted", True), gone
    assert copied(registry) == before
    assert take_out(host) == []


def test_running_programs_are_told(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    put_in(host_of(registry, tmp_path), bundle)
    assert registry.calls[-1][0] == "powershell"
    registry.tools = ("reg",)
    (gone,) = take_out(host_of(registry, tmp_path))
    assert gone.state == "not-trusted"


def test_what_somebody_else_set_since_stays(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    host = host_of(registry, tmp_path)
    put_in(host, bundle)
    registry.keys[ENVIRONMENT]["SSL_CERT_FILE"] = ("REG_SZ", "theirs")
    take_out(host)
    assert registry.keys[ENVIRONMENT]["SSL_CERT_FILE"] == ("REG_SZ", "theirs")
    assert "PIP_CERT" not in registry.keys[ENVIRONMENT]


def test_two_roots_share_the_variables(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    before, host = copied(registry), host_of(registry, tmp_path)
    put_in(host, bundle)
    put_in(host, bundle, "another")
    stores = find_stores(host, ["windows-env"], remembered=True)
    named = {"journalled_too": False}
    uninstall(stores, [root()], host, OWNER, **named)
    assert "PIP_CERT" in registry.keys[ENVIRONMENT]
    uninstall(stores, [root("another")], host, OWNER, **named)
    assert copied(registry) == before


@pytest.mark.parametrize("count", range(3))
def test_killed_at_any_point_it_is_undone(
    registry: Registry, bundle: str, tmp_path: Path, count: int
) -> None:
    before, host = copied(registry), host_of(registry, tmp_path)
    values = [("SSL_CERT_FILE", bundle), ("PIP_CERT", bundle)]
    registry.dies_after = count
    with pytest.raises(KeyboardInterrupt):
        WindowsEnvironmentStore.here(host, values, bundle).install([root()])
    registry.dies_after = 1000
    take_out(host)
    assert copied(registry) == before


def test_a_bundle_without_the_root_is_not_trusted(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    before, host = copied(registry), host_of(registry, tmp_path)
    Path(bundle).unlink()
    assert put_in(host, bundle).code == "install-not-verified"
    assert copied(registry) == before


def test_a_refusal_is_named(registry: Registry, bundle: str, tmp_path: Path) -> None:
    host = host_of(registry, tmp_path)
    registry.denied = "ERROR: Access is denied."
    assert put_in(host, bundle).state == "needs-root"
    registry.denied = "ERROR: Invalid syntax."
    assert "Invalid syntax" in put_in(host, bundle).message


def test_without_reg_there_is_no_such_store(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    registry.tools = ()
    host = host_of(registry, tmp_path)
    assert find_stores(host, ["windows-env"]) == []
    assert put_in(host, bundle).code == "tool-missing"


def test_damaged_notes_are_named(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    registry.keys[r"HKCU\Software\tlsmith-environment"] = {
        "facts": ("REG_SZ", "damaged!")
    }
    outcome = put_in(host_of(registry, tmp_path), bundle)
    assert outcome.state == "failed"
    assert "cannot be understood" in outcome.message


def test_a_plan_says_what_would_be_set(
    registry: Registry, bundle: str, tmp_path: Path
) -> None:
    host = host_of(registry, tmp_path)
    store = WindowsEnvironmentStore.here(host, [("PIP_CERT", bundle)], bundle)
    (outcome,) = plan_install([store], [root()], host)
    assert "HKCU" in outcome.message
    assert registry.calls == []
