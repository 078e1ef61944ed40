"""A folder that is only read, and not left without saying so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.authority.adoption.source import SourceFolder, is_plain_name
from tlsmith.errors import FileError


def test_what_lies_in_the_folder_is_read_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/file").write_bytes(b"here")
    os.symlink("inner/file", tmp_path / "link")
    source = SourceFolder(str(tmp_path))
    assert source.read("inner", "file") == source.read("link") == b"here"
    assert source.notes == ()


def test_what_lies_outside_is_read_and_told_once(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"there")
    inside = tmp_path / "inside"
    inside.mkdir()
    os.symlink(outside, inside / "link")
    source = SourceFolder(str(inside))
    assert source.read("link") == source.read("link") == b"there"
    (note,) = source.notes
    assert str(outside) in note
    assert "link" in note


def test_a_folder_with_a_longer_name_is_outside(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca-secret").mkdir()
    source = SourceFolder(str(tmp_path / "ca"))
    assert not source.holds(str(tmp_path / "ca-secret"))
    assert source.holds(str(tmp_path / "ca/deep/file"))


def test_a_folder_reached_by_a_link_is_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_bytes(b"here")
    os.symlink("real", tmp_path / "link")
    source = SourceFolder(str(tmp_path / "link"))
    assert source.read("file") == b"here"
    assert source.notes == ()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    source = SourceFolder(str(tmp_path))
    assert not source.has("pipe")
    assert source.files() == []
    with pytest.raises(FileError, match="pipe") as caught:
        source.read("pipe")
    assert caught.value.code == "not-a-file"


def test_a_link_to_itself_is_no_file(tmp_path: Path) -> None:
    os.symlink("loop", tmp_path / "loop")
    source = SourceFolder(str(tmp_path))
    assert not source.has("loop")
    with pytest.raises(FileError):
        source.read("loop")


def test_what_is_not_there_is_an_empty_list(tmp_path: Path) -> None:
    assert SourceFolder(str(tmp_path)).names("nothing") == []


@pytest.mark.parametrize("name", ["0A.pem", "..pem", "a b", "ä"])
def test_plain_names(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "/a", "a/b", "a\\b", "C:a", "a\0b"]
)
def test_ways_to_elsewhere_are_no_names(name: str) -> None:
    assert not is_plain_name(name)


@pytest.mark.parametrize(("mode", "notes"), [(0o600, 0), (0o400, 0), (0o640, 1)])
def test_a_key_that_others_may_read_is_told(
    tmp_path: Path, mode: int, notes: int
) -> None:
    path = tmp_path / "ca.key"
    path.write_bytes(b"key")
    path.chmod(mode)
    source = SourceFolder(str(tmp_path))
    assert source.read_key(str(path)) == b"key"
    assert len(source.notes) == notes
    assert all("plan a new key" in note for note in source.notes)
