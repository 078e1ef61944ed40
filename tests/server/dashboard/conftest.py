"""A served CA whose ACME clients left orders, and clients that look at pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from acme_orders import Ordering
from server.rest.world import Served, make_ca, serving

Look = Callable[..., httpx.Response]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    authority = make_ca(f"sqlite:///{tmp_path}/ca.db")
    try:
        with serving(authority, tmp_path, failures=4) as running:
            yield running
    finally:
        authority.close()


@pytest.fixture
def clients(served: Served) -> Iterator[Ordering]:
    """Clients of its ACME."""
    ordering = Ordering(served.authority)
    yield ordering
    ordering.close()


@pytest.fixture
def look(served: Served) -> Look:
    """Look at a page as a browser does that was given a token; or as is said."""

    def ask(path: str = "/acme", **more: object) -> httpx.Response:
        more.setdefault("auth", ("anybody", served.tokens["viewer"]))
        method = str(more.pop("method", "GET"))
        client = served.client(certificate=more.pop("certificate", None))  # type: ignore[arg-type]
        url = f"https://localhost:{served.port}/dashboard{path}"
        return client.request(method, url, **more)  # type: ignore[arg-type]

    return ask
