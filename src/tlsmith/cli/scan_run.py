"""The scan itself, as the command asks for it: what is read, and what was found."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from tlsmith.errors import FileError
from tlsmith.scan.finding import Finding
from tlsmith.scan.glob import is_match
from tlsmith.scan.judge import judge
from tlsmith.scan.rule import Rule, rule_of
from tlsmith.scan.settings import Settings
from tlsmith.scan.source import Source, decode

_NEVER = {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv"}


@dataclass(frozen=True)
class Asked:
    """What is to be scanned, and by which rules."""

    paths: Sequence[str]
    rules: Sequence[Rule]
    exclude: Sequence[str] = ()
    settings: Settings = field(default_factory=Settings)
    largest: int = 1 << 20
    ignore: bool = True
    jobs: int | None = None
    changed_since: str | None = None
    staged: bool = False
    history: bool = False
    stdin_name: str = "-"


@dataclass
class Scanned:
    """What a scan found, and what it left out and why."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def every_rule() -> tuple[Rule, ...]:
    """Return every rule there is."""
    folder = files("tlsmith.scan") / "rules"
    if not folder.is_dir():
        return ()
    return tuple(
        rule_of(entry, file.name)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
        for entry in tomllib.loads(file.read_text("utf-8")).get("rule", ())
    )


def run_scan(asked: Asked) -> Scanned:
    """Scan what is asked for."""
    scanned = Scanned()
    for path in asked.paths:
        for file in _files(path):
            if _is_left_out(file, path, asked):
                continue
            _scan_file(file, path, asked, scanned)
    return scanned


def _files(path: str) -> Iterator[str]:
    if path == "-" or os.path.isfile(path):
        yield path
        return
    if not os.path.isdir(path):
        raise FileError(
            f"no such file or folder: {path!r}", path=path, code="file-not-found"
        )
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(set(folders) - _NEVER)
        yield from (os.path.join(folder, name) for name in sorted(names))


def _is_left_out(file: str, path: str, asked: Asked) -> bool:
    inside = os.path.relpath(file, path) if file != path else file
    return asked.settings.is_excluded(file) or any(
        is_match(pattern, name) for pattern in asked.exclude for name in (inside, file)
    )


def _scan_file(file: str, asked_path: str, asked: Asked, scanned: Scanned) -> None:
    try:
        data = sys.stdin.buffer.read() if file == "-" else _bytes(file)
    except OSError:
        scanned.skipped.append((file, "unreadable"))
        return
    if len(data) > asked.largest:
        scanned.skipped.append((file, "too large"))
        return
    if b"\0" in data[:8192]:
        scanned.skipped.append((file, "binary"))
        return
    name = asked.stdin_name if file == "-" else file.replace(os.sep, "/")
    inside = os.path.relpath(file, asked_path) if os.path.isabs(file) else name
    source = Source(name, decode(data), inside=inside)
    scanned.findings += judge(source, asked.rules)
    scanned.files += 1


def _bytes(file: str) -> bytes:
    with open(file, "rb") as stream:
        return stream.read()
