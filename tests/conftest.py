"""What every test stands on: an environment without anything of this machine."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import postgres

# Whatever tells some client which roots to trust, or where its configuration is.
_OF_THE_MACHINE = re.compile(
    r"^(XDG_|TLSMITH_)|SSL|(^|_)(CA|CERTS?|CAROOT|CAINFO|CAFILE)(_|$)|BUNDLE"
    r"|TRUST_?STORE|ROOTS_FILE"
)

settings.register_profile(
    "default",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("default"), max_examples=2000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def home(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Path]:
    """Give the test, and what it starts, a home of its own and no roots of others.

    Tests of the network keep the variables that let them reach the registries.
    """
    if request.node.get_closest_marker("network") is None:
        for name in list(os.environ):
            if _OF_THE_MACHINE.search(name.upper()):
                monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home", numbered=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("TLSMITH_HOME", str(folder / "tlsmith"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    earlier = os.umask(0o022)
    yield folder
    os.umask(earlier)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server of the tests' own, in no hurry to be on disk."""
    yield from postgres.needed()


@pytest.fixture(scope="module")
def durable_postgres() -> Iterator[postgres.Server]:
    """One that a file of tests has for itself, to stop and kill: it keeps its word."""
    yield from postgres.needed(durable=True)
