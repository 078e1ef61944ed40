"""Full disks, read-only places, homes that are none: one clear error, nothing lost."""

from __future__ import annotations

import os
import pwd
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import issued
from mounts import fill, mounted
from running import TLSMITH, Done, tlsmith_here
from tlsmith.files import data_home

is_root = os.geteuid() == 0
only_without_root = pytest.mark.skipif(
    is_root, reason="nothing is read-only to root; see the mounts below"
)


def refused(done: Done, *said: str) -> None:
    """Assert that there is one clear error with a hint, and no surprise."""
    assert done.code == 3, done
    assert done.out == ""
    assert "this should not have happened" not in done.err
    assert len(done.err.splitlines()) == 2, done.err
    assert "\nhint: " in done.err
    for part in said:
        assert part in done.err


# Homes ----------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["", "/deeper"])
@pytest.mark.parametrize(
    "words", [["make", "a.test"], ["ca", "init", "--local"], ["ca", "show"]]
)
def test_a_home_that_is_a_file_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], below: str
) -> None:
    Path("file").write_text("mine")
    monkeypatch.setenv("TLSMITH_HOME", f"file{below}")
    refused(tlsmith_here(*words), f"{folder}/file{below}'", "TLSMITH_HOME")
    assert Path("file").read_text() == "mine"
    assert os.listdir() == ["file"]


def test_a_home_that_is_a_dangling_link_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("link").symlink_to("nowhere/at/all")
    monkeypatch.setenv("TLSMITH_HOME", "link")
    refused(tlsmith_here("make", "a.test"), "link", "TLSMITH_HOME")


def test_a_home_may_have_odd_characters(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSMITH_HOME", "a b/ü/$x;y")
    assert tlsmith_here("make", "a.test").code == 0
    assert tlsmith_here("ca", "show").code == 0
    assert os.path.isdir("a b/ü/$x;y/authorities")


def test_the_home_is_that_of_the_user_where_the_variable_is_not_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TLSMITH_HOME")
    monkeypatch.delenv("HOME")
    assert data_home() == f"{pwd.getpwuid(os.getuid()).pw_dir}/.local/share/tlsmith"


def test_a_user_without_a_home_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs with a number nobody has heard of."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.delenv("TLSMITH_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    refused(tlsmith_here("make", "a.test"), "no home folder", "TLSMITH_HOME")
    assert os.listdir() == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_no_umask_opens_a_key_to_others(folder: Path, umask: int) -> None:
    os.umask(umask)
    for words in (["make", "a.test"], ["self-sign", "b.test"], ["csr", "c.test"]):
        assert tlsmith_here(*words).code == 0
    home = Path(data_home())
    keys = [*Path().glob("*-key.pem"), *home.rglob("*key*.pem")]
    assert len(keys) == 4
    assert {issued.mode(key) for key in keys} == {0o600}
    assert issued.mode(home) == 0o700


def test_a_key_that_others_could_read_is_closed_when_it_is_made_anew(
    folder: Path,
) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    os.chmod("a.test-key.pem", 0o644)
    assert tlsmith_here("make", "a.test").code == 0
    assert issued.mode("a.test-key.pem") == 0o600


# Rights ---------------------------------------------------------------------------


@only_without_root
def test_a_read_only_home_is_named(folder: Path) -> None:
    home = Path(data_home())
    home.mkdir()
    home.chmod(0o500)
    refused(tlsmith_here("make", "a.test"), str(home), "TLSMITH_HOME")
    assert os.listdir() == []


@only_without_root
def test_a_read_only_folder_is_named_and_a_read_only_home_in_use_is_no_matter(
    folder: Path,
) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    before = _files()
    folder.chmod(0o500)
    refused(tlsmith_here("make", "a.test"), "a.test", "permission denied")
    assert _files() == before
    folder.chmod(0o700)
    Path(data_home()).chmod(0o500)
    assert tlsmith_here("make", "a.test").code == 0


@only_without_root
def test_a_key_we_may_not_read_is_named(folder: Path) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    os.chmod("a.test-key.pem", 0)
    refused(tlsmith_here("make", "a.test"), "a.test-key.pem", "permission denied")


# Space ----------------------------------------------------------------------------


def test_a_limit_on_the_size_of_files_is_one_clear_error(folder: Path) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    before = _files()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        [TLSMITH, "make", "a.test"],
        # Python would leave half a file of bytecode, for everyone to stumble over.
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "file too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert _files() == before


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    if not is_root or sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("only root may mount a small file system")
    return tmp_path / "disk"


# A page holds one small file: so many of them, and so many names.
SIZES = [f"size={4096 * pages}" for pages in range(1, 8)]
NAMES = [f"nr_inodes={number}" for number in range(2, 14)]


@pytest.mark.privileged
@pytest.mark.parametrize("options", [*SIZES, *NAMES])
def test_a_full_disk_under_the_home_is_one_clear_error(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    with mounted(disk, f"{options},mode=700"):
        monkeypatch.setenv("TLSMITH_HOME", str(disk / "home"))
        done = tlsmith_here("make", "a.test")
        if done.code == 0:
            assert issued.belong_together("a.test.pem", "a.test-key.pem")
        else:
            refused(done, "no space left on device")
            assert os.listdir() == []
            left = [path for path in disk.rglob("*") if path.is_file()]
            assert [path.name for path in left] in ([], [".lock"])
        subprocess.run(
            ["mount", "-o", "remount,size=1m,nr_inodes=99", disk], check=True
        )
        assert tlsmith_here("make", "a.test").code == 0


@pytest.mark.privileged
@pytest.mark.parametrize("options", [*SIZES, *NAMES])
def test_a_full_disk_under_the_folder_leaves_the_old_files(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    words = ["make", "a.test", "--p12-file", "a.p12"]
    with mounted(disk, "size=1m,nr_inodes=99"):
        monkeypatch.chdir(disk)
        assert tlsmith_here(*words).code == 0
        before = _files()
        done = subprocess.run(
            ["mount", "-o", f"remount,{options}", disk],
            capture_output=True,
            check=False,
        )
        if done.returncode:  # more is in use already
            fill(disk)
        done = tlsmith_here(*words)
        if done.code:
            refused(done, "no space left on device")
            assert {k: v for k, v in _files().items() if k != "filler"} == before
        else:
            assert issued.belong_together("a.test.pem", "a.test-key.pem")
        monkeypatch.chdir(folder)


@pytest.mark.privileged
def test_a_read_only_disk_is_named(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(disk, "ro"):
        for words in (["make", "a.test"], ["ca", "init", "--local"]):
            monkeypatch.setenv("TLSMITH_HOME", str(disk / "home"))
            refused(tlsmith_here(*words), "read-only file system", "TLSMITH_HOME")
        monkeypatch.delenv("TLSMITH_HOME")
        monkeypatch.chdir(disk)
        for words in (["make", "a.test"], ["self-sign", "a.test"], ["csr", "a.test"]):
            refused(tlsmith_here(*words), "read-only file system", "a.test")
        monkeypatch.chdir(folder)


@pytest.mark.privileged
def test_a_read_only_home_in_use_is_no_matter(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that mounts it so."""
    with mounted(disk, "size=1m"):
        monkeypatch.setenv("TLSMITH_HOME", str(disk))
        assert tlsmith_here("make", "a.test").code == 0
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert tlsmith_here("make", "b.test").code == 0
        assert issued.belong_together("b.test.pem", "b.test-key.pem")


def _files() -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(Path().rglob("*"))
        if path.is_file() and path.name != "filler"
    }
