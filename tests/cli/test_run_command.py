"""`tlsmith run`: the command's own behaviour, with the right roots."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from running import TLSMITH, environment_of, tlsmith, tlsmith_here
from tlsmith.local import trusted_roots
from tlsmith.truststores.base import certificates_in


def test_the_command_has_the_variables(home: Path) -> None:
    script = "import os, sys; sys.stdout.write(os.environ['SSL_CERT_FILE'])"
    done = tlsmith(
        "run", "--", sys.executable, "-c", script, environment=environment_of(home)
    )
    assert done.code == 0
    (root,) = trusted_roots(str(home / "tlsmith"))
    assert root in certificates_in(Path(done.out).read_bytes())


def test_input_output_and_exit_code_are_the_commands_own(home: Path) -> None:
    done = tlsmith(
        *("run", "--", "sh", "-c", "cat; echo oops >&2; exit 42"),
        environment=environment_of(home),
        typed=b"\x00typed\xff",
    )
    assert done.code == 42
    assert done.out.encode("utf-8", "surrogateescape") == b"\x00typed\xff"
    assert done.err.endswith("oops\n")


def test_words_after_the_command_are_its_own(home: Path) -> None:
    words = ["--json", "--help", "--", "-x", "a b", ""]
    script = "import sys; print(sys.argv[1:])"
    command = [sys.executable, "-c", script, *words]
    for start in (["run", "--"], ["run"]):
        done = tlsmith(*start, *command, environment=environment_of(home))
        assert done.out == f"{words}\n"


def test_it_becomes_the_command(home: Path) -> None:
    """So signals reach it, and none is ignored that was not."""
    script = """
import os, signal, sys, time
ignored = [s for s in (signal.SIGPIPE, signal.SIGTERM, signal.SIGINT)
           if signal.getsignal(s) == signal.SIG_IGN]
sys.stdout.write(f"{os.getpid()}\\n")
sys.stdout.flush()
time.sleep(60)
"""
    process = subprocess.Popen(
        [TLSMITH, "run", "--", sys.executable, "-c", script],
        env=environment_of(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) == process.pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    process.stdout.close()


def test_a_pipe_that_closes_ends_the_command(home: Path) -> None:
    line = f"'{TLSMITH}' run -- yes 2>/dev/null | head -1"
    started = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", f'{line}; echo "${{PIPESTATUS[0]}}"'],
        env=environment_of(home),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == f"y\n{128 + signal.SIGPIPE}\n"
    assert time.monotonic() - started < 20


def test_verification_stays_on(home: Path) -> None:
    environment = environment_of(
        home, NODE_TLS_REJECT_UNAUTHORIZED="0", GIT_SSL_NO_VERIFY="1", OTHER="0"
    )
    script = (
        'echo "${NODE_TLS_REJECT_UNAUTHORIZED-unset} ${GIT_SSL_NO_VERIFY-unset} $OTHER"'
    )
    done = tlsmith("run", "--", "sh", "-c", script, environment=environment)
    assert done.out == "unset unset 0\n"
    assert "NODE_TLS_REJECT_UNAUTHORIZED turns verification off" in done.err
    assert "GIT_SSL_NO_VERIFY turns verification off" in done.err


def test_java_has_its_variable_only_when_asked(home: Path) -> None:
    script = 'echo "${JAVA_TOOL_OPTIONS-unset}"'
    environment = environment_of(home)
    plain = tlsmith("run", "--", "sh", "-c", script, environment=environment)
    assert plain.out == "unset\n"
    asked = tlsmith("run", "--java", "--", "sh", "-c", script, environment=environment)
    assert asked.out.startswith("-Djavax.net.ssl.trustStore=")


def test_no_such_command_is_127() -> None:
    done = tlsmith_here("run", "--", "no-such-command")
    assert done.code == 127
    assert "command not found: 'no-such-command'" in done.err
    assert tlsmith_here("run", "--", "/none/program").code == 127


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"#!/bin/sh\n", 0o644, "permission denied"),
        (b"#!/none/sh\n", 0o755, "what its first line names is missing"),
        (b"\x00\x01", 0o755, "not a program"),
    ],
)
def test_what_cannot_be_run_is_126(
    tmp_path: Path, content: bytes, mode: int, words: str
) -> None:
    program = tmp_path / "program"
    program.write_bytes(content)
    program.chmod(mode)
    done = tlsmith_here("run", "--", str(program))
    assert done.code == 126
    assert words in done.err


def test_a_folder_is_126(tmp_path: Path) -> None:
    assert tlsmith_here("run", "--", str(tmp_path)).code == 126


def test_signals_are_as_before_when_nothing_was_run() -> None:
    before = signal.getsignal(signal.SIGPIPE)
    tlsmith_here("run", "--", "no-such-command")
    assert signal.getsignal(signal.SIGPIPE) == before


@pytest.mark.parametrize("words", [(), ("--",), ("--", "")])
def test_nothing_to_run_is_a_usage_error(words: tuple[str, ...]) -> None:
    done = tlsmith_here("run", *words)
    assert done.code == 2
    assert "no command to run" in done.err


def test_a_home_that_cannot_be_written_runs_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("TLSMITH_HOME", str(home / "file"))
    done = tlsmith_here("run", "--", "touch", str(tmp_path / "ran"))
    assert done.code == 3
    assert not os.path.exists(tmp_path / "ran")
