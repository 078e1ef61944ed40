"""`tlsmith scan --fix`: show what would change, then change it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import NamedTuple

import click

from tlsmith.cli.output import counted, is_somebody_there, say
from tlsmith.errors import FileError, InputError
from tlsmith.files import read_file
from tlsmith.files.atomic import place_of, remove_quietly, sync_folder, write_temporary
from tlsmith.scan.finding import Finding
from tlsmith.scan.fix import Mended, difference, encode_as, mended
from tlsmith.scan.reporters.plain import shown
from tlsmith.scan.source import decode


class _Change(NamedTuple):
    """A file that is to be changed."""

    path: str
    before: bytes
    after: bytes
    mended: Mended


def fix(
    findings: Sequence[Finding],
    tell: Callable[[str], None],
    *,
    dry_run: bool,
    yes: bool,
) -> list[Finding]:
    """Mend what can be mended, after showing it; return what was mended.

    Args:
        tell: Is told the difference that it makes.
    """
    changes = _changes(findings)
    if not changes:
        say("nothing to mend")
        return []
    for change in changes:
        text = difference(change.path, decode(change.before), decode(change.after))
        tell(shown(text))
    number = sum(len(change.mended.applied) for change in changes)
    what = f"{counted(number, 'finding', 'findings')} in "
    what += counted(len(changes), "file", "files")
    if dry_run:
        say(f"would mend {what}; nothing was changed")
        return []
    if not yes:
        _ask(what)
    for change in changes:
        _rewrite(change)
    say(f"mended {what}")
    return [finding for change in changes for finding in change.mended.applied]


def _changes(findings: Sequence[Finding]) -> list[_Change]:
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.edits and finding.suppressed is None and finding.revision is None:
            by_path.setdefault(finding.path, []).append(finding)
    return [
        change
        for path, found in by_path.items()
        if (change := _change(path, found)) is not None
    ]


def _change(path: str, findings: Sequence[Finding]) -> _Change | None:
    if not os.path.isfile(path):  # standard input, or gone by now
        say(f"not mended: {path} is no file")
        return None
    before = read_file(path)
    result = mended(decode(before), findings)
    for finding, reason in result.refused:
        say(f"not mended: {path}:{finding.line} {finding.rule}: {reason}")
    after = encode_as(result.text, before)
    if after is None:
        say(f"not mended: {path}: its encoding or line ends would not stay as they are")
    return _Change(path, before, after, result) if after not in (None, before) else None


def _ask(what: str) -> None:
    if not is_somebody_there():
        raise InputError(
            f"{what} can be mended, and nobody is there to agree",
            code="needs-yes",
            hint="add --yes to mend them, or --dry-run to see them only",
        )
    if not click.confirm(f"mend {what}?", default=False, err=True):
        raise click.Abort


def _rewrite(change: _Change) -> None:
    """Replace a file in one step, with the mode it has."""
    target = place_of(change.path)
    if read_file(target) != change.before:
        raise FileError(
            f"{change.path!r} changed while it was looked at",
            path=change.path,
            code="file-changed",
            hint="run it again",
        )
    temporary = write_temporary(target, change.after, 0o600)
    try:
        os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except OSError as error:
        remove_quietly(temporary)
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot write {change.path!r}: {reason}", path=change.path
        ) from error
    sync_folder(os.path.dirname(target))
