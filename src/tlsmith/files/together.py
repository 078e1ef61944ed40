"""Several files that belong together, such as a key and its certificate.

A rename replaces one file at a time, so a kill between two of them would leave a new
key beside an old certificate. Therefore all are written beside their places first,
then a note of what goes where is put on disk, then the renames are made. Whoever comes
next and finds such a note finishes the renames before doing anything else.
"""

import contextlib
import os
import signal
import stat
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tlsmith.errors import FileError
from tlsmith.files._errors import file_error
from tlsmith.files.atomic import (
    PUBLIC_MODE,
    SECRET_MODE,
    TEMPORARY_MARK,
    is_of_this_process,
    is_stream,
    name_beside,
    place_of,
    remove_quietly,
    sync_folder,
    temporary_name,
    write_file,
    write_temporary,
)
from tlsmith.files.lock import folders_locked
from tlsmith.files.notes import find_notes, write_notes
from tlsmith.files.read import read_file

# Where a temporary file is from, and to: both in the same folder.
_Move = tuple[str, str]
# In seconds; what is older was left behind, whoever has its process number by now.
_LONGEST_WRITE = 600


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

    Other processes that write in the same folders wait, so that of two pairs written
    at once one is there whole.

    Raises:
        FileError: one of them cannot be written, or two are the same file; none was
            changed.
    """
    streams = [file for file in files if is_stream(file.path)]
    regular = [file for file in files if file not in streams]
    targets = [place_of(file.path) for file in regular]
    for number, target in enumerate(targets):
        if target in targets[:number]:
            raise FileError(
                f"{regular[number].path!r} is to hold two different things",
                path=regular[number].path,
                code="same-file",
                hint="give each of them a name of its own; --format combined writes "
                "a certificate and its key into one file",
            )
    with folders_locked(map(os.path.dirname, targets)):
        _finish_all(targets)
        if len(regular) == 1:
            only = regular[0]
            write_file(only.path, only.data, mode=only.permissions)
        elif regular:
            _write_regular(regular, targets)
    for file in streams:
        write_file(file.path, file.data)


def finish_interrupted(path: str) -> None:
    """Finish what an earlier run that was killed had begun in the folder of `path`.

    Raises:
        FileError: the system refuses to.
    """
    target = place_of(path)
    with folders_locked([os.path.dirname(target)]):
        _finish_all([target])


def _write_regular(files: Sequence[NewFile], targets: Sequence[str]) -> None:
    written: list[str] = []
    try:
        for file, target in zip(files, targets, strict=True):
            written.append(write_temporary(target, file.data, file.permissions))
        with _uninterrupted():
            _commit(list(zip(written, targets, strict=True)))
    except BaseException:
        for path in written:
            remove_quietly(path)
        raise


def _commit(moves: Sequence[_Move]) -> None:
    """Make every rename, or none; a kill between two of them is made good later."""
    kept: list[str | None] = []
    notes: list[str] = []
    try:
        for _, target in moves:
            kept.append(_keep(target))
        notes = write_notes(moves)
        _rename_all(moves, kept)
        for folder in {os.path.dirname(target) for _, target in moves}:
            sync_folder(folder)
    finally:
        for path in (*notes, *filter(None, kept)):
            remove_quietly(path)


def _rename_all(moves: Sequence[_Move], kept: Sequence[str | None]) -> None:
    done = 0
    try:
        for source, target in moves:
            os.replace(source, target)
            done += 1
    except OSError as error:
        # New files go back to the names they have in the notes, so that a kill here
        # as well leaves something to finish.
        for (source, target), old in zip(moves[:done], kept, strict=False):
            os.replace(target, source)
            if old is not None:
                os.replace(old, target)
        raise file_error(error, moves[done][1], "write") from error


def _keep(path: str) -> str | None:
    """Give the file at `path` a second name to come back from; None without a file."""
    if not os.path.lexists(path):
        return None
    kept = temporary_name(path)
    try:
        os.link(path, kept)
    except OSError:  # a file system without second names, such as FAT
        mode = stat.S_IMODE(os.stat(path).st_mode)
        return write_temporary(path, read_file(path), mode)
    return kept


def _finish_all(targets: Sequence[str]) -> None:
    """Make the renames that notes in the folders of `targets` tell of, and clean up."""
    involved = set(targets)
    for note in find_notes({os.path.dirname(target) for target in targets}):
        for source, target in note.moves:
            involved.add(target)
            try:
                if os.path.exists(source):
                    os.replace(source, target)
            except OSError as error:
                raise file_error(error, target, "finish writing") from error
        for path in note.paths:
            remove_quietly(path)
    for target in involved:
        _remove_left_behind(target)


def _remove_left_behind(target: str) -> None:
    """Remove what killed processes left: a half-written key must not lie about."""
    start = name_beside(target, TEMPORARY_MARK)
    folder = os.path.dirname(target)
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder):
            path = os.path.join(folder, entry)
            if path.startswith(start) and _is_abandoned(path, path[len(start) :]):
                remove_quietly(path)


def _is_abandoned(path: str, mark: str) -> bool:
    process = mark.partition("-")[0]
    if not process.isdigit() or time.time() - os.stat(path).st_ctime > _LONGEST_WRITE:
        return True
    if int(process) == os.getpid():
        return not is_of_this_process(mark)
    return not _is_alive(int(process))


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
