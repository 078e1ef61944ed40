"""Machines to test on."""

from __future__ import annotations

from pathlib import Path

import pytest

from truststores.every_world import WORLDS
from truststores.system_worlds import SYSTEM_WORLDS
from truststores.worlds import World, debian_world, java_world, nss_world

# One of each store; the rest take as long again, and differ in little.
_USUAL = (
    *("debian", "java jks", "image java", "nss sql", "docker", "docker new"),
    *SYSTEM_WORLDS,
)


@pytest.fixture(
    params=[
        name if name in _USUAL else pytest.param(name, marks=pytest.mark.slow)
        for name in WORLDS
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A machine with one store, of every kind in turn."""
    return WORLDS[request.param](tmp_path / "world")


@pytest.fixture
def debian(tmp_path: Path) -> World:
    return debian_world(tmp_path / "world")


@pytest.fixture
def debian_with_java(tmp_path: Path) -> World:
    return debian_world(tmp_path / "world", java=True)


@pytest.fixture
def java(tmp_path: Path) -> World:
    return java_world(tmp_path / "world")


@pytest.fixture
def nss(tmp_path: Path) -> World:
    return nss_world(tmp_path / "world")
