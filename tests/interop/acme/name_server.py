"""Knot DNS for one run of tests: names of this machine, and records set by updates."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

# Whatever stands below them is this machine; records are added to the lower ones.
PARENTS = ("test", "example")
ZONES = ("acme.test", "corp.example")
KEY_NAME = "acme"
KEY_ALGORITHM = "hmac-sha256"
_RECORDS = """\
@ 0 SOA ns hostmaster 1 60 60 3600 0
@ 0 NS ns
@ 0 A 127.0.0.1
ns 0 A 127.0.0.1
* 0 A 127.0.0.1
"""
_CONFIGURATION = """\
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: {folder}/knot.log
    any: info
database:
    storage: {folder}/db
key:
  - id: {name}
    algorithm: {algorithm}
    secret: {secret}
acl:
  - id: update
    key: {name}
    action: update
template:
  - id: default
    storage: {folder}
    file: zone
    zonefile-sync: -1
    acl: update
zone:
"""


class NameServer(NamedTuple):
    """A name server that takes updates of RFC 2136, signed with a key."""

    host: str
    port: int
    secret: str
    folder: Path

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def key_file(self) -> Path:
        """What `nsupdate -k` reads."""
        return self.folder / "update.key"

    def set_txt(self, name: str, value: str) -> None:
        """Add a TXT record, beside those there are."""
        self._update(f'update add {name}. 0 TXT "{value}"')

    def set_caa(self, name: str, value: str) -> None:
        self._update(f"update add {name}. 0 CAA {value}")

    def clear_txt(self, name: str) -> None:
        self._update(f"update delete {name}. TXT")

    def _update(self, line: str) -> None:
        script = f"server {self.host} {self.port}\n{line}\nsend\n"
        subprocess.run(
            ["nsupdate", "-k", self.key_file],
            input=script,
            text=True,
            check=True,
            capture_output=True,
            timeout=10,
        )


@contextlib.contextmanager
def name_server(folder: Path) -> Iterator[NameServer]:
    """Run a name server whose files are in `folder`."""
    knotd = shutil.which("knotd", path="/usr/sbin:/usr/bin")
    if knotd is None or shutil.which("nsupdate") is None:
        pytest.skip("knotd or nsupdate is not installed")
    running = NameServer(
        "127.0.0.1", _free_port(), b64encode(secrets.token_bytes(32)).decode(), folder
    )
    process = subprocess.Popen([knotd, "-c", _written(running)], start_new_session=True)
    try:
        _await(running, process)
        yield running
    finally:
        process.kill()
        process.wait()


def _written(running: NameServer) -> Path:
    folder = running.folder
    (folder / "db").mkdir(parents=True)
    (folder / "zone").write_text(_RECORDS)
    running.key_file.write_text(
        f'key "{KEY_NAME}" {{ algorithm {KEY_ALGORITHM};'
        f' secret "{running.secret}"; }};\n'
    )
    text = _CONFIGURATION.format(
        port=running.port,
        folder=folder,
        name=KEY_NAME,
        algorithm=KEY_ALGORITHM,
        secret=running.secret,
    )
    text += "".join(f"  - domain: {zone}\n" for zone in (*PARENTS, *ZONES))
    configuration = folder / "knot.conf"
    configuration.write_text(text)
    return configuration


def _await(running: NameServer, process: subprocess.Popen[bytes]) -> None:
    """Wait until it listens on TCP, which it does behind UDP."""
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, (running.folder / "knot.log").read_text()
        with contextlib.suppress(OSError):
            socket.create_connection((running.host, running.port), 1).close()
            return
        assert time.monotonic() < deadline, "the name server does not listen"
        time.sleep(0.02)


def _free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as tcp:
            port: int = tcp.getsockname()[1]
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with udp, contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port
