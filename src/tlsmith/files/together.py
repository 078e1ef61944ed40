"""Several files that belong together, such as a key and its certificate.

A rename replaces one file at a time, so a kill between two of them would leave a new
key beside an old certificate. Therefore all are written beside their places first,
then a note of what goes where is put on disk, then the renames are made. Whoever comes
next and finds such a note finishes the renames before doing anything else.
"""

import contextlib
import json
import os
import signal
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tlsmith.files._errors import file_error
from tlsmith.files.atomic import (
    PUBLIC_MODE,
    SECRET_MODE,
    TEMPORARY_MARK,
    is_stream,
    remove_quietly,
    sync_folder,
    write_file,
    write_temporary,
)
from tlsmith.files.read import read_file

_NOTE_MARK = ".tlsmith-commit"


class NewFile(NamedTuple):
    """A file to write: where, what, and whether it holds a secret (then 0600)."""

    path: str
    data: bytes
    secret: bool = False
    mode: int | None = None

    @property
    def permissions(self) -> int:
        if self.mode is not None:
            return self.mode
        return SECRET_MODE if self.secret else PUBLIC_MODE


def write_together(files: Sequence[NewFile]) -> None:
    """Write all of `files`, or leave every one as it was.

    Raises:
        FileError: one of them cannot be written; none was changed.
    """
    regular = [file for file in files if not is_stream(file.path)]
    for file in regular:
        finish_interrupted(file.path)
    if len(regular) == 1:
        write_file(regular[0].path, regular[0].data, mode=regular[0].permissions)
    elif regular:
        _write_regular(regular)
    for file in files:
        if file not in regular:
            write_file(file.path, file.data)


def finish_interrupted(path: str) -> None:
    """Finish the renames of an earlier run that was killed between two of them."""
    target = os.path.realpath(path)
    note = _note_path(target)
    try:
        with open(note, encoding="utf-8") as stream:
            moves = json.load(stream)
    except FileNotFoundError:
        moves = None
    except (OSError, ValueError):
        return
    if moves is not None:
        for source, destination in moves:
            if os.path.exists(source):
                os.replace(source, destination)
        remove_quietly(note)
    _remove_left_behind(target)


def _write_regular(files: Sequence[NewFile]) -> None:
    targets = [os.path.realpath(file.path) for file in files]
    written: list[str] = []
    notes = [_note_path(target) for target in targets]
    try:
        for file, target in zip(files, targets, strict=True):
            written.append(write_temporary(target, file.data, file.permissions))
        moves = [list(move) for move in zip(written, targets, strict=True)]
        note = json.dumps(moves).encode()
        with _uninterrupted():
            for place in notes:
                write_file(place, note, mode=SECRET_MODE)
            _replace_all(moves)
            for place in notes:
                remove_quietly(place)
    except BaseException as error:
        for path in (*written, *notes):
            remove_quietly(path)
        if isinstance(error, OSError):
            raise file_error(error, files[0].path, "write") from error
        raise
    for folder in {os.path.dirname(target) for target in targets}:
        sync_folder(folder)


def _replace_all(moves: Sequence[Sequence[str]]) -> None:
    """Make every rename, or, when the system refuses one, undo those before it."""
    kept = [(destination, _keep(destination)) for _, destination in moves]
    done = 0
    try:
        for source, destination in moves:
            os.replace(source, destination)
            done += 1
    except OSError:
        for destination, old in kept[:done]:
            if old is None:
                remove_quietly(destination)
            else:
                os.replace(old, destination)
        raise
    finally:
        for _, old in kept:
            if old is not None:
                remove_quietly(old)


def _keep(path: str) -> str | None:
    """Give the file at `path` a second name to come back from; None without a file."""
    if not os.path.lexists(path):
        return None
    folder, name = os.path.split(path)
    mark = f"{TEMPORARY_MARK}{os.getpid()}-{os.urandom(4).hex()}"
    kept = os.path.join(folder, f".{name[:180]}{mark}")
    try:
        os.link(path, kept)
    except OSError:  # a file system without second names, such as FAT
        mode = stat.S_IMODE(os.stat(path).st_mode)
        return write_temporary(path, read_file(path), mode)
    return kept


def _note_path(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:180]}{_NOTE_MARK}")


def _remove_left_behind(target: str) -> None:
    """Remove what killed processes left: a half-written key must not lie about."""
    folder, name = os.path.split(target)
    start = f".{name[:180]}{TEMPORARY_MARK}"
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder or "."):
            if entry.startswith(start):
                process = entry[len(start) :].partition("-")[0]
                if not (process.isdigit() and _is_alive(int(process))):
                    remove_quietly(os.path.join(folder, entry))


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # os.kill ends a process there: leave the file instead
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back ^C and termination for the moment the renames take."""
    arrived: list[int] = []
    signals = [signal.SIGINT, signal.SIGTERM]
    try:
        kept = [signal.signal(n, lambda n, _: arrived.append(n)) for n in signals]
    except ValueError:  # not the main thread, which alone gets signals
        yield
        return
    try:
        yield
    finally:
        for caught, handler in zip(signals, kept, strict=True):
            signal.signal(caught, handler)
        for number in arrived:
            signal.raise_signal(number)
