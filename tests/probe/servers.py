"""Real servers on port 0, one thread each: TLS by Python or pyOpenSSL, and others."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from OpenSSL import SSL, crypto

from chains import Pair

Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(talk: Talk, family: int = socket.AF_INET) -> Iterator[int]:
    """Run `talk` on every connection to a port of this machine; yield the port."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    listening = socket.socket(family)
    listening.bind((host, 0))
    listening.listen()
    listening.settimeout(20)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, SSL.Error):
                connection.settimeout(20)
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        done.set()
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def tls_context(folder: Path, chain: Sequence[Pair]) -> ssl.SSLContext:
    """Return a server's context; the first of `chain` is its own certificate."""
    certificates, key = folder / "chain.pem", folder / "key.pem"
    certificates.write_bytes(b"".join(pair.pem for pair in chain))
    key.write_bytes(chain[0].key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates, key)
    return context


def speak_tls(context: ssl.SSLContext) -> Talk:
    """Return a talk that does a handshake, and waits for the peer to leave."""

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    return talk


def speak_newer_tls(chain: Sequence[Pair]) -> Talk:
    """Return a talk of pyOpenSSL, which knows ML-DSA."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(chain[0].certificate)
    for pair in chain[1:]:
        context.add_extra_chain_cert(pair.certificate)
    encoded = chain[0].key.private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    # pyOpenSSL takes no ML-DSA key of the library's, and calls its own kind old.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.use_privatekey(crypto.load_privatekey(crypto.FILETYPE_ASN1, encoded))

    def talk(connection: socket.socket) -> None:
        connection.settimeout(None)
        wrapped = SSL.Connection(context, connection)
        wrapped.set_accept_state()
        wrapped.do_handshake()
        wrapped.recv(1)

    return talk


def say(data: bytes) -> Talk:
    """Return a talk that says something at once, and waits for the peer to leave."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.recv(65536)

    return talk


def answer(data: bytes) -> Talk:
    """Return a talk that reads what comes first, and says `data` then."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return talk


def stay_silent(connection: socket.socket) -> None:
    """Read, and never answer."""
    while connection.recv(65536):
        pass


def hang_up(connection: socket.socket) -> None:
    """Close the connection as soon as something came."""
    connection.recv(65536)


def free_port() -> int:
    """Return a port on which nothing listens just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
