"""Notes of what is being renamed, for whoever comes after a kill to finish.

One note in the folder of the first file tells all; notes in the other folders lead to
it, and mean nothing without it. That one is written last: once it is there, the new
files will be, and until then the old ones are.
"""

import contextlib
import json
import os
import stat
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tlsmith.files._errors import file_error
from tlsmith.files.atomic import (
    SECRET_MODE,
    TEMPORARY_MARK,
    name_beside,
    remove_quietly,
    sync_folder,
    write_temporary,
)

_MARK = ".tlsmith-commit"
_LARGEST = 1 << 20


class Note(NamedTuple):
    """What a killed run was about to rename, and the notes that tell of it."""

    moves: tuple[tuple[str, str], ...]
    paths: tuple[str, ...]


def write_notes(moves: Sequence[tuple[str, str]]) -> list[str]:
    """Note `moves` in every folder they are in; return the notes, the telling first.

    Raises:
        FileError: one cannot be written; none is left.
    """
    beside: dict[str, str] = {}
    for _, target in moves:
        beside.setdefault(os.path.dirname(target), target)
    places = [name_beside(target, _MARK) for target in beside.values()]
    contents: list[dict[str, Any]] = [{"see": places[0]} for _ in places]
    contents[0] = {"moves": moves}
    notes = list(zip(beside.values(), places, contents, strict=True))
    try:
        for target, place, content in reversed(notes):
            _write(target, place, content)
    except BaseException:
        for place in places:
            remove_quietly(place)
        raise
    return places


def find_notes(folders: Iterable[str]) -> list[Note]:
    """Return the notes that killed runs left in `folders`.

    Only what this user wrote, and what tells of temporary files beside their places:
    a note that someone put into a folder must not have us rename other files.
    """
    found = []
    for folder in sorted(folders):
        with contextlib.suppress(OSError):
            entries = [entry for entry in os.listdir(folder) if entry.endswith(_MARK)]
            notes = (_read(os.path.join(folder, entry)) for entry in sorted(entries))
            found += [note for note in notes if note is not None]
    return found


def _write(target: str, place: str, content: dict[str, Any]) -> None:
    # Under a temporary name of the target, so that what a kill leaves is found there.
    temporary = write_temporary(target, json.dumps(content).encode(), SECRET_MODE)
    try:
        os.replace(temporary, place)
    except BaseException as error:
        remove_quietly(temporary)
        if isinstance(error, OSError):
            raise file_error(error, target, "write") from error
        raise
    sync_folder(os.path.dirname(place))


def _read(path: str) -> Note | None:
    content = _load(path)
    leading = content.get("see")
    if not isinstance(leading, str):
        return _note(content, (path,))
    # Without the note it leads to, nothing was to be renamed yet, or all is.
    told = _load(leading) if leading.endswith(_MARK) else {}
    return _note(told, (leading, path)) or Note((), (path,))


def _note(content: dict[str, Any], paths: tuple[str, ...]) -> Note | None:
    moves = content.get("moves")
    if not isinstance(moves, list) or not all(map(_is_move, moves)):
        return None
    return Note(tuple((source, target) for source, target in moves), paths)


def _is_move(move: object) -> bool:
    if not isinstance(move, list) or [type(part) for part in move] != [str, str]:
        return False
    source, target = move
    start = name_beside(target, TEMPORARY_MARK)
    beside = os.path.dirname(source) == os.path.dirname(target)
    return os.path.isabs(target) and beside and source.startswith(start)


def _load(path: str) -> dict[str, Any]:
    """Return what a note of this user says; nothing where it is none."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return {}
    try:
        status = os.fstat(descriptor)
        ours = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
        if not ours or not stat.S_ISREG(status.st_mode):
            return {}
        content = json.loads(os.read(descriptor, _LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    finally:
        os.close(descriptor)
    return content if isinstance(content, dict) else {}
