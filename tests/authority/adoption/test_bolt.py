"""bbolt databases: damage is told, and never taken for less than there was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from authority.adoption.step_worlds import held_by_step
from authority.adoption.worlds import unpack
from tlsmith.authority.adoption.bolt import read_bolt
from tlsmith.errors import InputError

TABLES = (b"x509_certs", b"revoked_x509_certs")


@pytest.fixture
def step(tmp_path: Path) -> Path:
    return unpack("step-ca-bbolt", tmp_path) / "step"


def test_all_is_as_step_ca_reads_it(step: Path) -> None:
    data = (step / "db/step.db").read_bytes()
    found = read_bolt(data, TABLES, "'step.db'")
    assert {name.decode(): pairs for name, pairs in found.items()} == held_by_step(step)


def test_a_bucket_that_is_not_there_is_empty(step: Path) -> None:
    data = (step / "db/step.db").read_bytes()
    assert read_bolt(data, [b"nothing"], "'step.db'") == {b"nothing": {}}


def test_the_older_header_serves_where_the_newer_is_spoilt(step: Path) -> None:
    data = (step / "db/step.db").read_bytes()
    for page in (0, 4096):
        spoilt = bytearray(data)
        spoilt[page + 20] ^= 0xFF
        assert read_bolt(bytes(spoilt), TABLES, "'step.db'").keys() == set(TABLES)


def test_without_a_header_it_is_refused(step: Path) -> None:
    data = bytearray((step / "db/step.db").read_bytes())
    data[20] ^= 0xFF
    data[4096 + 20] ^= 0xFF
    with pytest.raises(InputError, match="neither of its two headers"):
        read_bolt(bytes(data), TABLES, "'step.db'")


@pytest.mark.parametrize("seed", range(100))
def test_damage_is_one_clear_error_or_none(step: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- the same each time
    data = bytearray((step / "db/step.db").read_bytes())
    if seed % 4 == 0:
        del data[chance.randrange(len(data)) :]
    for _ in range(40):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        read_bolt(bytes(data), TABLES, "'step.db'")
    except InputError as error:
        assert error.message.startswith("the bbolt database 'step.db'")  # noqa: PT017
