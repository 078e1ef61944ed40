"""What there is to ask, and with which methods (6.3, 7.1, 7.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acme_account import Account, Order
from acme_csrs import csr
from acme_wire import JOSE, Answer
from server.acme.cases import Case, Cases, new_order
from server.acme.world import World

CASES = Cases()
# Asked with POST alone.
_POSTED = ("newAccount", "newOrder", "newAuthz", "revokeCert", "keyChange")
_OTHERS = ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "OPTIONS")

CASES.each(
    {f"get_{name}": name for name in _POSTED},
    "6.3",
    405,
    "malformed",
    lambda account, name: account.wire.send("GET", account.wire.url(name)),
)
for _name in ("newNonce", "newOrder", "newAccount"):
    CASES.each(
        {f"method_{method}_{_name}": (method, _name) for method in _OTHERS},
        "6.3",
        405,
        "malformed",
        lambda account, asked: account.wire.send(asked[0], account.wire.url(asked[1])),
    )
CASES.each(
    {f"method_{method}_directory": method for method in _OTHERS},
    "6.3",
    405,
    "malformed",
    lambda account, method: account.wire.send(method, account.wire.directory_url),
)
CASES.each(
    {
        "path_of_nothing": "nothing-of-the-kind",
        "path_of_the_folder": "",
        "path_of_accounts": "account",
        "path_below_the_directory": "directory/x",
        "path_with_a_slash_at_its_end": "directory/",
        "path_in_capitals": "Directory",
        "path_of_dots": "../../etc/passwd",
        "path_of_escaped_dots": "%2e%2e/%2e%2e/etc/passwd",
        "path_with_a_nul": "directory%00",
        "path_of_bytes": "%ff%fe",
        "path_of_two_slashes": "/directory",
        "path_of_sql": "'%20OR%20'1'='1",
        "path_of_much": "a" * 4000,
    },
    "7",
    404,
    "malformed",
    lambda account, path: account.wire.send("GET", account.wire.below(path)),
)


def _unsigned(account: Account, name: str) -> Answer:
    headers = {"Content-Type": "application/json"}
    return account.wire.send("POST", account.wire.url(name), b"{}", headers)


CASES.each(
    {f"unsigned_{name}": name for name in _POSTED},
    "6.2",
    415,
    "malformed",
    _unsigned,
)


@CASES.of("6.3", 200)
def post_as_get_directory(account: Account) -> Answer:
    return account.post(account.wire.directory_url)


@CASES.of("6.3", 204)
def post_as_get_new_nonce(account: Account) -> Answer:
    return account.post(account.wire.url("newNonce"))


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    answer = case.check(account)
    if answer.status == 405:
        # RFC 9110, section 15.5.6.
        assert answer.headers["Allow"], answer


@pytest.fixture(scope="module")
def issued(acme: World) -> Order:
    """An order whose certificate was issued."""
    return acme.account().issued("resources.test")


def _resources(order: Order) -> Iterator[tuple[str, str]]:
    authorization = order.start["authorizations"][0]
    yield "account", order.account.url
    yield "orders", order.account.get(order.account.url)["orders"]
    yield "order", order.url
    yield "authorization", authorization
    yield "challenge", order.account.challenge(authorization)["url"]
    yield "finalize", order.start["finalize"]
    yield "certificate", order.now["certificate"]


@pytest.mark.parametrize("method", ["GET", "HEAD", *_OTHERS])
def test_objects_are_asked_for_by_post_alone(issued: Order, method: str) -> None:
    # Section 6.3: a GET is answered with 405 and "malformed".
    wire = issued.account.wire
    for _, url in _resources(issued):
        answer = wire.send(method, url)
        assert answer.status == 405, answer
        assert answer.type == (None if method == "HEAD" else "malformed"), answer
        assert answer.headers["Allow"] == "POST", answer
        assert b"resources.test" not in answer.body


def test_a_get_of_what_is_not_there_tells_nothing(acme: World) -> None:
    # Whoever has no account is not told what there is.
    answer = acme.wire.send("GET", acme.wire.below("order/0123456789abcdef"))
    assert (answer.status, answer.type) in ((404, "malformed"), (405, "malformed"))


def test_an_unsigned_post_of_an_object_is_refused(issued: Order) -> None:
    wire = issued.account.wire
    for _, url in _resources(issued):
        for body in (b"", b"{}"):
            answer = wire.send("POST", url, body, {"Content-Type": JOSE})
            assert (answer.status, answer.type) == (400, "malformed"), answer


def test_post_as_get_has_no_payload(issued: Order) -> None:
    # Section 6.3: "a zero-length octet string"; an object of these is not written.
    account = issued.account
    for name in ("orders", "order", "certificate"):
        url = dict(_resources(issued))[name]
        for payload in (b"{}", b" ", b'""', b"null"):
            answer = account.post(url, payload)
            assert (answer.status, answer.type) == (400, "malformed"), answer
        assert account.post(url).status == 200


def test_the_directory_has_what_there_is(acme: World) -> None:
    answer = acme.wire.send("GET", acme.wire.directory_url)
    assert answer.status == 200
    assert answer.media == "application/json"
    directory = answer.json
    base = acme.wire.directory_url.removesuffix("directory")
    urls = {name: url for name, url in directory.items() if name != "meta"}
    assert set(urls) == {"newNonce", "renewalInfo", *_POSTED}
    assert all(url.startswith(base) for url in urls.values()), urls
    assert directory["meta"]["externalAccountRequired"] is False
    assert directory["meta"]["profiles"]
    assert all(isinstance(one, str) for one in directory["meta"]["profiles"].values())
    head = acme.wire.send("HEAD", acme.wire.directory_url)
    assert (head.status, head.body) == (200, b"")


def test_the_directory_is_for_browsers_too(acme: World) -> None:
    # Section 6.1: where web pages are to reach it, Access-Control-Allow-Origin is "*".
    answer = acme.wire.send("GET", acme.wire.directory_url)
    assert answer.headers["Access-Control-Allow-Origin"] in (None, "*")


def test_objects_are_as_section_7_1_has_them(account: Account) -> None:
    order = account.order("shape.test", "*.shape.test")
    assert order.url.startswith("https://")
    start = order.start
    assert start["status"] == "pending"
    # Section 7.1.3: required of a pending order.
    assert start["expires"].endswith("Z")
    assert len(start["authorizations"]) == 2
    assert "certificate" not in start
    found = [account.get(url) for url in start["authorizations"]]
    assert [one["identifier"] for one in found] == [
        {"type": "dns", "value": "shape.test"}
    ] * 2
    # Section 7.1.4: present and true for a wildcard, else absent.
    assert sorted(one.get("wildcard", False) for one in found) == [False, True]
    assert all(one["status"] == "pending" and one["expires"] for one in found)
    for one in found:
        kinds = {challenge["type"] for challenge in one["challenges"]}
        # Section 8.3: http-01 is not for wildcards; nor is tls-alpn-01 (RFC 8737).
        assert ("http-01" in kinds) is not one.get("wildcard", False)
        assert ("tls-alpn-01" in kinds) is not one.get("wildcard", False)
        assert "dns-01" in kinds
        for challenge in one["challenges"]:
            assert challenge["status"] == "pending"
            assert challenge["url"].startswith("https://")
            # Section 8.1: 128 bits of entropy at least.
            assert len(challenge["token"]) >= 22
    shown = account.get(account.url)
    assert shown["status"] == "valid"
    assert shown["orders"].startswith("https://")


def test_an_address_is_proved_without_dns(account: Account) -> None:
    order = account.order("192.0.2.1")
    found = account.get(order.start["authorizations"][0])
    assert found["identifier"] == {"type": "ip", "value": "192.0.2.1"}
    # RFC 8738, sections 4 to 7: dns-01 is not for addresses.
    kinds = {challenge["type"] for challenge in found["challenges"]}
    assert kinds == {"http-01", "tls-alpn-01"}


def test_answers_carry_the_links_of_their_section(account: Account) -> None:
    order = account.order("links.test")
    authorization = order.start["authorizations"][0]
    challenge = account.challenge(authorization)
    account.site.tokens[challenge["token"]] = account.key.thumbprint
    answer = account.post(challenge["url"], {})
    # Section 7.5.1.
    assert answer.links("up") == [authorization], answer
    account.prove(authorization)
    final = order.finalize(csr("links.test"))
    assert final.status == 200, final
    # Section 7.4: where the order is.
    assert final.location == order.url
    assert new_order(account).location.startswith("https://")
