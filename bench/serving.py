"""OCSP over HTTP: CPU a response of `tlsmith serve`, nginx, and `openssl ocsp`.

nginx serves the same bytes as a static file. `wrk` asks, on connections that stay
where the server keeps them (`openssl ocsp` does not); what counts is the CPU time of
the server's process.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

ROUNDS, SECONDS = 3, 4
TLSMITH = Path(sys.executable).with_name("tlsmith")
TICK = os.sysconf("SC_CLK_TCK")


class Server(NamedTuple):
    """One that is measured.

    Args:
        script: of wrk, if it needs one.
        body: of a request, where `ab` asks: wrk and `openssl ocsp` do not get along.
    """

    process: int
    url: str
    script: str = ""
    body: str = ""


def main() -> None:
    missing = [
        name for name in ("ab", "wrk", "nginx", "openssl") if not shutil.which(name)
    ]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        folder = Path(name)
        folder.chmod(0o755)
        certificates = _make(folder)
        servers = _tlsmith(folder, certificates, running)
        servers["nginx, a static file"] = _nginx(folder, running)
        servers["openssl ocsp"] = _openssl(folder, certificates, running)
        costs: dict[str, list[float]] = {label: [] for label in servers}
        for label in [*servers] * ROUNDS:
            costs[label].append(_cost(servers[label]))
        _print({label: statistics.median(found) for label, found in costs.items()})


def _make(folder: Path) -> list[x509.Certificate]:
    """Make a CA and a certificate; return its chain."""
    (folder / "passphrase").write_text("of the benchmark\n")
    (folder / "passphrase").chmod(0o600)
    access = ["--store", "sqlite:///ca.db", "--passphrase-file", "passphrase"]
    init = ["ca", "init", "--name", "Bench", "--root-key-file", "root.key"]
    files = ["--cert-file", "cert.pem", "--key-file", "key.pem"]
    for words in ([*init], ["cert", "issue", "app.example.com", *files]):
        _run(folder, TLSMITH, *words, *access)
    _run(folder, "openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
         "-out", "responder.key")  # fmt: skip
    return x509.load_pem_x509_certificates((folder / "cert.pem").read_bytes())


def _tlsmith(
    folder: Path, chain: list[x509.Certificate], running: contextlib.ExitStack
) -> dict[str, Server]:
    https, http = _free_port(), _free_port()
    process = running.enter_context(
        _started(
            folder, TLSMITH, "serve", "--store", "sqlite:///ca.db",
            "--passphrase-file", "passphrase", "--listen", f"127.0.0.1:{https}",
            "--http", f"127.0.0.1:{http}",
        )
    )  # fmt: skip
    _wait(http)
    (folder / "chain.pem").write_bytes(
        b"".join(one.public_bytes(Encoding.PEM) for one in chain[1:])
    )
    _run(
        folder, "openssl", "ocsp", "-issuer", "chain.pem", "-serial",
        hex(chain[0].serial_number), "-no_nonce", "-reqout", "request.der",
    )  # fmt: skip
    request = (folder / "request.der").read_bytes()
    path = quote(base64.b64encode(request), safe="")
    url = f"http://127.0.0.1:{http}/ocsp"
    with urllib.request.urlopen(f"{url}/{path}") as response:  # noqa: S310
        body = response.read()
    answer = ocsp.load_der_ocsp_response(body)
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    (folder / "static").mkdir()
    (folder / "static" / "answer").write_bytes(body)
    script = folder / "post.lua"
    script.write_text(
        f'local f = io.open("{folder}/request.der", "rb")\n'
        'wrk.body = f:read("*a")\nwrk.method = "POST"\n'
        'wrk.headers["Content-Type"] = "application/ocsp-request"\n'
    )
    return {
        "tlsmith serve, GET": Server(process, f"{url}/{path}"),
        "tlsmith serve, POST": Server(process, url, str(script)),
    }


def _nginx(folder: Path, running: contextlib.ExitStack) -> Server:
    port = _free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n"
        "events {}\nhttp { access_log off; keepalive_requests 1000000000; sendfile on;"
        f"open_file_cache max=100; server {{ listen 127.0.0.1:{port};"
        f"root {folder}/static; }} }}\n"
    )
    process = running.enter_context(
        _started(folder, "nginx", "-c", folder / "nginx.conf")
    )
    _wait(port)
    return Server(process, f"http://127.0.0.1:{port}/answer")


def _openssl(
    folder: Path, chain: list[x509.Certificate], running: contextlib.ExitStack
) -> Server:
    """`openssl ocsp` as a responder that signs with a P-256 key."""
    until = f"{datetime.datetime.now(datetime.UTC):%y}1231235959Z"
    serial = f"{chain[0].serial_number:X}"
    serial = serial if len(serial) % 2 == 0 else f"0{serial}"
    (folder / "index.txt").write_text(f"V\t{until}\t\t{serial}\tunknown\t/CN=app\n")
    _run(
        folder, "openssl", "req", "-x509", "-key", "responder.key", "-subj", "/CN=r",
        "-out", "responder.pem",
    )  # fmt: skip
    port = _free_port()
    process = running.enter_context(
        _started(
            folder, "openssl", "ocsp", "-port", str(port), "-index", "index.txt",
            "-CA", "chain.pem", "-rsigner", "responder.pem", "-rkey", "responder.key",
        )
    )  # fmt: skip
    time.sleep(1)
    request = str(folder / "request.der")
    return Server(process, f"http://127.0.0.1:{port}/", body=request)


def _cost(server: Server) -> float:
    """Return the microseconds of CPU that a response costs."""
    before = _cpu(server.process)
    count = _load(server)
    spent = _cpu(server.process) - before
    return spent / count * 1e6


def _load(server: Server) -> int:
    """Ask for some seconds, and return how often it was answered."""
    kind = "application/ocsp-request"
    command = ["ab", "-q", "-n", "20000", "-c", "4", "-p", server.body, "-T", kind]
    if not server.body:
        script = ["-s", server.script] if server.script else []
        command = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", *script]
    done = subprocess.run(
        [*command, server.url], capture_output=True, text=True, check=True
    )
    if server.body:
        return int(done.stdout.split("Complete requests:")[1].split()[0])
    return int(done.stdout.split(" requests in")[0].split()[-1])


def _print(costs: dict[str, float]) -> None:
    nginx, openssl = costs["nginx, a static file"], costs["openssl ocsp"]
    print(f"CPU a response, median of {ROUNDS} times {SECONDS} s, in turns")
    for label, cost in costs.items():
        print(
            f"{label:<22}{cost:>8.1f} us  {cost / nginx:>5.2f} of nginx  "
            f"{cost / openssl:>5.2f} of openssl"
        )
    print("aim: 3 of nginx, 0.35 of openssl")


def _cpu(process: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@contextlib.contextmanager
def _started(folder: Path, *command: str | Path) -> Iterator[int]:
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _run(folder: Path, *command: str | Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _wait(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
