"""What rooms offer: every name there is, in order, and nothing else."""

import importlib
import pkgutil
import re
import subprocess
import sys
from types import ModuleType

import pytest

import tlsmith

ROOMS = [
    "tlsmith",
    *(
        found.name
        for found in pkgutil.walk_packages(tlsmith.__path__, "tlsmith.")
        if found.ispkg
    ),
]
MODULES = [
    found.name
    for found in pkgutil.walk_packages(tlsmith.__path__, "tlsmith.")
    if not found.ispkg and found.name != "tlsmith.__main__"
]


def offered(room: ModuleType) -> list[str]:
    """The public names a room has, but for its files and rooms."""
    return [
        name
        for name, value in vars(room).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name not in ("annotations", "TYPE_CHECKING")
    ]


def in_order(name: str) -> tuple[int, list[str | int]]:
    """Constants, then classes, then the rest; 7 before 12: the linter's order."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return kind, [int(part) if part.isdigit() else part for part in parts]


def test_the_rooms_are_those_of_the_layout() -> None:
    expected = {"core", "files", "truststores", "probe", "local", "cli"}
    assert expected <= {name.removeprefix("tlsmith.") for name in ROOMS}


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_lists_all_it_offers_in_order(name: str) -> None:
    room = importlib.import_module(name)
    listed = list(getattr(room, "__all__", []))
    assert sorted(set(listed), key=in_order) == listed, "sorted, each once"
    # What is imported when it is asked for (PEP 562) is not there before.
    missing = [each for each in listed if not hasattr(room, each)]
    assert missing == []
    assert set(offered(room)) - set(listed) == set()


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_says_in_its_first_line_what_it_is(name: str) -> None:
    first = (importlib.import_module(name).__doc__ or "").partition("\n")[0]
    assert first.endswith("."), f"{name} has no sentence about itself"
    assert len(first) < 89


@pytest.mark.parametrize("name", MODULES)
def test_a_file_says_in_its_first_line_what_it_is(name: str) -> None:
    first = (importlib.import_module(name).__doc__ or "").partition("\n")[0]
    assert first, f"{name} has no sentence about itself"


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert tlsmith.__version__ == version("tlsmith")


@pytest.mark.parametrize("name", [name for name in ROOMS if name != "tlsmith.cli"])
def test_a_room_can_be_imported_alone_and_prints_nothing(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
