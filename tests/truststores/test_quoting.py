"""Each shell reads back what was written for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.errors import InputError
from tlsmith.truststores.quoting import assignments

HARD = "/a b/it's \"$HOME\" `x` \\n\\ \u2019 ü #;&|*?!%~{}()<>\\'"
PLAIN = "/home/one/.local/share/tlsmith/bundles/bundle-0123.pem"


def printed(words: list[str], script: str) -> str:
    if shutil.which(words[0]) is None:
        pytest.skip(f"not on this machine: {words[0]}")
    done = subprocess.run(
        [*words, script],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/none"},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


@pytest.mark.parametrize("shell", ["dash", "bash", "zsh", "ksh"])
@pytest.mark.parametrize("value", [PLAIN, HARD, "a\nb", ""])
def test_shells_like_sh(shell: str, value: str) -> None:
    lines = assignments({"X": value}, "sh")
    assert printed([shell, "-c"], f"{lines}sh -c 'printf %s \"$X\"'") == value


@pytest.mark.parametrize("value", [PLAIN, HARD, "a\nb", "\\", "\\'"])
def test_fish(value: str) -> None:
    lines = assignments({"X": value}, "fish")
    script = f"{lines}sh -c 'printf %s \"$X\"'"
    assert printed(["fish", "--no-config", "-c"], script) == value


def read_powershell(line: str) -> str:
    """Read a line as PowerShell's grammar has it: a single-quoted string literal."""
    quotes = "'\u2018\u2019\u201a\u201b"
    found = re.fullmatch(
        rf"\$env:X = '((?:[^{quotes}]|([{quotes}])[{quotes}])*)'", line
    )
    assert found is not None, line
    return re.sub(f"([{quotes}])[{quotes}]", r"\1", found[1])


@given(st.text(st.characters(exclude_characters="\0\r\n", codec="utf-8")))
def test_powershell(value: str) -> None:
    lines = assignments({"X": value}, "powershell")
    assert read_powershell(lines.removesuffix("\n")) == value


def test_powershell_itself() -> None:
    lines = assignments({"X": HARD}, "powershell")
    script = f"{lines}[Console]::Out.Write($env:X)"
    assert printed(["pwsh", "-NoProfile", "-Command"], script) == HARD


@pytest.mark.parametrize("value", [PLAIN, "/with blank", "/it's", "/a\"b'c$d`e\\f"])
def test_dotenv_as_a_shell_would_source_it(value: str) -> None:
    """What readers of such files agree on is what sh does with them."""
    lines = assignments({"X": value}, "dotenv")
    assert printed(["sh", "-c"], f'{lines}printf %s "$X"') == value


def test_dotenv_has_quotes_only_where_they_must_be() -> None:
    assert assignments({"X": PLAIN}, "dotenv") == f"X={PLAIN}\n"


def test_github_takes_the_value_as_it_is() -> None:
    assert assignments({"X": HARD, "Y": "1"}, "github") == f"X={HARD}\nY=1\n"


def test_systemd_has_its_dollars_doubled() -> None:
    assert assignments({"X": PLAIN}, "systemd") == f"X={PLAIN}\n"
    assert assignments({"X": 'a "b" $c'}, "systemd") == 'X="a \\"b\\" $$c"\n'


@pytest.mark.parametrize("shell", ["dotenv", "github", "systemd"])
def test_a_file_of_lines_holds_no_line_break(shell: str) -> None:
    with pytest.raises(InputError, match="line break"):
        assignments({"X": "a\nb"}, shell)
