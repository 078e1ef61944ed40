"""As many connections as there may be, and threads that want more."""

import threading
from concurrent.futures import ThreadPoolExecutor

import postgres
from tlsmith.storage import open_storage
from tlsmith.storage.postgres import PostgresStorage


def test_threads_that_read_while_they_look_do_not_wait_for_each_other(
    postgres_server: postgres.Server,
) -> None:
    """As where a policy is to be read anew by every request at once."""
    storage = open_storage(postgres_server.new_database(), create=True)
    assert isinstance(storage, PostgresStorage)
    most = 16
    barrier = threading.Barrier(most)

    def nested(_: int) -> object:
        with storage.look() as outer:
            outer.one("SELECT 1")
            barrier.wait(20)
            with storage.read() as inner:
                return inner.one("SELECT 2")

    threads = ThreadPoolExecutor(most)
    try:
        futures = [threads.submit(nested, number) for number in range(most)]
        assert [future.result(20) for future in futures] == [(2,)] * most
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    # Whoever comes afterwards waits for nobody.
    with storage.read() as connection:
        assert connection.one("SELECT 3") == (3,)
    storage.close()


def test_more_threads_than_connections_wait_for_their_turn(
    postgres_server: postgres.Server,
) -> None:
    storage = open_storage(postgres_server.new_database(), create=True)

    def look(number: int) -> object:
        with storage.look() as connection:
            return connection.one("SELECT ?::int", number)

    with ThreadPoolExecutor(40) as threads:
        assert list(threads.map(look, range(400))) == [(n,) for n in range(400)]
    storage.close()
