"""Badger databases, judged by what Badger itself reads from them."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authority.adoption.step_worlds import held_by, make_badger
from authority.adoption.worlds import unpack
from tlsmith.authority.adoption.badger.database import read_badger
from tlsmith.authority.adoption.badger.wire import (
    crc32c,
    read_message,
    unpack_snappy,
)
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.errors import FileError, InputError

TABLE = b"used_ott"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpack("badger", tmp_path) / "badger"


def _read(folder: Path) -> dict[bytes, bytes]:
    source = SourceFolder(str(folder))
    return read_badger(source, str(folder), str(folder), [TABLE])[TABLE]


def test_all_is_as_badger_reads_it(folder: Path) -> None:
    held = held_by(folder)
    assert len(held) > 300
    assert _read(folder) == held


def test_a_table_that_is_not_asked_for_is_not_read(folder: Path) -> None:
    source = SourceFolder(str(folder))
    found = read_badger(source, str(folder), str(folder), [b"x509", TABLE])
    assert found[b"x509"] == {}


def test_what_a_crash_cut_off_at_the_end_is_passed_by(folder: Path) -> None:
    last = max(folder.glob("*.vlog"))
    held = held_by(folder)
    last.write_bytes(last.read_bytes()[:-3])
    found = _read(folder)
    changed = {key for key in held if found.get(key) != held[key]}
    assert len(changed) <= 1


@pytest.mark.parametrize("pattern", ["*.sst", "*.vlog"])
def test_a_missing_file_is_an_error(folder: Path, pattern: str) -> None:
    min(folder.glob(pattern)).unlink()
    with pytest.raises((InputError, FileError), match=r"missing|cannot read"):
        _read(folder)


@pytest.mark.parametrize("seed", range(60))
def test_damage_is_an_error_or_harmless_and_never_a_crash(
    folder: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- the same each time
    path = chance.choice([*sorted(folder.glob("*.sst")), folder / "MANIFEST"])
    data = bytearray(path.read_bytes())
    if chance.random() < 0.3:
        del data[chance.randrange(len(data)) :]
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    try:
        found = _read(folder)
    except (InputError, FileError):
        return
    held = held_by(folder)
    # A manifest cut short is as an earlier moment left it.
    assert found == held or path.name == "MANIFEST"


@pytest.mark.interop
@pytest.mark.slow
@pytest.mark.parametrize("compression", ["none", "snappy"])
@pytest.mark.parametrize("end", ["close", "crash"])
def test_databases_that_badger_writes_now(
    tmp_path: Path, compression: str, end: str
) -> None:
    folder = make_badger(tmp_path / "badger", compression, 3000, end)
    assert _read(folder) == held_by(folder)


def test_an_encrypted_log_is_told_as_unsupported(folder: Path) -> None:
    last = max(folder.glob("*.vlog"))
    data = bytearray(last.read_bytes())
    data[7] = 1  # the number of a key
    last.write_bytes(data)
    with pytest.raises(InputError, match="encrypted") as caught:
        _read(folder)
    assert caught.value.code == "unsupported-database"


def test_another_version_is_told_as_unsupported(folder: Path) -> None:
    path = folder / "MANIFEST"
    data = bytearray(path.read_bytes())
    data[7] = 8
    path.write_bytes(data)
    with pytest.raises(InputError, match="version 8") as caught:
        _read(folder)
    assert caught.value.code == "unsupported-database"


@pytest.mark.parametrize(
    ("block", "plain"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        # One letter, and then a copy that overlaps what it makes.
        (b"\x09\x00a\x1e\x01\x00", b"a" * 9),
        (b"\x05\x00a\x01\x01", b"a" * 5),
        (b"\x06\x04ab\x0f\x02\x00\x00\x00", b"ababab"),
        (b"\x46\xf0\x45" + b"x" * 70, b"x" * 70),
    ],
)
def test_snappy_by_its_own_description(block: bytes, plain: bytes) -> None:
    assert unpack_snappy(block) == plain


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\xff",
        b"\x03\x08ab",
        b"\x02\x08abc",
        b"\x04\x00a\x0a\x05\x00",
        b"\xff\xff\xff\xff\x0f\x00a",
        b"\x04\x00a\x01\x00",
        b"\x05\x01",
    ],
)
def test_damaged_snappy_is_refused(block: bytes) -> None:
    with pytest.raises(InputError):
        unpack_snappy(block)


def test_the_checksum_is_that_of_rfc_3720() -> None:
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


@given(st.binary(max_size=60))
def test_no_bytes_crash_what_reads_messages(data: bytes) -> None:
    for read in (unpack_snappy, lambda found: list(read_message(found))):
        with contextlib.suppress(InputError):
            read(data)
