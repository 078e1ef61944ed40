"""A CA made and served by the real commands, in processes of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from running import TLSMITH, Done, tlsmith


def free_port() -> int:
    """Return a port that nobody listens on.

    It is below those that connections are given: else one of them may have it by the
    time that something is to listen there.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with (
            contextlib.suppress(OSError),
            socket.create_server(("127.0.0.1", port)),
        ):
            return port


class ServedCA:
    """A folder with a CA in a store; its replicas are started and killed by tests."""

    def __init__(self, folder: Path, store: str | None = None) -> None:
        self.folder = folder
        self.store = store or f"sqlite:///{folder}/ca.db"
        self.http_port = free_port()
        (folder / "ca.pass").write_text("correct horse\n")
        (folder / "ca.pass").chmod(0o600)
        self.environment = {
            **os.environ,
            "TLSMITH_STORE": self.store,
            "TLSMITH_PASSPHRASE_FILE": str(folder / "ca.pass"),
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def init(self, *more: str) -> None:
        self.works(
            *("ca", "init", "--name", "Acme", "--root-key-file", self.path("root.key")),
            *("--base-url", f"http://127.0.0.1:{self.http_port}"),
            *more,
        )
        root = self.works("ca", "export", "--root", "--store", self.store).out
        chain = self.works("ca", "export", "--chain", "--store", self.store).out
        Path(self.path("root.pem")).write_text(root)
        Path(self.path("chain.pem")).write_text(chain)

    def run(self, *words: str) -> Done:
        return tlsmith(*words, folder=self.folder, environment=self.environment)

    def works(self, *words: str) -> Done:
        done = self.run(*words)
        assert done.code == 0, done.err
        return done

    def issue(self, stem: str, *names: str) -> str:
        """Issue a certificate into STEM.pem, and its key into STEM.key."""
        files = "--cert-file", self.path(f"{stem}.pem"), "--key-file"
        self.works("cert", "issue", *names, *files, self.path(f"{stem}.key"))
        return self.path(f"{stem}.pem")

    def ocsp_says(self, port: int | None = None) -> str:
        """Return what `openssl ocsp` is told of the certificate good.pem."""
        return subprocess.run(
            [
                *("openssl", "ocsp", "-issuer", self.path("chain.pem"), "-no_nonce"),
                *("-cert", self.path("good.pem"), "-CAfile", self.path("root.pem")),
                *("-url", f"http://127.0.0.1:{port or self.http_port}/ocsp"),
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        ).stdout

    def token(self, name: str, role: str) -> str:
        return self.works("access", "token", name, "--role", role).out.strip()

    @contextlib.contextmanager
    def served(self, *more: str, http_port: int | None = None) -> Iterator[Replica]:
        replica = Replica(self, more, http_port or self.http_port)
        replica.start()
        try:
            yield replica
        finally:
            replica.kill()


class Replica:
    """One `tlsmith serve`."""

    def __init__(self, ca: ServedCA, more: Sequence[str], http_port: int) -> None:
        self.https_port = free_port()
        self.http_port = http_port
        self._ca = ca
        self._more = more
        self._log = ca.folder / f"serve-{self.https_port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with open(self._log, "ab") as log:
            before = log.tell()
            self.process = subprocess.Popen(
                [
                    *(TLSMITH, "serve", "--listen", f"127.0.0.1:{self.https_port}"),
                    *("--http", f"127.0.0.1:{self.http_port}", *self._more),
                ],
                env=self._ca.environment,
                cwd=self._ca.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while "listening on" not in self.log()[before:]:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill it and its workers at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """Stop it as an operator does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process = None
        return code
