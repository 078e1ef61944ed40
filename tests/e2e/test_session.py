"""A day with tlsmith: a server, a client that verifies, renewal, a new CA."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import issued
from running import tlsmith


@contextmanager
def server(certificate: str, key: str, *, clients: str | None = None) -> Iterator[int]:
    """A TLS server that says "welcome" to everyone it accepts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
                connection.settimeout(10)
                with (
                    connection,
                    context.wrap_socket(connection, server_side=True) as it,
                ):
                    it.sendall(b"welcome")
            except ssl.SSLError:
                continue
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def ask(
    port: int, host: str, root: str | None, own: tuple[str, str] | None = None
) -> str:
    """What a client that verifies everything gets to read."""
    context = ssl.create_default_context(cafile=root)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if own is not None:
        context.load_cert_chain(*own)
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return secure.recv(100).decode()


def run(*words: str) -> str:
    done = tlsmith(*words)
    assert done.code == 0, done.err
    return done.out


def test_a_local_server_is_verified_by_whoever_trusts_the_root(folder: Path) -> None:
    run("make", "localhost", "127.0.0.1")
    Path("root.pem").write_text(run("ca", "export", "--root"))
    with server("localhost+1.pem", "localhost+1-key.pem") as port:
        assert ask(port, "localhost", "root.pem") == "welcome"
        assert ask(port, "127.0.0.1", "root.pem") == "welcome"
        with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
            ask(port, "localhost", None)
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            ask(port, "other.test", "root.pem")


def test_a_renewal_and_a_new_ca_change_what_is_trusted_and_no_more(
    folder: Path,
) -> None:
    run("make", "a.test")
    Path("first.pem").write_text(run("ca", "export", "--root"))
    run("make", "a.test")
    with server("a.test.pem", "a.test-key.pem") as port:
        assert ask(port, "a.test", "first.pem") == "welcome"
        run("ca", "init", "--local", "--allow", "corp.example.com")
        Path("second.pem").write_text(run("ca", "export", "--root"))
        # What runs goes on running for those who trust the first root.
        assert ask(port, "a.test", "first.pem") == "welcome"
    run(
        "make",
        "a.test",
        "www.corp.example.com",
        "--cert-file",
        "n.pem",
        "--key-file",
        "n-key.pem",
    )
    with server("n.pem", "n-key.pem") as port:
        assert ask(port, "www.corp.example.com", "second.pem") == "welcome"
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(port, "a.test", "first.pem")


def test_clients_show_certificates_of_their_own(folder: Path) -> None:
    run("make", "localhost")
    run("make", "worker.test", "--client")
    run(
        "self-sign",
        "worker.test",
        "--client",
        "--cert-file",
        "x.pem",
        "--key-file",
        "x-key.pem",
    )
    Path("root.pem").write_text(run("ca", "export", "--root"))
    pair = ("worker.test-client.pem", "worker.test-client-key.pem")
    with server("localhost.pem", "localhost-key.pem", clients="root.pem") as port:
        assert ask(port, "localhost", "root.pem", pair) == "welcome"
        for other in (None, ("x.pem", "x-key.pem")):
            with pytest.raises(OSError):  # noqa: PT011 -- an alert, or a reset
                ask(port, "localhost", "root.pem", other)


def test_a_self_signed_certificate_is_trusted_by_itself(folder: Path) -> None:
    run("self-sign", "printer.lan")
    with server("printer.lan.pem", "printer.lan-key.pem") as port:
        assert ask(port, "printer.lan", "printer.lan.pem") == "welcome"
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
            ask(port, "printer.lan", None)


def test_a_request_goes_to_another_machine_and_comes_back_signed(folder: Path) -> None:
    """The key stays where it was made."""
    run("csr", "db.internal", "--csr-file", "db.csr", "--key-file", "db.key")
    run("make", "--csr", "db.csr", "--cert-file", "db.crt")
    assert issued.belong_together("db.crt", "db.key")
    Path("root.pem").write_text(run("ca", "export", "--root"))
    with server("db.crt", "db.key") as port:
        assert ask(port, "db.internal", "root.pem") == "welcome"


def test_every_day_is_the_same_until_it_is_needed(folder: Path) -> None:
    first = run("make", "localhost", "--if-needed")
    before = Path("localhost.pem").read_bytes()
    second = run("make", "localhost", "--if-needed")
    assert "A certificate for" in first
    assert "nothing was changed" in second
    assert Path("localhost.pem").read_bytes() == before
