"""Badger databases, judged by what Badger itself reads from them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from authority.adoption.step_worlds import held_by, make_badger
from authority.adoption.worlds import unpack
from tlsmith.authority.adoption.badger.database import read_badger
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
