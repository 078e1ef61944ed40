"""The servers that are compared, each started in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from . import cost
from .client import Directory

TLSMITH = Path(sys.executable).with_name("tlsmith")
CADDY = Path(sys.executable).with_name("caddy")
_CADDYFILE = """
{{
  admin off
  skip_install_trust
  auto_https disable_redirects
  log {{
    level ERROR
  }}
}}
https://localhost:{port} {{
  bind 127.0.0.1
  tls internal
  acme_server {{
    challenges http-01
  }}
}}
"""

_SYNCS = (
    "-f", "-qq", "-e", "signal=none", "-e", "trace=fsync,fdatasync", "-o",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a server is to run, and what it is to look at.

    Args:
        http_port: of challenges.
        wrap: words before its command.
        running: ends it.
    """

    folder: Path
    resolver: str
    http_port: int
    running: contextlib.ExitStack
    wrap: tuple[str | Path, ...] = ()


@dataclass(frozen=True)
class Server:
    """One that runs.

    Args:
        processes: its own, without their descendants.
        database: processes of a database that works for it alone.
    """

    directory: Directory
    processes: tuple[int, ...]
    database: tuple[int, ...] = ()


def pebble(place: Place) -> Server:
    port = free_port()
    folder = place.folder
    _run(folder, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
         "-keyout", "key.pem", "-out", "cert.pem")  # fmt: skip
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{free_port()}",
        "certificate": "cert.pem",
        "privateKey": "key.pem",
        "httpPort": place.http_port,
        "tlsPort": 5001,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    # Without its waits and failures, which are there to test clients.
    environment = {
        "PEBBLE_VA_NOSLEEP": "1",
        "PEBBLE_WFE_NONCEREJECT": "0",
        "PEBBLE_AUTHZREUSE": "0",
    }
    process = _start(
        place, ["pebble", "-config", "pebble.json", "-dnsserver", place.resolver],
        environment,
    )  # fmt: skip
    return Server(_directory(f"https://localhost:{port}/dir"), (process,))


def caddy(place: Place) -> Server:
    """Caddy asks the system's resolver, so that is another one for it alone."""
    port = free_port()
    folder = place.folder
    (folder / "Caddyfile").write_text(_CADDYFILE.format(port=port))
    host, _, _ = place.resolver.partition(":")
    (folder / "resolv.conf").write_text(f"nameserver {host}\n")
    command = 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"'
    process = _start(
        place, ["unshare", "--mount", "sh", "-c", command, "sh", CADDY, "run"],
        {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
    )  # fmt: skip
    address = f"https://localhost:{port}/acme/local/directory"
    return Server(_directory(address), (process,))


def tlsmith(place: Place) -> Server:
    """One worker on SQLite."""
    return _tlsmith(place, f"sqlite:///{place.folder}/ca.db")


def tlsmith_on(
    place: Place, store: str, workers: int, database: tuple[int, ...]
) -> Server:
    """Workers on a database that runs already."""
    return _tlsmith(place, store, ("--workers", str(workers)), database)


def _tlsmith(
    place: Place,
    store: str,
    options: tuple[str, ...] = (),
    database: tuple[int, ...] = (),
) -> Server:
    folder, port = place.folder, free_port()
    (folder / "passphrase").write_text("of the benchmark\n")
    (folder / "passphrase").chmod(0o600)
    access = ("--store", store, "--passphrase-file", "passphrase")
    _run(folder, TLSMITH, "ca", "init", "--name", "Bench", "--root-key-file",
         "root.key", *access)  # fmt: skip
    process = _start(
        place,
        [
            TLSMITH, "serve", *access, *options,
            "--listen", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{free_port()}",
            "--acme-http-port", str(place.http_port),
            "--acme-resolver", place.resolver, "--acme-allow", "127.0.0.0/8",
        ],
    )  # fmt: skip
    address = f"https://localhost:{port}/acme/directory"
    return Server(_directory(address), (process,), database)


def traced(trace: Path) -> tuple[str | Path, ...]:
    """Return words that write down whenever a command waits for the disk."""
    return "strace", "--seccomp-bpf", *_SYNCS, trace


@contextlib.contextmanager
def watched(processes: Iterable[int], trace: Path) -> Iterator[None]:
    """Write down whenever processes that run already wait for the disk."""
    attached = [f"--attach={process}" for process in processes]
    strace = subprocess.Popen(["strace", *_SYNCS, trace, *attached])
    try:
        time.sleep(1)
        yield
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait()


def _start(
    place: Place, command: list[str | Path], environment: dict[str, str] | None = None
) -> int:
    log = open(place.folder / "log", "wb")  # noqa: SIM115
    process = subprocess.Popen(
        [*place.wrap, *command], cwd=place.folder, stdout=log, stderr=log,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    log.close()
    place.running.callback(_stop, process, wrapped=bool(place.wrap))
    return process.pid


def _stop(process: subprocess.Popen[bytes], *, wrapped: bool) -> None:
    """End a server, not what wraps it: that ends by itself, after it."""
    ended = [process.pid]
    if wrapped:
        ended = [one for one in cost.trees(ended) if one != process.pid]
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for one in ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return


def _directory(address: str) -> Directory:
    """Wait for the server, and return its directory."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for _ in range(300):
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(address, context=context) as found,  # noqa: S310
        ):
            return msgspec.json.decode(found.read(), type=Directory)
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {address}")


def _run(folder: Path, *command: str | Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port
