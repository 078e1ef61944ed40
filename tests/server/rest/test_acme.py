"""ACME over the API: accounts, orders, external accounts."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest

from acme_orders import Ordering
from server.rest.world import Served
from tlsmith.acme import problems
from tlsmith.authority.acme.bindings import mac_key_of
from tlsmith.errors import ACMEProblem


@pytest.fixture
def clients(served: Served) -> Iterator[Ordering]:
    ordering = Ordering(served.authority)
    yield ordering
    ordering.close()


def test_accounts_and_orders_come_page_by_page(
    served: Served, clients: Ordering
) -> None:
    account = clients.account()
    made = {clients.order(account, f"n{number}.test").id for number in range(5)}
    client = served.client("viewer")
    for path, key, more in (
        ("/acme/orders", "orders", {"account": account.id}),
        ("/acme/accounts", "accounts", {}),
    ):
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "2", **more} | ({"cursor": cursor} if cursor else {})
            page = client.get(path, params=query).json()
            assert len(page[key]) <= 2
            found += [one["id"] for one in page[key]]
            cursor = page["next"]
        assert len(set(found)) == len(found)
        assert made == set(found) if key == "orders" else account.id in found


def test_a_failed_order_says_why_and_what_to_do(
    served: Served, clients: Ordering
) -> None:
    account = clients.account()
    order = clients.order(account, "gone.test")
    clients.fail(account, order, problems.dns("no such name"))
    client = served.client("viewer")
    query = {"status": "invalid", "account": account.id}
    [listed] = client.get("/acme/orders", params=query).json()["orders"]
    whole = client.get(f"/acme/orders/{order.id}").json()
    assert listed["failure"] == {
        "type": "dns",
        "said": "DNS has no answer for gone.test",
        "detail": "no such name",
        "advice": "add an A or AAAA record for gone.test that the CA's resolver sees "
        "(acme.resolver names another)",
        "name": "gone.test",
        "challenge": "http-01",
    }
    assert {name: whole[name] for name in listed} == listed
    assert whole["certificate"] is None
    [authorization] = whole["authorizations"]
    assert authorization["challenges"][0]["failure"] == listed["failure"]


def test_a_valid_order_has_its_certificate(served: Served, clients: Ordering) -> None:
    account = clients.account()
    order = clients.valid(account, "www.corp.test")
    client = served.client("viewer")
    certificate = client.get(f"/acme/orders/{order.id}").json()["certificate"]
    found = client.get(f"/certificates/{certificate['serial_number']}").json()
    assert found["requester"] == f"acme:{account.id}"
    facts = client.get(f"/acme/accounts/{account.id}").json()
    assert (facts["orders"], facts["valid_orders"]) == (1, 1)


def test_a_revoked_account_orders_no_more(served: Served, clients: Ordering) -> None:
    account = clients.account()
    order = clients.order(account, "www.corp.test")
    client = served.client("operator")
    path = f"/acme/accounts/{account.id}/revoke"
    assert client.post(path, json={}).json()["status"] == "revoked"
    with pytest.raises(ACMEProblem, match="deactivated by the CA"):
        clients.service.account(account.id)
    assert client.get(f"/acme/orders/{order.id}").json()["status"] == "invalid"
    assert client.post(path, json={}).status_code == 404
    [act] = [
        one for one in served.audited("account.revoke") if one.object == account.id
    ]
    assert act.actor == "token:operator"


def test_an_external_account_works_until_it_is_taken_back(
    served: Served, clients: Ordering
) -> None:
    client = served.client("administrator")
    body = {
        "name": "web",
        "reusable": True,
        "profiles": ["server"],
        "names": ["corp.test"],
        "preauthorized": ["rack.corp.test"],
        "expires_at": "2999-01-01T00:00:00Z",
    }
    made = client.post("/acme/bindings", json=body)
    assert made.status_code == 201
    facts = made.json()
    key = urlsafe_b64decode(facts.pop("hmac_key") + "=")
    with served.authority.storage.read() as connection:
        assert mac_key_of(connection, facts["id"]) == key
    listed = client.get("/acme/bindings")
    assert facts in listed.json()["bindings"]
    assert "hmac_key" not in listed.text
    assert client.delete(f"/acme/bindings/{facts['id']}").status_code == 204
    assert client.delete(f"/acme/bindings/{facts['id']}").status_code == 404
    with served.authority.storage.read() as connection:
        assert mac_key_of(connection, facts["id"]) is None


def test_a_key_is_answered_once_even_to_the_same_request(served: Served) -> None:
    client = served.client("administrator")
    fields = {"idempotency-key": "eab-once"}
    first = client.post("/acme/bindings", json={"name": "a"}, headers=fields)
    again = client.post("/acme/bindings", json={"name": "a"}, headers=fields)
    assert first.status_code == 201
    assert again.status_code == 409
    assert again.json()["code"] == "binding-answered-once"
    assert first.json()["id"] in again.json()["detail"]
    assert first.json()["hmac_key"] not in again.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a", "names": ["*.corp.test"]},
        {"name": "a", "names": ["a b"]},
        {"name": "a", "profiles": ["no-such"]},
        {"name": "a", "names": ["a.test"], "preauthorized": ["b.test"]},
        {"name": "a", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "a", "expires_at": "2001-01-01T00:00:00"},
        {"name": "a", "mac_key": "x"},
    ],
)
def test_an_external_account_of_no_use_is_refused(
    served: Served, body: dict[str, object]
) -> None:
    client = served.client("administrator")
    before = client.get("/acme/bindings").json()
    assert client.post("/acme/bindings", json=body).status_code in (400, 422)
    assert client.get("/acme/bindings").json() == before


@pytest.mark.parametrize(
    "path", ["/acme/accounts/0", "/acme/orders/0", "/acme/orders/%00"]
)
def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    assert served.client("viewer").get(path).status_code in (400, 404)
