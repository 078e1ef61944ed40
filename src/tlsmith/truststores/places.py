"""Where journals are, whose turn it is, and no trace once they are empty."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace

from tlsmith.errors import FileError, PrivilegeError, TrustStoreError
from tlsmith.files import exclusive_lock, read_file, write_file
from tlsmith.files.atomic import TEMPORARY_MARK, remove_quietly
from tlsmith.truststores.base import Host, TrustStore
from tlsmith.truststores.journal import Journal, load_journal

_LOCK, _MADE = ".lock", ".made"
_PATIENCE = 130.0  # seconds: a little longer than any tool may take


def journal_folder(host: Host, store: TrustStore) -> str:
    """Return where the journal of `store` is, or would be."""
    parent = host.machine_journal if store.machine_wide else host.user_journal
    mark = hashlib.sha256(store.place.encode()).hexdigest()[:12]
    return os.path.join(parent, f"{store.name}-{mark}")


def peek(host: Host, store: TrustStore) -> Journal:
    """Return the journal of `store`, for reading; an empty one where there is none.

    Raises:
        PrivilegeError: it is not ours to read.
        TrustStoreError: it is damaged, or a newer tlsmith's.
    """
    folder = journal_folder(host, store)
    parent = os.path.dirname(folder)
    if os.path.isdir(parent) and not os.access(parent, os.R_OK | os.X_OK):
        raise PrivilegeError(
            f"the journal in {parent!r} is not ours to read", store=store.name
        )
    return load_journal(folder) or Journal(folder, store.name, store.place)


def journalled(host: Host) -> list[Journal]:
    """Return every journal that can be read, the oldest first."""
    found = []
    for parent in host.journals:
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(parent)):
                with contextlib.suppress(TrustStoreError):
                    journal = load_journal(os.path.join(parent, name))
                    if journal is not None:
                        found.append(journal)
    return sorted(found, key=lambda journal: journal.since)


@contextlib.contextmanager
def open_journal(host: Host, store: TrustStore) -> Iterator[tuple[Journal, TrustStore]]:
    """Give the journal of `store` to change, and the store as it is to be changed.

    Nobody else changes a store meanwhile. Commands of that store hold the lock too:
    where we are killed, whoever comes next waits until they have ended.

    Raises:
        PrivilegeError, TrustStoreError, FileError: it cannot be read or written.
    """
    folder = journal_folder(host, store)
    with _locked(os.path.dirname(folder), store.name) as lock:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        journal = Journal(folder, store.name, store.place)
        try:
            journal = load_journal(folder) or journal
            runner = host.runner.within(folder, lock)
            yield journal, replace(store, host=replace(host, runner=runner))
        finally:
            if journal.is_empty:
                shutil.rmtree(folder, ignore_errors=True)


def tidy(host: Host) -> None:
    """Remove what was left by a run that was killed before it changed anything."""
    for parent in host.journals:
        if not os.path.isdir(parent):
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(parent))  # ours alone, and empty
            continue
        if not os.access(parent, os.W_OK | os.X_OK):
            continue
        with contextlib.suppress(TrustStoreError), _locked(parent, "journal"):
            for name in os.listdir(parent):
                path = os.path.join(parent, name)
                if TEMPORARY_MARK in name:
                    remove_quietly(path)
                elif os.path.isdir(path) and _says_nothing(path):
                    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: str, store: str) -> Iterator[int]:
    """Hold the lock of a folder of journals, which is made, and removed when empty."""
    path = os.path.join(folder, _LOCK)
    while True:
        _make(folder, store)
        with contextlib.ExitStack() as stack:
            try:
                lock = stack.enter_context(exclusive_lock(path, patience=_PATIENCE))
            except FileError as error:
                if error.code == "file-not-found":
                    continue
                raise TrustStoreError(
                    error.message, store=store, code=error.code, hint=error.hint
                ) from error
            # Whoever had it before may have removed the file: then it locks nothing
            # any more.
            if not _is_same_file(lock, path):
                continue
            stack.callback(_remove_if_empty, folder)
            yield lock
            return


def _says_nothing(folder: str) -> bool:
    journal = load_journal(folder)
    return journal is None or journal.is_empty


def _is_same_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _make(folder: str, store: str) -> None:
    missing = []
    parent = folder
    while not os.path.isdir(parent):
        missing.append(parent)
        parent = os.path.dirname(parent)
    if not missing:
        return
    try:
        for path in reversed(missing):
            # Journals say what is in whose browser: theirs is nobody else's to read.
            mode = 0o755 if path != folder else 0o700
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, mode)
        _note(folder, missing)
    except PermissionError as error:
        raise PrivilegeError(f"{parent!r} is not ours to write", store=store) from error
    except OSError as error:
        raise TrustStoreError(
            f"cannot keep a journal in {folder!r}: {(error.strerror or '').lower()}",
            store=store,
            hint=f"see what is the matter with {parent!r}; without a journal nothing "
            "could be undone",
        ) from error


def _note(folder: str, made: list[str]) -> None:
    """Note which folders were made, or have none of them made."""
    try:
        write_file(os.path.join(folder, _MADE), json.dumps(made).encode())
    except FileError:
        with contextlib.suppress(OSError):
            for path in made:
                os.rmdir(path)
        raise


def _remove_if_empty(folder: str) -> None:
    names = set(os.listdir(folder))
    if names - {_LOCK, _MADE}:
        return
    made: list[str] = []
    with contextlib.suppress(FileError, ValueError):
        made = json.loads(read_file(os.path.join(folder, _MADE)))
    # The lock goes last: before it does, nobody else can be here.
    for name in (_MADE, _LOCK):
        # Windows removes nothing that is open: there the lock stays.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            os.unlink(os.path.join(folder, name))
    with contextlib.suppress(OSError):
        for path in made or [folder, os.path.dirname(folder)]:
            os.rmdir(path)
