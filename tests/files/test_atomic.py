"""One file, whole or not at all, whatever stands in its way."""

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from tlsmith.errors import FileError
from tlsmith.files import is_stream, write_file
from tlsmith.files.atomic import SECRET_MODE, name_beside, open_descriptor, place_of

POSIX = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")


TRY_TO_WRITE = """
import sys
from tlsmith.errors import FileError
from tlsmith.files import write_file
try:
    write_file(sys.argv[1], b'new')
except FileError as error:
    print(error.code, error.message)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(
    path: object, code: str, data: bytes = b"new", **options: object
) -> FileError:
    """The error of writing there, once it is the right one and names the path."""
    with pytest.raises(FileError) as caught:
        write_file(path, data, **options)  # type: ignore[arg-type]
    assert caught.value.code == code, caught.value.message
    return caught.value


def run(
    code: str, *args: object, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run Python code of a child process, with `args` as its sys.argv[1:]."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_is_written(tmp_path: Path) -> None:
    write_file(tmp_path / "a.pem", b"new")
    assert (tmp_path / "a.pem").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.pem"]


def test_an_empty_file_and_a_large_one_are_written(tmp_path: Path) -> None:
    for data in (b"", os.urandom(3_000_000)):
        write_file(tmp_path / "a", data)
        assert (tmp_path / "a").read_bytes() == data


def test_a_name_without_a_folder_is_one_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_file("a.pem", b"new")
    assert (tmp_path / "a.pem").read_bytes() == b"new"


@POSIX
@pytest.mark.parametrize(
    ("umask", "asked", "got"),
    [
        (0o000, 0o600, 0o600),
        (0o022, 0o600, 0o600),
        (0o077, 0o600, 0o600),
        (0o000, 0o644, 0o644),
        (0o022, 0o644, 0o644),
        (0o027, 0o644, 0o640),
        (0o077, 0o644, 0o600),
        (0o000, 0o640, 0o640),
    ],
)
def test_permissions_are_never_wider_than_asked_nor_than_the_umask(
    tmp_path: Path, umask: int, asked: int, got: int
) -> None:
    os.umask(umask)
    for _ in range(2):  # a new file, and one that is replaced
        write_file(tmp_path / "key", b"secret", mode=asked)
        assert mode(tmp_path / "key") == got


@POSIX
def test_a_secret_is_never_readable_by_others_not_even_for_a_moment(
    tmp_path: Path,
) -> None:
    (tmp_path / "key").write_bytes(b"old")
    (tmp_path / "key").chmod(0o666)
    os.umask(0)
    seen: set[tuple[str, int]] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for entry in os.scandir(tmp_path):
                try:
                    seen.add((entry.name[:12], stat.S_IMODE(entry.stat().st_mode)))
                except FileNotFoundError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(50):
        write_file(tmp_path / "key", b"secret" * 10000, mode=SECRET_MODE)
    done.set()
    watcher.join()
    assert {bits for name, bits in seen if name != "key"} <= {0o600}
    assert mode(tmp_path / "key") == 0o600


def test_a_reader_sees_the_old_file_or_the_new_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    versions = [bytes([65 + number]) * 50_000 for number in range(5)]
    write_file(path, versions[0])
    torn: list[bytes] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            data = path.read_bytes()
            if data not in versions:
                torn.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        write_file(path, versions[number % 5])
    done.set()
    reader.join()
    assert torn == []


# Links, devices, pipes ------------------------------------------------------------


@POSIX
def test_a_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there/real")
    (tmp_path / "to-link").symlink_to("link")
    write_file(tmp_path / "to-link", b"new", mode=0o600)
    assert (tmp_path / "to-link").is_symlink()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there/real").read_bytes() == b"new"
    assert mode(tmp_path / "there/real") == 0o600
    assert os.listdir(tmp_path / "there") == ["real"]


@POSIX
def test_a_link_to_nothing_makes_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "real").read_bytes() == b"new"
    (tmp_path / "far").symlink_to(tmp_path / "no/folder")
    refused(tmp_path / "far", "file-not-found")


@POSIX
def test_links_that_lead_to_each_other_are_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    error = refused(tmp_path / "a", "file-error")
    assert "too many levels of symbolic links" in error.message
    assert (tmp_path / "a").is_symlink()


@POSIX
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(
        target=lambda: got.append((tmp_path / "pipe").read_bytes())
    )
    reader.start()
    write_file(tmp_path / "pipe", b"new" * 100_000)
    reader.join()
    assert got == [b"new" * 100_000]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@POSIX
def test_a_device_is_written_through(tmp_path: Path) -> None:
    write_file("/dev/null", b"new")
    (tmp_path / "link").symlink_to("/dev/null")
    write_file(tmp_path / "link", b"new")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@LINUX
def test_a_device_that_is_full_is_told(tmp_path: Path) -> None:
    error = refused("/dev/full", "disk-full")
    assert "/dev/full" in error.message
    assert "free some space" in str(error.hint)


@POSIX
def test_a_socket_cannot_be_written_to(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    with listener:
        listener.bind(str(tmp_path / "s"))
        refused(tmp_path / "s", "file-error")
    assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)


@POSIX
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_to_where_it_is_a_pipe(name: str) -> None:
    if name.startswith("/proc") and sys.platform != "linux":
        pytest.skip("Linux alone has it")
    code = (
        "import sys; from tlsmith.files import write_file as w; w(sys.argv[1], b'new')"
    )
    done = run(code, name)
    assert (done.returncode, done.stdout) == (0, "new"), done.stderr


@POSIX
def test_standard_output_is_written_to_where_it_is_a_file(tmp_path: Path) -> None:
    """In its turn, after what was written before, and in the same file."""
    code = (
        "import os; from tlsmith.files import write_file as w; os.write(1, b'one ')\n"
        "w('/dev/stdout', b'two '); os.write(1, b'three')"
    )
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_bytes() == b"one two three"


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/dev/stdout", 1),
        ("/dev/stderr", 2),
        ("/dev/fd/63", 63),
        ("/dev/fd/", None),
        ("/dev/fd/x", None),
        ("/dev/null", None),
        ("1", None),
    ],
)
def test_the_names_of_our_own_open_files(path: str, number: int | None) -> None:
    assert open_descriptor(path) == number


def test_a_closed_descriptor_is_told() -> None:
    assert is_stream("/dev/fd/987")
    refused("/dev/fd/987", "file-error")


def test_what_is_not_there_is_no_stream(tmp_path: Path) -> None:
    assert not is_stream(tmp_path / "a")
    assert not is_stream(tmp_path)
    assert not is_stream("a\0b")


# What stands in the way -----------------------------------------------------------


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    error = refused(tmp_path / "a", "is-a-directory")
    assert error.hint == "name a file inside it"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_is_missing_or_none_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path / "no/a.pem", "file-not-found")
    assert str(tmp_path / "no/a.pem") in error.message
    assert error.path == str(tmp_path / "no/a.pem")
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "file/a.pem", "not-a-directory")


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_name_with_a_nul_is_none(tmp_path: Path, exclusive: bool) -> None:
    error = refused(str(tmp_path / "a\0b"), "file-not-found", exclusive=exclusive)
    assert "not a file name" in error.message


@POSIX
@pytest.mark.parametrize(
    "name", ["a" * 255, "ü" * 127, "日" * 85, "😀" * 63, "a" * 251 + ".pem"]
)
def test_the_longest_names_there_can_be_are_written(tmp_path: Path, name: str) -> None:
    write_file(tmp_path / name, b"old")
    write_file(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new"
    assert os.listdir(tmp_path) == [name]


@LINUX
def test_a_name_that_is_no_text_is_written(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"\xff\xfe.pem")
    write_file(os.fsdecode(path), b"new")
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff\xfe.pem"]


@POSIX
def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path / ("a" * 256), "name-too-long")
    assert "shorter name" in str(error.hint)
    assert os.listdir(tmp_path) == []


def test_the_hidden_name_beside_a_file_is_short_enough() -> None:
    for name in ("a", "a" * 255, "日" * 85):
        beside = os.path.basename(name_beside(f"/x/{name}", ".mark"))
        assert len(os.fsencode(beside)) <= 190
        assert beside.startswith(f".{name[:10]}")


def test_a_place_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_of("a") == str(tmp_path.resolve() / "a")


_NOBODY = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c"]


def _as_nobody(code: str, *args: object) -> subprocess.CompletedProcess[str] | None:
    """Run Python code as a user without rights; None where that cannot be done."""
    try:
        return subprocess.run(
            [*_NOBODY, code, *map(str, args)],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None


@LINUX
def test_a_folder_that_is_not_ours_to_write_is_told() -> None:
    able = _as_nobody("import tlsmith.files")
    if able is None or able.returncode:
        pytest.skip("this Python cannot be run as another user")
    # Beside the folders of pytest, which others cannot look into.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a").write_bytes(b"old")
        done = _as_nobody(TRY_TO_WRITE, folder / "a")
        assert done is not None
        assert done.stdout.startswith("permission-denied cannot write"), done.stderr
        assert (folder / "a").read_bytes() == b"old"
        assert os.listdir(folder) == ["a"]


@LINUX
def test_a_file_too_large_for_its_limit_leaves_the_old_one(tmp_path: Path) -> None:
    """As a full disk does: the system refuses in the middle of writing."""
    (tmp_path / "a").write_bytes(b"old")
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
    ) + TRY_TO_WRITE.replace("b'new'", "b'x' * 9000")
    done = run(code, tmp_path / "a")
    assert "file too large" in done.stdout, done.stderr
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


# Exclusively ----------------------------------------------------------------------


def test_exclusive_makes_a_file_and_refuses_to_replace_one(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"one", mode=0o600, exclusive=True)
    error = refused(tmp_path / "a", "file-exists", b"two", exclusive=True)
    assert "move that file away" in str(error.hint)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


# What a file system answers that has no second names, such as FAT: the child's own
# audit hook answers in its stead.
_WITHOUT_LINKS = """
import errno, os, sys
def refuse(event, args):
    if event == "os.link":
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
sys.addaudithook(refuse)
"""


@POSIX
def test_exclusive_works_where_there_are_no_second_names(tmp_path: Path) -> None:
    code = _WITHOUT_LINKS + (
        "from tlsmith.files import write_file as w\n"
        "from tlsmith.errors import FileError\n"
        "try: w(sys.argv[1], sys.argv[2].encode(), mode=0o600, exclusive=True)\n"
        "except FileError as error: print(error.code)"
    )
    assert run(code, tmp_path / "a", "one").stdout == ""
    assert mode(tmp_path / "a") == 0o600
    assert run(code, tmp_path / "a", "two").stdout == "file-exists\n"
    assert (tmp_path / "a").read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


@POSIX
def test_of_many_that_make_one_file_exclusively_one_does(tmp_path: Path) -> None:
    won: list[int] = []

    def make(number: int) -> None:
        try:
            write_file(tmp_path / "a", b"%d" % number, exclusive=True)
        except FileError:
            return
        won.append(number)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert (tmp_path / "a").read_bytes() == b"%d" % won[0]
    assert os.listdir(tmp_path) == ["a"]


# Interrupted ----------------------------------------------------------------------

_ENDLESS = """
import sys
from tlsmith.files import write_file
old, new = b"a" * 200_000, b"b" * 200_000
print("ready", flush=True)
while True:
    write_file(sys.argv[1], old, mode=0o600)
    write_file(sys.argv[1], new, mode=0o600)
"""


@POSIX
@pytest.mark.parametrize("delay", [0.001, 0.004, 0.009, 0.016, 0.03])
def test_an_interrupted_write_leaves_a_whole_file_and_nothing_else(
    tmp_path: Path, delay: float
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(tmp_path / "a")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(delay)
    child.send_signal(signal.SIGINT)
    child.wait(20)
    child.stdout.close()
    assert set(os.listdir(tmp_path)) <= {"a"}
    if (tmp_path / "a").exists():
        data = (tmp_path / "a").read_bytes()
        assert data in (b"a" * 200_000, b"b" * 200_000)


def test_the_errors_of_the_system_have_codes_of_ours() -> None:
    from tlsmith.files._errors import file_error

    error = file_error(OSError(errno.EROFS, "x"), "a", "write")
    assert (error.code, error.path) == ("read-only", "a")
    assert error.message == "cannot write 'a': read-only file system"
    odd = file_error(OSError("odd"), Path("a"), "read")
    assert (odd.code, odd.hint) == ("file-error", None)
    assert odd.message == "cannot read 'a': odd"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away"
)
def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    """A server that reads its key as another account still does after renewal."""
    target = tmp_path / "key.pem"
    target.write_bytes(b"old")
    os.chown(target, 65534, 65534)
    write_file(target, b"new", mode=SECRET_MODE)
    status = target.stat()
    assert (status.st_uid, status.st_gid, mode(target)) == (65534, 65534, 0o600)
    assert target.read_bytes() == b"new"
