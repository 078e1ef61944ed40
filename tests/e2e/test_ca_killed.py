"""Killed at any instant, or the disk full: `ca init` leaves nothing, or a whole CA."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.dying import every_instant
from mounts import fill, mounted
from running import TLSMITH, environment_of, tlsmith, tlsmith_here
from tlsmith.authority.root_file import parse_root_file
from tlsmith.errors import StorageError
from tlsmith.storage import open_storage
from tlsmith.storage.authorities import authorities

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to die often"),
    pytest.mark.slow,
]

STORE = "sqlite:///ca.db"
INIT = ["ca", "init", "--name", "Acme", "--store", STORE, "--root-key-file", "root.key"]
PASSPHRASE = b"a passphrase"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in memory, where that can be: each run waits for the disk often."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        here = Path(name).resolve()
        secret = here / "passphrase"
        secret.write_bytes(PASSPHRASE + b"\n")
        secret.chmod(0o600)
        (here / "work").mkdir()
        monkeypatch.setenv("TLSMITH_PASSPHRASE_FILE", str(secret))
        monkeypatch.chdir(here / "work")
        yield here / "work"
        monkeypatch.chdir("/")


def _root_in_store() -> bytes | None:
    """Return the root of the store; None where there is no CA yet."""
    try:
        storage = open_storage(STORE)
    except StorageError:
        return None
    try:
        with storage.read() as connection:
            found = authorities(connection)
    except StorageError:
        return None
    finally:
        storage.close()
    assert len(found) in (0, 2), "half of a CA"
    return found[0].certificate if found else None


def _is_whole() -> bool:
    """Tell whether there is a CA; then its root's key is there and opens."""
    root = _root_in_store()
    if root is None:
        return False
    kept = parse_root_file(Path("root.key").read_bytes(), PASSPHRASE, "root.key")
    assert kept.certificate == root
    return True


def _start_anew() -> None:
    for name in os.listdir():
        os.unlink(name)


@pytest.mark.parametrize("signer", ["store:", "file:issuing.key"])
def test_a_kill_at_every_instant_leaves_nothing_or_a_whole_ca(
    place: Path, signer: str
) -> None:
    words = [*INIT, "--signer", signer]
    outcomes = set()
    for at in every_instant(words, place, signal.SIGKILL):
        outcomes.add(_is_whole())
        again = tlsmith_here(*words)
        if _is_whole() and again.code != 0:
            assert "has a CA already" in again.err, (at, again.err)
        else:
            assert again.code == 0, (at, again.err)
        assert _is_whole(), at
        left = [name for name in os.listdir() if "tlsmith-" in name]
        assert not left, (at, left)
        _start_anew()
    # Past the commit only a signer's file is opened: SQLite's own steps go unseen here.
    assert outcomes == ({True, False} if signer != "store:" else {False})


def test_an_interrupt_at_any_instant_leaves_nothing_by_halves(place: Path) -> None:
    for at in every_instant(INIT, place, signal.SIGINT):
        if not _is_whole():
            assert not Path("root.key").exists(), at
            assert not Path("ca.db").exists(), (at, os.listdir())
        _start_anew()


def test_adoption_survives_a_kill_at_every_instant(place: Path) -> None:
    old = place.parent / "old"
    old.mkdir()
    words = ["ca", "init", "--root-only", "--name", "Old"]
    key = old / "root.pem"
    assert tlsmith_here(*words, "--root-key-file", str(key)).code == 0
    words = ["ca", "init", "--adopt", str(key), "--store", STORE]
    words += ["--root-key-file", "root.key"]
    outcomes = set()
    for at in every_instant(words, place, signal.SIGKILL):
        outcomes.add(_is_whole())
        again = tlsmith_here(*words)
        assert again.code == 0 or "has a CA already" in again.err, (at, again.err)
        assert _is_whole(), at
        _start_anew()
    assert False in outcomes


def test_the_roots_file_alone_survives_a_kill_at_every_instant(place: Path) -> None:
    words = ["ca", "init", "--root-only", "--name", "Acme"]
    words += ["--root-key-file", "root.key", "--root-cert", "root.pem"]
    for at in every_instant(words, place, signal.SIGKILL):
        again = tlsmith_here(*words)
        if again.code != 0:
            assert "is there already" in again.err, (at, again.err)
        data = Path("root.key").read_bytes()
        kept = parse_root_file(data, PASSPHRASE, "root.key")
        assert kept.crl is not None
        assert Path("root.pem").exists(), at
        _start_anew()


def test_real_processes_killed_at_random(place: Path) -> None:
    chance = random.Random(7)  # noqa: S311 -- no secret
    environment = environment_of(
        place.parent, TLSMITH_PASSPHRASE_FILE=os.environ["TLSMITH_PASSPHRASE_FILE"]
    )
    for _ in range(8):
        process = subprocess.Popen(
            [TLSMITH, *INIT],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.1, 1.2))
        process.kill()
        process.wait()
        if not _is_whole():
            assert tlsmith_here(*INIT).code == 0
        assert _is_whole()
        _start_anew()


@pytest.mark.privileged
@pytest.mark.parametrize("free", [0, 8, 40, 120, 200, 260])
def test_a_full_disk_is_said_and_leaves_nothing_by_halves(
    place: Path, free: int
) -> None:
    disk = place / "disk"
    with mounted(disk, "size=2m"):
        fill(disk, free=free * 1024)
        words = [
            *("ca", "init", "--name", "Acme", "--store", f"sqlite:///{disk}/ca.db"),
            *("--root-key-file", f"{disk}/root.key"),
        ]
        done = tlsmith(*words)
        left = sorted(path.name for path in disk.iterdir())
        if done.code == 0:
            return
        assert any(word in done.err for word in ("no room", "no space", "full")), (
            free,
            done.err,
        )
        assert done.code == 3
        if left != ["filler"]:
            # Past the commit: the CA is whole, though its first CRL found no room.
            assert (disk / "root.key").exists(), left
            (disk / "filler").unlink()
            store = f"sqlite:///{disk}/ca.db"
            assert tlsmith("crl", "issue", "--store", store).code == 0
