"""The configuration files of a person and of a machine, judged."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from tlsmith.scan.engine import Scan
from tlsmith.scan.examine import Examined, Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.runtime.gitconfig import included
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.runtime.masking import masked, reason_without_secrets

_GIT = ".gitconfig"
_OF_THE_DISTRIBUTION = ("lib/", "usr/lib/", "usr/share/")
_NOT_OWN = "not the person's own file: an administrator mends it"


class Place(NamedTuple):
    """A file of configuration.

    Args:
        path: Where it is.
        seen_as: The path it is judged by.
        sets_variables: Whether programs get their environments from it.
    """

    path: str
    seen_as: str
    sets_variables: bool


def places(machine: Machine) -> Iterator[Place]:
    """The files of configuration that are there, each once."""
    known: set[str] = set()
    for place in _every_place(machine):
        real = os.path.realpath(place.path)
        if real not in known and not _is_distributed(real, machine):
            known.add(real)
            yield place


def _every_place(machine: Machine) -> Iterator[Place]:
    for entry in place_entries():
        for pattern in entry["paths"]:
            for path in machine.files(pattern):
                seen_as = entry.get("seen_as") or os.path.basename(path)
                yield Place(path, seen_as, entry.get("sets_variables", False))
                if seen_as == _GIT:
                    inner = included(path, machine)
                    yield from (Place(file, _GIT, False) for file in inner)


@cache
def place_entries() -> list[dict[str, Any]]:
    """What `places.toml` says."""
    text = files("tlsmith.scan.runtime").joinpath("places.toml").read_text("utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["place"]
    return entries


def _is_distributed(real: str, machine: Machine) -> bool:
    """Whether a link leads to a file that came with the system."""
    inside = os.path.relpath(real, os.path.realpath(machine.root))
    return inside.replace(os.sep, "/").startswith(_OF_THE_DISTRIBUTION)


def scan_places(
    machine: Machine,
    examiner: Examiner,
    largest: int,
    leaves_out: Callable[[str], bool] | None = None,
) -> Scan:
    """Judge every file of configuration that is there.

    Args:
        largest: Bytes; larger files are left out.
        leaves_out: Says of a path whether the user leaves it out.
    """
    done = Scan()
    for place in places(machine):
        if leaves_out is not None and leaves_out(place.path):
            done.skipped.add(place.path, "excluded")
        else:
            done.take(place.path, _judged(place, machine, examiner, largest))
    return done


def _judged(
    place: Place, machine: Machine, examiner: Examiner, largest: int
) -> Examined:
    from tlsmith.scan.regular import read

    try:
        data = read(place.path, largest)
    except OSError as error:
        return Examined([], "too large" if error.errno is None else "unreadable")
    if data is None:
        return Examined([], "special file")
    seen = examiner.data(place.seen_as, place.seen_as, data, named=True)
    own = machine.owns(place.path)
    return Examined(
        [
            _told(finding, place.path, own=own)
            for finding in seen.findings
            if finding.category != "key"  # keys are where they belong in these files
        ],
        seen.skipped,
    )


def _told(finding: Finding, path: str, *, own: bool) -> Finding:
    """A finding under the path of its file, without the secrets beside it."""
    snippet = masked(finding.snippet)
    reason = reason_without_secrets(finding.reason)
    finding = replace(
        finding, path=path.replace(os.sep, "/"), snippet=snippet, reason=reason
    )
    if own or not finding.edits:
        return finding
    reason = "; ".join(filter(None, (reason, _NOT_OWN)))
    return replace(finding, edits=(), reason=reason)
