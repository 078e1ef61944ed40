"""ACME over an authority, on either database and on SQLite alone.

The tests of a file share its CAs, whose time only goes on; each has its own account.
"""

from collections.abc import Iterator

import pytest

import postgres
from acme_life import Life
from authorities import Clock, TestCA


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ca(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    clock: Clock,
) -> Iterator[TestCA]:
    """An authority on either database."""
    address = f"sqlite:///{tmp_path_factory.mktemp('ca')}/store.db"
    if request.param == "postgresql":
        running: postgres.Server = request.getfixturevalue("postgres_server")
        address = running.new_database()
    made = TestCA(address, clock)
    yield made
    made.close()


@pytest.fixture(scope="module")
def small_ca(
    tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> Iterator[TestCA]:
    """An authority on SQLite, for what no database changes."""
    made = TestCA(f"sqlite:///{tmp_path_factory.mktemp('small')}/store.db", clock)
    yield made
    made.close()


@pytest.fixture
def life(ca: TestCA) -> Iterator[Life]:
    """An account on either database."""
    made = Life(ca.authority)
    yield made
    made.service.close()


@pytest.fixture
def small_life(small_ca: TestCA) -> Iterator[Life]:
    """An account on SQLite, for what no database changes."""
    made = Life(small_ca.authority)
    yield made
    made.service.close()
