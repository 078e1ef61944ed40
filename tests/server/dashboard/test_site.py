"""Who may look at the dashboard, and what every page of it keeps to."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from acme_orders import Ordering
from server.dashboard.conftest import Look
from server.rest.world import ROLES, ROOT, Served
from tlsmith.acme import problems
from tlsmith.authority.access import Scope, grant

BASIC = 'Basic realm="tlsmith", charset="UTF-8"'


class Reader(HTMLParser):
    """What a browser would do with a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_look(served: Served, look: Look, role: str) -> None:
    assert look(auth=("", served.tokens[role])).status_code == 200


def test_a_token_may_be_sent_as_the_api_takes_it(served: Served, look: Look) -> None:
    fields = {"authorization": f"Bearer {served.tokens['viewer']}"}
    assert look(auth=None, headers=fields).status_code == 200


def test_a_name_with_a_colon_is_no_trouble_but_a_token_in_it_is_none(
    served: Served, look: Look
) -> None:
    token = served.tokens["viewer"]
    # RFC 7617: the name ends at the first colon, so all after it is the password.
    assert look(auth=(f"{token}:", "")).status_code == 401
    assert look(auth=("", token)).status_code == 200


def test_who_says_nothing_is_asked_for_a_token_and_not_noted(
    served: Served, look: Look
) -> None:
    for _ in range(8):  # twice as often as an address may fail
        answer = look(auth=None)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == BASIC
        assert "tlsmith access token NAME --role viewer" in answer.text
    assert served.audited("access.refused") == []


@pytest.mark.parametrize(
    "value",
    [
        "Basic " + b64encode(b"me:tlsmith_" + b"x" * 43).decode(),
        "Basic " + b64encode(b"no colon").decode(),
        "Basic " + b64encode(b"me:").decode(),
        "Basic " + b64encode(b"me:\xff\x00\n").decode(),
        "Basic a",
        "Basic",
        "Negotiate abcd",
        "Bearer short",
    ],
)
def test_what_is_no_token_is_refused_and_noted(
    served: Served, look: Look, value: str
) -> None:
    answer = look(auth=None, headers={"authorization": value})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == BASIC
    [noted] = served.audited("access.refused")
    assert noted.object == "bad-token"


def test_a_token_that_was_taken_back_shows_nothing(served: Served, look: Look) -> None:
    from tlsmith.authority.access import take_token_back
    from tlsmith.storage.access import tokens

    with served.authority.storage.read() as connection:
        [record] = [one for one in tokens(connection) if one.name == "viewer"]
    now = served.authority.clock()
    served.authority.writer.submit(lambda tx: take_token_back(tx, record.id, ROOT, now))
    assert look().status_code == 401


def test_who_fails_too_often_is_turned_away_and_who_is_known_is_not(
    served: Served, look: Look
) -> None:
    statuses = [look(auth=("", "tlsmith_" + "x" * 43)).status_code for _ in range(9)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert look().status_code == 200


def test_a_client_certificate_shows_who_looks(served: Served, look: Look) -> None:
    cert, key, _ = served.client_certificate("board.test")
    # Nothing is granted to it yet: a browser may give a token instead.
    answer = look(auth=None, certificate=(cert, key))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == BASIC
    assert look(certificate=(cert, key)).status_code == 200
    now = served.authority.clock()
    served.authority.writer.submit(
        lambda tx: grant(tx, "board.test", Scope("viewer"), ROOT, now)
    )
    answer = look(auth=None, certificate=(cert, key))
    assert answer.status_code == 200
    assert "certificate:board.test" in answer.text


def test_the_beginning_leads_to_the_first_page(look: Look) -> None:
    for path in ("", "/"):
        answer = look(path, auth=None)
        assert answer.status_code == 307
        assert answer.headers["location"] == "/dashboard/acme"


def test_the_style_is_for_anybody(look: Look) -> None:
    answer = look("/style.css", auth=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in answer.text
    assert "url(" not in answer.text
    assert "@import" not in answer.text


def test_nothing_else_is_there(look: Look) -> None:
    assert look("/other").status_code == 404
    assert look("/acme", method="POST").status_code == 405
    head = look("/acme", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")


def test_a_page_is_kept_nowhere_and_runs_nothing(look: Look) -> None:
    for answer in (look(), look(auth=None)):
        fields = answer.headers
        assert fields["content-type"] == "text/html; charset=utf-8"
        assert fields["cache-control"] == "no-store"
        assert fields["x-frame-options"] == "DENY"
        assert fields["referrer-policy"] == "no-referrer"
        assert fields["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )


def test_what_others_wrote_stays_text(clients: Ordering, look: Look) -> None:
    hostile = (
        "</td><script>alert(1)</script><img src=x onerror=y>&amp;\"'\x1b\u202e\udc80"
    )
    binding = clients.binding("<b>bold</b>\"'")
    account = clients.account(binding=binding)
    clients.fail(
        account,
        clients.order(account, "www.corp.test"),
        problems.incorrect_response(hostile),
    )
    answer = look()
    assert answer.status_code == 200
    read = Reader(answer.text)
    assert read.open == []
    tags = {tag for tag, _ in read.elements}
    assert not tags & {"script", "img", "b", "style", "iframe", "form", "object"}
    for tag, attributes in read.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("href", "src", "action"):
            assert (attributes.get(name) or "/dashboard/").startswith("/dashboard/"), (
                tag
            )
    assert "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "&lt;b&gt;bold&lt;/b&gt;" in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text


def test_where_the_store_says_nothing_the_page_says_that(
    served: Served, look: Look, tmp_path: Path
) -> None:
    assert look().status_code == 200
    store = sqlite3.connect(tmp_path / "ca.db")
    store.execute("DROP TABLE acme_orders")
    store.commit()
    store.close()
    answer = look()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "the store cannot be read" in answer.text
    assert "acme_orders" not in answer.text
    assert "ca.db" not in answer.text
