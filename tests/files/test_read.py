"""Reading: the whole file, or one clear error."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlsmith.errors import FileError
from tlsmith.files import read_file, read_input

POSIX = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=500))
def test_a_file_is_read_as_it_is(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert read_file(tmp_path / "a") == data
    assert read_input(str(tmp_path / "a")) == data


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no", "file-not-found"),
        ("no/a", "file-not-found"),
        (".", "is-a-directory"),
        ("file/a", "not-a-directory"),
        ("a" * 300, "name-too-long"),
        ("a\0b", "file-not-found"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="cannot read") as caught:
        read_file(tmp_path / name)
    assert caught.value.code == code
    assert caught.value.path == str(tmp_path / name)


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", largest=5) == b"12345"
    with pytest.raises(FileError, match="is over 4 bytes") as caught:
        read_file(tmp_path / "a", largest=4)
    assert caught.value.code == "file-too-large"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(FileError, match="is over 100000 bytes"):
        read_file("/dev/zero", largest=100_000)


@POSIX
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"x" * 99,))
    writer.start()
    assert read_file(tmp_path / "pipe") == b"x" * 99
    writer.join()


# Standard input ---------------------------------------------------------------------

_READ = """
import sys
from tlsmith.errors import FileError
from tlsmith.files import read_input
try:
    sys.stdout.buffer.write(read_input("-", largest=1000))
except FileError as error:
    print(error.code, error.message, error.hint)
"""


def child(redirection: str, data: bytes = b"") -> bytes:
    command = f'"$0" -c "$1" {redirection}'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, _READ],
        input=data,
        capture_output=True,
        check=True,
    ).stdout


def test_standard_input_is_what_python_has_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff" * 9)))
    assert read_input("-") == b"\xff" * 9
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff" * 9)))
    with pytest.raises(FileError, match="standard input is over 8 bytes"):
        read_input("-", largest=8)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileError, match="it is closed"):
        read_input("-")


@POSIX
def test_standard_input_is_read_to_its_end() -> None:
    assert child("", bytes(range(256))) == bytes(range(256))
    assert child("", b"x" * 1000) == b"x" * 1000


@POSIX
@pytest.mark.parametrize(
    ("redirection", "told"),
    [
        pytest.param(
            "< /proc/self/mem",
            b"file-error cannot read 'standard input': input/output error",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="of Linux"),
        ),
        ("<&-", b"file-error cannot read standard input: it is closed"),
        ("< /dev/zero", b"file-too-large standard input is over 1000 bytes"),
    ],
)
def test_standard_input_that_cannot_be_read_is_told(
    redirection: str, told: bytes
) -> None:
    assert child(redirection).startswith(told)
