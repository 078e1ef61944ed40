"""A served CA with ACME, and accounts of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acme_account import Account
from acme_site import Site
from server.acme.strict import SETTINGS
from server.acme.world import World, world


@pytest.fixture(scope="session")
def acme_site() -> Iterator[Site]:
    """The clients' hosts."""
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory, acme_site: Site) -> Iterator[World]:
    """A CA that the tests of this folder share."""
    with world(tmp_path_factory.mktemp("acme"), acme_site) as made:
        yield made


@pytest.fixture(scope="session")
def strict(
    tmp_path_factory: pytest.TempPathFactory, acme_site: Site
) -> Iterator[World]:
    """A CA that wants much, and gives little at once."""
    with world(tmp_path_factory.mktemp("strict"), acme_site, SETTINGS) as made:
        yield made


@pytest.fixture
def account(acme: World) -> Account:
    """An account of the test's own."""
    return acme.account()
