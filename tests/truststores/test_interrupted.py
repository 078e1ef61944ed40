"""Killed at any point, of installing or uninstalling: undone by uninstalling."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tlsmith.truststores import install, uninstall
from truststores.every_world import WORLDS
from truststores.system_worlds import SYSTEM_WORLDS
from truststores.worlds import OWNER, World, refresh, root

_DYING = Path(__file__).with_name("dying.py")
# More changes than any of them makes, so that the last runs end by themselves.
_ALL = range(1, 26)
_SOME = (4, 8, 12)
# All of them, in each of a dozen systems alike, take ten minutes.
_MANY = _ALL if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else _ALL[2::6]


def _start(world: World, verb: str, count: int) -> subprocess.Popen[bytes]:
    system, home = world.host.root, world.host.home
    tests = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, str(_DYING), verb, world.name, system, home, str(count)],
        stdin=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": tests,
            "DYING_IMAGE": str(int(world.host.image)),
        },
        start_new_session=True,
    )


def _die(world: World, verb: str, count: int) -> None:
    process = _start(world, verb, count)
    process.communicate(root().der, timeout=60)
    assert process.returncode in (0, -signal.SIGKILL)


def _check_undone(world: World, before: dict[str, str]) -> None:
    for outcome in uninstall(world.remembered(), [root()], world.host, OWNER):
        assert outcome.state == "not-trusted", outcome
    assert world.state() == before


def _points() -> list[object]:
    return [n if n in _SOME else pytest.param(n, marks=pytest.mark.slow) for n in _ALL]


@pytest.mark.parametrize("count", _points())
def test_installing_to_debian(debian_with_java: World, count: int) -> None:
    before = debian_with_java.state()
    _die(debian_with_java, "install", count)
    _check_undone(debian_with_java, before)


@pytest.mark.parametrize("count", _points())
def test_uninstalling_from_debian(debian: World, count: int) -> None:
    before = debian.state()
    install(debian.stores, [root()], debian.host, OWNER)
    _die(debian, "uninstall", count)
    _check_undone(debian, before)


@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("kind", ["rhel", "image debian", "image rhel"])
def test_another_system_or_image(tmp_path: Path, kind: str, verb: str) -> None:
    _check_killed(WORLDS[kind](tmp_path / "world"), verb, 12)


@pytest.mark.slow
@pytest.mark.parametrize("count", _MANY)
@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("kind", SYSTEM_WORLDS)
def test_every_other_system_and_image(
    tmp_path: Path, kind: str, verb: str, count: int
) -> None:
    _check_killed(WORLDS[kind](tmp_path / "world"), verb, count)


@pytest.mark.parametrize("count", _points())
@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("kind", ["docker", "docker new"])
def test_registries(tmp_path: Path, kind: str, verb: str, count: int) -> None:
    test_elsewhere(tmp_path, kind, verb, count)


@pytest.mark.slow
@pytest.mark.parametrize("count", _ALL)
@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("kind", ["java jks", "nss sql", "image java"])
def test_elsewhere(tmp_path: Path, kind: str, verb: str, count: int) -> None:
    _check_killed(WORLDS[kind](tmp_path / "world"), verb, count)


def _check_killed(world: World, verb: str, count: int) -> None:
    before = world.state()
    if verb == "uninstall":
        install(world.stores, [root()], world.host, OWNER)
    _die(world, verb, count)
    _check_undone(world, before)


@pytest.mark.parametrize("with_tool", [True, False])
@pytest.mark.parametrize(
    "delay",
    [0.25, *(pytest.param(n / 20, marks=pytest.mark.slow) for n in range(2, 9))],
)
def test_while_the_tool_is_at_work(
    debian_with_java: World, delay: float, with_tool: bool
) -> None:
    """The tool may die as well, or go on alone: then uninstalling waits for it."""
    world = debian_with_java
    before = world.state()
    process = _start(world, "install", 1000)
    assert process.stdin is not None
    process.stdin.write(root().der)
    process.stdin.close()
    time.sleep(delay)
    victims = [process.pid]
    if with_tool:
        process.send_signal(signal.SIGSTOP)
        victims = _tree(process.pid)
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):  # it came to its end just now
            os.kill(victim, signal.SIGKILL)
    process.wait()
    _check_undone(world, before)


def _tree(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(p for child in children for p in _tree(int(child)))]


def test_what_another_added_after_a_crash_stays(debian: World) -> None:
    _die(debian, "install", 12)
    local = Path(debian.host.path("/usr/local/share/ca-certificates"))
    (local / "late.crt").write_bytes(
        (local / "corporate.crt").read_bytes().replace(b"\n", b"\r\n")
    )
    refresh(debian)
    with_late = debian.state()
    for outcome in uninstall(debian.remembered(), [root()], debian.host, OWNER):
        assert outcome.state == "not-trusted", outcome
    after = debian.state()
    gone = {path for path in with_late if path not in after}
    assert all("tlsmith" in path or path.startswith("system/etc/ssl") for path in gone)
    assert (local / "late.crt").exists()
    assert os.path.lexists(debian.host.path("/etc/ssl/certs/late.pem"))


def test_installing_again_after_a_crash_starts_from_what_was_there(
    debian: World,
) -> None:
    before = debian.state()
    _die(debian, "install", 12)
    (outcome,) = install(debian.stores, [root()], debian.host, OWNER)
    assert outcome.state == "trusted"
    _check_undone(debian, before)
