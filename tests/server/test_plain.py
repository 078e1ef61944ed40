"""The plain side over real connections: what clients do, and what attackers do."""

from __future__ import annotations

import base64
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from server.running import Running, asked, eventually
from server.small_authority import LARGE, request_for

OCSP_FIELDS = {"content-type": "application/ocsp-request"}


def talk(server: Running, sent: bytes, *, seconds: float = 20) -> bytes:
    """Send bytes, and return all that comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", server.ports[1]), seconds) as one:
        one.sendall(sent)
        return rest(one)


def send_slowly(connection: socket.socket, end: float) -> None:
    while time.monotonic() < end:
        connection.sendall(b"a: b\r\n")
        time.sleep(0.1)


def rest(connection: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            part = connection.recv(1 << 16)
        except ConnectionResetError:
            return received
        if not part:
            return received
        received += part


@pytest.mark.parametrize(
    "encode",
    [
        lambda data: quote(base64.b64encode(data), safe=""),
        lambda data: base64.b64encode(data).decode(),
        lambda data: base64.b64encode(data).decode().rstrip("="),
        lambda data: base64.urlsafe_b64encode(data).decode(),
    ],
    ids=["percent-encoded", "bare", "without padding", "url-safe"],
)
def test_an_ocsp_request_is_taken_from_the_path(
    server: Running, encode: Callable[[bytes], str]
) -> None:
    request = request_for(server.folder)
    response, body = server.get_plain(f"/ocsp/{encode(request)}")
    assert response.status == 200
    assert response.headers["content-type"] == "application/ocsp-response"
    answer = ocsp.load_der_ocsp_response(body)
    asked_for = ocsp.load_der_ocsp_request(request).serial_number
    assert answer.serial_number == asked_for


def test_an_answer_tells_caches_what_rfc_5019_asks_for(server: Running) -> None:
    request = quote(base64.b64encode(request_for(server.folder)), safe="")
    response, _ = server.get_plain(f"/ocsp/{request}")
    fields = response.headers
    match = re.fullmatch(
        r"max-age=(\d+), public, no-transform, must-revalidate",
        fields["cache-control"],
    )
    assert match is not None
    assert 3500 < int(match[1]) <= 3600
    assert fields["etag"].strip('"').isalnum()
    for name in ("date", "last-modified", "expires"):
        assert fields[name].endswith(" GMT")
    again, body = server.get_plain(
        f"/ocsp/{request}", {"if-none-match": fields["etag"]}
    )
    assert (again.status, body) == (304, b"")


def test_an_ocsp_request_is_taken_from_the_body(server: Running) -> None:
    request = request_for(server.folder)
    for path in ("/ocsp", "/ocsp/"):
        response, body = asked(server.plain(), "POST", path, OCSP_FIELDS, request)
        assert response.status == 200
        answer = ocsp.load_der_ocsp_response(body)
        assert answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL


def test_an_answer_with_a_nonce_is_not_kept(server: Running) -> None:
    request = request_for(server.folder, nonce=b"n" * 16)
    response, body = asked(server.plain(), "POST", "/ocsp", OCSP_FIELDS, request)
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    assert b"n" * 16 in body


@pytest.mark.parametrize(
    ("request_der", "status"),
    [
        (b"", "MALFORMED_REQUEST"),
        (b"\x30\x00junk", "MALFORMED_REQUEST"),
        (b"signer lost", "TRY_LATER"),
        (b"mistake", "INTERNAL_ERROR"),
    ],
)
def test_what_cannot_be_answered_is_an_ocsp_error(
    server: Running, request_der: bytes, status: str
) -> None:
    response, body = asked(server.plain(), "POST", "/ocsp", OCSP_FIELDS, request_der)
    assert response.status == 200
    assert ocsp.load_der_ocsp_response(body).response_status.name == status
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/", "/!!!", "/%00", "/TUZ%zz", "/" + "A" * 9])
def test_a_path_that_is_no_request_is_malformed(server: Running, path: str) -> None:
    _, body = server.get_plain(f"/ocsp{path}")
    status = ocsp.load_der_ocsp_response(body).response_status
    assert status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_openssl_gets_its_answer_both_ways(server: Running, tmp_path: Path) -> None:
    said = subprocess.run(
        ["openssl", "ocsp", "-issuer", server.root, "-serial", "0x1234", "-url",
         f"{server.http}/ocsp", "-CAfile", server.root, "-no_nonce"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "Response verify OK" in said.stderr
    assert "0x1234: good" in said.stdout
    del tmp_path


def test_curl_reads_a_crl_and_asks_whether_it_changed(
    server: Running, tmp_path: Path
) -> None:
    target, tag = tmp_path / "crl", tmp_path / "tag"
    command = ["curl", "-s", "-o", target, "-w", "%{http_code} %{content_type}"]
    command += ["--etag-save", tag, f"{server.http}/crl/small.crl"]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    assert first.stdout == "200 application/pkix-crl"
    crl = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-noout", "-CAfile", server.root,
         "-in", target],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "verify OK" in crl.stderr
    again = [*command[:6], "--etag-compare", tag, f"{server.http}/crl/small.crl"]
    second = subprocess.run(again, capture_output=True, text=True, check=True)
    assert second.stdout.startswith("304")


def test_head_has_the_fields_and_no_body(server: Running) -> None:
    response, body = server.get_plain("/crl/large.crl", method="HEAD")
    assert (response.status, body) == (200, b"")
    assert response.headers["content-length"] == str(LARGE)


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ("bytes=0-9", 206, f"bytes 0-9/{LARGE}"),
        (f"bytes={LARGE - 5}-", 206, f"bytes {LARGE - 5}-{LARGE - 1}/{LARGE}"),
        ("bytes=-7", 206, f"bytes {LARGE - 7}-{LARGE - 1}/{LARGE}"),
        (f"bytes={LARGE}-", 416, f"bytes */{LARGE}"),
        ("bytes=0-1,5-6", 200, None),
        ("lines=1-2", 200, None),
    ],
)
def test_a_part_of_a_crl_is_given(
    server: Running, wanted: str, status: int, said: str | None
) -> None:
    response, body = server.get_plain("/crl/large.crl", {"range": wanted})
    assert response.status == status
    assert response.headers["content-range"] == said
    assert len(body) == int(response.headers["content-length"])


def test_a_range_of_what_has_changed_gives_the_whole(server: Running) -> None:
    fields = {"range": "bytes=0-9", "if-range": '"another"'}
    response, body = server.get_plain("/crl/large.crl", fields)
    assert (response.status, len(body)) == (200, LARGE)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/crl/../key.pem", 404),
        ("GET", "/crl/%2e%2e/key.pem", 404),
        ("GET", "/crl/%ff", 404),
        ("GET", "/ocspx", 404),
        ("GET", "/ca/fails", 503),
        ("POST", "/crl/small.crl", 405),
        ("DELETE", "/ocsp", 405),
        ("POST", "/ocsp", 415),
        ("GET", "/metrics", 404),
        ("GET", "/api/v1/whoami", 404),
    ],
)
def test_what_is_not_there_is_a_problem_document(
    server: Running, method: str, path: str, status: int
) -> None:
    response, body = server.get_plain(path, method=method)
    assert response.status == status
    assert response.headers["content-type"] == "application/problem+json"
    assert b'"status": %d' % status in body
    assert b"Traceback" not in body


def test_it_says_that_it_lives_and_is_ready(server: Running) -> None:
    assert server.get_plain("/healthz")[1] == b"ok\n"
    response, body = server.get_plain("/readyz")
    assert response.status == 200
    assert b'"store": "ok"' in body


def test_requests_in_one_piece_are_answered_in_order(server: Running) -> None:
    sent = b"GET /healthz HTTP/1.1\r\n\r\nHEAD /ca/small.crt HTTP/1.1\r\n\r\n" * 50
    received = talk(server, sent + b"GET /nope HTTP/1.1\r\nConnection: close\r\n\r\n")
    lines = re.findall(rb"HTTP/1.1 (\d+)|^content-type: (\S+)", received, re.MULTILINE)
    statuses = [status for status, _ in lines if status]
    assert statuses == [b"200"] * 100 + [b"404"]
    kinds = [kind for _, kind in lines if kind]
    assert kinds[:4] == [b"text/plain;", b"application/pkix-cert"] * 2


def test_a_request_in_single_bytes_is_answered(server: Running) -> None:
    request = request_for(server.folder)
    head = b"POST /ocsp HTTP/1.1\r\nconnection: close\r\n"
    head += b"content-type: application/ocsp-request\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.ports[1]), 20) as one:
        for byte in head % len(request) + request:
            one.sendall(bytes((byte,)))
        assert b"200 OK" in rest(one)


def test_a_body_in_chunks_is_put_together(server: Running) -> None:
    request = request_for(server.folder)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in request)
    sent = b"POST /ocsp HTTP/1.1\r\ncontent-type: application/ocsp-request\r\n"
    sent += b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n" + chunks
    received = talk(server, sent + b"0\r\n\r\n")
    body = received.partition(b"\r\n\r\n")[2]
    status = ocsp.load_der_ocsp_response(body).response_status
    assert status is ocsp.OCSPResponseStatus.SUCCESSFUL


def test_a_target_with_a_host_is_understood(server: Running) -> None:
    sent = b"GET http://ca.test/healthz HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert b"ok\n" in talk(server, sent)


def test_http_1_0_closes_unless_it_is_asked_not_to(server: Running) -> None:
    assert b"connection: close" in talk(server, b"GET /healthz HTTP/1.0\r\n\r\n")
    sent = b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    received = talk(server, sent + b"GET /healthz HTTP/1.0\r\n\r\n")
    assert received.count(b"200 OK") == 2
    assert b"connection: keep-alive" in received


def test_an_upgrade_is_not_followed(server: Running) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    received = talk(server, sent + b"PRI * HTTP/2.0\r\n\r\n")
    assert received.count(b"HTTP/1.1") == 1
    assert b"200 OK" in received


def test_a_client_that_waits_is_told_to_go_on(server: Running) -> None:
    request = request_for(server.folder)
    head = b"POST /ocsp HTTP/1.1\r\ncontent-type: application/ocsp-request\r\n"
    head += b"expect: 100-continue\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.ports[1]), 20) as one:
        one.sendall(head % len(request))
        assert one.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(request)
        assert b"200 OK" in rest(one)


# What attackers do.


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST /ocsp HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"400"),
        (b"POST /ocsp HTTP/1.1\r\ncontent-length: 9999999999\r\n\r\n", b"413"),
        (
            b"POST /ocsp HTTP/1.1\r\ncontent-length: 5\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
        ),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9_000, b"431"),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 40_000, b"431"),
        (
            b"POST /ocsp HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
            + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 3,
            b"413",
        ),
        (
            b"POST /ocsp HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
            + (b"1;" + b"x" * 1000 + b"\r\nx\r\n") * 400,
            b"413",
        ),
    ],
)
def test_what_breaks_the_rules_is_refused(
    server: Running, sent: bytes, status: bytes
) -> None:
    received = talk(server, sent)
    assert received.startswith(b"HTTP/1.1 " + status), received[:200]
    assert received.count(b"HTTP/1.1") == 1
    assert b"connection: close" in received


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(
    server: Running,
) -> None:
    head = (
        b"POST /ocsp HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 65537\r\n\r\n"
    )
    assert talk(server, head).startswith(b"HTTP/1.1 413")


def test_one_that_sends_slowly_is_cut_off(server: Running) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.ports[1]), 20) as one:
        one.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            send_slowly(one, begun + 15)
    assert 1.5 < time.monotonic() - begun < 8


def test_one_that_says_nothing_is_cut_off(server: Running) -> None:
    begun = time.monotonic()
    assert talk(server, b"") == b""
    assert 1.5 < time.monotonic() - begun < 8


def test_one_that_takes_nothing_is_cut_off(server: Running) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(20)
        one.connect(("127.0.0.1", server.ports[1]))
        one.sendall(b"GET /crl/large.crl HTTP/1.1\r\n\r\n" * 20)
        process_memory = memory_of(server.process.pid)
        assert process_memory < 300 * 1024**2
        time.sleep(7)
        begun = time.monotonic()
        assert len(rest(one)) < LARGE
        assert time.monotonic() - begun < 2


def test_one_that_takes_slowly_gets_it_all(server: Running) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        one.settimeout(20)
        one.connect(("127.0.0.1", server.ports[1]))
        one.sendall(b"GET /crl/large.crl HTTP/1.1\r\nconnection: close\r\n\r\n")
        received = 0
        while part := one.recv(65536):
            received += len(part)
            time.sleep(0.06)
    assert received > LARGE


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    b"GET /healthz HTTP/1.1\r\n",
                    b"POST /ocsp HTTP/1.1\r\n",
                    b"HEAD /crl/small.crl HTTP/1.0\r\n",
                    b"content-type: application/ocsp-request\r\n",
                    b"content-length: 5\r\n",
                    b"transfer-encoding: chunked\r\n",
                    b"expect: 100-continue\r\n",
                    b"connection: upgrade, keep-alive\r\nupgrade: websocket\r\n",
                    b"range: bytes=1-\r\n",
                    b"\r\n",
                    b"5\r\n12345\r\n0\r\n\r\n",
                    b"12345",
                ]
            ),
            st.binary(max_size=20),
        ),
        max_size=12,
    )
)
def test_no_bytes_bring_it_down(server: Running, pieces: list[bytes]) -> None:
    errors = server.said().count(" error ")
    with socket.create_connection(("127.0.0.1", server.ports[1]), 20) as one:
        one.sendall(b"".join(pieces))
        one.shutdown(socket.SHUT_WR)
        received = rest(one)
    assert not received or received.startswith(b"HTTP/1.1 ")
    assert b"Traceback" not in received
    assert server.said().count(" error ") == errors


def test_more_connections_than_allowed_are_closed(
    start: Callable[..., Running],
) -> None:
    server = start("[limits]\nconnections = 3\n")
    held = [socket.create_connection(("127.0.0.1", server.ports[1])) for _ in range(3)]
    for one in held:
        one.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert b"200 OK" in one.recv(4096)
    assert talk(server, b"") == b""
    held.pop().close()
    eventually(lambda: b"200 OK" in talk(server, b"GET /healthz HTTP/1.0\r\n\r\n"))
    for one in held:
        one.close()


def memory_of(process: int) -> int:
    """Resident bytes of a process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) * 1024
