"""Bytes that write themselves."""

import os
import pickle
from pathlib import Path

import pytest

from tlsmith.api import Encoded
from tlsmith.errors import FileError

SECRET = Encoded(b"-----BEGIN PRIVATE KEY-----\n", secret=True)


def test_it_is_bytes() -> None:
    assert Encoded(b"abc") == b"abc"
    assert Encoded(b"abc") + b"d" == b"abcd"
    assert Encoded(b"abc").decode() == "abc"


def test_what_is_public_is_printed_as_bytes_are() -> None:
    assert repr(Encoded(b"abc")) == "b'abc'"
    assert str(Encoded(b"abc")) == "b'abc'"


def test_a_key_is_never_printed() -> None:
    """A failing assertion prints both sides, and CI keeps it."""
    for text in (repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r}", f"{[SECRET]}"):
        assert "PRIVATE KEY" not in text
        assert "28 bytes with a private key" in text


def test_a_key_stays_secret_in_another_process() -> None:
    copy = pickle.loads(pickle.dumps(Encoded(b"x", secret=True, ending=".p12")))  # noqa: S301
    assert (copy, copy.secret, copy.ending) == (b"x", True, ".p12")


@pytest.mark.parametrize(("secret", "mode"), [(False, 0o644), (True, 0o600)])
def test_only_keys_are_kept_from_others(
    tmp_path: Path, secret: bool, mode: int
) -> None:
    place = tmp_path / "file"
    assert Encoded(b"abc", secret=secret).write(place) == place
    assert place.read_bytes() == b"abc"
    assert place.stat().st_mode & 0o777 == mode


def test_a_path_may_be_text_and_is_returned_as_a_path(tmp_path: Path) -> None:
    assert Encoded(b"abc").write(str(tmp_path / "file")) == tmp_path / "file"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file") as caught:
        SECRET.write(tmp_path / "none" / "file")
    assert "none" in caught.value.message


def test_a_temporary_file_is_ours_alone_and_gone_afterwards() -> None:
    with Encoded(b"abc", ending=".p12").tempfile() as path:
        assert path.endswith(".p12")
        assert Path(path).read_bytes() == b"abc"
        assert os.stat(path).st_mode & 0o777 == 0o600
    assert not os.path.exists(path)


def test_a_temporary_file_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), SECRET.tempfile(tmp_path):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_a_temporary_file_may_be_removed_by_the_test(tmp_path: Path) -> None:
    with SECRET.tempfile(tmp_path) as path:
        os.unlink(path)
