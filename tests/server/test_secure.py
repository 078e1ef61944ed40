"""The HTTPS side over real connections: TLS, limits, and what surrounds a request."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.running import Running, asked, eventually
from server.small_authority import certificate_for_client, make_root
from server.test_plain import rest, send_slowly

Start = Callable[..., Running]


def connected(server: Running) -> ssl.SSLSocket:
    """A TLS connection."""
    plain = socket.create_connection(("127.0.0.1", server.ports[0]), 20)
    return server.context().wrap_socket(plain, server_hostname="127.0.0.1")


def s_client(server: Running, *options: str) -> str:
    """What `openssl s_client` says of a handshake."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.ports[0]}",
         "-CAfile", server.root, *options],
        input="", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


# TLS.


def test_openssl_verifies_the_certificate(server: Running) -> None:
    said = s_client(server, "-verify_ip", "127.0.0.1", "-verify_return_error")
    assert "Verify return code: 0 (ok)" in said
    assert "TLSv1.3" in said


def test_curl_verifies_it_by_name_and_by_address(server: Running) -> None:
    for host in ("localhost", "127.0.0.1"):
        url = f"https://{host}:{server.ports[0]}/healthz"
        done = subprocess.run(
            ["curl", "-sS", "--cacert", server.root, url],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert done.stdout == "ok\n"


@pytest.mark.parametrize(
    ("options", "succeeds"),
    [
        (["-tls1_3"], True),
        (["-tls1_2"], True),
        (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False),
        (["-tls1_2", "-cipher", "AES128-SHA"], False),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], False),
    ],
)
def test_only_good_tls_is_spoken(
    server: Running, options: list[str], succeeds: bool
) -> None:
    said = s_client(server, *options)
    assert ("Cipher is (NONE)" not in said) is succeeds, said


def test_http_1_1_is_agreed_upon(server: Running) -> None:
    assert "ALPN protocol: http/1.1" in s_client(server, "-alpn", "h2,http/1.1")


def test_tls_1_2_may_be_refused(start: Start) -> None:
    server = start('[tls]\nminimum = "1.3"\n')
    assert "Cipher is (NONE)" in s_client(server, "-tls1_2")
    assert "TLSv1.3" in s_client(server)


def test_a_client_without_a_certificate_is_nobody(server: Running) -> None:
    _, body = server.get("/api/v1/whoami")
    assert json.loads(body) == {"certificate": None}


def test_a_client_s_certificate_reaches_the_application(
    server: Running, tmp_path: Path
) -> None:
    context, certificate = client_context(server, server.folder, tmp_path)
    _, body = asked(server.secure(context), "GET", "/api/v1/whoami")
    assert json.loads(body) == {"certificate": certificate.hex()}


def test_a_client_s_certificate_of_another_ca_is_refused(
    server: Running, tmp_path: Path
) -> None:
    make_root(tmp_path)
    context, _ = client_context(server, tmp_path, tmp_path)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asked(server.secure(context), "GET", "/api/v1/whoami")


def test_a_further_ca_s_certificates_are_taken(start: Start, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_root(other)
    server = start(f'[tls]\nclient_ca = "{other / "root.pem"}"\n')
    context, certificate = client_context(server, other, other)
    _, body = asked(server.secure(context), "GET", "/api/v1/whoami")
    assert json.loads(body) == {"certificate": certificate.hex()}


def client_context(
    server: Running, authority: Path, folder: Path
) -> tuple[ssl.SSLContext, bytes]:
    """A client's context with a certificate, and that certificate's DER."""
    certificate, key = certificate_for_client(authority)
    (folder / "client.pem").write_bytes(certificate + key)
    context = server.context()
    context.load_cert_chain(folder / "client.pem")
    parsed = x509.load_pem_x509_certificate(certificate)
    return context, parsed.public_bytes(Encoding.DER)


def test_the_certificate_is_renewed_in_place(start: Start) -> None:
    server = start('[tls]\nlifetime = "10s"\n')
    with connected(server) as kept:
        first = kept.getpeercert(binary_form=True)
        eventually(lambda: presented(server) != first, 15)
        kept.sendall(b"GET /healthz HTTP/1.1\r\nhost: ca\r\n\r\n")
        assert b"200 OK" in kept.recv(4096)
        assert kept.getpeercert(binary_form=True) == first
    server.get("/healthz")
    assert "own-certificate-renewed" in server.said()
    left = [one for one in Path("/tmp").glob("tlsmith-*") if one.is_file()]
    assert left == []


def presented(server: Running) -> bytes | None:
    with connected(server) as one:
        return one.getpeercert(binary_form=True)


def test_renewal_that_fails_is_tried_again(start: Start) -> None:
    server = start('[tls]\nlifetime = "10s"\n')
    first = presented(server)
    (server.folder / "broken").touch()
    eventually(lambda: "own-certificate-not-renewed" in server.said(), 15)
    assert presented(server) == first
    (server.folder / "broken").unlink()
    eventually(lambda: presented(server) != first, 15)


def test_handshakes_that_fail_do_not_fill_the_log(server: Running) -> None:
    before = server.said()
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""):
        with socket.create_connection(("127.0.0.1", server.ports[0]), 20) as one:
            one.sendall(sent)
            one.shutdown(socket.SHUT_WR)
            rest(one)
    s_client(server, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert server.said() == before


def test_a_handshake_that_does_not_go_on_is_cut_off(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.ports[0]), 20) as one:
        begun = time.monotonic()
        assert one.recv(4096) == b""
        assert time.monotonic() - begun < 5


# What surrounds a request.


def test_every_response_has_an_id_and_says_what_browsers_may_do(
    server: Running,
) -> None:
    for path in ("/healthz", "/nope", "/api/v1/mistake"):
        response, _ = server.get(path)
        fields = response.headers
        assert re.fullmatch(r"[0-9a-f]{16}", fields["x-request-id"])
        assert fields["strict-transport-security"].startswith("max-age=")
        assert fields["x-content-type-options"] == "nosniff"
        assert fields["content-security-policy"].startswith("default-src 'none'")
        assert fields["cache-control"] == "no-store"
        assert "server" not in fields


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("build-4711.a_b", True),
        ("short", False),
        ("x" * 65, False),
        ('a"b{}c;d$(e)', False),
        ("\xe9" * 9, False),
    ],
)
def test_a_request_id_is_taken_where_it_is_a_sane_one(
    server: Running, given: str, is_kept: bool
) -> None:
    response, _ = server.get("/nope", {"x-request-id": given})
    kept = response.headers["x-request-id"]
    assert (kept == given) is is_kept
    eventually(lambda: kept in server.said())


def test_what_was_not_foreseen_says_nothing_of_itself(server: Running) -> None:
    response, body = server.get("/api/v1/mistake")
    assert response.status == 500
    problem = json.loads(body)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert b"hunter2" not in body
    assert b"Traceback" not in body
    assert "Traceback" not in server.said()


def test_a_refusal_says_what_to_do(server: Running) -> None:
    response, body = server.get("/api/v1/refused")
    assert response.status == 403
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(body)
    assert (problem["code"], problem["hint"]) == ("not-yours", "ask")


def test_a_method_that_is_not_one_is_refused(server: Running) -> None:
    response, _ = server.get("/api/v1/echo")
    assert response.status == 405
    assert response.headers["allow"] == "POST"


def test_the_status_is_served_here_as_well(server: Running) -> None:
    response, body = server.get("/crl/small.crl")
    assert response.headers["content-type"] == "application/pkix-crl"
    assert response.headers["cache-control"].startswith("max-age=")
    again, nothing = server.get(
        "/crl/small.crl", {"if-none-match": response.headers["etag"]}
    )
    assert (again.status, nothing) == (304, b"")
    part, ten = server.get("/crl/small.crl", {"range": "bytes=0-9"})
    assert (part.status, ten) == (206, body[:10])


def test_a_body_within_the_limit_is_taken(server: Running) -> None:
    body = b"x" * 1024**2
    response, said = asked(server.secure(), "POST", "/api/v1/echo", None, body)
    assert (response.status, said) == (200, b"1048576")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(server: Running, chunked: bool) -> None:
    with connected(server) as one:
        head = b"POST /api/v1/echo HTTP/1.1\r\nhost: ca\r\n"
        if chunked:
            chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            one.sendall(head + b"transfer-encoding: chunked\r\n\r\n" + chunk * 17)
        else:
            one.sendall(head + b"content-length: 1048577\r\n\r\n")
        received = one.recv(4096)
    assert received.startswith(b"HTTP/1.1 413"), received


def test_a_head_over_the_limit_is_refused(server: Running) -> None:
    with connected(server) as one:
        one.sendall(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000)
        assert rest(one).startswith(b"HTTP/1.1 431")


def test_what_is_not_http_is_refused(server: Running) -> None:
    with connected(server) as one:
        one.sendall(b"NONSENSE\r\n\r\n")
        assert rest(one).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [
        (b"1.1", [], b"400"),
        (b"1.1", [b"a", b"b"], b"400"),
        (b"1.1", [b"a", b"a"], b"400"),
        (b"1.0", [b"a", b"b"], b"400"),
        (b"1.1", [b"a b"], b"400"),
        (b"1.1", [b"a/b"], b"400"),
        (b"1.1", [b"user@a"], b"400"),
        (b"1.1", [b'a"b'], b"400"),
        (b"1.1", [b"a:b"], b"400"),
        (b"1.1", [b"\xe9"], b"400"),
        (b"1.0", [], b"200"),
        (b"1.1", [b""], b"200"),
        (b"1.1", [b"a_b.example:8443"], b"200"),
        (b"1.1", [b"[2001:db8::1]:8443"], b"200"),
    ],
)
def test_a_request_has_one_host(
    server: Running, version: bytes, hosts: list[bytes], status: bytes
) -> None:
    # RFC 9112 section 3.2.
    fields = b"".join(b"Host: %b\r\n" % one for one in hosts)
    with connected(server) as one:
        one.sendall(
            b"GET /healthz HTTP/%b\r\n%bConnection: close\r\n\r\n" % (version, fields)
        )
        assert rest(one).split(b" ")[1] == status


def test_one_that_sends_slowly_is_cut_off(server: Running) -> None:
    begun = time.monotonic()
    with connected(server) as one:
        one.sendall(b"POST /api/v1/echo HTTP/1.1\r\ncontent-length: 900\r\n")
        with pytest.raises(OSError, match=r"reset|pipe|EOF|closed"):
            send_slowly(one, begun + 15)
    assert 1.5 < time.monotonic() - begun < 8


def test_a_response_may_take_longer_than_a_request(server: Running) -> None:
    response, body = server.get("/api/v1/slow/4")
    assert (response.status, body) == (200, b"done")


def test_a_client_that_fails_to_say_who_it_is_is_turned_away(start: Start) -> None:
    server = start("[limits]\nfailures_per_minute = 3\n")
    statuses = [server.get("/api/v1/login")[0].status for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    response, _ = server.get("/api/v1/login")
    assert 1 <= int(response.headers["retry-after"]) <= 21
    assert server.get("/api/v1/whoami")[0].status == 200


def test_requests_a_minute_are_limited(start: Start) -> None:
    server = start("[limits]\nrequests_per_minute = 5\n")
    statuses = [server.get("/healthz")[0].status for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert server.get_plain("/healthz")[0].status == 200


def test_exempt_networks_have_no_limit(start: Start) -> None:
    server = start('[limits]\nrequests_per_minute = 2\nexempt = ["127.0.0.0/8"]\n')
    assert {server.get("/healthz")[0].status for _ in range(5)} == {200}


def test_names_cannot_write_lines_of_the_log(start: Start) -> None:
    server = start('[log]\nformat = "json"\n')
    path = "/x%0a%7B%22event%22:%22forged%22%7D%0d%1b[31m"
    server.get(path)
    eventually(lambda: '"event": "request"' in server.said())
    lines = [one for one in server.said().splitlines() if one.startswith("{")]
    entries = [json.loads(one) for one in lines]
    (request,) = [one for one in entries if one["event"] == "request"]
    assert request["path"] == '/x\n{"event":"forged"}\r\x1b[31m'
    assert "\x1b" not in server.said()
