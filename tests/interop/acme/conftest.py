"""The server that clients are run against, one a process of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.acme.machines import Machine
from interop.acme.name_server import NameServer, name_server
from interop.acme.pebble import pebble
from interop.acme.servers import ACMEServer


@pytest.fixture(scope="session")
def acme_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("acme")


@pytest.fixture(scope="session")
def names(acme_folder: Path) -> Iterator[NameServer]:
    """The name server that the ACME server asks."""
    with name_server(acme_folder / "names") as running:
        yield running


@pytest.fixture(scope="session")
def acme(acme_folder: Path, names: NameServer) -> Iterator[ACMEServer]:
    """A server that anybody may have an account with."""
    with pebble(acme_folder / "open", names) as server:
        yield server


@pytest.fixture(scope="session")
def bound_acme(acme_folder: Path, names: NameServer) -> Iterator[ACMEServer]:
    """A server whose accounts are bound to external ones."""
    with pebble(acme_folder / "bound", names, eab_required=True) as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path, acme: ACMEServer) -> Machine:
    return Machine(tmp_path, acme)


@pytest.fixture
def bound_machine(tmp_path: Path, bound_acme: ACMEServer) -> Machine:
    return Machine(tmp_path, bound_acme)
