"""The store in one SQLite file."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import ClassVar

from tlsmith.errors import StorageError
from tlsmith.storage.acme.file_nonces import FileNonces
from tlsmith.storage.acme.nonces import Nonces
from tlsmith.storage.base import HEAD, Storage, head_of
from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.migration import (
    MIGRATIONS,
    MIGRATIONS_TABLE,
    check_current,
    pending,
    statements,
)
from tlsmith.storage.sqlite_errors import Translated, storage_error
from tlsmith.storage.wal_index import WALIndex, is_next

# In milliseconds, for another process to end its transaction.
_PATIENCE = 15_000
# Of the connection that writes, and of each of those that read: the system keeps the
# file's pages as well.
_WRITER_KIB, _READER_KIB = 16_384, 4_096
_MOST_READERS = 16
# Seconds between attempts to begin, while another process writes.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
# Rows of one INSERT.
_TOGETHER = 50
_IS_INSERT = re.compile(r"INSERT INTO .* VALUES \([?, ]+\)")


class SQLiteStorage(Storage):
    """A store in one file, in WAL mode, every commit on disk before it is answered.

    Args:
        path: of the file; made, 0600, where it is not there and `create` is set.

    Raises:
        StorageError: it is no store, or cannot be opened.
    """

    dialect = "sqlite"
    begins_now = True
    words: ClassVar[dict[str, str]] = {
        "id": "INTEGER PRIMARY KEY",
        "blob": "BLOB",
        "clustered": "WITHOUT ROWID",
        "binary": "",
        "empty": "x''",
        "unlogged": "",
    }

    def __init__(self, path: str, *, create: bool = False) -> None:
        super().__init__(f"sqlite:///{path}")
        self.path = os.path.abspath(path)
        self._readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._is_current = False
        self._index: WALIndex | None = None
        if create:
            self._create()
        elif not os.path.exists(self.path):
            raise StorageError(
                f"there is no store at {path!r}",
                code="no-store",
                hint="make a CA first: tlsmith ca init --name NAME --store URL",
            )

    def _create(self) -> None:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StorageError(
                f"cannot make the store {self.path!r}: {reason}",
                hint="name a file in a folder that can be written",
            ) from error

    def _open(self, cache: int = _READER_KIB) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            isolation_level=None,
            check_same_thread=False,
            timeout=_PATIENCE / 1000,
        )
        # FULL: what was answered is on disk, even where the power fails.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            f"cache_size = -{cache}",
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one of a few connections, all of it one snapshot; see the base."""
        with Translated(self.url):
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield Connection(connection.execute, connection.executemany)
            finally:
                self._give_back(connection)

    def look(self) -> _Look:
        """Give one of a few connections; see the base."""
        return _Look(self)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Keep a reader for the next, unless its snapshot cannot be let go of."""
        try:
            if connection.in_transaction:
                connection.execute("COMMIT")
        except sqlite3.Error:
            connection.close()
            return
        with self._lock:
            if len(self._readers) < _MOST_READERS:
                self._readers.append(connection)
                return
        connection.close()

    def _take_reader(self) -> sqlite3.Connection:
        self._check_process()
        with self._lock:
            if self._readers:
                return self._readers.pop()
        return self._open_current()

    def _open_current(self, cache: int = _READER_KIB) -> sqlite3.Connection:
        """Open a connection to a store of our version; looked at once a process."""
        connection = self._open(cache)
        try:
            if not self._is_current:
                check_current(connection.execute(MIGRATIONS).fetchall(), self.url)
                self._is_current = True
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """Give the one connection that writes; see the base."""
        with Translated(self.url), self._write_lock:
            self._check_process()
            connection = self._writing()
            _begin_patiently(connection)
            try:
                transaction = _transaction(connection)
                yield transaction
                transaction.flush()
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def begin_now(self) -> _Begun | None:
        """See the base."""
        if not self._write_lock.acquire(blocking=False):
            return None
        try:
            with Translated(self.url):
                self._check_process()
                connection = self._writing()
                if _try_to_begin(connection):
                    return _Begun(self, connection)
        except BaseException:
            self._write_lock.release()
            raise
        self._write_lock.release()
        return None

    def _writing(self) -> sqlite3.Connection:
        """Return the connection that writes; it does not wait by itself."""
        if self._writer is None:
            connection = self._open_current(_WRITER_KIB)
            connection.execute("PRAGMA busy_timeout = 0")
            self._writer = connection
            self._index = _index_of(self.path)
        return self._writer

    def state(self) -> bytes | None:
        """See the base."""
        return None if self._index is None else self._index.state()

    def is_next(self, before: bytes, after: bytes) -> bool:
        """See the base."""
        return is_next(before, after)

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            # As on a full disk; closing the connection undoes as well.
            self._writer = self._index = None
            connection.close()

    def _check_process(self) -> None:
        """Forget connections of the process we were forked from."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._readers, self._writer, self._index = [], None, None
            self._lock, self._write_lock = threading.Lock(), threading.Lock()

    def migrate(self) -> list[int]:
        """See the base."""
        with Translated(self.url):
            connection = self._open()
            try:
                return self._migrate(connection)
            finally:
                connection.close()

    def _migrate(self, connection: sqlite3.Connection) -> list[int]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(MIGRATIONS_TABLE)
            done = connection.execute(MIGRATIONS).fetchall()
            made = pending([row[0] for row in done], self.url)
            for number, text in made:
                for statement in statements(text, self.words):
                    connection.execute(statement)
                connection.execute("INSERT INTO migrations VALUES (?)", (number,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return [number for number, _ in made]

    def revision(self) -> int:
        """See the base."""
        with self.read() as connection:
            row = connection.one("SELECT revision FROM head")
            return int(row[0]) if row else 0

    def size(self) -> int:
        """See the base."""
        return sum(
            os.path.getsize(self.path + end)
            for end in ("", "-wal")
            if os.path.exists(self.path + end)
        )

    def nonces(self) -> Nonces:
        """See the base: in a file beside this one, however this one is reached."""
        return FileNonces(f"{os.path.realpath(self.path)}-nonces")

    def copy_to(self, path: str) -> None:
        """Write a consistent copy to a new file, while others write (`ca backup`)."""
        with Translated(self.url):
            source, target = self._open(), sqlite3.connect(path)
            try:
                source.backup(target, pages=4096)
                target.execute("PRAGMA journal_mode = DELETE")
            finally:
                target.close()
                source.close()

    def close(self) -> None:
        """See the base."""
        with self._lock:
            readers, self._readers = self._readers, []
        for connection in readers:
            connection.close()
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = self._index = None


class _Begun:
    """See the base."""

    __slots__ = ("_connection", "_storage", "transaction")

    def __init__(self, storage: SQLiteStorage, connection: sqlite3.Connection) -> None:
        self._storage, self._connection = storage, connection
        self.transaction = _transaction(connection)

    def commit(self) -> None:
        """See the base."""
        try:
            with Translated(self._storage.url):
                self._connection.execute("COMMIT")
        except BaseException:
            # As long as nobody else can have written.
            self._storage.kept.give_up()
            self._storage._roll_back(self._connection)
            raise
        finally:
            self._storage._write_lock.release()

    def roll_back(self) -> None:
        """See the base."""
        try:
            self._storage._roll_back(self._connection)
        finally:
            self._storage._write_lock.release()


def _transaction(connection: sqlite3.Connection) -> Transaction:
    return Transaction(
        connection.execute,
        partial(_execute_many, connection),
        lambda: head_of(connection.execute(HEAD)),
    )


def _begin_patiently(connection: sqlite3.Connection) -> None:
    """Begin to write, after other processes.

    Raises:
        sqlite3.OperationalError: one of them took too long.
    """
    late = time.monotonic() + _PATIENCE / 1000
    pause = _FIRST_PAUSE
    while not _try_to_begin(connection, is_last=time.monotonic() > late):
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _try_to_begin(connection: sqlite3.Connection, *, is_last: bool = False) -> bool:
    """Begin to write, unless another process does; tell whether that is so.

    Args:
        is_last: raise, instead of telling.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _index_of(path: str) -> WALIndex | None:
    """Return what tells whether anybody committed; None where nothing does."""
    if os.name != "posix":
        return None
    try:
        return WALIndex(path)
    except (OSError, ValueError):
        return None


def _execute_many(
    connection: sqlite3.Connection, statement: str, rows: Sequence[Row]
) -> None:
    """Run a statement for each row: of an INSERT, many in one where there are many.

    Each statement lets go of the interpreter's lock and waits to have it back, which
    takes longer than a row where another thread is at work.
    """
    whole = 0
    if _IS_INSERT.fullmatch(statement):
        whole = len(rows) - len(rows) % _TOGETHER
    for first in range(0, whole, _TOGETHER):
        values = [*chain.from_iterable(rows[first : first + _TOGETHER])]
        connection.execute(_inserting_many(statement), values)
    rows = rows[whole:]
    if rows:
        connection.executemany(statement, rows)


@lru_cache(maxsize=16)
def _inserting_many(statement: str) -> str:
    """Return an INSERT of one row as that of many."""
    before, values, row = statement.rpartition(" VALUES ")
    return before + values + ", ".join([row] * _TOGETHER)


class _Look:
    """A reader that is taken, and given back: a class, since generators cost more."""

    __slots__ = ("_connection", "_storage")

    def __init__(self, storage: SQLiteStorage) -> None:
        self._storage = storage

    def __enter__(self) -> Connection:
        try:
            self._connection = connection = self._storage._take_reader()
        except sqlite3.Error as error:
            raise storage_error(error, self._storage.url) from error
        return Connection(connection.execute, connection.executemany)

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        self._storage._give_back(self._connection)
        if isinstance(error, sqlite3.Error):
            raise storage_error(error, self._storage.url) from error
