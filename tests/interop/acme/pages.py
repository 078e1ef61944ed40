"""Pages of docs/acme/: their blocks, put to work on a machine made of folders."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from interop.acme.machines import Machine
from interop.acme.name_server import KEY_NAME

FOLDER = Path(__file__).parents[3] / "docs" / "acme"
DIRECTORY = "https://ca.example:8443/acme/directory"
ROOT = "/etc/ssl/corp-root.pem"
_BLOCK = re.compile(
    r"(?:^`(?P<path>[/\w][^`\n]+)`:\n\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
# What stands below these belongs to the machine of the test.
_SYSTEM = re.compile(r"(?<![\w/.@}-])/(etc|var)/(?!apache2/mods)")


class Block(NamedTuple):
    """One fenced block: what a file has, or commands."""

    path: str | None
    language: str
    text: str

    @property
    def commands(self) -> str:
        """The lines behind `$ `, and those that go on from them."""
        lines: list[str] = []
        goes_on = False
        for line in self.text.splitlines():
            if line.startswith("$ "):
                lines.append(line[2:])
            elif goes_on:
                lines.append(line)
            goes_on = (line.startswith("$ ") or goes_on) and line.endswith("\\")
        return "\n".join(lines)


class Page:
    """A page, by its sections."""

    def __init__(self, name: str) -> None:
        self.text = (FOLDER / f"{name}.md").read_text("utf-8")
        parts = re.split(r"^## (.+)$", self.text, flags=re.MULTILINE)
        self.sections = {
            heading: [
                Block(found["path"], found["language"], found["text"])
                for found in _BLOCK.finditer(body)
            ]
            for heading, body in zip(parts[1::2], parts[2::2], strict=True)
        }
        self.complaints = re.findall(r"^\| `([^`]+)` \|", self.text, re.MULTILINE)

    @property
    def blocks(self) -> list[Block]:
        return [block for blocks in self.sections.values() for block in blocks]


class Reader:
    """Who does what a page says, on a machine that trusts nothing of ours before.

    Args:
        page: its name, without `.md`.
        machine: where it is done.
        instead: what of the page is something else on this machine.
    """

    def __init__(
        self, page: str, machine: Machine, instead: Mapping[str, str] | None = None
    ) -> None:
        self.page = Page(page)
        self.machine = machine
        self._exports: list[str] = []
        server = machine.server
        self._instead = {
            DIRECTORY: server.directory,
            "10.0.0.53:53": server.names.address,
            "10.0.0.53 53": f"{server.names.host} {server.names.port}",
            "10.0.0.53": server.names.host,
            "10.0.0.7": "127.0.0.1",
            "TSIG_SECRET": server.names.secret,
            **(instead or {}),
        }
        self.write(ROOT, server.root.read_text())
        assert f'"{KEY_NAME}"' in '"acme"', "the pages name the key so"

    def place(self, path: str) -> Path:
        """Return where a file of the page is on this machine."""
        return self.machine.path("root") / path.lstrip("/")

    def write(self, path: str, text: str) -> Path:
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def told(self, text: str) -> str:
        """Return a text of the page as it is on this machine."""
        for ours, theirs in self._instead.items():
            # A placeholder such as KID is a word, and no part of EAB_KID.
            pattern = rf"(?<![A-Z_]){re.escape(ours)}" if ours.isupper() else None
            if pattern is None:
                text = text.replace(ours, theirs)
            else:
                text = re.sub(pattern, lambda _, new=theirs: new, text)
        folder = self.machine.path("root")
        return _SYSTEM.sub(lambda found: f"{folder}{found[0]}", text)

    def bind(self) -> None:
        """Have an external account ready where the page speaks of one."""
        self._binding = self.machine.server.eab()
        self._instead["KID"], self._instead["HMAC_KEY"] = self._binding

    def is_bound(self) -> bool:
        """Tell whether what the page says bound an account."""
        return self.machine.server.is_bound(self._binding)

    def files(self, section: str) -> dict[str, str]:
        """Write the files of a section; return them as they are on this machine."""
        found = {}
        for block in self.page.sections[section]:
            if block.path is not None:
                found[block.path] = self.told(block.text)
                self.write(block.path, found[block.path])
        return found

    def loose(self, section: str, language: str) -> str:
        """Return what a section shows of a file without saying which."""
        return "".join(
            self.told(block.text)
            for block in self.page.sections[section]
            if block.path is None and block.language == language
        )

    def follow(self, section: str, *, code: int | None = 0) -> str:
        """Write a section's files and run its commands; return what they said."""
        self.files(section)
        commands = "\n".join(
            self.told(block.commands)
            for block in self.page.sections[section]
            if block.language == "console"
        )
        assert commands, f"{section} has no command"
        script = "\n".join(["set -eu", *self._exports, commands])
        said = self.machine.run("bash", "-c", script, code=code)
        self._exports += re.findall(r"^export .*$", commands, re.MULTILINE)
        return said

    def complains(
        self, complaint: str, *words: str | Path, log: str = "complaining.log"
    ) -> None:
        """Check that a command says words for which the page has a remedy.

        Args:
            log: the file that has what it says.
        """
        assert complaint in self.page.complaints, "the page has no remedy"
        with self.machine.running(*words, log=log) as running:
            running.await_text(self.machine.path(log), complaint)
            # One that ends takes its lock away first, which a kill would leave.
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(3)

    def add_program(self, name: str, *words: str | Path) -> None:
        """Have a command run another, or do nothing."""
        folder = self.machine.path("bin")
        folder.mkdir(exist_ok=True)
        script = folder / name
        line = f'exec {shlex.join(map(str, words))} "$@"' if words else ":"
        script.write_text(f"#!/bin/sh\n{line}\n")
        script.chmod(0o755)
        environment = self.machine.environment
        if not environment["PATH"].startswith(f"{folder}:"):
            environment["PATH"] = f"{folder}:{environment['PATH']}"
