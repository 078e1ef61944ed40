"""A Badger database as it would open: its tables, then the log behind them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from tlsmith.authority.adoption.badger.table import (
    VERSION,
    Entry,
    live_tables,
    manifest_version,
    read_table,
)
from tlsmith.authority.adoption.badger.value_log import (
    Pointer,
    is_encrypted,
    read_pointer,
    replay,
    value_at,
)
from tlsmith.authority.adoption.badger.wire import Buffer
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.errors import InputError

MANIFEST = "MANIFEST"
_HEAD, _MOVE = b"!badger!head", b"!badger!move"
_DELETED, _POINTER = 1, 2
_LOG = re.compile(r"(\d{6,})\.vlog")

Tables = dict[bytes, dict[bytes, bytes]]


def read_badger(
    source: SourceFolder, folder: str, value_folder: str, tables: Iterable[bytes]
) -> Tables:
    """Return the keys and values of some of smallstep's tables in a Badger database.

    Args:
        folder: of MANIFEST and tables; `value_folder` of the value log.

    Raises:
        InputError: it is damaged, encrypted, or of another version of Badger.
    """
    where = source.place(folder)
    try:
        with ExitStack() as stack:
            logs = dict(_open_logs(source, value_folder, stack))
            return _Database(source, where, logs, tables).read()
    except InputError as error:
        raise InputError(
            f"the Badger database in {where!r} cannot be read: {error.message}",
            code=error.code if error.code != InputError.code else "database-damaged",
            hint=error.hint
            or "stop step-ca, copy the folder once more, and adopt that",
        ) from error


def bucket_prefix(name: bytes) -> bytes:
    """Return how the keys of a table begin: smallstep's own layout over Badger."""
    return len(name).to_bytes(2, "little") + name


class _Database:
    def __init__(
        self,
        source: SourceFolder,
        folder: str,
        logs: dict[int, Buffer],
        tables: Iterable[bytes],
    ) -> None:
        self._source = source
        self._folder = folder
        self._logs = logs
        self._prefixes = {bucket_prefix(name): name for name in tables}
        self._newest: dict[bytes, Entry] = {}
        self._moved: dict[tuple[bytes, int], Entry] = {}

    def read(self) -> Tables:
        for entry in self._in_tables():
            self._take(entry)
        for entry in self._behind_tables():
            self._take(entry)
        found: Tables = {name: {} for name in self._prefixes.values()}
        for key, entry in self._newest.items():
            prefix = self._prefix_of(key)
            rest = key[len(prefix) :] if prefix is not None else b""
            if prefix is None or not rest or entry.meta & _DELETED:
                continue  # without a rest it marks that there is such a table
            if int.from_bytes(rest[:2], "little") != len(rest) - 2:
                raise InputError("a key that is not of smallstep's layout")
            found[self._prefixes[prefix]][rest[2:]] = self._value(entry)
        return found

    def _in_tables(self) -> Iterator[Entry]:
        manifest = self._source.read(self._folder, MANIFEST)
        version = manifest_version(manifest)
        if version != VERSION:
            raise InputError(
                f"its MANIFEST is of version {version}, not {VERSION}",
                code="unsupported-database",
                hint="it was not written by Badger 2",
            )
        for table in live_tables(manifest):
            if table.key_id:
                raise InputError("it is encrypted", code="unsupported-database")
            name = f"{table.number:06}.sst"
            data = self._source.read(self._folder, name)
            try:
                yield from read_table(data, table.compression)
            except InputError as error:
                raise InputError(
                    f"{name}: {error.message}", code=error.code, hint=error.hint
                ) from error

    def _behind_tables(self) -> Iterator[Entry]:
        head = self._newest.get(_HEAD)
        start = read_pointer(head.value) if head and head.value else Pointer(0, 0, 0)
        for number in sorted(self._logs):
            if number < start.file:
                continue
            behind = start.offset + start.size if number == start.file else 0
            yield from replay(self._logs[number], behind)

    def _take(self, entry: Entry) -> None:
        if entry.key.startswith(_MOVE):
            self._moved[entry.key[len(_MOVE) :], entry.version] = entry
            return
        if entry.key != _HEAD and self._prefix_of(entry.key) is None:
            return
        other = self._newest.get(entry.key)
        if other is None or other.version <= entry.version:
            self._newest[entry.key] = entry

    def _prefix_of(self, key: bytes) -> bytes | None:
        prefix = key[: 2 + int.from_bytes(key[:2], "little")]
        return prefix if prefix in self._prefixes else None

    def _value(self, entry: Entry) -> bytes:
        if not entry.meta & _POINTER:
            return entry.value
        pointer = read_pointer(entry.value)
        if pointer.file not in self._logs:
            # Cleaning the log up gave the value a new place, under a key of its own.
            moved = self._moved.get((entry.key, entry.version))
            if moved is None:
                raise InputError(f"its value log {pointer.file:06}.vlog is missing")
            return self._value(moved)
        return value_at(self._logs[pointer.file], pointer)


def _open_logs(
    source: SourceFolder, folder: str, stack: ExitStack
) -> Iterator[tuple[int, Buffer]]:
    """Yield the number and the contents of each file of the value log.

    They are mapped: a running Badger makes one 2 GB long, most of it not there.
    """
    for path in source.files(folder):
        found = _LOG.fullmatch(os.path.basename(path))
        if not found or os.path.getsize(path) == 0:
            continue
        log = stack.enter_context(source.mapped(path))
        if is_encrypted(log):
            raise InputError("it is encrypted", code="unsupported-database")
        yield int(found[1]), log
