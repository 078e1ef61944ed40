"""The life of the server: start, reload, workers, metrics, and a graceful end."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.running import Running, asked, eventually
from server.test_secure import connected

Start = Callable[..., Running]


def test_it_ends_at_once_where_nothing_runs(start: Start) -> None:
    server = start()
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 2
    assert (server.folder / "closed").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_ends_before_the_server_does(start: Start, number: int) -> None:
    server = start()
    found: list[bytes] = []
    asking = threading.Thread(
        target=lambda: found.append(server.get("/api/v1/slow/1.5")[1])
    )
    asking.start()
    time.sleep(0.5)
    server.tell(number)
    time.sleep(0.3)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.ports[0]))
    asking.join()
    assert found == [b"done"]
    assert server.process.wait(5) == 0


def test_what_runs_too_long_is_cut_off(start: Start) -> None:
    server = start('[limits]\nstop = "1s"\n')
    with connected(server) as one:
        one.sendall(b"GET /api/v1/slow/60 HTTP/1.1\r\nhost: ca\r\n\r\n")
        time.sleep(0.3)
        begun = time.monotonic()
        assert server.stop() == 0
        assert 0.9 < time.monotonic() - begun < 4
    assert "cut_off=1" in server.said()


def test_what_hangs_does_not_keep_it_from_ending(start: Start) -> None:
    server = start('[limits]\nstop = "1s"\n')
    thread = threading.Thread(target=lambda: swallow(server, "/api/v1/hang"))
    thread.start()
    time.sleep(0.5)
    begun = time.monotonic()
    assert server.stop() == 0
    assert 3 < time.monotonic() - begun < 8
    assert "ended-while-something-hung" in server.said()
    thread.join()


def test_a_second_signal_does_not_wait(start: Start) -> None:
    server = start()
    thread = threading.Thread(target=lambda: swallow(server, "/api/v1/slow/60"))
    thread.start()
    time.sleep(0.5)
    server.tell(signal.SIGTERM)
    time.sleep(0.3)
    server.tell(signal.SIGTERM)
    assert server.process.wait(5) == 0
    thread.join()


def swallow(server: Running, path: str) -> None:
    try:
        server.get(path)
    except OSError:
        return


def test_load_balancers_see_the_end_coming(start: Start) -> None:
    server = start('[limits]\ndrain = "2s"\n')
    server.tell(signal.SIGTERM)
    eventually(lambda: server.get_plain("/readyz")[0].status == 503, 2)
    assert b'"running": "failed"' in server.get_plain("/readyz")[1]
    assert server.get("/healthz")[0].status == 200
    assert server.process.wait(10) == 0


def test_readiness_names_what_fails_and_recovers(start: Start) -> None:
    server = start()
    assert server.get("/readyz")[0].status == 200
    (server.folder / "broken").touch()
    eventually(lambda: server.get("/readyz")[0].status == 503)
    body = server.get("/readyz")[1]
    assert b'"store": "failed", "signer": "ok"' in body
    assert b"cannot open" not in body
    assert server.get("/healthz")[0].status == 200
    (server.folder / "broken").unlink()
    eventually(lambda: server.get("/readyz")[0].status == 200)
    assert 'not-ready check=store reason="cannot open it"' in server.said()


def test_a_check_that_hangs_has_failed(start: Start) -> None:
    server = start()
    (server.folder / "slow").touch()
    eventually(lambda: server.get("/readyz")[0].status == 503, 15)
    assert b'"checks": "failed"' in server.get("/readyz")[1]


def test_maintenance_that_fails_stops_nothing(start: Start) -> None:
    server = start()
    (server.folder / "untidy").touch()
    eventually(lambda: server.said().count("maintenance-failed") >= 2)
    assert server.get("/healthz")[0].status == 200


def test_settings_are_read_again(start: Start) -> None:
    server = start()
    server.get("/api/v1/whoami")
    server.configure('workers = 3\n[log]\nlevel = "debug"\n[limits]\nbody = "1KiB"\n')
    server.tell(signal.SIGHUP)
    eventually(lambda: "reloaded" in server.said())
    assert 'changed=["limits.body", "log.level"]' in server.said()
    assert 'needs_restart=["workers"]' in server.said()
    response, _ = asked(server.secure(), "POST", "/api/v1/echo", None, b"x" * 1025)
    assert response.status == 413
    server.get_plain("/ca/small.crt")
    eventually(lambda: "path=/ca/small.crt" in server.said())


def test_mistakes_in_new_settings_change_nothing(start: Start) -> None:
    server = start()
    server.configure("workers = 0\n")
    server.tell(signal.SIGHUP)
    eventually(lambda: "reload-refused" in server.said())
    assert "a whole number from 1 to 256" in server.said()
    assert server.get("/healthz")[0].status == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_begin_says_why(start: Start, tmp_path: Path, workers: int) -> None:
    (tmp_path / "closed-to-all").touch()
    server = start(f"workers = {workers}\n", wait=False)
    assert server.process.wait(20) == 3
    assert "error: the store is locked (locked)" in server.said()


def test_an_address_that_is_taken_is_named(start: Start) -> None:
    server = start(wait=False)
    server.stop()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = server.configuration.read_text(encoding="utf-8")
        text = text.replace('http = "127.0.0.1:0"', f'http = "127.0.0.1:{port}"')
        server.configuration.write_text(text, encoding="utf-8")
        server.launch()
        assert server.process.wait(20) == 3
    said = f"cannot listen on 127.0.0.1:{port}: address already in use"
    assert said in server.said()
    assert "attempting to bind" not in server.said()


def test_systemd_is_told_how_it_goes(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(10)
        server = start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000")
        assert channel.recv(4096).startswith(b"READY=1\nSTATUS=listening on https")
        assert channel.recv(4096) == b"WATCHDOG=1"
        server.tell(signal.SIGTERM)
        said = b""
        while said != b"STOPPING=1":
            said = channel.recv(4096)


# Several workers.


def workers_of(server: Running) -> set[int]:
    """The processes that answered."""
    found = {int(server.get("/api/v1/process")[1]) for _ in range(20)}
    assert server.process.pid not in found
    return found


def test_workers_share_the_sockets(start: Start) -> None:
    server = start("workers = 3\n")
    eventually(lambda: len(workers_of(server)) >= 2)
    assert server.said().count("listening on") == 1
    assert server.stop() == 0
    assert server.said().count(" stopped ") == 3


def test_a_worker_that_dies_is_replaced(start: Start) -> None:
    server = start("workers = 2\n")
    victim = int(server.get("/api/v1/process")[1])
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: f"worker-died process={victim} exit_code=-9" in server.said())
    assert server.get("/healthz")[0].status == 200
    eventually(lambda: len(children_of(server)) == 2)
    assert victim not in children_of(server)
    assert server.stop() == 0


def test_the_end_may_come_while_a_worker_begins(start: Start) -> None:
    server = start('workers = 4\n[limits]\nstop = "15s"\n')
    for child in children_of(server):
        os.kill(child, signal.SIGKILL)
    eventually(lambda: children_of(server), every=0.0005)
    server.tell(signal.SIGTERM)
    assert server.process.wait(10) == 0


def children_of(server: Running) -> set[int]:
    task = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return {int(one) for one in task.read_text(encoding="ascii").split()}


def test_workers_end_with_their_supervisor(start: Start) -> None:
    server = start("workers = 2\n")
    children = children_of(server)
    server.tell(signal.SIGKILL)
    server.process.wait(5)
    eventually(lambda: not any(Path(f"/proc/{one}/fd").exists() for one in children))


def test_workers_read_their_settings_again(start: Start) -> None:
    server = start("workers = 2\n")
    server.configure('workers = 2\n[log]\nlevel = "debug"\n')
    server.tell(signal.SIGHUP)
    eventually(lambda: server.said().count("reloaded") == 2)


def test_what_runs_in_a_worker_ends_first(start: Start) -> None:
    server = start("workers = 2\n")
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(server.get("/api/v1/slow/1.5")[1]))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    time.sleep(0.5)
    server.tell(signal.SIGTERM)
    time.sleep(0.3)
    for port in server.ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    assert server.process.wait(10) == 0
    for one in threads:
        one.join()
    assert found == [b"done"] * 4


# Metrics.


def metrics_of(server: Running) -> dict[str, float]:
    """Every sample."""
    text = server.get("/metrics")[1].decode()
    lines = [one for one in text.splitlines() if one and not one.startswith("#")]
    return {name: float(value) for name, value in (one.rsplit(" ", 1) for one in lines)}


@pytest.mark.parametrize("workers", [1, 3])
def test_metrics_are_the_sum_of_all_workers(start: Start, workers: int) -> None:
    server = start(f"workers = {workers}\n")
    for _ in range(30):
        server.get("/api/v1/whoami")
        server.get_plain("/ocsp/AAAA")
    secure = (
        'tlsmith_http_requests_total{route="/api/v1/whoami",side="https",status="200"}'
    )
    plain = 'tlsmith_http_requests_total{route="/ocsp",side="http",status="200"}'
    answers = 'tlsmith_ocsp_answers_total{status="malformedRequest"}'
    eventually(lambda: metrics_of(server).get(plain) == 30)
    eventually(lambda: metrics_of(server).get(secure) == 30)
    found = metrics_of(server)
    assert found[secure] == 30
    assert found[answers] == 30
    assert found['tlsmith_certificates_issued_total{profile="server"}'] == workers
    assert found["tlsmith_store_commit_rows_count"] == workers
    assert found['tlsmith_crl_number{crl="small.crl"}'] == 7
    assert found["tlsmith_store_bytes"] == 4096
    assert found['tlsmith_ready{check="store"}'] == 1
    week = 7 * 86400
    assert found["tlsmith_tls_certificate_not_after_seconds"] > time.time() + week - 60
    name = 'tlsmith_http_request_seconds_count{route="/api/v1/whoami"}'
    assert found[name] == 30


def test_counts_outlive_a_worker(start: Start) -> None:
    server = start("workers = 2\n")
    for _ in range(10):
        server.get("/api/v1/whoami")
    name = (
        'tlsmith_http_requests_total{route="/api/v1/whoami",side="https",status="200"}'
    )
    for child in children_of(server):
        os.kill(child, signal.SIGKILL)
    eventually(lambda: server.said().count("worker-died") == 2)
    eventually(lambda: len(children_of(server)) == 2)
    assert metrics_of(server)[name] == 10


def test_paths_do_not_become_metrics(start: Start) -> None:
    server = start()
    for number in range(5):
        server.get(f"/nothing/{number}")
        server.get(f"/api/v1/slow/0.{number}")
        server.get(f"/api/v2/things/{number}")
        server.get(f"/api/v2/nothing/{number}")
    text = server.get("/metrics")[1].decode()
    assert "/nothing" not in text
    assert re.search(r'route="/api/v2/things/\{name\}".*"403"\} 5\.0', text)
    assert re.search(r'route="/api/v1/slow/\{seconds\}".* 5\.0', text)
    assert re.search(r'route="other",side="https",status="404"\} 5\.0', text)


def test_refusals_are_counted(start: Start) -> None:
    server = start()
    server.get_plain("/" + "x" * 20_000)
    name = 'tlsmith_http_refused_total{side="http",why="headers"}'
    eventually(lambda: metrics_of(server).get(name) == 1)


def test_the_metrics_leave_no_folder_behind(start: Start, tmp_path: Path) -> None:
    server = start("workers = 2\n", TMPDIR=str(tmp_path))
    assert list(tmp_path.glob("tlsmith-metrics-*")) != []
    assert server.stop() == 0
    assert list(tmp_path.glob("tlsmith-metrics-*")) == []


def test_what_a_killed_server_left_is_removed(start: Start, tmp_path: Path) -> None:
    killed = start("workers = 2\n", TMPDIR=str(tmp_path))
    (left,) = tmp_path.glob("tlsmith-metrics-*")
    killed.tell(signal.SIGKILL)
    eventually(lambda: not is_locked(left / "in-use"))
    other = start("workers = 2\n", TMPDIR=str(tmp_path))
    assert not left.exists()
    (kept,) = tmp_path.glob("tlsmith-metrics-*")
    third = start("workers = 2\n", TMPDIR=str(tmp_path))
    assert kept.exists()
    assert other.stop() == third.stop() == 0
    assert list(tmp_path.glob("tlsmith-metrics-*")) == []


def is_locked(file: Path) -> bool:
    """Whether a process has locked a file."""
    with file.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
