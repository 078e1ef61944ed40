"""The small server that tests connect to."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler

import pytest

from tlsmith.api import CA
from tlsmith.api.serving import BODY, Server, serve

ROOT = CA()
CERTIFICATE = ROOT.issue("localhost")
CONTEXT = ROOT.client_context()


def _fetch(server: Server, context: ssl.SSLContext = CONTEXT) -> bytes:
    with urllib.request.urlopen(server.url, context=context) as answer:  # noqa: S310
        assert answer.status == 200
        body: bytes = answer.read()
        return body


def test_it_answers_on_a_free_port_over_tls() -> None:
    with serve(CERTIFICATE) as one, serve(CERTIFICATE) as other:
        assert one.port != other.port
        assert one.url == f"https://localhost:{one.port}/"
        for server in (one, other):
            assert _fetch(server) == BODY
    assert one.failures == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_it_answers_every_usual_method(method: str) -> None:
    with serve(CERTIFICATE) as server:
        connection = HTTPSConnection("localhost", server.port, context=CONTEXT)
        body = b"x" * 10 if method in ("POST", "PUT") else None
        connection.request(method, "/any/path", body)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read() == (b"" if method == "HEAD" else BODY)
        connection.close()


def test_a_context_and_a_handler_of_ones_own_will_do() -> None:
    class Teapot(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(418)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    context = CERTIFICATE.server_context()
    context.set_alpn_protocols(["http/1.1"])
    with serve(context, Teapot) as server:
        connection = HTTPSConnection("localhost", server.port, context=CONTEXT)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 418
        answer.close()
        connection.close()


def test_a_handshake_that_failed_is_kept() -> None:
    with serve(CERTIFICATE) as server:
        with pytest.raises(urllib.error.URLError):
            _fetch(server, CA().client_context())
        assert _fetch(server), "and the server goes on"
    (failure,) = server.failures
    assert isinstance(failure, ssl.SSLError)
    assert "UNKNOWN_CA" in str(failure)


def test_a_client_that_stays_does_not_keep_the_test() -> None:
    began = time.monotonic()
    with serve(CERTIFICATE) as server:
        quiet = socket.create_connection(("127.0.0.1", server.port))
        time.sleep(0.1)  # for the server to take it
    assert time.monotonic() - began < 5
    quiet.close()


def test_a_client_that_leaves_in_the_middle_is_nothing_to_print(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with serve(CERTIFICATE) as server:
        raw = socket.create_connection(("127.0.0.1", server.port))
        with CONTEXT.wrap_socket(raw, server_hostname="localhost") as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n")
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert capfd.readouterr() == ("", "")


def test_nothing_is_left_behind() -> None:
    threads = threading.active_count()
    with serve(CERTIFICATE) as server:
        _fetch(server)
    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
