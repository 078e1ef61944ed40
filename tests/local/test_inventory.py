"""What was made so far."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core.issuer import IssuedCertificate
from tlsmith.errors import FileError
from tlsmith.local import Record, inventory, record

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def issued(serial_number: int = 255) -> IssuedCertificate:
    return IssuedCertificate(b"", serial_number, NOW, NOW + timedelta(days=199))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_was_made_at_first(place: Path) -> None:
    assert inventory(str(place)) == []
    assert inventory(str(place / "nowhere")) == []


def test_what_was_made_is_told_again(place: Path) -> None:
    Path("a.pem").touch()
    record(str(place), issued(), ["a.test", "10.0.0.1"], "a.pem")
    assert inventory(str(place)) == [
        Record(
            names=("a.test", "10.0.0.1"),
            cert_file=str(place / "a.pem"),
            not_after=NOW + timedelta(days=199),
            serial_number="ff",
            made_by="make",
        )
    ]


def test_the_last_of_each_file_counts_and_comes_last(place: Path) -> None:
    for name in ("a.pem", "b.pem"):
        Path(name).touch()
    for number, name in enumerate(("a.pem", "b.pem", "a.pem")):
        record(str(place), issued(number), [name], name, made_by="mkcert")
    found = inventory(str(place))
    assert [(one.names, one.serial_number) for one in found] == [
        (("b.pem",), "1"),
        (("a.pem",), "2"),
    ]


def test_files_that_are_gone_are_left_out(place: Path) -> None:
    record(str(place), issued(), ["a.test"], "gone.pem")
    assert inventory(str(place)) == []


@given(junk=st.lists(st.binary(max_size=60), max_size=4))
def test_lines_that_are_none_are_passed_by(
    junk: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("junk")
    (place / "a.pem").touch()
    file = place / "certificates.jsonl"
    file.write_bytes(b"\n".join(junk) + b"\n")
    record(str(place), issued(), ["a.test"], str(place / "a.pem"))
    with file.open("ab") as stream:
        stream.write(b'{"names": ["cut sho')
    assert [one.names for one in inventory(str(place))] == [("a.test",)]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        [],
        None,
        {"names": 1, "cert_file": "a.pem", "not_after": "x"},
        {
            "names": ["a"],
            "cert_file": 5,
            "not_after": NOW.isoformat(),
            "serial_number": "1",
            "made_by": "make",
        },
        {
            "names": ["a"],
            "cert_file": "a\0b",
            "not_after": NOW.isoformat(),
            "serial_number": "1",
            "made_by": "make",
        },
    ],
)
def test_facts_that_are_none_are_passed_by(place: Path, facts: object) -> None:
    Path("certificates.jsonl").write_text(json.dumps(facts) + "\n")
    assert inventory(str(place)) == []


def test_a_file_name_may_be_no_text(place: Path) -> None:
    name = os.fsdecode(b"\xff.pem")
    Path(name).touch()
    record(str(place), issued(), ["a.test"], name)
    (found,) = inventory(str(place))
    assert os.fsencode(found.cert_file) == os.fsencode(place) + b"/\xff.pem"


def test_what_cannot_be_noted_is_left_out(place: Path) -> None:
    """The certificate is made by then."""
    record(str(place / "nowhere"), issued(), ["a.test"], "a.pem")
    assert os.listdir(place) == []


def test_what_cannot_be_read_is_told(place: Path) -> None:
    Path("certificates.jsonl").mkdir()
    with pytest.raises(FileError, match="is a directory"):
        inventory(str(place))


def test_it_is_for_its_owner_alone(place: Path) -> None:
    os.umask(0)
    record(str(place), issued(), ["a.test"], "a.pem")
    assert Path("certificates.jsonl").stat().st_mode & 0o777 == 0o600
