"""Running processes: which they are, what they were started with, what is not told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tlsmith.errors import FileError
from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.runtime.commands import Commands
from tlsmith.scan.runtime.processes import Processes, scan_processes
from tlsmith.scan.runtime.variables import Variables

SECRET = "hunter2"
LOG = {"SSLKEYLOGFILE": "/tmp/keys.log", "API_TOKEN": SECRET}


class Proc:
    """A folder that tells about processes as Linux does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "self" / "ns").mkdir(parents=True)
        (root / "self" / "ns" / "mnt").symlink_to("mnt:[1]")
        (root / "version").write_text("Linux\n")

    def add(
        self,
        number: int,
        *words: str,
        environment: dict[str, str] | None = None,
        namespace: str = "mnt:[1]",
        folder: str = "/",
    ) -> Path:
        place = self.root / str(number)
        (place / "ns").mkdir(parents=True)
        (place / "ns" / "mnt").symlink_to(namespace)
        (place / "root").symlink_to("/")
        (place / "cwd").symlink_to(folder)
        program = os.path.basename(words[0]) if words else "kworker/0:1"
        (place / "comm").write_text(program[:15] + "\n")
        (place / "cmdline").write_bytes(_joined(words))
        entries = [f"{key}={value}" for key, value in (environment or {}).items()]
        (place / "environ").write_bytes(_joined(entries))
        return place

    def scan(self, rules: tuple[Rule, ...] | None = None) -> list[Finding]:
        asked = rules or every_rule()
        examiner = Examiner(asked)
        found, _ = scan_processes(
            Processes(str(self.root)), Variables(asked, examiner), Commands(examiner)
        )
        return found


def _joined(words: object) -> bytes:
    return b"".join(os.fsencode(str(word)) + b"\0" for word in words)  # type: ignore[attr-defined]


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


def user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def test_a_finding_says_which_process_it_is(proc: Proc) -> None:
    proc.add(1234, "/usr/bin/node", "app.js", environment=LOG)
    (one,) = proc.scan()
    assert one.path == f"process/{user()}/node/SSLKEYLOGFILE"
    whose = f"Variable SSLKEYLOGFILE of process 1234 (node, user {user()}). "
    assert whose in one.message
    assert one.fix.startswith("Start it without SSLKEYLOGFILE")
    assert SECRET not in repr(one)


def test_the_same_in_several_is_told_once(proc: Proc) -> None:
    for number in range(100, 112):
        proc.add(number, "/usr/bin/node", "app.js", environment=LOG)
    proc.add(99, "python3", environment=LOG)
    node, python = proc.scan()
    whose = f"12 processes (node, user {user()}): 100, 101, 102, 103, 104, 105, 106, "
    assert f"{whose}107, 108, 109 and 2 more. " in node.message or (
        f"{whose}107, 108, 109 and 2 more. " in python.message
    )
    assert {node.path, python.path} == {
        f"process/{user()}/node/SSLKEYLOGFILE",
        f"process/{user()}/python3/SSLKEYLOGFILE",
    }


def test_what_is_no_process_is_passed_over(proc: Proc) -> None:
    proc.add(2)  # of the kernel
    proc.add(os.getpid(), "tlsmith", environment=LOG)
    half_gone = proc.add(7, "node", environment=LOG)
    (half_gone / "comm").unlink()
    assert proc.scan() == []
    assert list(Processes(str(proc.root))) == []


@contextmanager
def powerless() -> Iterator[None]:
    """What is done here is not done as root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if before == 0:
            os.seteuid(0)


def test_what_may_not_be_read_is_told() -> None:
    with TemporaryDirectory() as folder:  # pytest's own are root's alone
        Path(folder).chmod(0o755)
        proc = Proc(Path(folder) / "proc")
        place = proc.add(7, "node", environment=LOG)
        (place / "environ").chmod(0)
        (proc.add(8, "hidden", environment=LOG) / "cmdline").chmod(0)
        processes = Processes(str(proc.root))
        with powerless():
            assert [one.environment for one in processes] == [{}]
    assert processes.closed == ["process 7 (node)", "process 8"]


def test_files_are_those_that_the_process_sees(proc: Proc, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    named = {"SSL_CERT_FILE": "empty.pem"}
    proc.add(5, "here", environment=named, folder=str(tmp_path))
    proc.add(6, "elsewhere", environment=named, folder=str(tmp_path.parent))
    proc.add(7, "inside", environment=named, namespace="mnt:[2]")
    found = {one.path.split("/")[2]: one.rule for one in proc.scan()}
    assert found == {
        "here": "environment-roots-without-certificate",
        "elsewhere": "environment-roots-missing",
    }


def test_names_that_a_terminal_would_obey_are_no_way_out(proc: Proc) -> None:
    proc.add(5, "a/b", environment=LOG)
    (proc.root / "5" / "comm").write_text("../../etc\n")
    (one,) = proc.scan()
    assert one.path == f"process/{user()}/..-..-etc/SSLKEYLOGFILE"


def test_a_system_that_does_not_tell_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError) as raised:
        list(Processes(str(tmp_path / "gone")))
    assert raised.value.code == "no-processes"


def test_what_is_less_severe_in_one_is_not_so_in_another(proc: Proc) -> None:
    proc.add(5, "curl", "-k", "https://localhost/")
    proc.add(6, "curl", "-k", "https://host.example/")
    graded = {one.severity: one.message for one in proc.scan()}
    assert " process 5 " in graded["low"]
    assert " process 6 " in graded["high"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process with something wrong in its environment."""
    environment = {**os.environ, **LOG, "SSL_CERT_FILE": "/nowhere/ca.pem"}
    words = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells about processes")
def test_a_real_process_is_found(child: subprocess.Popen[bytes]) -> None:
    examiner = Examiner(every_rule())
    found, looked_at = scan_processes(
        Processes(), Variables(every_rule(), examiner), Commands(examiner)
    )
    assert looked_at >= 1
    ours = [one for one in found if f" {child.pid}" in one.message]
    assert {one.rule for one in ours} == {
        "environment-tls-key-log",
        "environment-roots-missing",
    }
    assert SECRET not in repr(ours)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells about processes")
def test_a_real_command_line_is_found() -> None:
    script = f"read go && curl -k -u me:{SECRET} https://host.example/"
    examiner = Examiner(every_rule())
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE) as process:
        found, _ = scan_processes(
            Processes(), Variables(every_rule(), examiner), Commands(examiner)
        )
        process.kill()
    (one,) = [one for one in found if f" {process.pid} " in one.message]
    assert one.rule == "shell-curl-insecure"
    assert one.path == f"process/{user()}/sh/command line"
    assert one.snippet == "sh: curl ... -k"
    assert SECRET not in repr(one)
