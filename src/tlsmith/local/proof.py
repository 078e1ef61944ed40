"""Proof that clients accept the local CA: they connect, and say so themselves.

A server on the loopback address shows a certificate made for the purpose, and each
client on the machine connects to it, in the person's own environment.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.issuer import Issuer
from tlsmith.core.keys import DEFAULT_KIND, generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import LOCAL_DAYS, end_entity, validity
from tlsmith.errors import TLSmithError
from tlsmith.files import write_file

DEADLINE = 10.0  # seconds that one client may take
_NAMES = ("localhost", "127.0.0.1", "::1")
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
    b"Connection: close\r\n\r\nok\n"
)
# Where a client can, it is sent to the address and checks the name: a bare container
# may not know localhost.
_PYTHON = """\
import socket, ssl, sys
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as s:
        ssl.create_default_context().wrap_socket(s, server_hostname="localhost")
except Exception as e:
    sys.exit(f"{type(e).__name__}: {e}")
"""


@dataclass(frozen=True)
class Client:
    """A program that connects to a TLS server and exits with 0 where it accepts.

    Args:
        command: its arguments, the first the program; {port} and {url} are filled in.
        message: what to show of what it says when it does not accept; group 1.
        variables: those that change which roots it reads.
    """

    name: str
    command: tuple[str, ...]
    message: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What one client made of it.

    Args:
        message: the client's own words; empty where it accepts.
        decided_by: the variables that are set and tell it which roots to read; empty
            where it reads the system's.
    """

    client: str
    accepted: bool
    message: str = ""
    decided_by: tuple[str, ...] = ()


_OPENSSL_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

CLIENTS = (
    Client(
        "curl",
        ("curl", "-sS", "-o", os.devnull, "{url}"),
        r"curl: \(\d+\) (.+)",
        ("CURL_CA_BUNDLE", *_OPENSSL_VARIABLES),
    ),
    Client(
        "wget",
        ("wget", "-q", "--tries=1", "-O", os.devnull, "{url}"),
        r"ERROR: (.+)",
    ),
    Client(
        "openssl s_client",
        (
            *("openssl", "s_client", "-connect", "127.0.0.1:{port}", "-brief"),
            *("-servername", "localhost", "-verify_hostname", "localhost"),
            "-verify_return_error",
        ),
        r"verify error:(?:num=\d+:)?(.+)",
        _OPENSSL_VARIABLES,
    ),
    Client(
        "gnutls-cli",
        ("gnutls-cli", "--port", "{port}", "localhost"),
        r"Status: (.+)",
    ),
    Client(
        f"Python {sys.version_info.major}.{sys.version_info.minor} ssl",
        (sys.executable, "-P", "-c", _PYTHON, "{port}"),
        r"(.+)",
        _OPENSSL_VARIABLES,
    ),
)


def prove(
    issuer: Issuer,
    now: datetime,
    environment: Mapping[str, str],
    clients: Sequence[Client] = CLIENTS,
    deadline: float = DEADLINE,
) -> list[Proof]:
    """Have every client that is on the machine connect, all at once.

    Args:
        now: in UTC.
        environment: of the person whose clients are meant.
        deadline: seconds that one client may take.

    Raises:
        TLSmithError: no server could be started.
    """
    path = environment.get("PATH")
    there = [c for c in clients if shutil.which(c.command[0], path=path) is not None]
    # A proxy would not find our localhost.
    surroundings = {**environment, "LC_ALL": "C.UTF-8"}
    for name in ("no_proxy", "NO_PROXY"):
        others = environment.get(name)
        surroundings[name] = ",".join(filter(None, ("localhost", others)))
    with _serving(issuer, now) as port, concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda c: _ask(c, port, surroundings, deadline), there))


def _ask(
    client: Client, port: int, environment: Mapping[str, str], deadline: float
) -> Proof:
    url = f"https://localhost:{port}/"
    command = [
        part.replace("{port}", str(port)).replace("{url}", url)
        for part in client.command
    ]
    decided_by = tuple(name for name in client.variables if environment.get(name))
    try:
        ended = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"no answer within {deadline:g} seconds"
        return Proof(client.name, False, message, decided_by)
    except OSError as error:
        message = f"cannot be started: {(error.strerror or '').lower()}"
        return Proof(client.name, False, message, decided_by)
    if ended.returncode == 0:
        return Proof(client.name, True, decided_by=decided_by)
    said = (ended.stderr + b"\n" + ended.stdout).decode(errors="replace")
    return Proof(client.name, False, _gist(client, said, ended.returncode), decided_by)


def _gist(client: Client, said: str, code: int) -> str:
    """Return the one line of what a client said that tells why."""
    found = re.search(client.message, said)
    if found is not None:
        return found[1].strip()
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0] if lines else f"exit code {code}, without a word"


@contextlib.contextmanager
def _serving(issuer: Issuer, now: datetime) -> Iterator[int]:
    """Serve on the loopback addresses while the block runs; give the port."""
    context = _server_context(issuer, now)
    sockets = _listen()
    threads = [
        threading.Thread(target=_accept, args=(listener, context), daemon=True)
        for listener in sockets
    ]
    for thread in threads:
        thread.start()
    try:
        yield sockets[0].getsockname()[1]
    finally:
        for listener in sockets:
            # Closing alone would leave the thread waiting in accept.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in threads:
            thread.join(1)


def _server_context(issuer: Issuer, now: datetime) -> ssl.SSLContext:
    key = generate_private_key(DEFAULT_KIND)
    span = validity(now, 1, longest=LOCAL_DAYS, within=issuer.view)
    leaf = issuer.issue(
        end_entity(parse_names(_NAMES), DEFAULT_KIND, span), key.public_key()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="tlsmith-proof-") as folder:
        cert_file, key_file = os.path.join(folder, "c"), os.path.join(folder, "k")
        write_file(cert_file, encode_chain([leaf.der, issuer.certificate]))
        write_file(key_file, encode_private_key(key), mode=0o600)
        try:
            context.load_cert_chain(cert_file, key_file)
        except ssl.SSLError as error:
            raise TLSmithError(
                f"this Python's TLS cannot serve the local CA's certificates: "
                f"{error.reason or 'unknown reason'}",
                code="no-proof",
                hint="prove it with another kind of key: tlsmith ca init --local",
            ) from error
    return context


def _listen() -> list[socket.socket]:
    """Return listeners on 127.0.0.1 and, where there is IPv6, on ::1, of one port."""
    try:
        first = socket.create_server(("127.0.0.1", 0))
    except OSError as error:
        raise TLSmithError(
            f"cannot listen on 127.0.0.1: {(error.strerror or '').lower()}",
            code="no-proof",
        ) from error
    with contextlib.suppress(OSError):
        address = ("::1", first.getsockname()[1])
        return [first, socket.create_server(address, family=socket.AF_INET6)]
    return [first]


def _accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(
            target=_answer, args=(connection, context), daemon=True
        ).start()


def _answer(connection: socket.socket, context: ssl.SSLContext) -> None:
    # A client that does not accept leaves in the middle: that is its answer.
    with contextlib.suppress(OSError), connection:
        connection.settimeout(DEADLINE)
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(_ANSWER)
            secured.unwrap()
