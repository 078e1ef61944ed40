"""Where commands are run: an empty folder, which is the one we are in."""

from pathlib import Path

import pytest

from cli.shells import Shell


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLSMITH_STORE", "sqlite:///ca.db")
    monkeypatch.setenv("TLSMITH_PASSPHRASE_FILE", "ca.pass")
    return Shell(tmp_path)


@pytest.fixture
def shell(empty: Shell) -> Shell:
    empty.works(
        *("ca", "init", "--name", "Acme", "--root-key-file", "root.key"),
        *("--base-url", "http://pki.acme.test"),
    )
    return empty
