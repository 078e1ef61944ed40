"""`tlsmith trust install --registry`, for a person's own container tools."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from running import Done, tlsmith_here
from tlsmith.truststores import SystemRunner
from truststores.worlds import root_pair


@pytest.fixture
def skopeo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container tool, which nothing runs."""
    if os.path.isdir("/etc/docker") or SystemRunner().find("dockerd"):
        pytest.skip("Docker is here, and its folder everybody's")
    (tmp_path / "skopeo").write_text("#!/bin/sh\n")
    (tmp_path / "skopeo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def _trust(verb: str, *words: str) -> Done:
    return tlsmith_here("trust", verb, "--store", "docker", *words)


def _paths(home: Path) -> set[str]:
    found = {str(path.relative_to(home)) for path in home.rglob("*")}
    return {path for path in found if not path.startswith("tlsmith")}


def test_it_makes_the_folder_and_uninstall_takes_it_away(
    skopeo: None, home: Path
) -> None:
    done = _trust("install", "--registry", "localhost:5000")
    assert done.code == 0, done
    place = home / ".config/containers/certs.d/localhost:5000"
    (file,) = place.iterdir()
    assert file.name.startswith("tlsmith-")
    assert _trust("status", "--no-proof").code == 0
    again = _trust("install", "--registry", "localhost:5000")
    assert "nothing was changed" in again.err
    assert _trust("uninstall").code == 0
    assert _paths(home) == set()


def test_a_plan_makes_nothing_and_knows_what_the_ca_will_sign(
    skopeo: None, home: Path
) -> None:
    done = _trust("install", "--registry", "localhost:5000", "--dry-run")
    assert (done.code, "would add" in done.out) == (0, True)
    refused = _trust("install", "--registry", "registry.example.com", "--dry-run")
    assert refused.code == 3
    assert _paths(home) == set()


def test_a_registry_the_ca_cannot_sign_for_is_refused(skopeo: None, home: Path) -> None:
    words = ("--registry", "localhost:5000", "--registry", "registry.example.com:443")
    done = _trust("install", *words)
    assert done.code == 3
    assert "registry.example.com" in done.err
    assert "--allow registry.example.com" in done.err
    assert not (home / ".config").exists()


def test_the_root_of_whoever_signs_for_it_is_taken(
    skopeo: None, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "root.pem"
    file.write_bytes(root_pair().pem)
    named = ("--root", str(file))
    done = _trust("install", "--registry", "registry.example.com", *named)
    assert done.code == 0, done
    assert (home / ".config/containers/certs.d/registry.example.com").is_dir()
    assert _trust("uninstall", *named).code == 0
    assert _paths(home) == set()


def test_a_folder_that_the_ca_can_do_nothing_for_is_not_missing(home: Path) -> None:
    folder = home / ".config/containers/certs.d"
    (folder / "registry.example.com").mkdir(parents=True)
    (folder / "localhost:5000").mkdir()
    done = _trust("install")
    assert (done.code, len(done.out.splitlines())) == (0, 1), done
    assert _trust("status", "--no-proof").code == 0
    assert list((folder / "registry.example.com").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc", "localhost:0", "https://localhost"])
def test_what_is_no_registry_is_refused(name: str, home: Path) -> None:
    done = _trust("install", "--registry", name)
    assert done.code == 2
    assert "HOST:PORT" in done.err
    assert _paths(home) == set()
