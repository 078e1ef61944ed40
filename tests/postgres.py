"""A real PostgreSQL server of one's own, in a temporary folder."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

_USER = "postgres"
_NUMBERS = count()


def binaries() -> str | None:
    """Return the folder of the newest server's programs, or None without one."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Server:
    """A server that runs: stopped, killed and started again by tests."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self.port = _free_port()
        self._durable = durable
        self._programs = binaries() or ""
        self._run("initdb", "-D", f"{folder}/data", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        settings = f"-p {self.port} -k {self.folder} -h 127.0.0.1"
        if not self._durable:
            settings += " -c fsync=off -c full_page_writes=off"
        self._control("-w", "-o", settings, "-l", f"{self.folder}/log", "start")

    def stop(self, mode: str = "fast") -> None:
        self._control("-m", mode, "-w", "stop")

    def kill(self) -> None:
        """Kill the server and its children at once, as a power cut would."""
        with open(f"{self.folder}/data/postmaster.pid") as file:
            os.kill(int(file.readline()), signal.SIGQUIT)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Have every process of the server say nothing more."""
        with open(f"{self.folder}/data/postmaster.pid") as file:
            first = file.readline().strip()
        children = Path(f"/proc/{first}/task/{first}/children").read_text()
        processes = [int(first), *map(int, children.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def new_database(self) -> str:
        """Return the address of a new, empty database."""
        name = f"store_{next(_NUMBERS)}"
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", _USER]
        self._run("createdb", *where, name)
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{name}"

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", *words)

    def _run(self, program: str, *words: str) -> None:
        command = [f"{self._programs}/{program}", *words]
        options = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            options = {"user": _USER, "group": _USER, "extra_groups": []}
        # Its output goes to a file: the server would keep a pipe open.
        with open(self.folder / "output", "ab") as output:
            done = subprocess.run(
                command,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
                **options,  # type: ignore[call-overload]
            )
        assert done.returncode == 0, (self.folder / "output").read_text()[-2000:]


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[Server]:
    """Give a server that runs, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tlsmith-pg-", dir="/tmp"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        account = pwd.getpwnam(_USER)
        os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        running = Server(folder, durable=durable)
        running.start()
        try:
            yield running
        finally:
            with contextlib.suppress(AssertionError):
                running.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def needed(*, durable: bool = False) -> Iterator[Server]:
    """Yield a server, for a fixture; skip its tests where there is none."""
    if binaries() is None:
        pytest.skip("PostgreSQL's server is not installed")
    with server(durable=durable) as running:
        yield running
