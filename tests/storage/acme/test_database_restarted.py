"""A PostgreSQL that is stopped, crashes and starts again, below replicas that go on."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

import postgres
from tlsmith.errors import StorageError
from tlsmith.storage.acme.shared_nonces import SharedNonces
from tlsmith.storage.postgres import PostgresStorage


@pytest.fixture
def nonces(durable_storage: PostgresStorage) -> Iterator[SharedNonces]:
    made = SharedNonces(durable_storage)
    yield made
    made.close()


def restart(server: postgres.Server) -> None:
    server.stop()
    server.start()


def crash_one_backend(durable_storage: PostgresStorage) -> None:
    """Kill one of the server's children: it forgets memory, and starts them anew."""
    with durable_storage.look() as connection:
        (child,) = connection.one("SELECT pg_backend_pid()") or (0,)
        os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with durable_storage.look() as connection:
                connection.one("SELECT 1")
                return
        except StorageError:
            time.sleep(0.05)
    raise AssertionError("the server did not come back")


def test_looking_goes_on_after_a_restart(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    with durable_storage.look() as connection:
        assert connection.one("SELECT 1") == (1,)
    restart(durable_postgres)
    with durable_storage.look() as connection:
        assert connection.one("SELECT 2") == (2,)
        assert connection.one("SELECT 3") == (3,)


def test_looking_goes_on_where_the_restart_falls_between_two_statements(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    with durable_storage.look() as connection:
        assert connection.one("SELECT 1") == (1,)
        restart(durable_postgres)
        assert connection.all("SELECT generate_series(1, ?::int)", 2) == [(1,), (2,)]
    with durable_storage.look() as connection:
        assert connection.one("SELECT 3") == (3,)


def test_looking_at_a_server_that_is_down_says_so_and_comes_back(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    with durable_storage.look() as connection:
        connection.one("SELECT 1")
    durable_postgres.stop()
    for _ in range(20):  # more often than there are connections
        with (
            pytest.raises(StorageError) as caught,
            durable_storage.look() as connection,
        ):
            connection.one("SELECT 1")
        assert caught.value.code == "store-unavailable"
    durable_postgres.start()
    with durable_storage.look() as connection:
        assert connection.one("SELECT 1") == (1,)


def test_used_nonces_stay_used_over_a_restart(
    durable_postgres: postgres.Server,
    durable_storage: PostgresStorage,
    nonces: SharedNonces,
) -> None:
    used, unused = nonces.give(), nonces.give()
    assert nonces.use(used)
    restart(durable_postgres)
    assert not nonces.use(used)
    assert nonces.use(unused)
    other = SharedNonces(durable_storage)
    assert not other.use(used)
    other.close()


def test_used_nonces_stay_used_over_a_crash(
    durable_storage: PostgresStorage, nonces: SharedNonces
) -> None:
    used = [nonces.give() for _ in range(20)]
    assert all(nonces.use(one) for one in used)
    crash_one_backend(durable_storage)
    assert not any(nonces.use(one) for one in used)
    assert nonces.use(nonces.give())


def test_used_nonces_stay_used_where_the_replica_crashed_too(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    before = SharedNonces(durable_storage)
    used = before.give()
    assert before.use(used)
    durable_postgres.stop("immediate")
    durable_postgres.start()
    after = SharedNonces(durable_storage)
    assert not after.use(used)
    assert after.use(after.give())
    for one in (before, after):
        one.close()


def test_a_database_that_is_down_is_an_error_and_uses_nothing_up(
    durable_postgres: postgres.Server, nonces: SharedNonces
) -> None:
    nonce = nonces.give()
    durable_postgres.stop()
    with pytest.raises(StorageError):
        nonces.use(nonce)
    durable_postgres.start()
    assert nonces.use(nonce)
