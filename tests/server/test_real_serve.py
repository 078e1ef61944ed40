"""`tlsmith serve` itself, over a real CA, as the unit and the compose file start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

import postgres
from server.running import Running, eventually
from server.test_deploy import DEPLOY, balanced, need, tries_of
from server.test_running import children_of

TLSMITH = Path(sys.executable).with_name("tlsmith")


def tlsmith(
    folder: Path, *words: str, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command, which must succeed; return what it printed."""
    done = subprocess.run(
        [TLSMITH, *words],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_ca(folder: Path, store: str) -> None:
    """Make a CA as the compose file does, and a certificate."""
    compose: dict[str, Any] = yaml.safe_load(
        (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    )
    (folder / "passphrase").write_text("of the test\n")
    (folder / "passphrase").chmod(0o600)
    instead = {
        "postgresql://tlsmith@postgres/tlsmith": store,
        "/secrets/root-key.pem": "root.key",
        "/run/secrets/passphrase": "passphrase",
    }
    words = compose["services"]["init"]["command"]
    for before, after in instead.items():
        words = [word.replace(before, after) for word in words]
    tlsmith(folder, *words)
    access = ("--store", store, "--passphrase-file", "passphrase")
    files = ("--cert-file", "cert.pem", "--key-file", "key.pem")
    tlsmith(folder, "cert", "issue", "app.example.com", *access, *files)
    root = tlsmith(folder, "ca", "export", "--root", "--store", store)
    (folder / "root.pem").write_text(root)
    chain = (folder / "cert.pem").read_text().split("-----BEGIN", 2)
    (folder / "issuer.pem").write_text("-----BEGIN" + chain[2])


@contextmanager
def serving(
    folder: Path, log: str, environment: Mapping[str, str]
) -> Iterator[Running]:
    """Run `tlsmith serve` with settings of the environment."""
    server = Running.__new__(Running)
    server.folder, server.log = folder, folder / log
    with server.log.open("wb") as stream:
        server.process = subprocess.Popen(
            [TLSMITH, "serve"],
            cwd=folder,
            env={
                **os.environ,
                "TLSMITH_SERVE_LISTEN": "127.0.0.1:0",
                "TLSMITH_SERVE_HTTP": "127.0.0.1:0",
                **environment,
            },
            stderr=stream,
        )
    try:
        eventually(lambda: "listening on" in server.said() or server.process.poll())
        match = re.search(r"listening on (\S+), (\S+)", server.said())
        assert match is not None, server.said()
        server.https, server.http = match.groups()
        yield server
    finally:
        if server.process.poll() is None:
            assert server.stop() == 0, server.said()


def asked_by_openssl(server: Running, folder: Path) -> str:
    """What `openssl ocsp` says of the certificate."""
    done = subprocess.run(
        ["openssl", "ocsp", "-issuer", "issuer.pem", "-cert", "cert.pem", "-url",
         f"{server.http}/ocsp", "-CAfile", "root.pem", "-partial_chain"],
        cwd=folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "Response verify OK" in done.stderr, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_crash_leaves_no_key_behind(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/ca.db"
    make_ca(tmp_path, store)
    environment = {
        "TLSMITH_STORE": store,
        "TLSMITH_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
        "TLSMITH_SERVE_WORKERS": "2",
    }
    with serving(tmp_path, "serve.log", environment) as server:
        parent = server.process.pid
        for pid in (parent, *children_of(server)):
            limits = Path(f"/proc/{pid}/limits").read_text()
            assert re.search(r"Max core file size +0 +0 ", limits), limits
            assert b"of the test" not in Path(f"/proc/{pid}/environ").read_bytes()
            assert b"of the test" not in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.interop
def test_it_serves_as_the_unit_starts_it(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/ca.db"
    make_ca(tmp_path, store)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (tmp_path / "passphrase").rename(credentials / "tlsmith-passphrase")
    environment = {
        "TLSMITH_STORE": store,
        "TLSMITH_SERVE_WORKERS": "2",
        "TLSMITH_SERVE_BASE_URL": "https://ca.example.com",
        "CREDENTIALS_DIRECTORY": str(credentials),
    }
    with serving(tmp_path, "log", environment) as server:
        assert server.get("/readyz")[0].status == 200
        assert "cert.pem: good" in asked_by_openssl(server, tmp_path)
        victim = min(children_of(server))
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: len(children_of(server) - {victim}) == 2)
        eventually(lambda: server.get("/readyz")[0].status == 200)
        server.tell(signal.SIGTERM)
        assert server.process.wait(20) == 0
    arguments = Path(TLSMITH).name
    assert "of the test" not in server.said() + arguments


@pytest.mark.interop
def test_the_passphrase_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/ca.db"
    make_ca(tmp_path, store)
    environment = {
        "TLSMITH_STORE": store,
        "TLSMITH_PASSPHRASE_FILE": "passphrase",
        "TLSMITH_SERVE_WORKERS": "2",
    }
    with serving(tmp_path, "log", environment) as server:
        for process in (server.process.pid, *children_of(server)):
            for name in ("cmdline", "environ"):
                found = Path(f"/proc/{process}/{name}").read_bytes()
                assert b"of the test" not in found


@pytest.mark.interop
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_two_replicas_on_postgresql_and_either_may_go(
    tmp_path: Path, number: int
) -> None:
    """Behind the HAProxy we ship, with the settings of the compose file."""
    need("haproxy")
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL's server is not installed")
    compose: dict[str, Any] = yaml.safe_load(
        (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    )
    with postgres.server() as database:
        store = database.new_database()
        make_ca(tmp_path, store)
        mine = {
            "TLSMITH_STORE": store,
            "TLSMITH_PASSPHRASE_FILE": "passphrase",
            "TLSMITH_SERVE_LISTEN": "127.0.0.1:0",
            "TLSMITH_SERVE_HTTP": "127.0.0.1:0",
        }
        first = {**compose["services"]["ca1"]["environment"], **mine}
        second = {**compose["services"]["ca2"]["environment"], **mine}
        with (
            serving(tmp_path, "log1", first) as one,
            serving(tmp_path, "log2", second) as other,
            balanced(tmp_path, one, other) as (https, http),
        ):
            front = Running.__new__(Running)
            front.__dict__.update(one.__dict__)
            front.https = f"https://127.0.0.1:{https}"
            front.http = f"http://127.0.0.1:{http}"
            tries = under_load(front, one, number)
            assert "cert.pem: good" in asked_by_openssl(front, tmp_path)
    assert len(tries) > 50
    assert max(tries) <= 2, sorted(tries)[-10:]


def under_load(front: Running, victim: Running, number: int) -> list[int]:
    """How often each request had to be made, while a replica goes."""
    tries: list[int] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            tries.append(tries_of(front.secure, "/healthz"))
            tries.append(tries_of(front.plain, "/ocsp/MAA="))

    tries_of(front.secure, "/readyz")
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    time.sleep(1)
    if number == signal.SIGKILL:
        for process in (*children_of(victim), victim.process.pid):
            os.kill(process, number)
    else:
        victim.tell(number)
    victim.process.wait(30)
    time.sleep(3)
    is_over.set()
    for each in threads:
        each.join()
    return tries
