"""Servers that several tests ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.running import Running

Start = Callable[..., Running]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that the tests of a file share."""
    running = Running(
        tmp_path_factory.mktemp("server"), '[limits]\nrequest_time = "2s"\n'
    ).begun()
    yield running
    assert running.stop() == 0, running.said()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers with settings of their own; they end with the test."""
    started = []

    def begin(settings: str = "", *, wait: bool = True, **environment: str) -> Running:
        running = Running(tmp_path, settings, environment)
        started.append(running)
        return running.begun() if wait else running

    yield begin
    for running in started:
        running.stop()
