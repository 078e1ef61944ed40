"""Proof that clients accept the local CA: they connect, and the server sees it.

A second server shows a certificate that nobody can have any reason to accept. A client
that takes that one as well does not verify at all, which no store can mend.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO

from tlsmith.core.issuer import Issuer
from tlsmith.local.proof.client import NOT_HERE, Client, url_of
from tlsmith.local.proof.decision import Surroundings, decide, mend_unverified
from tlsmith.local.proof.serving import (
    Port,
    Server,
    loopback_name,
    signed_context,
    strangers_context,
)

DEADLINE = 30.0  # seconds that one client may take; all of them share the machine
_GRACE = 0.5  # seconds until the server has read what an ended client sent
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Proof:
    """What one client made of it.

    Args:
        accepted: whether it asked the server for a page.
        verifies: whether it refused a stranger's certificate; None where not asked.
        message: the client's own words; empty where it accepts.
        decided_by: the variables that are set and say which roots it reads.
        source: the variable or store that decides, in words.
        mend: the command that mends it; None where nothing need be, or none is known.
        connected: whether it came as far as the server; else it says nothing of trust.
    """

    client: str
    accepted: bool
    verifies: bool | None = None
    message: str = ""
    decided_by: tuple[str, ...] = ()
    source: str = ""
    mend: str | None = None
    connected: bool = True

    @property
    def is_good(self) -> bool:
        """Whether it accepts ours, and not just anything; or could not be asked."""
        return not self.connected or (self.accepted and self.verifies is not False)


@dataclass(frozen=True)
class _Visit:
    """What came of one connection: the server's view, and the client's words."""

    port: Port
    code: int | None
    said: str


def prove(
    issuer: Issuer,
    now: datetime,
    around: Surroundings,
    clients: Sequence[Client],
    *,
    deadline: float = DEADLINE,
    progress: Progress | None = None,
) -> list[Proof]:
    """Have clients connect, side by side; those that are not here have no proof.

    Args:
        now: in UTC.
        deadline: seconds that one client may take.
        progress: told how many are done, of how many.

    Raises:
        TLSmithError: no server could be started.
    """
    host = loopback_name()
    contexts = signed_context(issuer, host, now), strangers_context(host, now)
    found: list[Proof | None] = []
    workers = min(len(clients), 4 * (os.cpu_count() or 1)) or 1
    with Server() as server, ThreadPoolExecutor(workers) as pool:
        examine = _Examination(server, contexts, around, host, deadline)
        try:
            for proof in pool.map(examine, clients):
                found.append(proof)
                if progress is not None:
                    progress(len(found), len(clients))
        except BaseException:
            # Whoever interrupts us need not wait for the rest, nor find it running.
            pool.shutdown(wait=False, cancel_futures=True)
            examine.stop()
            raise
    return [proof for proof in found if proof is not None]


class _Examination:
    """Examines one client after the other, in as many threads as there are."""

    def __init__(
        self,
        server: Server,
        contexts: tuple[ssl.SSLContext, ssl.SSLContext],
        around: Surroundings,
        host: str,
        deadline: float,
    ) -> None:
        self._server = server
        self._ours, self._strangers = contexts
        self._around = around
        self._host = host
        self._deadline = deadline
        self._environment = _surroundings(around.environment)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def stop(self) -> None:
        """End the clients that are running, and start no other."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _end(process)

    def __call__(self, client: Client) -> Proof | None:
        try:
            visit = self._visit(client, self._ours)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            said = f"cannot be started: {reason}"
            return Proof(client.name, False, message=said, connected=False)
        if visit.code == NOT_HERE and not visit.port.accepted:
            return None
        proof = self._judge(client, visit)
        if proof.accepted and not client.stays:
            proof = self._confront(client, proof)
        return proof

    def _judge(self, client: Client, visit: _Visit) -> Proof:
        accepted = visit.port.accepted
        if not visit.port.connections:
            said = self._gist(client, visit)
            return Proof(client.name, False, message=said, connected=False)
        decision = decide(client, accepted, self._around)
        return Proof(
            client.name,
            accepted,
            None,
            "" if accepted else self._gist(client, visit),
            *decision,
        )

    def _confront(self, client: Client, proof: Proof) -> Proof:
        """Show a client that accepts a certificate that it should not accept."""
        stranger = self._visit(client, self._strangers)
        if not stranger.port.accepted:
            return replace(proof, verifies=True)
        mend = mend_unverified(client, self._around)
        where = "" if mend else ", in its own settings"
        return replace(
            proof,
            verifies=False,
            message=f"takes any certificate: its verification is turned off{where}",
            mend=mend,
        )

    def _visit(self, client: Client, context: ssl.SSLContext) -> _Visit:
        port = self._server.open(context)
        with tempfile.TemporaryDirectory(
            prefix="tlsmith-client-", ignore_cleanup_errors=True
        ) as scratch:
            if client.prepare is not None:
                client.prepare(scratch, url_of(self._host, port.number))
            code, said = self._run(client, port, scratch)
        if not port.accepted and not client.stays:
            port.seen.wait(_GRACE)
        return _Visit(port, code, said)

    def _run(self, client: Client, port: Port, scratch: str) -> tuple[int | None, str]:
        """Run a client until it ends, or the server has seen what it makes of it."""
        given = port.number, self._host, scratch
        with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as output:
            typed.write(client.typed)
            typed.seek(0)
            process = self._start(client, given, (typed, output))
            try:
                code = self._wait(client, process, port)
            finally:
                with self._lock:
                    self._running.discard(process)
                _end(process)
            output.seek(0)
            return code, output.read().decode(errors="replace")

    def _start(
        self,
        client: Client,
        given: tuple[int, str, str],
        streams: tuple[IO[bytes], IO[bytes]],
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise OSError(errno.ECANCELED, "interrupted")
            process = subprocess.Popen(
                client.words(*given),
                env=self._environment | client.surroundings(*given),
                cwd=given[2],
                stdin=streams[0],
                stdout=streams[1],
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def _wait(
        self, client: Client, process: subprocess.Popen[bytes], port: Port
    ) -> int | None:
        until = time.monotonic() + self._deadline
        while time.monotonic() < until:
            if client.stays and port.seen.wait(0.05):
                return 0
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(0.05 if client.stays else until - time.monotonic())
        return None

    def _gist(self, client: Client, visit: _Visit) -> str:
        """Return the one line of what a client said that tells why."""
        said = _ESCAPES.sub("", visit.said)
        found = None if client.stays else re.search(client.message, said)
        if found is not None:
            return found[1].strip()
        if visit.port.refusal:
            return visit.port.refusal
        if visit.code is None:
            return f"no answer within {self._deadline:g} seconds"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return lines[0] if lines else f"exit code {visit.code}, without a word"


def _surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    # A proxy would not find our localhost.
    found = {**environment, "LC_ALL": "C.UTF-8"}
    for name in ("no_proxy", "NO_PROXY"):
        others = environment.get(name)
        found[name] = ",".join(filter(None, ("localhost,127.0.0.1", others)))
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a client, and everything it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait()
