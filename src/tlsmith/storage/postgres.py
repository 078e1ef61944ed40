"""The store in a PostgreSQL database, for several replicas."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit, urlunsplit

from tlsmith.errors import MissingExtraError, StorageError
from tlsmith.storage.acme.nonces import Nonces
from tlsmith.storage.acme.shared_nonces import SharedNonces
from tlsmith.storage.asked import Answer, Asked
from tlsmith.storage.asking import AskingConnection
from tlsmith.storage.base import HEAD, Storage, head_of
from tlsmith.storage.connection import Connection, Transaction
from tlsmith.storage.gathering import GatheringTransaction
from tlsmith.storage.migration import (
    MIGRATIONS,
    MIGRATIONS_TABLE,
    check_current,
    pending,
    statements,
)
from tlsmith.storage.reach import MOST, Reach

if TYPE_CHECKING:
    from tlsmith.storage.hurried import HurriedConnection

# Seconds to wait for the server to take a connection, those of a thread that must not
# wait for long (libpq knows none that are shorter), and connections at a time.
_PATIENCE, _HURRY = 5, 2
_MOST = 16
_BEGIN, _COMMIT, _ROLLBACK = ("BEGIN", ()), ("COMMIT", ()), ("ROLLBACK", ())
_HEAD = (HEAD + " FOR UPDATE", ())
_REVISION = ("SELECT revision FROM head", ())
# In the advisory lock's name space: any number that nobody else takes.
_MIGRATION_LOCK = 0x746C736D


class PostgresStorage(Storage):
    """A store in a database that several replicas share.

    Raises:
        MissingExtraError: the driver is not installed.
        StorageError: the server cannot be reached.
    """

    dialect = "postgresql"
    gathers = True
    words: ClassVar[dict[str, str]] = {
        "id": "BIGINT PRIMARY KEY",
        "blob": "BYTEA",
        "clustered": "",
        # Ranges of names need the order of bytes, whatever the database's locale.
        "binary": 'COLLATE "C"',
        "empty": "''::bytea",
        # Not written ahead: emptied after a crash, instead of losing the last rows.
        "unlogged": "UNLOGGED",
    }

    def __init__(self, url: str) -> None:
        super().__init__(_without_password(url))
        try:
            import psycopg

            from tlsmith.storage import postgres_errors
            from tlsmith.storage.hurried import HurriedConnection
        except ImportError as error:
            raise MissingExtraError(
                "postgres", needed_for="a store in PostgreSQL"
            ) from error
        self._driver, self._errors = psycopg, postgres_errors
        self._connect = HurriedConnection.connect
        self.reach = Reach()
        self._address = url
        self._idle: list[HurriedConnection] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_MOST)
        self._inside = threading.local()
        self._process = os.getpid()
        self._is_current = False

    @property
    def is_near(self) -> bool:
        """See the base."""
        return self.reach.is_near

    def hurry_here(self) -> None:
        """See the base."""
        self.reach.hurry_here()

    def _open(self) -> HurriedConnection:
        connection = self._connect(
            self._address,
            autocommit=True,
            connect_timeout=_HURRY if self.reach.is_hurried else _PATIENCE,
            application_name="tlsmith",
            options="-c synchronous_commit=on -c search_path=public",
            keepalives_idle=10,
            tcp_user_timeout=15_000,
        )
        connection.reach = self.reach
        return connection

    @contextlib.contextmanager
    def _connection(
        self, *first: Asked
    ) -> Iterator[tuple[HurriedConnection, list[Answer]]]:
        """Give a connection on which some statements were run, and their answers.

        One that lay idle may have been cut, as by a restart of the server: then they,
        which change nothing, are run again on a new one.
        """
        with self._errors.translated(self.url), _Connected(self) as connected:
            answers = connected.ask_again(*first)
            yield connected.connection, answers

    def _come_in(self) -> bool:
        """Wait until there are not too many connections; tell whether to `_go_out`.

        A thread that has one gets another at once: were it to wait for those of others,
        who do the same, all would wait for ever.
        """
        if getattr(self._inside, "is_so", False):
            return False
        if not self._room.acquire(timeout=MOST if self.reach.is_hurried else None):
            raise self.reach.give_up()
        self._inside.is_so = True
        return True

    def _go_out(self) -> None:
        self._inside.is_so = False
        self._room.release()

    def _take(self) -> HurriedConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, connection: HurriedConnection) -> None:
        """Keep the connection for the next, unless it is broken or in a transaction."""
        if connection.closed or connection.info.transaction_status != 0:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _check_process(self) -> None:
        """Forget connections of the process we were forked from."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._idle = []
            self._lock = threading.Lock()
            self._room = threading.BoundedSemaphore(_MOST)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one of a few connections, all of it one snapshot; see the base."""
        begin = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
        with self._connection(begin) as (connection, _):
            try:
                self._check_current(connection)
                yield AskingConnection(connection.ask)
            finally:
                with contextlib.suppress(self._driver.Error):
                    connection.ask(_COMMIT)

    def look(self) -> AbstractContextManager[Connection]:
        """Give one of a few connections; see the base."""
        return _Look(self)

    def write(self) -> AbstractContextManager[Transaction]:
        """Give a transaction that holds the head; see the base."""
        return self._writing(trusts=False)

    def write_trusting(self) -> AbstractContextManager[Transaction]:
        """See the base."""
        return self._writing(trusts=True)

    @contextlib.contextmanager
    def _writing(self, *, trusts: bool) -> Iterator[Transaction]:
        # The head at once, since it is what keeps others out.
        with self._connection(_BEGIN, _HEAD) as (connection, (_, head)):
            try:
                self._check_current(connection)
                transaction = GatheringTransaction(
                    connection.ask, head_of(head), trusts=trusts
                )
                yield transaction
                transaction.flush()
                self._commit(connection)
            except BaseException:
                with contextlib.suppress(self._driver.Error):
                    connection.ask(_ROLLBACK)
                raise

    def _check_current(self, connection: HurriedConnection) -> None:
        """Refuse a store of another version; looked at once a process."""
        if not self._is_current:
            (there,) = connection.ask((MIGRATIONS, ()))
            check_current(there.fetchall(), self.url)
            self._is_current = True

    def _commit(self, connection: HurriedConnection) -> None:
        try:
            connection.ask(_COMMIT)
        except self._driver.Error as error:
            is_refused = not connection.closed and error.sqlstate is not None
            connection.close()
            if is_refused or not isinstance(error, self._driver.OperationalError):
                raise  # nothing was written
            raise StorageError(
                f"the store {self.url} went away while it wrote: whether this was "
                "written is not known",
                code="commit-unknown",
                hint="look whether it is there, then try again",
            ) from error

    def migrate(self) -> list[int]:
        """See the base."""
        with self._connection(_BEGIN) as (connection, _):
            try:
                made = self._migrate(connection)
                connection.ask(_COMMIT)
            except BaseException:
                with contextlib.suppress(self._driver.Error):
                    connection.ask(_ROLLBACK)
                raise
            return made

    def _migrate(self, connection: HurriedConnection) -> list[int]:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        connection.execute(MIGRATIONS_TABLE)
        done = connection.execute(MIGRATIONS).fetchall()
        made = pending([row[0] for row in done], self.url)
        for number, text in made:
            for statement in statements(text, self.words):
                connection.execute(statement.encode())
            connection.execute("INSERT INTO migrations VALUES (%s)", (number,))
        return [number for number, _ in made]

    def revision(self) -> int:
        """See the base."""
        with self._connection(_REVISION) as (_, (answer,)):
            row = answer.fetchone()
            return int(row[0]) if row else 0

    def nonces(self) -> Nonces:
        """See the base: those that were used are rows."""
        return SharedNonces(self)

    def size(self) -> int:
        """See the base."""
        with self.read() as connection:
            row = connection.one("SELECT pg_database_size(current_database())")
            return int(row[0]) if row else 0

    def close(self) -> None:
        """See the base."""
        self._close_idle()


class _Connected:
    """A connection taken, and given back: a class, since generators cost more."""

    __slots__ = ("_is_guest", "_storage", "connection")

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    def __enter__(self) -> Self:
        self._storage._check_process()
        self._is_guest = not self._storage._come_in()
        try:
            self.connection = self._storage._take()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._storage._give_back(self.connection)
        finally:
            self._leave()

    def _leave(self) -> None:
        if not self._is_guest:
            self._storage._go_out()

    def ask_again(self, *asked: Asked) -> list[Answer]:
        """Run what can be run again, on a new connection where this one was cut."""
        try:
            return self.connection.ask(*asked)
        except self._storage._driver.OperationalError:
            self.connection.close()
            self._storage._close_idle()
            self.connection = self._storage._open()
            return self.connection.ask(*asked)


class _Look(_Connected):
    """A connection that reads; each exchange tells how far the server is."""

    __slots__ = ()

    def __enter__(self) -> Connection:  # type: ignore[override]
        try:
            super().__enter__()
        except self._storage._driver.Error as error:
            raise self._storage._errors.storage_error(
                error, self._storage.url
            ) from error
        return AskingConnection(self._ask)

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        error = raised[1]
        if isinstance(error, self._storage._driver.Error):
            raise self._storage._errors.storage_error(
                error, self._storage.url
            ) from error

    def _ask(self, *asked: Asked) -> list[Answer]:
        begun = time.perf_counter()
        answers = self.ask_again(*asked)
        self._storage.reach.took(time.perf_counter() - begun, len(asked))
        return answers


def _without_password(url: str) -> str:
    """Return the address as it may be shown."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(
        parts._replace(netloc=user.partition(":")[0] + at + host, query="")
    )
