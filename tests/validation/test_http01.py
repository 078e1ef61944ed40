"""http-01 against web servers on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dns_server import DNSServer
from validation.asking import AUTHORIZATION, TOKEN, Asking
from validation.conftest import Run
from validation.peers import WebPeer, page

BODY = AUTHORIZATION.encode()


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
    assert outcome.address == "127.0.0.1"
    assert outcome.redirects == ()
    (request,) = web.requests
    assert request.line == f"GET /.well-known/acme-challenge/{TOKEN} HTTP/1.1"
    assert request.fields["host"] == f"www.test:{web.port}"
    assert request.fields["user-agent"].startswith("tlsmith/")


def test_a_page_with_something_else_is_an_incorrect_response(
    asking: Asking, web: WebPeer
) -> None:
    web.answer = lambda _: [page(b"welcome\r\n\x1b[31m")]
    problem = asking.problem("http-01")
    assert problem.type == "incorrectResponse"
    assert f"http://www.test:{web.port}/.well-known/" in problem.message
    assert "(at 127.0.0.1)" in problem.message
    assert r'"welcome\x0d\x0a\x1b[31m"' in problem.message
