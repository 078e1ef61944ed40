"""One served CA for a module of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.rest.world import Served, make_ca, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("rest")
    authority = make_ca(f"sqlite:///{folder}/ca.db")
    try:
        with serving(authority, folder) as running:
            yield running
    finally:
        authority.close()
