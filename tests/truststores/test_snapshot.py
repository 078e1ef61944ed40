"""Files and folders, put back as they were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.truststores.snapshot import (
    ABSENT,
    Entry,
    keep_copy,
    keep_patch,
    put_back,
    scan,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "file").write_bytes(bytes(range(256)) * 40)
    (folder / "sub/other").write_bytes(b"other")
    (folder / "link").symlink_to("file")
    (folder / "file").chmod(0o640)
    os.utime(folder / "file", (1_000_000_000, 1_000_000_000))
    return folder


def _kept(tree: Path, copies: Path) -> dict[str, Entry]:
    copies.mkdir()
    return {p: keep_copy(p, e, str(copies)) for p, e in scan([str(tree)]).items()}


def test_every_kind_is_put_back(tree: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    before = _kept(tree, copies)
    (tree / "file").write_bytes(b"changed")
    (tree / "file").chmod(0o600)
    (tree / "sub/other").unlink()
    (tree / "sub").rmdir()
    (tree / "link").unlink()
    (tree / "link").write_bytes(b"a file now")
    (tree / "new").write_bytes(b"new")
    (tree / "new folder").mkdir()
    (tree / "new folder/in it").symlink_to("/nowhere")
    now = scan([str(tree)])
    put_back({**{p: ABSENT for p in now if p not in before}, **before}, str(copies))
    assert scan([str(tree)]).keys() == before.keys()
    assert (tree / "file").read_bytes() == bytes(range(256)) * 40
    assert (tree / "file").stat().st_mode & 0o777 == 0o640
    assert (tree / "file").stat().st_mtime == 1_000_000_000
    assert os.readlink(tree / "link") == "file"
    assert (tree / "sub/other").read_bytes() == b"other"


def test_a_folder_with_something_in_it_stays(tree: Path, tmp_path: Path) -> None:
    put_back({str(tree / "sub"): ABSENT}, str(tmp_path))
    assert (tree / "sub/other").exists()


def test_what_is_as_it_should_be_is_not_touched(tree: Path, tmp_path: Path) -> None:
    before = _kept(tree, tmp_path / "copies")
    number = (tree / "file").stat().st_ino
    put_back(before, str(tmp_path / "copies"))
    assert (tree / "file").stat().st_ino == number


def test_a_patch_is_enough_for_a_small_change(tree: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    path = str(tree / "file")
    before = _kept(tree, copies)[path]
    old = (tree / "file").read_bytes()
    (tree / "file").write_bytes(old[:5000] + b"changed" + old[5007:] + b"and longer")
    patched = keep_patch(path, before, str(copies), scan([path])[path])
    assert patched.patch is not None
    assert len(patched.patch) == 1
    for copy in copies.iterdir():
        copy.unlink()
    # As read from a journal again.
    put_back({path: Entry.of(patched.facts())}, str(copies))
    assert (tree / "file").read_bytes() == old


def test_a_large_change_keeps_the_copy(tree: Path, tmp_path: Path) -> None:
    path = str(tree / "file")
    before = _kept(tree, tmp_path / "copies")[path]
    (tree / "file").write_bytes(b"quite another")
    after = scan([path])[path]
    assert keep_patch(path, before, str(tmp_path / "copies"), after).patch is None


def test_a_damaged_copy_is_not_put_back(tree: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    before = _kept(tree, copies)
    for copy in copies.iterdir():
        copy.write_bytes(b"damaged")
    (tree / "file").write_bytes(b"changed")
    with pytest.raises(ValueError, match="damaged"):
        put_back({str(tree / "file"): before[str(tree / "file")]}, str(copies))
    assert (tree / "file").read_bytes() == b"changed"


def test_pipes_and_what_is_missing_are_no_trouble(tree: Path, tmp_path: Path) -> None:
    os.mkfifo(tree / "pipe")
    state = scan([str(tree), str(tmp_path / "missing")])
    assert state[str(tree / "pipe")].kind == "other"
    assert str(tmp_path / "missing") not in state
    assert keep_copy("x", state[str(tree / "pipe")], str(tmp_path)).kind == "other"


def test_what_a_killed_run_left_beside_a_file_is_seen(tree: Path) -> None:
    left = tree / ".file.tlsmith-tmp-1-abc"
    left.touch()
    assert str(left) in scan([str(tree / "file")])


def test_files_are_alike_by_what_they_say() -> None:
    one = Entry("file", digest="jks-1", sha256="a")
    assert one.is_like(Entry("file", digest="jks-1", sha256="b"))
    assert not one.is_like(Entry("file", digest="jks-2", sha256="a"))
    assert not one.is_like(None)
