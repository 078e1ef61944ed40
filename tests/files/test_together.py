"""Several files, all of them or none, killed and refused at every moment."""

import contextlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tlsmith.errors import FileError
from tlsmith.files import NewFile, finish_interrupted, write_together
from tlsmith.files.atomic import TEMPORARY_MARK

POSIX = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
GONE = 2**22 + 1  # no process has this number: Linux stops at 2 to the 22


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pair(folder: Path, text: str, other: Path | None = None) -> list[NewFile]:
    data = text.encode()
    return [
        NewFile(str(folder / "key.pem"), b"key " + data, secret=True),
        NewFile(str((other or folder) / "cert.pem"), b"cert " + data),
    ]


def held(folder: Path, other: Path | None = None) -> tuple[bytes, bytes]:
    return (
        (folder / "key.pem").read_bytes(),
        ((other or folder) / "cert.pem").read_bytes(),
    )


def is_pair(folder: Path, text: str, other: Path | None = None) -> bool:
    data = text.encode()
    return held(folder, other) == (b"key " + data, b"cert " + data)


def everything(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


BOTH = ["cert.pem", "key.pem"]


def test_files_are_written_together_secrets_for_us_alone(tmp_path: Path) -> None:
    os.umask(0)
    for text in ("old", "new"):
        write_together(pair(tmp_path, text))
        assert is_pair(tmp_path, text)
        assert everything(tmp_path) == BOTH
        assert (mode(tmp_path / "key.pem"), mode(tmp_path / "cert.pem")) == (
            0o600,
            0o644,
        )


def test_a_mode_given_goes_before_the_usual_one() -> None:
    assert NewFile("a", b"").permissions == 0o644
    assert NewFile("a", b"", secret=True).permissions == 0o600
    assert NewFile("a", b"", secret=True, mode=0o400).permissions == 0o400


def test_none_and_one_are_written_as_well(tmp_path: Path) -> None:
    write_together([])
    write_together([NewFile(str(tmp_path / "key.pem"), b"k", secret=True)])
    assert (tmp_path / "key.pem").read_bytes() == b"k"
    assert mode(tmp_path / "key.pem") == 0o600


def test_files_of_several_folders_are_written_together(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    for text in ("old", "new"):
        write_together(pair(one, text, other))
        assert is_pair(one, text, other)
        assert (everything(one), everything(other)) == (["key.pem"], ["cert.pem"])


@POSIX
def test_files_and_pipes_are_written_together_the_pipes_last(tmp_path: Path) -> None:
    files = [NewFile("/dev/null", b"x"), *pair(tmp_path, "new")]
    write_together(files)
    assert is_pair(tmp_path, "new")


@POSIX
@pytest.mark.parametrize("name", ["key.pem", "./key.pem", "link"])
def test_two_names_of_one_file_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("key.pem")
    files = [
        NewFile(str(tmp_path / "key.pem"), b"key", secret=True),
        NewFile(f"{tmp_path}/{name}", b"cert"),
    ]
    with pytest.raises(FileError, match="two different things") as caught:
        write_together(files)
    assert caught.value.code == "same-file"
    assert everything(tmp_path) == ["link"]


@POSIX
def test_links_are_followed(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "key.pem").symlink_to("real/k")
    (tmp_path / "cert.pem").symlink_to("real/c")
    for text in ("old", "new"):
        write_together(pair(tmp_path, text))
        assert is_pair(tmp_path, text)
        assert everything(real) == ["c", "k"]


def test_long_names_that_begin_alike_are_kept_apart(tmp_path: Path) -> None:
    names = ["日" * 80 + end for end in (".pem", "-key.pem")]
    for text in (b"old", b"new"):
        write_together(
            [NewFile(str(tmp_path / name), text + name.encode()) for name in names]
        )
        for name in names:
            assert (tmp_path / name).read_bytes() == text + name.encode()
    assert everything(tmp_path) == sorted(names)


# Refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["key.pem", "cert.pem"])
def test_a_folder_in_the_place_of_one_leaves_the_other_as_it_was(
    tmp_path: Path, first: str
) -> None:
    other = {"key.pem": "cert.pem", "cert.pem": "key.pem"}[first]
    (tmp_path / first).mkdir()
    (tmp_path / other).write_bytes(b"old")
    with pytest.raises(FileError) as caught:
        write_together(pair(tmp_path, "new"))
    assert caught.value.code == "is-a-directory"
    assert first in caught.value.message
    assert (tmp_path / other).read_bytes() == b"old"
    assert everything(tmp_path) == BOTH


@pytest.mark.parametrize("folders", ["one", "two"])
def test_a_folder_in_the_place_of_a_note_leaves_both_as_they_were(
    tmp_path: Path, folders: str
) -> None:
    other = tmp_path if folders == "one" else tmp_path / "b"
    other.mkdir(exist_ok=True)
    write_together(pair(tmp_path, "old", other))
    (tmp_path / ".key.pem.tlsmith-commit").mkdir()
    with pytest.raises(FileError) as caught:
        write_together(pair(tmp_path, "new", other))
    assert caught.value.code == "is-a-directory"
    assert is_pair(tmp_path, "old", other)
    left = {*everything(tmp_path), *everything(other)} - {"b"}
    assert left == {".key.pem.tlsmith-commit", *BOTH}


def test_a_missing_folder_of_one_leaves_the_other_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"old")
    with pytest.raises(FileError, match="no such file or directory"):
        write_together(pair(tmp_path, "new", tmp_path / "no"))
    assert (tmp_path / "key.pem").read_bytes() == b"old"
    assert everything(tmp_path) == ["key.pem"]


@contextlib.contextmanager
def immutable(path: Path) -> Iterator[None]:
    """A file that even root cannot replace; skips where that cannot be had."""
    if shutil.which("chattr") is None:
        pytest.skip("needs chattr")
    if subprocess.run(
        ["chattr", "+i", path], capture_output=True, check=False
    ).returncode:
        pytest.skip("needs root, and a file system with chattr")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@LINUX
@pytest.mark.parametrize("there_before", [True, False])
def test_a_file_that_cannot_be_replaced_leaves_the_one_before_it_as_it_was(
    tmp_path: Path, there_before: bool
) -> None:
    """The second rename is refused, after the first is done."""
    if there_before:
        (tmp_path / "key.pem").write_bytes(b"old key")
        (tmp_path / "key.pem").chmod(0o640)
    (tmp_path / "cert.pem").write_bytes(b"old cert")
    with immutable(tmp_path / "cert.pem"), pytest.raises(FileError) as caught:
        write_together(pair(tmp_path, "new"))
    assert caught.value.code == "permission-denied"
    assert caught.value.path == str(tmp_path / "cert.pem")
    assert (tmp_path / "cert.pem").read_bytes() == b"old cert"
    if there_before:
        assert (tmp_path / "key.pem").read_bytes() == b"old key"
        assert mode(tmp_path / "key.pem") == 0o640
    assert everything(tmp_path) == (BOTH if there_before else ["cert.pem"])


@LINUX
def test_a_folder_that_cannot_be_written_leaves_the_other_as_it_was(
    tmp_path: Path,
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_together(pair(tmp_path, "old", other))
    with immutable(other), pytest.raises(FileError, match=r"cert\.pem"):
        write_together(pair(tmp_path, "new", other))
    assert is_pair(tmp_path, "old", other)
    assert everything(other) == ["cert.pem"]
    assert everything(tmp_path) == ["key.pem", "other"]


# A file system of its own, in a name space of mounts that ends with the child.
_MOUNTED = """
mount -t tmpfs -o size=96k tmpfs "$1" || exit 77
printf 'key old' > "$1/key.pem"; printf 'cert old' > "$1/cert.pem"
{before}
"$2" -c "$3" "$1" "$4"
cat "$1/key.pem"; echo; cat "$1/cert.pem"; echo; ls -A "$1"
"""
_TRY = """
import sys
from tlsmith.errors import FileError
from tlsmith.files import NewFile, write_together
folder, size = sys.argv[1], int(sys.argv[2])
try:
    write_together([
        NewFile(folder + "/key.pem", b"key new", secret=True),
        NewFile(folder + "/cert.pem", b"c" * size),
    ])
except FileError as error:
    print(error.code)
"""


def mounted(folder: Path, before: str, size: int) -> list[str]:
    """What a child says, and what is there after it, one a line."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    script = _MOUNTED.replace("{before}", before)
    arguments = [folder, sys.executable, _TRY, str(size)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (1, 77):
        pytest.skip("needs the right to mount")
    return done.stdout.split("\n")[:-1]


@LINUX
def test_a_full_disk_leaves_both_as_they_were(tmp_path: Path) -> None:
    lines = mounted(tmp_path, "", 200_000)
    assert lines == ["disk-full", "key old", "cert old", *BOTH]


@LINUX
def test_a_disk_that_fills_while_the_note_is_written_leaves_both(
    tmp_path: Path,
) -> None:
    fill = 'head -c 200000 /dev/zero > "$1/zeros"; truncate -s -8192 "$1/zeros"'
    lines = mounted(tmp_path, fill, 10)
    assert lines == ["disk-full", "key old", "cert old", *BOTH, "zeros"]


@LINUX
def test_a_read_only_disk_leaves_both_as_they_were(tmp_path: Path) -> None:
    lines = mounted(tmp_path, 'mount -o remount,ro "$1"', 10)
    assert lines == ["read-only", "key old", "cert old", *BOTH]


_WITHOUT_LINKS = """
import errno, os, sys
def refuse(event, args):
    if event == "os.link":
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
    if event == "os.rename" and str(args[1]).endswith(sys.argv[3]):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
sys.addaudithook(refuse)
"""


@pytest.mark.parametrize("refused", ["/cert.pem", "/nothing"])
def test_files_go_together_where_there_are_no_second_names(
    tmp_path: Path, refused: str
) -> None:
    """As on FAT, where the old file is kept as a copy."""
    (tmp_path / "key.pem").write_bytes(b"key old")
    (tmp_path / "key.pem").chmod(0o640)
    (tmp_path / "cert.pem").write_bytes(b"cert old")
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LINKS + _TRY, tmp_path, "3", refused],
        capture_output=True,
        text=True,
        check=True,
    )
    if refused == "/nothing":
        assert held(tmp_path) == (b"key new", b"ccc")
        assert done.stdout == ""
    else:
        assert held(tmp_path) == (b"key old", b"cert old")
        assert mode(tmp_path / "key.pem") == 0o640
        assert done.stdout == "file-error\n"
    assert everything(tmp_path) == BOTH


# Killed -----------------------------------------------------------------------------

_ENDLESS = """
import sys
from tlsmith.files import NewFile, write_together
one, other = sys.argv[1:]
print("ready", flush=True)
number = 0
while True:
    number += 1
    text = str(number).encode() * 3000
    write_together([
        NewFile(one + "/key.pem", b"key " + text, secret=True),
        NewFile(other + "/cert.pem", b"cert " + text),
    ])
"""


@POSIX
@pytest.mark.parametrize("folders", ["one", "two"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_kill_at_any_moment_is_made_good_by_whoever_comes_next(
    tmp_path: Path, folders: str, reverse: bool
) -> None:
    one, other = tmp_path / "a", tmp_path / ("a" if folders == "one" else "b")
    one.mkdir()
    other.mkdir(exist_ok=True)
    chance = random.Random(f"{folders}{reverse}")  # noqa: S311
    half_way = 0
    for _ in range(20):
        kill_while_writing(one, other, chance.uniform(0, 0.012))
        half_way += len(everything(one)) + len(everything(other)) > 2 + 2 * (
            one == other
        )
        # Whoever comes next may name the files in another order, or one alone.
        for path in sorted([one / "key.pem", other / "cert.pem"], reverse=reverse):
            finish_interrupted(str(path))
        if (one / "key.pem").exists() or (other / "cert.pem").exists():
            key, certificate = held(one, other)
            assert key[4:] == certificate[5:]
            assert mode(one / "key.pem") == 0o600
        assert {*everything(one), *everything(other)} <= set(BOTH)
    assert half_way > 0  # some were killed with something left to clean up


def kill_while_writing(one: Path, other: Path, after: float) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, one, other], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(after)
    child.kill()
    child.wait()
    child.stdout.close()


# Ends itself, as `kill -9` would, when it has made so many steps that change the disk.
_STEPS = """
import os, signal, sys
left = int(sys.argv[3])
def count(event, args):
    global left
    if event in ("open", "os.link", "os.rename", "os.remove"):
        if event == "open" and not (args[2] or 0) & os.O_CREAT:
            return
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from tlsmith.files import NewFile, write_together
sys.addaudithook(count)
write_together([
    NewFile(sys.argv[1] + "/key.pem", b"key new", secret=True),
    NewFile(sys.argv[2] + "/cert.pem", b"cert new"),
])
"""


@POSIX
@pytest.mark.parametrize("there_before", [True, False])
@pytest.mark.parametrize("folders", ["one", "two"])
def test_a_kill_before_every_single_step_is_made_good(
    tmp_path: Path, there_before: bool, folders: str
) -> None:
    ends: list[bytes | None] = []
    for step in range(40):
        one = tmp_path / f"{step}"
        other = one if folders == "one" else tmp_path / f"{step}-b"
        one.mkdir()
        other.mkdir(exist_ok=True)
        if there_before:
            write_together(pair(one, "old", other))
        arguments = [one, other, str(step)]
        done = subprocess.run([sys.executable, "-c", _STEPS, *arguments], check=False)
        places = [one / "key.pem", other / "cert.pem"]
        # The certificate's place first, on every second one: in another order.
        for path in places if step % 2 else reversed(places):
            finish_interrupted(str(path))
        left = {*everything(one), *everything(other)}
        assert left in (set(BOTH), set()), f"after {step} steps"
        key = (one / "key.pem").read_bytes() if left else None
        assert not left or held(one, other)[1][5:] == held(one, other)[0][4:]
        ends.append(key)
        if done.returncode == 0:
            break
    assert done.returncode == 0
    old = b"key old" if there_before else None
    switch = ends.index(b"key new")
    assert ends == [old] * switch + [b"key new"] * (len(ends) - switch)
    assert 2 <= switch < len(ends) - 2  # killed before it was decided, and after


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_leaves_a_pair_and_nothing_else(
    tmp_path: Path, number: signal.Signals
) -> None:
    chance = random.Random(number)  # noqa: S311
    for _ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS, tmp_path, tmp_path],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.002, 0.012))
        child.send_signal(number)
        child.wait(20)
        child.stdout.close()
        left = everything(tmp_path)
        if number == signal.SIGTERM:
            # It ends at once, but never between two renames.
            left = [name for name in left if TEMPORARY_MARK not in name]
        assert left in (BOTH, [])
        if left:
            key, certificate = held(tmp_path)
            assert key[4:] == certificate[5:]


def test_a_signal_that_came_meanwhile_is_heard_after(tmp_path: Path) -> None:
    """Held back, not lost: the renames are made, then it has its effect."""
    from tlsmith.files.together import _uninterrupted

    order: list[str] = []

    def work() -> None:
        with _uninterrupted():
            signal.raise_signal(signal.SIGINT)
            order.append("after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert order == ["after"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_thread_writes_as_well_though_it_gets_no_signals(tmp_path: Path) -> None:
    thread = threading.Thread(target=write_together, args=(pair(tmp_path, "new"),))
    thread.start()
    thread.join()
    assert is_pair(tmp_path, "new")


# What killed processes left ---------------------------------------------------------


def left_behind(folder: Path, name: str, process: int | str) -> Path:
    path = folder / f".{name}{TEMPORARY_MARK}{process}-abcdef"
    path.write_bytes(b"half a key")
    return path


def test_what_processes_that_are_gone_left_is_removed(tmp_path: Path) -> None:
    gone = [
        left_behind(tmp_path, "key.pem", GONE),
        left_behind(tmp_path, "key.pem", "x"),
    ]
    # Every run in a container may be process 1, and so may we.
    gone.append(left_behind(tmp_path, "key.pem", os.getpid()))
    finish_interrupted(str(tmp_path / "key.pem"))
    assert not any(path.exists() for path in gone)


@POSIX
def test_what_a_living_process_is_writing_is_left_to_it(tmp_path: Path) -> None:
    living = left_behind(tmp_path, "key.pem", os.getppid())
    another = left_behind(tmp_path, "other.pem", GONE)
    finish_interrupted(str(tmp_path / "key.pem"))
    assert living.exists()
    assert another.exists()  # whoever writes other.pem removes it


# Notes of others --------------------------------------------------------------------


def a_note(folder: Path, *moves: object, name: str = "key.pem") -> Path:
    note = folder / f".{name}.tlsmith-commit"
    note.write_text(json.dumps({"moves": moves}))
    return note


def test_a_note_is_followed_and_gone_then(tmp_path: Path) -> None:
    new = left_behind(tmp_path, "key.pem", GONE)
    note = a_note(tmp_path, [str(new), str(tmp_path / "key.pem")])
    finish_interrupted(str(tmp_path / "cert.pem"))
    assert (tmp_path / "key.pem").read_bytes() == b"half a key"
    assert not note.exists()


def test_a_note_that_names_other_files_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder from elsewhere must not have us rename what is ours."""
    folder, precious = tmp_path / "folder", tmp_path / "precious"
    folder.mkdir()
    monkeypatch.chdir(folder)
    deep = f"{folder}/.key.pem{TEMPORARY_MARK}{GONE}-dir"
    os.mkdir(deep)
    precious.write_bytes(b"precious")
    planted = left_behind(folder, "key.pem", GONE)
    beside = left_behind(tmp_path, "other", GONE)
    bad: list[object] = [
        [str(planted), str(precious)],
        [str(precious), str(folder / "key.pem")],
        [str(beside), str(precious)],
        ["planted", str(precious)],
        [f"{folder}/../.precious{TEMPORARY_MARK}1-a", f"{folder}/../precious"],
        [f"{deep}/../../precious", f"{folder}/key.pem"],
        [planted.name, "key.pem"],
        [str(planted)],
        [str(planted), None],
        [1, 2],
        "ab",
        7,
        {"a": "b"},
    ]
    for move in bad:
        a_note(folder, move, name="a")
        finish_interrupted(str(folder / "another"))
        assert precious.read_bytes() == b"precious", move
        assert not (folder / "key.pem").exists(), move


DAMAGED = ["", "{", "[]", "7", '{"moves": 7}', '{"see": 7}', "\xff", '{"see": "/x"}']


@pytest.mark.parametrize("text", [*DAMAGED, "[" * 100_000], ids=lambda text: text[:9])
def test_a_damaged_note_is_in_nobodys_way(tmp_path: Path, text: str) -> None:
    (tmp_path / ".key.pem.tlsmith-commit").write_text(text, encoding="latin-1")
    write_together(pair(tmp_path, "new"))
    assert is_pair(tmp_path, "new")
    assert everything(tmp_path) == BOTH


@POSIX
def test_a_note_that_is_a_link_a_pipe_or_a_folder_is_not_followed(
    tmp_path: Path,
) -> None:
    new = left_behind(tmp_path, "key.pem", GONE)
    real = tmp_path / "note"
    real.write_text(json.dumps({"moves": [[str(new), str(tmp_path / "key.pem")]]}))
    (tmp_path / ".a.tlsmith-commit").symlink_to(real)
    os.mkfifo(tmp_path / ".b.tlsmith-commit")
    (tmp_path / ".c.tlsmith-commit").mkdir()
    finish_interrupted(str(tmp_path / "cert.pem"))
    assert not (tmp_path / "key.pem").exists()
    (tmp_path / ".a.tlsmith-commit").unlink()
    real.rename(tmp_path / ".d.tlsmith-commit")  # beside those it is, all the same
    finish_interrupted(str(tmp_path / "cert.pem"))
    assert (tmp_path / "key.pem").read_bytes() == b"half a key"


@POSIX
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"
)
def test_a_note_of_another_user_is_not_followed(tmp_path: Path) -> None:
    new = left_behind(tmp_path, "key.pem", GONE)
    note = a_note(tmp_path, [str(new), str(tmp_path / "key.pem")])
    os.chown(note, 65534, 65534)
    finish_interrupted(str(tmp_path / "cert.pem"))
    assert not (tmp_path / "key.pem").exists()
    assert note.exists()


@LINUX
def test_renames_that_cannot_be_finished_are_told(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"old")
    new = left_behind(tmp_path, "key.pem", GONE)
    a_note(tmp_path, [str(new), str(tmp_path / "key.pem")])
    with immutable(tmp_path / "key.pem"):
        with pytest.raises(FileError, match="cannot finish writing") as caught:
            finish_interrupted(str(tmp_path / "key.pem"))
        assert caught.value.path == str(tmp_path / "key.pem")
    finish_interrupted(str(tmp_path / "key.pem"))
    assert (tmp_path / "key.pem").read_bytes() == b"half a key"


# Several at once --------------------------------------------------------------------

_RACE = """
import sys
from tlsmith.files import NewFile, write_together
one, other, who = sys.argv[1:]
for number in range(40):
    text = f"{who}{number}".encode()
    files = [
        NewFile(one + "/key.pem", b"key " + text, secret=True),
        NewFile(other + "/cert.pem", b"cert " + text),
    ]
    write_together(files if number % 2 else files[::-1])
"""


@POSIX
@pytest.mark.parametrize("folders", ["one", "two"])
def test_of_pairs_written_at_once_one_is_there_whole(
    tmp_path: Path, folders: str
) -> None:
    one, other = tmp_path / "a", tmp_path / ("a" if folders == "one" else "b")
    one.mkdir()
    other.mkdir(exist_ok=True)
    children = [
        subprocess.Popen([sys.executable, "-c", _RACE, one, other, who])
        for who in ("x", "y", "z")
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    key, certificate = held(one, other)
    assert key[4:] == certificate[5:]
    assert {*everything(one), *everything(other)} == set(BOTH)
