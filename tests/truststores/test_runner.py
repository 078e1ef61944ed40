"""Running tools: no terminal, an end in time, nothing left."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tlsmith.errors import ToolMissingError, TrustStoreError
from tlsmith.files import exclusive_lock
from tlsmith.truststores import SystemRunner, current_host


def test_it_gives_both_streams_and_the_code(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    ended = SystemRunner(str(tmp_path)).run([sys.executable, "-c", code])
    assert (ended.code, ended.stdout) == (3, b"out\n")
    assert "err" in ended.output
    assert ended.last_line == "err"
    assert list(tmp_path.iterdir()) == []


def test_one_without_words_is_told_by_its_code() -> None:
    ended = SystemRunner().run([sys.executable, "-c", "raise SystemExit(7)"])
    assert ended.last_line == "exit code 7"


def test_input_is_given() -> None:
    code = "import sys; print(sys.stdin.read() * 2, end='')"
    assert (
        SystemRunner().run([sys.executable, "-c", code], stdin=b"ab").stdout == b"abab"
    )


def test_the_environment_is_ours_with_additions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dsurprise=1")
    code = "import os; print(os.environ.get('JAVA_TOOL_OPTIONS'), os.environ['LC_ALL'],"
    code += " os.environ['MORE'])"
    ended = SystemRunner().run([sys.executable, "-c", code], {"MORE": "more"})
    assert ended.output == "None C.UTF-8 more\n"


def test_there_is_no_terminal_to_ask_at() -> None:
    code = "open('/dev/tty')"
    assert SystemRunner().run([sys.executable, "-c", code]).code != 0


def test_a_missing_tool_is_named() -> None:
    with pytest.raises(ToolMissingError, match="cannot run '/nowhere/tool'"):
        SystemRunner().run(["/nowhere/tool"])
    assert SystemRunner().find("no-such-tool") is None


def test_administrators_tools_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert SystemRunner().find("ldconfig") in ("/usr/sbin/ldconfig", "/sbin/ldconfig")


def test_one_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(1.2); open({str(mark)!r}, 'w')"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(TrustStoreError, match="did not end within") as caught:
        SystemRunner(deadline=0.4).run([sys.executable, "-c", code])
    assert caught.value.code == "tool-deadline"
    time.sleep(1.2)
    assert not mark.exists()


def test_a_tool_holds_the_lock_as_long_as_it_runs(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    with exclusive_lock(lock) as descriptor:
        runner = SystemRunner().within(str(tmp_path), descriptor)
        code = f"import os; print(os.readlink('/proc/self/fd/{descriptor}'))"
        ended = runner.run([sys.executable, "-c", code])
    assert ended.output.strip() == lock


def test_this_host_is_this_persons(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    host = current_host()
    assert (host.home, host.root) == (str(home), "/")
    assert host.environment["HOME"] == str(home)
    assert os.path.isabs(host.machine_journal)
