"""Statements for PostgreSQL that are sent together, and waited for once.

The driver's cursors take as long for a statement as the server does, and its pipelines
longer still. These take what is below both: libpq, and what turns values into bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from psycopg import OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.waiting import Ready, Wait

from tlsmith.storage.asked import Answer, Asked

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

# So often asked for, a statement is prepared; so many, and no more are.
_OFTEN, _MOST = 3, 300
_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


# A statement, and the types of its values.
_Key = tuple[bytes, tuple[int, ...]]


class Exchanges:
    """What a connection asks its server, and which statements that has prepared."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._transformer = Transformer(connection)
        self._prepared: dict[_Key, bytes] = {}
        self._seen: dict[_Key, int] = {}
        self._numbers = count()

    def exchange(self, asked: Sequence[Asked]) -> PQGen[list[Answer]]:
        """Run statements; outside of a transaction, all of them are one.

        Raises:
            psycopg.Error: what the first that was refused was refused for; those
                behind it were not run.
        """
        pgconn = self._connection.pgconn
        new: list[_Key] = []
        pgconn.enter_pipeline_mode()
        try:
            are_new = [self._send(pgconn, *one, new) for one in asked]
            pgconn.pipeline_sync()
            results = yield from _results(pgconn)
            return self._answers(are_new, iter(results))
        except BaseException:
            # What the server skipped it did not prepare either.
            for key in new:
                del self._prepared[key]
            raise
        finally:
            # One that was given up stays in the midst of it, and is closed.
            with contextlib.suppress(OperationalError):
                pgconn.exit_pipeline_mode()

    def _send(
        self, pgconn: PGconn, statement: str, values: Sequence[Any], new: list[_Key]
    ) -> bool:
        """Send a statement; tell whether it is new, and so prepared first."""
        given: Sequence[Any] | None = None
        types: tuple[int, ...] = ()
        formats = None
        if values:
            transformer = self._transformer
            wanted = [PyFormat.AUTO] * len(values)
            given = transformer.dump_sequence(values, wanted)
            types, formats = transformer.types or (), transformer.formats
        key = (_numbered(statement), types)
        name = self._prepared.get(key)
        if name is not None:
            pgconn.send_query_prepared(name, given, formats)
            return False
        if not self._is_often(key):
            pgconn.send_query_params(key[0], given, types, formats)
            return False
        name = self._prepared[key] = b"tlsmith_%d" % next(self._numbers)
        new.append(key)
        pgconn.send_prepare(name, key[0], types)
        pgconn.send_query_prepared(name, given, formats)
        return True

    def _is_often(self, key: _Key) -> bool:
        if len(self._prepared) >= _MOST:
            return False
        if len(self._seen) >= 4 * _MOST:
            self._seen.clear()
        seen = self._seen[key] = self._seen.get(key, 0) + 1
        return seen >= _OFTEN

    def _answers(
        self, are_new: Sequence[bool], results: Iterator[PGresult]
    ) -> list[Answer]:
        found, transformer = [], self._transformer
        for is_new in are_new:
            if is_new:
                _refuse(next(results))
            result = next(results)
            if rows := result.ntuples:
                transformer.set_pgresult(result)
                found.append(Answer(transformer.load_rows(0, rows, tuple), rows))
                continue
            _refuse(result)
            found.append(Answer([], result.command_tuples or 0))
        return found


def _results(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Wait for what was sent, and for the result of each statement."""
    results: list[PGresult] = []
    wanted = Wait.RW if pgconn.flush() else Wait.R
    while True:
        ready = yield wanted
        if ready & Ready.R:
            pgconn.consume_input()
        if wanted is Wait.RW and not pgconn.flush():
            wanted = Wait.R
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:  # the end of one statement's
                if pgconn.status == ConnStatus.BAD:
                    raise OperationalError("the connection was lost")
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)


def _refuse(result: PGresult) -> None:
    if result.status not in _DONE:
        raise error_from_result(result)


@lru_cache(maxsize=512)
def _numbered(statement: str) -> bytes:
    """Return a statement as the server has it: `$1` for its first value."""
    first, *others = statement.split("?")
    parts = (f"${number}{part}" for number, part in enumerate(others, 1))
    return "".join((first, *parts)).encode()
