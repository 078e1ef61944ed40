"""Locks: one process at a time, and none that outlives its process."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tlsmith.errors import FileError
from tlsmith.files import exclusive_lock
from tlsmith.files.lock import folders_locked

POSIX = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")

_HOLD = """
import sys, time
from tlsmith.files import exclusive_lock
with exclusive_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""

_ADD = """
import sys
from pathlib import Path
from tlsmith.files import exclusive_lock
counter = Path(sys.argv[2])
for _ in range(50):
    with exclusive_lock(sys.argv[1]):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def holder(path: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, path], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


def take(path: str, patience: float) -> None:
    with exclusive_lock(path, patience=patience):
        pytest.fail("a lock was held that could not be")


def test_processes_that_share_a_lock_lose_nothing(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", _ADD, tmp_path / "lock", counter]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert counter.read_text() == "150"


def test_whoever_waits_too_long_is_told(tmp_path: Path) -> None:
    child = holder(tmp_path / "lock")
    try:
        with pytest.raises(FileError, match=r"held .* for 0\.1 seconds") as caught:
            take(str(tmp_path / "lock"), 0.1)
        assert caught.value.code == "locked"
        assert caught.value.path == str(tmp_path / "lock")
    finally:
        child.kill()
        child.communicate()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    child = holder(tmp_path / "lock")
    child.kill()
    child.communicate()
    with exclusive_lock(str(tmp_path / "lock"), patience=5):
        pass


def test_a_lock_is_free_after_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(RuntimeError), exclusive_lock(path):
        raise RuntimeError
    with exclusive_lock(path, patience=0):
        pass


def test_a_lock_waits_until_it_is_let_go(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    order: list[str] = []

    def second() -> None:
        with exclusive_lock(path):
            order.append("second")

    with exclusive_lock(path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@POSIX
def test_a_lock_is_for_us_alone(tmp_path: Path) -> None:
    os.umask(0)
    with exclusive_lock(str(tmp_path / "lock")):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "code"), [("no/lock", "file-not-found"), (".", "is-a-directory")]
)
def test_a_lock_that_cannot_be_made_is_told(
    tmp_path: Path, name: str, code: str
) -> None:
    with pytest.raises(FileError, match="cannot lock") as caught:
        take(str(tmp_path / name), 0)
    assert caught.value.code == code


# What a network file system answers that knows no locks: the child's own audit hook
# answers in its stead.
_WITHOUT_LOCKS = """
import errno, os, sys
from tlsmith.errors import FileError
from tlsmith.files import exclusive_lock
from tlsmith.files.lock import folders_locked
def refuse(event, args):
    if event == "fcntl.flock":
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
sys.addaudithook(refuse)
try:
    with exclusive_lock(sys.argv[1] + "/lock"):
        print("held")
except FileError as error:
    print(error.message)
with folders_locked([sys.argv[1]]):
    print("went on")
"""


@POSIX
def test_where_the_system_has_no_locks_a_file_is_told_and_a_folder_goes_without(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LOCKS, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    told, went_on = done.stdout.splitlines()
    assert told.startswith(f"cannot lock '{tmp_path}/lock': no locks available")
    assert went_on == "went on"


# Folders ----------------------------------------------------------------------------


@POSIX
def test_folders_are_held_in_one_order_and_leave_nothing_behind(
    tmp_path: Path,
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    with folders_locked([str(other), str(one), str(one)]):
        for folder in (one, other):
            with (
                pytest.raises(FileError, match="another process has held"),
                folders_locked([str(folder)], patience=0.05),
            ):
                pytest.fail("a folder was held twice")
    with folders_locked([str(one), str(other)], patience=0):
        pass
    assert os.listdir(one) == os.listdir(other) == []


@POSIX
def test_what_is_no_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with folders_locked([str(tmp_path / "no"), str(tmp_path / "pipe")], patience=0):
        pass
