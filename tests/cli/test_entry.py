"""The start and the end of every command: streams, signals, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import issued
from running import TLSMITH, tlsmith, tlsmith_here

SHELL = {"PATH": f"{os.path.dirname(TLSMITH)}:/usr/bin:/bin"}


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env=os.environ | SHELL | {"PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


COMMANDS = ["--help", "make --help", "make a.test", "ca init --local --json"]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_full_disk_behind_standard_output_is_one_clear_error(
    folder: Path, words: str
) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    done = shell(f"tlsmith {words} >/dev/full")
    assert done.returncode == 3
    said = "cannot write to standard output: no space left on device"
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", COMMANDS)
def test_whoever_stops_reading_is_no_error(folder: Path, words: str) -> None:
    done = shell(f"tlsmith {words} | true; tlsmith {words} | head -c 1")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed(folder: Path, closed: str) -> None:
    done = shell(f"tlsmith make a.test {closed}")
    assert done.returncode == 0, done.stderr
    assert issued.belong_together("a.test.pem", "a.test-key.pem")
    # Nothing of what would have been said is in the files.
    assert Path("a.test.pem").read_text().startswith("-----BEGIN")
    assert Path("a.test-key.pem").read_text().startswith("-----BEGIN")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_errors_keep_their_exit_code_with_a_stream_closed(
    folder: Path, closed: str
) -> None:
    assert shell(f"tlsmith make a_b.test {closed}").returncode == 2
    assert shell(f"tlsmith --version {closed}").returncode == 0


def test_an_interrupt_leaves_quietly(folder: Path) -> None:
    """While it waits for a request that never comes."""
    with subprocess.Popen(
        [TLSMITH, "make", "--csr", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert (out, err.strip()) == ("", "tlsmith: interrupted")
    assert os.listdir() == []


def _wait_until_it_reads(process: int) -> None:
    while True:
        try:
            waits = Path(f"/proc/{process}/wchan").read_text()
            if "pipe" in waits:
                return
        except OSError:
            pytest.skip("this system does not say what a process waits for")


@pytest.mark.parametrize(
    "settings",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "utf-16"},
        {"LC_ALL": "de_DE.ISO-8859-1"},
        {},
    ],
    ids=str,
)
def test_any_locale_will_do(folder: Path, settings: dict[str, str]) -> None:
    """A-labels are in every character set; the U-label is written where it can be."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
    done = subprocess.run(
        [TLSMITH, "make", "xn--bcher-kva.test", "xn--wgv71a119e.test"],
        env=environment | settings,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    if settings.get("PYTHONIOENCODING") != "utf-16":
        assert b"(xn--wgv71a119e.test)" in done.stdout
    assert issued.names(issued.leaf("xn--bcher-kva.test+1.pem"))[0].startswith("xn--")


def test_an_international_name_is_read_as_the_terminal_writes_it(folder: Path) -> None:
    done = tlsmith("make", "bücher.test", "--json")
    assert done.facts["names"] == ["xn--bcher-kva.test"]


def test_bytes_that_are_no_text_are_one_clear_error(folder: Path) -> None:
    words = [TLSMITH.encode(), b"make", b"b\xfccher.test"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"not an internationalised name" in done.stderr
    assert os.listdir() == []


def test_a_file_name_may_be_no_text(folder: Path) -> None:
    words = [b"make", b"a.test", b"--cert-file", b"\xff.pem", b"--key-file", b"\xfe"]
    for more in ([], [b"--json"], [b"--if-needed"]):
        command = [TLSMITH.encode(), *words, *more]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        if more == [b"--json"]:
            assert os.fsencode(json.loads(done.stdout)["cert_file"]) == b"\xff.pem"
    assert sorted(os.listdir(b".")) == [b"\xfe", b"\xff.pem"]


def test_the_folder_we_are_in_may_be_gone(folder: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    for words in (["make", "a.test"], ["self-sign", "a.test"], ["csr", "a.test"]):
        done = tlsmith_here(*words)
        assert done.code == 3
        assert "no such file or directory" in done.err
    files = ["--cert-file", f"{folder}/c.pem", "--key-file", f"{folder}/k.pem"]
    assert tlsmith_here("make", "a.test", *files).code == 0
    assert issued.belong_together(folder / "c.pem", folder / "k.pem")


def test_a_relative_home_in_a_folder_that_is_gone_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("TLSMITH_HOME", "home")
    done = tlsmith_here("make", "a.test")
    assert done.code == 3
    assert "this should not have happened" not in done.err
