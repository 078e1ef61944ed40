"""An authority over a store, SQLite by default, PostgreSQL where a test asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres
from authorities import Clock, TestCA


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    running: postgres.Server = request.getfixturevalue("postgres_server")
    return running.new_database()


@pytest.fixture
def ca(address: str, clock: Clock) -> Iterator[TestCA]:
    """An authority on either database."""
    made = TestCA(address, clock)
    yield made
    made.close()


@pytest.fixture
def small_ca(tmp_path: Path, clock: Clock) -> Iterator[TestCA]:
    """An authority on SQLite, for what no database changes."""
    made = TestCA(f"sqlite:///{tmp_path}/store.db", clock)
    yield made
    made.close()
