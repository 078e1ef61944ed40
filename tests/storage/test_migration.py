"""The schema goes forward, and never from a version that is later than ours."""

import os
from pathlib import Path

import pytest

from tlsmith.errors import MigrationError, StorageError
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.migration import migrations, pending, statements
from tlsmith.storage.sqlite import SQLiteStorage


def test_steps_are_numbered_without_a_gap() -> None:
    numbers = [number for number, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_comments_are_no_statements() -> None:
    text = (
        "-- one; two\nCREATE TABLE a (b {blob}); -- three\n\nCREATE TABLE c (d TEXT);\n"
    )
    assert statements(text, {"blob": "BYTEA"}) == [
        "CREATE TABLE a (b BYTEA)",
        "CREATE TABLE c (d TEXT)",
    ]


def test_a_later_schema_is_refused() -> None:
    with pytest.raises(MigrationError) as caught:
        pending([1, 999], "sqlite:///x")
    assert "999" in caught.value.message
    assert "upgrade" in (caught.value.hint or "")


def test_a_store_of_a_later_version_is_refused_and_left(storage: Storage) -> None:
    with storage.write() as transaction:
        transaction.run("INSERT INTO migrations (number) VALUES (999)")
    with pytest.raises(MigrationError):
        storage.migrate()
    with storage.read() as connection:
        assert connection.one("SELECT revision FROM head") == (0,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("INSERT INTO migrations (number) VALUES (999)", "made by a later version"),
        ("DELETE FROM migrations", "has not the tables of this version"),
    ],
)
def test_a_store_of_another_version_is_not_worked_on(
    storage: Storage, address: str, change: str, said: str
) -> None:
    with storage.write() as transaction:
        transaction.run(change)
    for mode in ("read", "write"):
        another = open_storage(address)
        try:
            with pytest.raises(MigrationError) as caught, getattr(another, mode)():
                pass
        finally:
            another.close()
        assert said in caught.value.message


def test_a_store_without_tables_says_how_it_gets_some(address: str) -> None:
    if address.startswith("sqlite"):
        SQLiteStorage(address.removeprefix("sqlite:///"), create=True).close()
    storage = open_storage(address)
    with pytest.raises(MigrationError) as caught, storage.read() as connection:
        connection.one("SELECT revision FROM head")
    assert "tlsmith ca" in (caught.value.hint or "")
    storage.close()


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(f"sqlite:///{tmp_path}/none.db")
    assert caught.value.code == "no-store"
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_no_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(f"sqlite:///{tmp_path}/none/x.db", create=True)
    assert "none/x.db" in caught.value.message


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    storage = open_storage("postgresql://someone:secret@127.0.0.1:1/none")
    with pytest.raises(StorageError) as caught, storage.read():
        pass
    assert caught.value.code == "store-unavailable"
    assert "secret" not in str(caught.value) + storage.url


def test_a_child_process_opens_connections_of_its_own(storage: Storage) -> None:
    with storage.write() as transaction:
        transaction.tally(1, "issued")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with storage.write() as transaction:
                transaction.tally(1, "issued")
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with storage.write() as transaction:
        transaction.tally(1, "issued")
    with storage.read() as connection:
        assert connection.one("SELECT number FROM tallies") == (3,)
