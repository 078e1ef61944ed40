"""The processes that may be looked at: their environments and command lines, judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from tlsmith.errors import FileError
from tlsmith.scan.finding import Finding
from tlsmith.scan.runtime.commands import Commands
from tlsmith.scan.runtime.environment import CALLED, notes_about
from tlsmith.scan.runtime.variables import Variables

PREFIX = "process/"
"""How the path of a finding in a process begins; user, program and place follow."""

_LARGEST = 4 << 20
_MOST_NAMED = 10
_COMMAND_LINE = "command line"


class Process(NamedTuple):
    """A process; its environment is empty if it may not be read."""

    number: int
    program: str
    user: str
    words: tuple[str, ...]
    environment: dict[str, str]
    folder: str | None
    """Where it works, if it sees the files that we see."""


@dataclass
class Processes:
    """What is known of the processes of a machine.

    Args:
        root: The folder in which the system tells about processes.
    """

    root: str = "/proc"
    closed: list[str] = field(default_factory=list)
    """Those whose environments may not be read."""

    def __iter__(self) -> Iterator[Process]:
        """Each but this one, in order of number."""
        try:
            names = os.listdir(self.root)
        except OSError as error:
            raise FileError(
                f"this system does not tell about processes in {self.root!r}",
                path=self.root,
                code="no-processes",
                hint="--process works on Linux; --env looks at this environment",
            ) from error
        for number in sorted(int(name) for name in names if name.isdecimal()):
            if number == os.getpid():
                continue
            try:
                process = self._process(number)
            except (FileNotFoundError, ProcessLookupError):  # gone by now
                continue
            except OSError:  # as where the system hides others' processes
                self.closed.append(f"process {number}")
                continue
            if process is not None:
                yield process

    def _process(self, number: int) -> Process | None:
        folder = os.path.join(self.root, str(number))
        words = _split(_read(os.path.join(folder, "cmdline")))
        if not words:  # the kernel's own, or dead
            return None
        name = _read(os.path.join(folder, "comm")).decode("utf-8", "replace").strip()
        try:
            entries = _split(_read(os.path.join(folder, "environ")))
        except PermissionError:  # its command line is everybody's to read
            self.closed.append(f"process {number} ({name})")
            entries = []
        pairs = (entry.partition("=") for entry in entries)
        return Process(
            number,
            name or os.path.basename(words[0]),
            _user(os.stat(folder).st_uid),
            tuple(words),
            {key: value for key, sign, value in pairs if sign},
            self._folder_of(folder),
        )

    def _folder_of(self, process: str) -> str | None:
        ours = os.path.join(self.root, "self", "ns", "mnt")
        try:
            theirs = os.readlink(os.path.join(process, "ns", "mnt"))
            if os.readlink(ours) != theirs:
                return None
            if os.readlink(os.path.join(process, "root")) != os.sep:
                return None
            return os.readlink(os.path.join(process, "cwd"))
        except OSError:
            return None


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(_LARGEST)


def _split(data: bytes) -> list[str]:
    """The words of a list that ends each with a null byte."""
    words = data.decode("utf-8", "surrogateescape").split("\0")
    return words[:-1] if words[-1] == "" else words


@cache
def _user(number: int) -> str:
    """The name of a user, or the number where there is none."""
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return str(number)


def scan_processes(
    processes: Iterable[Process], variables: Variables, commands: Commands
) -> tuple[list[Finding], int]:
    """What is found in processes, the same in several told once; and how many.

    A finding's path is `process/USER/PROGRAM/VARIABLE`: numbers change, and a baseline
    is to know it again.
    """
    same: dict[tuple[str, ...], tuple[Finding, Process, dict[int, None]]] = {}
    looked_at = 0
    for process in processes:
        looked_at += 1
        for place, finding in _found(process, variables, commands):
            path = f"{PREFIX}{process.user}/{_plain(process.program)}/{place}"
            key = (path, finding.rule, finding.snippet, finding.severity)
            same.setdefault(key, (finding, process, {}))[2][process.number] = None
    found = [
        _told(finding, path, _whose(process, list(numbers)), variables)
        for (path, *_), (finding, process, numbers) in same.items()
    ]
    return found, looked_at


def _found(
    process: Process, variables: Variables, commands: Commands
) -> Iterator[tuple[str, Finding]]:
    notes = {}
    if process.folder is not None:
        notes = notes_about(process.environment, process.folder, as_owner=False)
    yield from variables.findings(process.environment, notes)
    yield from commands.of_options(process.environment)
    for name, finding in commands.of_functions(process.environment):
        yield f"{name}{CALLED}", finding
    for finding in commands.findings(process.words):
        yield _COMMAND_LINE, finding


def _plain(program: str) -> str:
    return program.replace("/", "-")


def _told(finding: Finding, path: str, whose: str, variables: Variables) -> Finding:
    name = path.rpartition("/")[2]
    fix = f"Start it without: a process keeps what it was started with. {finding.fix}"
    if name == _COMMAND_LINE:
        place = f"Command line of {whose}"
    else:
        kind = "Function" if name.endswith(CALLED) else "Variable"
        place = f"{kind} {name.removesuffix(CALLED)} of {whose}"
        fix = f"Start it without {name}: a process keeps its environment. {finding.fix}"
    return replace(
        finding, path=path, message=variables.titled(finding, place), fix=fix
    )


def _whose(process: Process, numbers: list[int]) -> str:
    about = f"({process.program}, user {process.user})"
    if len(numbers) == 1:
        return f"process {numbers[0]} {about}"
    named = ", ".join(map(str, numbers[:_MOST_NAMED]))
    more = len(numbers) - _MOST_NAMED
    return f"{len(numbers)} processes {about}: {named}" + (
        f" and {more} more" if more > 0 else ""
    )
