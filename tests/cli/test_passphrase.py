"""Passphrases: from a file, a variable or a prompt, and seen nowhere else."""

from __future__ import annotations

import os
import pty
import sys
import termios
import time
from pathlib import Path

import pytest

import issued
from running import TLSMITH, Done, tlsmith, tlsmith_here

SECRET = "correct horse battery staple"


def make(*words: str) -> Done:
    return tlsmith_here("make", "a.test", *words)


def test_the_first_line_of_a_file_is_the_passphrase(folder: Path) -> None:
    for ending in ("", "\n", "\r\n", "\nand more\n"):
        Path("secret").write_bytes(f"{SECRET}{ending}".encode())
        assert make("--passphrase-file", "secret", "--force").code == 0
        assert issued.key("a.test-key.pem", SECRET.encode())


def test_a_variable_holds_the_passphrase(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    assert make("--passphrase-env", "SECRET").code == 0
    assert issued.key("a.test-key.pem", SECRET.encode())


def test_a_passphrase_may_have_any_characters(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", " pâss 密码 ")
    assert make("--passphrase-env", "SECRET").code == 0
    assert issued.key("a.test-key.pem", " pâss 密码 ".encode())


def test_a_variable_may_hold_what_is_no_text(folder: Path) -> None:
    environment = {os.fsencode(k): os.fsencode(v) for k, v in os.environ.items()}
    environment[b"SECRET"] = b"\xff\xfe secret"
    done = tlsmith(
        "make", "a.test", "--passphrase-env", "SECRET", environment=environment
    )
    assert done.code == 0, done.err
    assert issued.key("a.test-key.pem", b"\xff\xfe secret")


@pytest.mark.parametrize("words", [[], ["--legacy"], ["--key", "ml-dsa-44"]])
def test_pkcs12_takes_text_only(folder: Path, words: list[str]) -> None:
    Path("secret").write_bytes(b"\xff\xfe secret")
    done = make("--p12-file", "x.p12", "--passphrase-file", "secret", *words)
    assert done.code == 2
    assert "not in UTF-8" in done.err
    assert os.listdir() == ["secret"]


@pytest.mark.parametrize("content", ["", "\n", "\r\nsecond line\n"])
def test_an_empty_passphrase_is_refused(folder: Path, content: str) -> None:
    Path("secret").write_text(content)
    done = make("--passphrase-file", "secret")
    assert done.code == 2
    assert "the passphrase in file 'secret' is empty or not set" in done.err
    assert os.listdir() == ["secret"]


def test_a_variable_that_is_not_set_is_refused(folder: Path) -> None:
    done = make("--passphrase-env", "SECRET")
    assert done.code == 2
    assert "the passphrase in variable 'SECRET' is empty or not set" in done.err


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    done = make("--passphrase-file", "nowhere")
    assert done.code == 3
    assert "'nowhere'" in done.err


def test_one_source_is_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    done = make("--passphrase-env", "SECRET", "--passphrase-prompt")
    assert done.code == 2
    assert "more than one source" in done.err


def test_without_a_terminal_nobody_can_be_asked(folder: Path) -> None:
    done = make("--passphrase-prompt")
    assert done.code == 2
    assert "no terminal" in done.err
    assert "--passphrase-file or --passphrase-env" in done.err
    assert os.listdir() == []


def test_no_option_takes_a_passphrase_itself(folder: Path) -> None:
    for option in ("--passphrase", "--password", "--pass"):
        assert make(option, SECRET).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["make", "a.test"],
        ["make", "a.test", "--json"],
        ["make", "a.test", "--format", "p12", "--key-file", "x"],
        ["make", "a_b.test"],
        ["make", "www.example.com"],
        ["self-sign", "a.test", "--p12-file", "x.p12"],
        ["csr", "a.test"],
        ["csr", "a.test", "--key-file", "nowhere/k.pem"],
    ],
    ids=" ".join,
)
def test_it_is_seen_in_no_output_and_no_file_in_the_clear(
    folder: Path, home: Path, words: list[str]
) -> None:
    Path("secret").write_text(SECRET)
    for _ in range(2):
        done = tlsmith_here(*words, "--passphrase-file", "secret")
        assert SECRET not in done.out + done.err
    Path("wrong").write_text("wrong " + SECRET)
    done = tlsmith_here(*words, "--passphrase-file", "wrong")
    assert SECRET not in done.out + done.err
    Path("secret").unlink()
    Path("wrong").unlink()
    for place in (folder, home):
        for path in place.rglob("*"):
            if path.is_file():
                assert SECRET.encode() not in path.read_bytes(), path


def test_no_key_is_seen_in_any_output(folder: Path) -> None:
    for words in (["make", "a.test"], ["self-sign", "b.test"], ["csr", "c.test"]):
        for _ in range(2):
            done = tlsmith_here(*words, "--json")
            assert "PRIVATE KEY" not in done.out + done.err
    for key in Path().glob("*-key.pem"):
        body = key.read_text().splitlines()[1][:40]
        done = tlsmith_here("make", "d.test", "--cert-file", str(key))
        assert done.code == 2
        assert body not in done.err


# At a terminal --------------------------------------------------------------------


def at_a_terminal(words: list[str], answers: list[str]) -> tuple[int, str]:
    """Run the command at a terminal; return its exit code and all that was shown."""
    process, terminal = pty.fork()
    if not process:
        os.execv(TLSMITH, [TLSMITH, *words])  # noqa: S606 -- the real command
    shown = b""
    for answer in answers:
        shown += _read_until(terminal, b": ")
        _wait_for_no_echo(terminal)
        os.write(terminal, answer.encode() + b"\n")
    shown += _read_until(terminal, None)
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


def _wait_for_no_echo(terminal: int) -> None:
    """What is typed before a command has switched off the echo, it throws away."""
    end = time.monotonic() + 30
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert time.monotonic() < end, "the passphrase would be seen"
        time.sleep(0.01)


def _read_until(terminal: int, end: bytes | None) -> bytes:
    found = b""
    while end is None or not found.endswith(end):
        try:
            part = os.read(terminal, 1024)
        except OSError:  # what Linux says at the end
            break
        if not part:
            break
        found += part
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")
def test_at_a_terminal_it_is_asked_twice_and_not_shown(folder: Path) -> None:
    words = ["make", "a.test", "--passphrase-prompt"]
    code, shown = at_a_terminal(words, [SECRET, SECRET])
    assert code == 0, shown
    assert "Passphrase for the key" in shown
    assert SECRET not in shown
    assert issued.key("a.test-key.pem", SECRET.encode())


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")
def test_at_a_terminal_a_slip_is_asked_again(folder: Path) -> None:
    words = ["csr", "a.test", "--passphrase-prompt"]
    code, shown = at_a_terminal(words, [SECRET, "another", SECRET, SECRET])
    assert code == 0, shown
    assert "another" not in shown
    assert issued.key("a.test-key.pem", SECRET.encode())


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")
def test_at_a_terminal_one_may_give_up(folder: Path) -> None:
    code, shown = at_a_terminal(["make", "a.test", "--passphrase-prompt"], ["\x03"])
    assert code == 3
    assert "interrupted" in shown
    assert os.listdir() == []
