"""A machine made of folders, on which one client runs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from interop.acme.installed import UNPACKED, VENV
from interop.acme.servers import ACMEServer

Word = str | Path
# What clients in Go, in Python, in Node, and those with curl look at.
_TRUST = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CURL_CA_BUNDLE",
)


class Machine:
    """A home and a working folder of a client's own, and what makes it trust the CA."""

    def __init__(self, folder: Path, server: ACMEServer) -> None:
        self.folder = folder
        self.server = server
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = {
            "PATH": f"{VENV / 'bin'}:{UNPACKED / 'bin'}:{os.environ['PATH']}"
            ":/usr/sbin:/sbin",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "TMPDIR": str(folder),
            **dict.fromkeys(_TRUST, str(server.root)),
        }

    def distrust(self) -> None:
        """Trust the CA no more, but by what the test says itself."""
        for name in _TRUST:
            self.environment.pop(name)

    def path(self, name: str) -> Path:
        return self.folder / name

    def revoke(self, certificate: Path) -> None:
        """Have the CA revoke what a client cannot."""
        self.server.revoke(certificate)

    def kept(self, file: Path) -> Path:
        """Return a copy of a file that a client moves or removes."""
        copy = self.path(f"kept-{file.name}")
        copy.write_bytes(file.read_bytes())
        return copy

    def run(
        self, *words: Word, code: int | None = 0, timeout: float = 120, **more: str
    ) -> str:
        """Run a command to its end; return all it said.

        Args:
            words: the command.
            code: the exit code it must have; None for any but 0.
            timeout: seconds it may take.
            more: further variables of its environment.
        """
        process = self._started(words, subprocess.PIPE, more)
        try:
            said = process.communicate(timeout=timeout)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            _kill(process)
            said = process.communicate()[0].decode(errors="replace")
            raise AssertionError(self._report(words, said)) from None
        finally:
            _kill(process)
        right = process.returncode != 0 if code is None else process.returncode == code
        assert right, self._report(words, said)
        return said

    @contextlib.contextmanager
    def running(self, *words: Word, log: str, **more: str) -> Iterator[Log]:
        """Run a program in the background, and kill all it started at the end."""
        file = self.path(log)
        with file.open("ab") as stream:
            process = self._started(words, stream.fileno(), more)
        try:
            yield Log(file, process, self.server)
        finally:
            _kill(process)

    def _started(
        self, words: tuple[Word, ...], output: int, more: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(word) for word in words],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _report(self, words: tuple[Word, ...], said: str) -> str:
        return (
            f"{' '.join(map(str, words))}\n{said[-6000:]}\n"
            f"--- server ---\n{self.server.log[-3000:]}"
        )


class Log:
    """What a program in the background has said so far."""

    def __init__(
        self, file: Path, process: subprocess.Popen[bytes], server: ACMEServer
    ) -> None:
        self._file = file
        self.process = process
        self._server = server
        # What it wrote last is looked at once more.
        self._ended_before = False

    @property
    def text(self) -> str:
        return self._file.read_text(errors="replace")

    def await_text(self, path: Path, text: str, *, timeout: float = 60) -> None:
        """Wait until it wrote a text into a file."""
        deadline = time.monotonic() + timeout
        while not (path.exists() and text in path.read_text(errors="replace")):
            self.check(deadline, f"wrote no {text} into {path}")

    def await_port(self, port: int, *, timeout: float = 60) -> None:
        """Wait until it listens."""
        deadline = time.monotonic() + timeout
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            self.check(deadline, f"does not listen on {port}")

    def check(self, deadline: float, complaint: str) -> None:
        """Wait a moment; fail where it ended a while ago or the time is up."""
        ended = self.process.poll() is not None and self._ended_before
        self._ended_before = self.process.poll() is not None
        late = time.monotonic() > deadline
        if ended or late:
            raise AssertionError(
                f"it {complaint}\n{self.text[-6000:]}\n"
                f"--- server ---\n{self._server.log[-3000:]}"
            )
        time.sleep(0.05)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and whatever it left behind in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
