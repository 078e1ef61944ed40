"""The script of a root ceremony: what people type from it is what was meant."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.authority.ceremony import Ceremony, ceremony_script
from tlsmith.errors import InputError

STORE = "sqlite:///ca.db"


def _ceremony(**how: Any) -> Ceremony:
    return Ceremony(**{"name": "Example Root", "store": STORE, **how})


def _commands(script: str) -> list[list[str]]:
    """What a shell makes of the blocks: the words of each command of ours."""
    blocks = re.findall(r"^```\n(.*?)\n```$", script, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("tlsmith")]


def _value(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_every_step_of_the_way_is_there_in_order() -> None:
    commands = _commands(ceremony_script(_ceremony()))
    ours = [words[1:3] for words in commands if words[1] == "ca"]
    assert ours == [
        ["ca", "init"],
        ["ca", "init"],
        ["ca", "export"],
        ["ca", "sign-intermediate"],
        ["ca", "import"],
        ["ca", "show"],
    ]


def test_what_one_step_makes_the_next_ones_take() -> None:
    root, request, export, sign, take = (
        words
        for words in _commands(ceremony_script(_ceremony()))
        if words[1] == "ca" and words[2] != "show"
    )
    assert "--root-only" in root
    assert "--offline-root" in request
    assert _value(sign, "--root-key-file") == _value(root, "--root-key-file")
    assert sign[3] == _value(export, ">")
    assert take[3] == _value(sign, "--out")
    for words in (request, export, take):
        assert _value(words, "--store") == STORE


def test_kinds_of_keys_and_days_are_those_asked_for() -> None:
    script = ceremony_script(
        _ceremony(
            root_key="rsa4096",
            root_days=5000,
            intermediate_key="ed25519",
            intermediate_days=700,
        )
    )
    root, request, _, sign, _ = (
        words for words in _commands(script) if words[1] == "ca" and words[2] != "show"
    )
    assert (_value(root, "--key"), _value(root, "--root-days")) == ("rsa4096", "5000")
    assert _value(request, "--key") == "ed25519"
    assert _value(sign, "--days") == "700"


@pytest.mark.parametrize(
    "name", ["O'Brien & Söhne", '"; rm -rf / #', "$(reboot)", "`reboot`", "a  b\\"]
)
def test_no_name_gets_out_of_its_quotes(name: str) -> None:
    script = ceremony_script(_ceremony(name=name))
    assert _value(_commands(script)[1], "--name") == name


def test_a_shell_takes_every_command_as_one(tmp_path: Path) -> None:
    """`sh -n` reads them without doing them."""
    script = ceremony_script(_ceremony(name="It's $HOME"))
    blocks = re.findall(r"^```\n(.*?)\n```$", script, re.MULTILINE | re.DOTALL)
    path = tmp_path / "commands.sh"
    path.write_text("\n".join(blocks))
    done = subprocess.run(["sh", "-n", path], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@given(st.text(max_size=40))
def test_any_name_is_refused_or_quoted(name: str) -> None:
    try:
        script = ceremony_script(_ceremony(name=name))
    except InputError:
        return
    assert _value(_commands(script)[1], "--name") == name


def test_steps_are_numbered_through_and_each_has_a_box() -> None:
    script = ceremony_script(_ceremony())
    numbers = re.findall(r"^\*\*(\d+)\.\*\* ☐ ", script, re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    assert len(numbers) > 20
    assert not re.search(r"^@", script, re.MULTILINE)


def test_it_fits_on_paper() -> None:
    script = ceremony_script(_ceremony(day=date(2026, 12, 1)))
    assert max(map(len, script.splitlines())) <= 96


def test_everybody_has_a_line_to_sign() -> None:
    script = ceremony_script(_ceremony(key_holders=3, witnesses=2, copies=4))
    for who in ("Key holder 3", "Witness 2"):
        assert len(re.findall(rf"^\| {who} \|", script, re.MULTILINE)) == 2
    assert "| Copy 4 |" in script
    assert "| Witness |" in ceremony_script(_ceremony(witnesses=1))


def test_there_is_a_blank_for_every_fingerprint() -> None:
    script = ceremony_script(_ceremony())
    assert script.count("    " + " ".join(["____"] * 8)) == 2 * 3


def test_the_day_is_told_or_left_blank() -> None:
    assert "Day 2026-12-01 " in ceremony_script(_ceremony(day=date(2026, 12, 1)))
    assert re.search(r"^Day _+ ", ceremony_script(_ceremony()), re.MULTILINE)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"name": ""}, "cannot be printed"),
        ({"name": "a\nb"}, "cannot be printed"),
        ({"name": "a\u202eb"}, "cannot be printed"),
        ({"store": "postgresql://u:hunter2@db/ca"}, "may hold a password"),
        ({"root_key": "rsa1024"}, "'rsa1024'"),
        ({"intermediate_key": "dsa"}, "'dsa'"),
        ({"intermediate_days": 7300}, "must end before its root"),
        ({"intermediate_days": 0}, "must end before its root"),
        ({"copies": 0}, "0 copies of the key"),
        ({"key_holders": 99}, "99 key holders"),
        ({"witnesses": 0}, "0 witnesses"),
    ],
)
def test_what_no_ceremony_can_have_is_refused(
    how: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ceremony_script(_ceremony(**how))
    assert "hunter2" not in str(caught.value)
