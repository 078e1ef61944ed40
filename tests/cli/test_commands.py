"""The table of commands says what the commands say, and how they are called."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from running import tlsmith, tlsmith_here
from tlsmith import __version__
from tlsmith.cli.commands import GROUPS, PLACES, overview

ENTRIES = [entry for _, entries in GROUPS for entry in entries]


def _command(place: str) -> click.Command:
    module, _, name = place.partition(":")
    command = getattr(importlib.import_module(f"tlsmith.cli.{module}"), name)
    assert isinstance(command, click.Command)
    return command


def _all_commands() -> Iterator[tuple[str, click.Command]]:
    for name, place in PLACES.items():
        command = _command(place)
        yield name, command
        if isinstance(command, click.Group):
            for below, subcommand in command.commands.items():
                yield f"{name} {below}", subcommand


ALL = list(_all_commands())


@pytest.mark.parametrize(("name", "place", "summary"), ENTRIES)
def test_the_first_line_of_help_is_the_summary(
    name: str, place: str, summary: str
) -> None:
    command = _command(place)
    assert command.name == name
    assert (command.help or "").splitlines()[0] == summary


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_help_of_every_command_ends_in_an_example_that_calls_it(
    name: str, command: click.Command
) -> None:
    done = tlsmith_here(*name.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Usage: tlsmith {name}" in done.out
    _, found, example = done.out.partition("Example")
    assert found
    assert f"  tlsmith {name.split(maxsplit=1)[0]}" in example


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_option_has_help(name: str, command: click.Command) -> None:
    del name
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_overview_shows_every_command_in_order(words: list[str]) -> None:
    done = tlsmith_here(*words)
    assert (done.code, done.err) == (0, "")
    places = [done.out.index(f"\n  {name} ") for name, _, _ in ENTRIES]
    assert places == sorted(places)
    assert all(summary in done.out for _, _, summary in ENTRIES)


def test_the_overview_fits_a_terminal() -> None:
    assert max(map(len, overview().splitlines())) <= 80


def test_help_after_an_option_is_the_same_overview() -> None:
    """click answers here, and the table elsewhere."""
    done = tlsmith_here("--help", "--help")
    assert (done.code, done.out) == (0, overview())


def test_the_version_is_that_of_the_package() -> None:
    done = tlsmith_here("--version")
    assert (done.code, done.out) == (0, f"tlsmith {__version__}\n")


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "tlsmith", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == tlsmith("--version").out


def test_help_needs_neither_click_nor_cryptography() -> None:
    """They take longer to import than everything else a start does."""
    script = (
        "import sys, contextlib, io\n"
        "from tlsmith.cli import main\n"
        "with contextlib.suppress(SystemExit), "
        "contextlib.redirect_stdout(io.StringIO()):\n"
        "    main(['--help'])\n"
        "print(*sorted({'click', 'cryptography', 'typing', 'json'} & {*sys.modules}))"
    )
    command = [sys.executable, "-S", "-c", script]
    path = ":".join(sys.path)
    done = subprocess.run(
        command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["forge"], "no such command 'forge'"),
        (["make", "--colour"], "no such option '--colour'"),
        (["make", "a.test", "--days", "x"], "'x' is not a valid integer"),
        (["make", "a.test", "--key", "dsa"], "'dsa' is not one of"),
        (["make", "a.test", "--days"], "option '--days' requires an argument"),
        (["ca"], "missing command"),
        (["trust"], "missing command"),
        (["ca", "forget"], "no such command 'forget'"),
        (["--colour"], "no such option '--colour'"),
    ],
)
def test_wrong_usage_is_one_line_and_a_hint(words: list[str], said: str) -> None:
    done = tlsmith_here(*words)
    assert (done.code, done.out) == (2, "")
    first, second = done.err.splitlines()
    assert first.startswith("tlsmith: ")
    assert said in first
    assert not first.endswith(".")
    assert second.startswith("hint: see `tlsmith")


def test_wrong_usage_is_json_where_json_was_asked_for() -> None:
    done = tlsmith_here("make", "--json", "--colour")
    assert (done.code, done.out) == (2, "")
    assert done.error["code"] == "usage"
    assert "--colour" in done.error["message"]
    assert "tlsmith make --help" in done.error["hint"]


@pytest.mark.parametrize(
    "words",
    [
        ["make", "a_b.test"],
        ["make"],
        ["self-sign", "a.test", "--days", "0"],
        ["csr", "127.0.0.1/8"],
        ["make", "--csr", "nowhere.csr"],
        ["ca", "init"],
        ["ca", "show"],
        ["show", "nowhere.pem"],
    ],
    ids=" ".join,
)
def test_an_error_says_the_same_in_json(words: list[str], folder: object) -> None:
    plain, coded = tlsmith_here(*words), tlsmith_here(*words, "--json")
    assert plain.code == coded.code != 0
    assert coded.out == ""
    assert set(coded.error) >= {"code", "message", "hint"}
    assert f"tlsmith: {coded.error['message']}\n" in plain.err
    if coded.error["hint"]:
        assert f"hint: {coded.error['hint']}\n" in plain.err


def test_facts_are_json_on_standard_output_alone(folder: object) -> None:
    for words in (
        ["make", "a.test"],
        ["make", "a.test", "--if-needed"],
        ["self-sign", "b.test"],
        ["csr", "c.test"],
        ["ca", "show"],
        ["ca", "init", "--local", "--replace"],
        ["show", "a.test.pem"],
    ):
        done = tlsmith_here(*words, "--json")
        assert done.code in (0, 1), words
        assert isinstance(json.loads(done.out), (dict, list)), words
