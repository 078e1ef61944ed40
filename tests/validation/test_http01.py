"""http-01 against web servers on this machine."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
import trustme

from dns_server import DNSServer
from validation.asking import (
    AUTHORIZATION,
    LOOPBACK,
    TOKEN,
    Asking,
    binds,
    needs_ipv6,
)
from validation.conftest import Run
from validation.peers import PlainPeer, Request, WebPeer, page, redirect

BODY = AUTHORIZATION.encode()
PATH = f"/.well-known/acme-challenge/{TOKEN}"
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def web() -> Iterator[WebPeer]:
    """A web server that shows the key authorization."""
    with WebPeer(lambda _: [page(BODY)]) as peer:
        yield peer


@pytest.fixture
def asking(run: Run, dns: DNSServer, web: WebPeer) -> Asking:
    dns.set("www.test", "A", "127.0.0.1")
    return Asking(run, dns, http_port=web.port)


def test_a_name_whose_web_server_shows_the_key_authorization_is_valid(
    asking: Asking, web: WebPeer
) -> None:
    outcome = asking.validate("http-01")
    assert outcome.type == "http-01"
    assert outcome.addresses == ("127.0.0.1",)
    assert outcome.address == "127.0.0.1"
    assert outcome.redirects == ()
    assert abs(outcome.validated_at.timestamp() - time.time()) < 5
    (request,) = web.requests
    assert request.line == f"GET {PATH} HTTP/1.1"
    assert request.fields["host"] == f"www.test:{web.port}"
    assert request.fields["user-agent"].startswith("tlsmith/")


def test_an_address_is_validated_without_dns(
    asking: Asking, web: WebPeer, dns: DNSServer
) -> None:
    assert asking.validate("http-01", "127.0.0.1").address == "127.0.0.1"
    assert web.requests[0].fields["host"] == f"127.0.0.1:{web.port}"
    assert not dns.queries


@needs_ipv6
def test_an_ipv6_address_is_too(run: Run, dns: DNSServer) -> None:
    with WebPeer(lambda _: [page(BODY)], host="::1") as web:
        asking = Asking(run, dns, http_port=web.port)
        assert asking.validate("http-01", "::1").address == "::1"
    assert web.requests[0].fields["host"] == f"[::1]:{web.port}"


@pytest.mark.parametrize(
    "pieces",
    [
        [page(BODY + b"\r\n")],
        [page(BODY + b" \t\r\n\n\f\v")],
        [OK + b"\r\n" + BODY],
        [b"HTTP/1.0 200 OK\n\n" + BODY],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n57\r\n" + BODY + b"\r\n0\r\n\r\n"],
        [bytes((byte,)) for byte in page(BODY)],
        [page(BODY), b"and more" * 100_000],
    ],
)
def test_it_may_be_shown_in_any_way_http_has(
    asking: Asking, web: WebPeer, pieces: list[bytes]
) -> None:
    web.answer = lambda _: pieces
    assert asking.validate("http-01").address == "127.0.0.1"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", '""'),
        (b"welcome\r\n\x1b[31m", r'"welcome\x0d\x0a\x1b[31m"'),
        (BODY[:-1], f'"{AUTHORIZATION[:-1]}"'),
        (b" " + BODY, f'" {AUTHORIZATION}"'),
        (BODY + b".", f'"{AUTHORIZATION}."'),
        (BODY + b"\n" + BODY, rf'"{AUTHORIZATION}\x0a'),
        (BODY + b" " * 70_000, f'"{AUTHORIZATION}'),
        (b"x" * 70_000, '"xxx'),
        (TOKEN.encode(), f'"{TOKEN}"'),
    ],
)
def test_a_page_with_something_else_is_an_incorrect_response(
    asking: Asking, web: WebPeer, body: bytes, shown: str
) -> None:
    web.answer = lambda _: [page(body)]
    problem = asking.problem("http-01")
    assert problem.type == "incorrectResponse"
    assert f"http://www.test:{web.port}{PATH} (at 127.0.0.1)" in problem.message
    assert shown in problem.message
    assert problem.message.isprintable()
    assert len(problem.message) < 1000


@pytest.mark.parametrize("status", ["404 Not Found", "201 Created", "500 Oh", "300 X"])
def test_so_is_a_page_with_another_status(
    asking: Asking, web: WebPeer, status: str
) -> None:
    web.answer = lambda _: [page(BODY, status)]
    problem = asking.problem("http-01")
    assert problem.type == "incorrectResponse"
    assert f"answered with status {status[:3]}" in problem.message


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([], "closed without an answer"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "not HTTP"),
        ([b"\x15\x03\x03\0\2\2\x50"], "not HTTP"),
        ([OK], "within the head"),
        ([OK + b"Content-Length: 100\r\n\r\n" + BODY], "after 87 of 100 bytes"),
        ([OK, b"A: " + b"b" * 20_000, b"\r\n\r\n", BODY], "larger than 16384"),
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 2000, "larger than 16384"),
    ],
)
def test_what_is_no_answer_is_told(
    asking: Asking, web: WebPeer, pieces: list[bytes], why: str
) -> None:
    web.answer = lambda _: pieces
    problem = asking.problem("http-01")
    assert problem.type == "connection"
    assert why in problem.message
    assert "at 127.0.0.1" in problem.message


def test_an_endless_body_is_read_no_further_than_needed(
    asking: Asking, web: WebPeer
) -> None:
    sent = []

    def endless(_: Request) -> Iterable[bytes]:
        yield OK + b"\r\n"
        for _ in itertools.count():
            sent.append(1)
            yield b"x" * 65536

    web.answer = endless
    assert asking.problem("http-01").type == "incorrectResponse"
    assert len(sent) < 200, "what the system's buffers took"


def test_a_slow_server_is_given_up_in_time(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    def drip(_: Request) -> Iterable[bytes]:
        yield OK
        while True:
            time.sleep(0.05)
            yield b"A: b\r\n"

    web.answer = drip
    dns.set("www.test", "A", "127.0.0.1")
    asking = Asking(run, dns, http_port=web.port, timeout=2)
    began = time.monotonic()
    problem = asking.problem("http-01")
    assert 1.9 < time.monotonic() - began < 4.5
    assert problem.type == "connection"
    assert f"no end in 2 seconds while reading http://www.test:{web.port}" in (
        problem.message
    )


def test_a_connection_that_breaks_is_told(asking: Asking, web: WebPeer) -> None:
    def reset(_: Request) -> Iterable[bytes]:
        client = web.connected[-1]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        return []

    web.answer = reset
    problem = asking.problem("http-01")
    assert problem.type == "connection"
    assert "broke: connection reset by peer" in problem.message


# Addresses -------------------------------------------------------------------------


@needs_ipv6
def test_ipv6_is_asked_first(run: Run, dns: DNSServer, web: WebPeer) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    dns.set("www.test", "AAAA", "::1")
    with WebPeer(lambda _: [page(BODY)], host="::1", port=web.port) as six:
        outcome = Asking(run, dns, http_port=web.port).validate("http-01")
    assert outcome.addresses == ("::1",)
    assert len(six.requests) == 1
    assert web.requests == []


def test_ipv4_is_asked_where_ipv6_takes_no_connection(
    asking: Asking, dns: DNSServer
) -> None:
    dns.set("www.test", "AAAA", "::1")
    outcome = asking.validate("http-01")
    assert outcome.addresses == ("::1", "127.0.0.1")
    assert outcome.address == "127.0.0.1"


@needs_ipv6
def test_but_not_where_it_gives_a_wrong_answer(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    dns.set("www.test", "AAAA", "::1")
    with WebPeer(lambda _: [page(b"no")], host="::1", port=web.port):
        problem = Asking(run, dns, http_port=web.port).problem("http-01")
    assert "(at ::1)" in problem.message
    assert web.requests == []


def test_no_more_than_two_addresses_of_a_family_are_tried(
    run: Run, dns: DNSServer
) -> None:
    dns.set("www.test", "A", *(f"127.0.1.{number}" for number in range(1, 9)))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    problem = Asking(run, dns, http_port=port).problem("http-01")
    assert problem.type == "connection"
    assert problem.message.count("connection refused") == 2
    assert f"see that a server listens on port {port} there" in problem.message


@needs_ipv6
def test_an_address_that_says_nothing_leaves_time_for_the_next(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    dead = ("::1", web.port)
    with contextlib.ExitStack() as stack:
        full, *waiting = (
            stack.enter_context(socket.socket(socket.AF_INET6)) for _ in range(5)
        )
        full.bind(dead)
        full.listen(0)
        for one in waiting:  # until the system answers no more
            one.setblocking(False)
            one.connect_ex(dead)
        dns.set("www.test", "A", "127.0.0.1")
        dns.set("www.test", "AAAA", "::1")
        asking = Asking(run, dns, http_port=web.port, timeout=3)
        outcome = asking.validate("http-01")
    assert outcome.addresses == ("::1", "127.0.0.1")


def test_only_allowed_addresses_are_used(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    dns.set("www.test", "A", "127.0.0.1", "169.254.169.254", "0.0.0.0")  # noqa: S104
    dns.set("www.test", "AAAA", "fd00:ec2::254", "::ffff:169.254.169.254")
    outcome = Asking(run, dns, http_port=web.port).validate("http-01")
    assert outcome.addresses == ("127.0.0.1",)


def test_where_none_is_allowed_it_says_so_and_names_the_setting(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    dns.set("www.test", "A", "127.0.0.1", "169.254.169.254")
    dns.set("www.test", "AAAA", "::1")
    problem = Asking(run, dns, http_port=web.port, allow=()).problem("http-01")
    assert problem.type == "connection"
    assert "127.0.0.1 (loopback)" in problem.message
    assert "169.254.169.254 (a cloud's metadata)" in problem.message
    assert problem.message.endswith(
        "; use another, or have the administrator allow its network: acme.allow, or "
        "--acme-allow"
    )
    assert "deny_networks" not in problem.message
    assert web.requests == []
    problem = Asking(run, dns, http_port=web.port, allow=()).problem(
        "http-01", "127.0.0.1"
    )
    assert "127.0.0.1 (loopback)" in problem.message


def test_what_is_denied_is_never_asked(run: Run, dns: DNSServer, web: WebPeer) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    asking = Asking(run, dns, http_port=web.port, deny=LOOPBACK)
    for name in ("www.test", "127.0.0.1"):
        message = asking.problem("http-01", name).message
        assert "127.0.0.1 (denied by acme.deny_networks)" in message
        assert message.endswith("take it out of acme.deny_networks")
        assert "allow" not in message
    # Of several the one that can be allowed is the way.
    dns.set("www.test", "A", "127.0.0.1", "169.254.169.254")
    assert asking.problem("http-01").message.endswith("acme.allow, or --acme-allow")


def test_a_name_that_resolves_to_something_else_a_moment_later_changes_nothing(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    """The checked address is the one connected to (DNS rebinding)."""
    loopback = ("127.0.0.1",)
    dns.sequence("www.test", "A", ["127.0.0.2"], [*loopback])
    asking = Asking(run, dns, http_port=web.port, deny=LOOPBACK[:0])
    problem = asking.problem("http-01")
    assert f"127.0.0.2:{web.port}: connection refused" in problem.message
    assert dns.asked("www.test").count("A") == 1


# Redirects -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"],
)
def test_redirects_are_followed(
    asking: Asking, web: WebPeer, dns: DNSServer, status: str
) -> None:
    dns.set("other.test", "A", "127.0.0.1")
    location = f"http://other.test:{web.port}/there?x=1"

    def answer(request: Request) -> Iterable[bytes]:
        return [redirect(location, status) if request.path == PATH else page(BODY)]

    web.answer = answer
    outcome = asking.validate("http-01")
    assert outcome.redirects == (location,)
    assert web.paths == [PATH, "/there?x=1"]
    assert web.requests[1].fields["host"] == f"other.test:{web.port}"
    assert outcome.addresses == ("127.0.0.1", "127.0.0.1")


def test_ten_redirects_are_followed_and_no_more(asking: Asking, web: WebPeer) -> None:
    def answer(request: Request) -> Iterable[bytes]:
        number = 0 if request.path == PATH else int(request.path[1:])
        return [page(BODY) if number == last else redirect(f"/{number + 1}")]

    web.answer = answer
    last = 10
    assert len(asking.validate("http-01").redirects) == 10
    last = 11
    problem = asking.problem("http-01")
    assert problem.type == "connection"
    assert "more than 10" in problem.message


def test_the_page_of_a_redirect_is_not_waited_for(
    run: Run, dns: DNSServer, web: WebPeer
) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    is_over = threading.Event()

    def answer(request: Request) -> Iterable[bytes]:
        if request.path != PATH:
            yield page(BODY)
            return
        yield b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\nendless"
        is_over.wait(30)  # longer than a validation may take

    web.answer = answer
    asking = Asking(run, dns, http_port=web.port, timeout=10)
    try:
        assert asking.validate("http-01").redirects == (
            f"http://www.test:{web.port}/there",
        )
    finally:
        is_over.set()


def test_a_circle_is_left_at_once(asking: Asking, web: WebPeer) -> None:
    web.answer = lambda _: [redirect(PATH)]
    assert "in a circle" in asking.problem("http-01").message
    assert web.paths == [PATH]


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://www.test:22/", "port 22 is not one"),
        ("ftp://www.test/", "only http and https"),
        ("http://user@www.test/", "a URL with a user"),
        ("http://www.test/\x1b[31m", "printable"),
    ],
)
def test_redirects_to_where_validation_does_not_go_are_refused(
    asking: Asking, web: WebPeer, location: str, why: str
) -> None:
    web.answer = lambda _: [redirect(location)]
    problem = asking.problem("http-01")
    # Of a control character the parser of the head has its own opinion.
    assert why in problem.message or "no HTTP field" in problem.message
    assert problem.type == "connection"
    assert problem.message.isprintable()


@pytest.mark.parametrize("fields", [(), ("Location:",), ("Location:   ",)])
def test_a_redirect_without_a_location_is_refused(
    asking: Asking, web: WebPeer, fields: tuple[str, ...]
) -> None:
    web.answer = lambda _: [page(b"", "302 Found", *fields)]
    problem = asking.problem("http-01")
    assert problem.type == "connection"
    assert f"{PATH} (at 127.0.0.1) answered with status 302" in problem.message
    assert "does not say where to" in problem.message
    assert "circle" not in problem.message


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("169.254.169.254", "169.254.169.254 (a cloud's metadata)"),
        ("[::ffff:a9fe:a9fe]", "a cloud's metadata"),
        ("[fd00:ec2::254]", "a cloud's metadata"),
        ("metadata.test", "169.254.169.254 (a cloud's metadata)"),
        ("2852039166", "2852039166 has no address"),
        ("0xa9fea9fe", "0xa9fea9fe has no address"),
    ],
)
def test_redirects_to_metadata_are_refused(
    asking: Asking, web: WebPeer, dns: DNSServer, host: str, why: str
) -> None:
    dns.set("metadata.test", "A", "169.254.169.254")
    web.answer = lambda _: [redirect(f"http://{host}/latest/meta-data/")]
    problem = asking.problem("http-01")
    assert problem.message.startswith(f"redirected to http://{host}/latest/meta-data/:")
    assert why in problem.message
    assert web.paths == [PATH]


def test_ways_of_writing_an_address_do_not_get_around_the_policy(
    run: Run, web: WebPeer, dns: DNSServer
) -> None:
    """The system resolves 2130706433 to 127.0.0.1; what it says is checked."""
    asking = Asking(run, dns, http_port=web.port, resolvers=(), timeout=5)
    for host in ("2852039166", "0xa9fea9fe", "169.16689662"):
        web.answer = lambda _, host=host: [redirect(f"http://{host}:{web.port}/")]  # type: ignore[misc]
        problem = asking.problem("http-01", "127.0.0.1")
        assert "metadata" in problem.message or "no address" in problem.message


def test_a_redirect_to_an_allowed_address_is_followed(
    asking: Asking, web: WebPeer
) -> None:
    location = f"http://127.0.0.1:{web.port}/x"
    web.answer = lambda request: [
        redirect(location) if request.path == PATH else page(BODY)
    ]
    assert asking.validate("http-01").redirects == (location,)


SECRET = b"<title>payroll of 2026: " + b"top secret " * 20


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "404 Not Found"])
@pytest.mark.parametrize(
    ("body", "told"),
    [(SECRET, f"{len(SECRET)} bytes"), (SECRET * 20, "more than 1111 bytes")],
)
def test_pages_of_another_host_are_not_shown(
    asking: Asking, web: WebPeer, dns: DNSServer, status: str, body: bytes, told: str
) -> None:
    """Whoever has an account could read what only this server reaches."""
    dns.set("intranet.test", "A", "127.0.0.1")
    location = f"http://intranet.test:{web.port}/"
    web.answer = lambda request: [
        redirect(location) if request.path == PATH else page(body, status)
    ]
    problem = asking.problem("http-01")
    assert problem.type == "incorrectResponse"
    assert problem.message.startswith(f"{location} (at 127.0.0.1) answered with ")
    assert f"{told} (not shown after a redirect to another host)" in problem.message
    assert ("status" in problem.message) is (status != "200 OK")
    assert "payroll" not in problem.message


def test_nor_where_one_led_there_and_back(
    asking: Asking, web: WebPeer, dns: DNSServer
) -> None:
    dns.set("other.test", "A", "127.0.0.1")
    locations = {
        PATH: f"http://other.test:{web.port}/a",
        "/a": f"http://www.test:{web.port}/secret",
    }
    web.answer = lambda request: [
        redirect(locations[request.path]) if request.path in locations else page(SECRET)
    ]
    assert "top secret" not in asking.problem("http-01").message


@pytest.mark.skipif(not binds("127.0.0.2"), reason="this machine has no 127.0.0.2")
def test_nor_where_the_name_points_elsewhere_by_then(
    asking: Asking, web: WebPeer, dns: DNSServer
) -> None:
    dns.sequence("www.test", "A", ["127.0.0.1"], ["127.0.0.2"])
    web.answer = lambda _: [redirect("/secret")]
    with WebPeer(lambda _: [page(SECRET)], host="127.0.0.2", port=web.port):
        problem = asking.problem("http-01")
    assert "(at 127.0.0.2) answered with" in problem.message
    assert "top secret" not in problem.message


def test_those_of_the_host_itself_are_shown_after_a_redirect_too(
    asking: Asking, web: WebPeer
) -> None:
    web.answer = lambda request: [
        redirect("/there") if request.path == PATH else page(b"wrong", "404 No")
    ]
    assert 'status 404 and "wrong" where' in asking.problem("http-01").message


@pytest.fixture
def secure_web() -> Iterator[WebPeer]:
    """A web server with TLS, whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.test").configure_cert(context)
    with WebPeer(lambda _: [page(BODY)], context=context) as peer:
        yield peer


def test_a_redirect_to_https_is_followed_without_verifying(
    run: Run, dns: DNSServer, web: WebPeer, secure_web: WebPeer
) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    location = f"https://www.test:{secure_web.port}/x"
    web.answer = lambda _: [redirect(location)]
    asking = Asking(run, dns, http_port=web.port, tls_port=secure_web.port)
    assert asking.validate("http-01").redirects == (location,)
    (request,) = secure_web.requests
    assert request.path == "/x"
    assert request.server_name == "www.test"


def test_a_body_over_tls_is_read_no_further_than_needed(
    run: Run, dns: DNSServer, web: WebPeer, secure_web: WebPeer
) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    web.answer = lambda _: [redirect(f"https://www.test:{secure_web.port}/x")]
    secure_web.answer = lambda _: itertools.chain(
        [OK + b"\r\n"], itertools.repeat(b"x" * 65536)
    )
    asking = Asking(run, dns, http_port=web.port, tls_port=secure_web.port)
    assert asking.problem("http-01").type == "incorrectResponse"


NOT_TLS = b"HTTP/1.1 400 Bad Request\r\n\r\n"


@pytest.mark.parametrize(
    ("greeting", "first", "kind"),
    [
        (b"", NOT_TLS, "tls"),
        (b"", b"", "connection"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"", "tls"),
        # What is said before TLS is there is not what was asked for.
        (page(BODY), b"", "tls"),
    ],
)
def test_a_redirect_to_https_where_no_tls_is_spoken_is_told(
    run: Run, dns: DNSServer, web: WebPeer, greeting: bytes, first: bytes, kind: str
) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    with PlainPeer(first, greeting) as plain:
        web.answer = lambda _: [redirect(f"https://www.test:{plain.port}/x")]
        asking = Asking(run, dns, http_port=web.port, tls_port=plain.port)
        problem = asking.problem("http-01")
    # Depending on when the greeting arrives it is read as TLS, or is not read at all.
    assert problem.type in {kind, "connection"}
    assert f"https://www.test:{plain.port}/x (at 127.0.0.1)" in problem.message
