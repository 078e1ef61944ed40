"""Every test of a store, on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.postgres import PostgresStorage


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    running: postgres.Server = request.getfixturevalue("postgres_server")
    return running.new_database()


@pytest.fixture
def storage(address: str) -> Iterator[Storage]:
    opened = open_storage(address, create=True)
    yield opened
    opened.close()


@pytest.fixture
def durable_storage(durable_postgres: postgres.Server) -> Iterator[PostgresStorage]:
    """A store in a server that is stopped, killed or held up."""
    opened = open_storage(durable_postgres.new_database(), create=True)
    assert isinstance(opened, PostgresStorage)
    yield opened
    opened.close()
