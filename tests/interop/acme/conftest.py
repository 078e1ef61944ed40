"""The server that clients are run against, one a process of the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from interop.acme.machines import Machine
from interop.acme.name_server import NameServer, name_server
from interop.acme.pebble import pebble
from interop.acme.served import tlsmith_served
from interop.acme.servers import ACMEServer

# What fails with Pebble as well is no fault of our server's.
_PEBBLE = os.environ.get("ACME_SERVER_OF_TESTS") == "pebble"


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
    starting: AbstractContextManager[ACMEServer]
    if _PEBBLE:
        starting = pebble(acme_folder / "open", names)
    else:
        starting = tlsmith_served(acme_folder / "open", names)
    with starting as server:
        yield server


@pytest.fixture(scope="session")
def bound_acme(acme_folder: Path, names: NameServer) -> Iterator[ACMEServer]:
    """A server whose accounts are bound to external ones."""
    starting: AbstractContextManager[ACMEServer]
    if _PEBBLE:
        starting = pebble(acme_folder / "bound", names, eab_required=True)
    else:
        starting = tlsmith_served(acme_folder / "bound", names, require_eab="true")
    with starting as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path, acme: ACMEServer) -> Machine:
    return Machine(tmp_path, acme)


@pytest.fixture
def bound_machine(tmp_path: Path, bound_acme: ACMEServer) -> Machine:
    return Machine(tmp_path, bound_acme)
