"""The command for what needs root."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.cli.elevate import RootCommand, offer, root_command
from tlsmith.cli.entry import FAILURE
from tlsmith.truststores import Host, SystemRunner


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole of PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _host() -> Host:
    return Host(SystemRunner(), "/home/me", environment={})


def _add(folder: Path, tool: str) -> None:
    (folder / tool).write_text("#!/bin/sh\nexit 0\n")
    (folder / tool).chmod(0o755)


def test_it_keeps_the_home_and_names_every_store(tools: Path, home: Path) -> None:
    _add(tools, "sudo")
    command = root_command("install", ["debian", "java"], _host())
    words = list(command.words)
    assert words[:3] == ["sudo", "env", f"TLSMITH_HOME={home / 'tlsmith'}"]
    assert words[-6:] == ["trust", "install", "--store", "debian", "--store", "java"]
    assert shlex.split(command.text) == words
    assert os.path.isabs(words[3])


def test_files_are_named_from_anywhere(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(tools, "sudo")
    monkeypatch.chdir(tmp_path)
    command = root_command("uninstall", ["debian"], _host(), root_file="my root.pem")
    assert command.words[-2:] == ("--root", str(tmp_path / "my root.pem"))
    assert shlex.split(command.text) == list(command.words)


def test_a_password_is_handed_on_and_never_shown(tools: Path) -> None:
    _add(tools, "sudo")
    environment = {"JAVA_HOME": "/opt/java", "TLSMITH_JAVA_STOREPASS": "hidden away"}
    host = replace(_host(), environment=environment)
    command = root_command("install", ["java"], host)
    assert "hidden away" not in command.text
    assert command.words[1] == "--preserve-env=TLSMITH_JAVA_STOREPASS"
    assert "JAVA_HOME=/opt/java" in command.words


def test_doas_does_as_well(tools: Path) -> None:
    _add(tools, "doas")
    assert root_command("install", ["debian"], _host()).words[0] == "doas"


def test_without_either_a_person_is_told_to_become_root(tools: Path) -> None:
    command = root_command("install", ["debian"], _host())
    assert command.words == ()
    assert command.text.startswith("su -c 'env TLSMITH_HOME=")


def test_registries_go_along(tools: Path) -> None:
    _add(tools, "sudo")
    command = root_command(
        "install", ["docker"], _host(), more=["--registry", "localhost:5000"]
    )
    assert command.words[-4:] == ("--store", "docker", "--registry", "localhost:5000")


def test_windows_is_told_of_an_elevated_powershell(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(tools, "sudo")
    monkeypatch.setenv("TLSMITH_HOME", "/Users/O'Brien/tlsmith")
    host = replace(_host(), platform="win32")
    command = root_command("install", ["windows"], host)
    assert command.words == ()
    assert offer(command) == FAILURE
    start = "$env:TLSMITH_HOME = '/Users/O''Brien/tlsmith'; & '"
    assert command.text.startswith(start)
    assert command.text.endswith("'trust' 'install' '--store' 'windows'")
    assert "sudo" not in command.text
    assert "administrator" in command.title


def test_nobody_is_asked_without_a_terminal() -> None:
    assert offer(RootCommand(("false",), "false")) == FAILURE


_ASKING = """\
import sys
from tlsmith.cli.elevate import RootCommand, offer
sys.exit(offer(RootCommand((sys.executable, "-c", "raise SystemExit(7)"), "")))
"""


@pytest.mark.parametrize(("answer", "code"), [("y", 7), ("", 7), ("n", FAILURE)])
def test_somebody_at_a_terminal_is_asked_once(answer: str, code: int) -> None:
    controller, terminal = pty.openpty()
    os.write(controller, f"{answer}\n".encode())
    asked = subprocess.run(
        [sys.executable, "-c", _ASKING],
        stdin=terminal,
        stderr=terminal,
        check=False,
        timeout=30,
    )
    said = os.read(controller, 4096)
    os.close(terminal)
    os.close(controller)
    assert asked.returncode == code
    assert b"Run it now? [Y/n]" in said


def test_an_image_is_named_with_its_whole_path(folder: Path) -> None:
    command = root_command("install", ["debian"], _host(), directory="rootfs")
    assert f"--store debian --dir {folder / 'rootfs'}" in command.text
