"""Every answer is of the type that the description says, for everything there is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from acme_orders import Ordering
from server.rest.world import Served, csr
from tlsmith.server.rest.endpoint import Endpoint
from tlsmith.server.rest.table import ENDPOINTS

# The path, query and body that each endpoint is tried with.
TODAY = datetime.now(UTC).date()
_CALLS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("POST", "/certificates"): ("/certificates", {"csr": csr("a.test").pem}),
    ("POST", "/certificates/batch"): (
        "/certificates/batch",
        {"certificates": [{"names": ["b.test"], "generate": "p256"}, {"csr": "no"}]},
    ),
    ("POST", "/certificates/{serial_number}/renew"): (
        "/certificates/SERIAL/renew",
        {"generate": "p256"},
    ),
    ("GET", "/certificates"): ("/certificates?limit=2&status=good", {}),
    ("POST", "/certificates/{serial_number}/revoke"): (
        "/certificates/SERIAL/revoke",
        {"reason": "superseded"},
    ),
    ("POST", "/certificates/{serial_number}/unhold"): ("/certificates/HELD/unhold", {}),
    ("POST", "/revocations"): ("/revocations", {"fingerprint": "FINGERPRINT"}),
    ("GET", "/authorities/{slug}"): ("/authorities/SLUG", {}),
    ("DELETE", "/tokens/{id}"): ("/tokens/TOKEN", {}),
    ("POST", "/tokens"): ("/tokens", {"name": "x", "role": "viewer"}),
    ("GET", "/grants/{identity}"): ("/grants/granted.test", {}),
    ("PUT", "/grants/{identity}"): (
        "/grants/spiffe:%2F%2Fcorp.test%2Fweb",
        {"role": "viewer", "names": ["corp.test"]},
    ),
    ("DELETE", "/grants/{identity}"): ("/grants/granted.test", {}),
    ("GET", "/acme/accounts"): ("/acme/accounts?limit=2", {}),
    ("GET", "/acme/orders"): ("/acme/orders?status=valid&account=ACCOUNT", {}),
    ("GET", "/acme/orders/{id}"): ("/acme/orders/ORDER", {}),
    ("GET", "/acme/accounts/{id}"): ("/acme/accounts/ACCOUNT", {}),
    ("POST", "/acme/accounts/{id}/revoke"): ("/acme/accounts/ACCOUNT/revoke", {}),
    ("POST", "/acme/bindings"): ("/acme/bindings", {"name": "x"}),
    ("DELETE", "/acme/bindings/{id}"): ("/acme/bindings/BINDING", {}),
    ("GET", "/timeline"): (f"/timeline?what=issued&from={TODAY}&to={TODAY}", {}),
}


def call(served: Served, client: httpx.Client, endpoint: Endpoint) -> httpx.Response:
    """Call an endpoint with what is in order."""
    default = endpoint.path.replace("{serial_number}", "SERIAL")
    path, body = _CALLS.get((endpoint.method, endpoint.path), (default, {}))
    issued = served.issue("answers.test")
    fingerprint = "FINGERPRINT"
    if "SERIAL" in path or body.get("fingerprint"):
        from hashlib import sha256

        fingerprint = sha256(issued.chain[0]).hexdigest()
    administrator = served.client("administrator")
    if "HELD" in path:
        administrator.post(f"/certificates/{issued.serial_number:x}/hold", json={})
    if "granted" in path:
        administrator.put("/grants/granted.test", json={"role": "viewer"})
    if "/TOKEN" in path:
        made = administrator.post("/tokens", json={"name": "y", "role": "viewer"})
        path = path.replace("TOKEN", made.json()["id"])
    if path.startswith("/acme"):
        path = _with_acme(served, path)
    slug = served.authority.issuers.records()[1].slug
    path = path.replace("SERIAL", f"{issued.serial_number:x}").replace("SLUG", slug)
    path = path.replace("HELD", f"{issued.serial_number:x}")
    if body.get("fingerprint"):
        body = {"fingerprint": fingerprint}
    if endpoint.body is bytes:
        fields = {"content-type": endpoint.takes}
        return client.request(endpoint.method, path, content=b"", headers=fields)
    if endpoint.body is None:
        return client.request(endpoint.method, path)
    return client.request(endpoint.method, path, json=body)


def _with_acme(served: Served, path: str) -> str:
    """A path with an account, an order of it, and an external account there are."""
    ordering = Ordering(served.authority)
    try:
        binding = ordering.binding()
        account = ordering.account("mailto:a@b.test")
        order = ordering.valid(account, "www.corp.test")
        ordering.fail(account, ordering.order(account, "gone.corp.test"))
    finally:
        ordering.close()
    path = path.replace("ACCOUNT", account.id).replace("ORDER", order.id)
    return path.replace("BINDING", binding.id)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one[0]} {one[1]}")
def test_an_endpoint_answers_what_it_says(served: Served, endpoint: Endpoint) -> None:
    response = call(served, served.client("administrator"), endpoint)
    assert response.status_code == endpoint.status, response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-request-id"]
    if isinstance(endpoint.answer, str):
        assert response.headers["content-type"] == endpoint.answer
    elif endpoint.answer is not None:
        assert response.headers["content-type"] == "application/json"
        msgspec.json.decode(response.content, type=endpoint.answer)
    else:
        assert response.content == b""


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one[0]} {one[1]}")
@pytest.mark.parametrize("role", ["viewer", "issuer", "operator", "administrator"])
def test_a_role_may_what_it_may(served: Served, role: str, endpoint: Endpoint) -> None:
    """The table of roles, against what is said here of each."""
    order = ["viewer", "issuer", "operator", "administrator"]
    is_allowed = order.index(role) >= order.index(least_role(endpoint))
    client = served.client("operator") if role == "operator" else served.client(role)
    response = call(served, client, endpoint)
    if is_allowed and role != "issuer":
        assert response.status_code == endpoint.status, response.text
    elif is_allowed:
        # Who did not ask for a certificate may not revoke it.
        own = ("POST /certificates/{serial_number}/revoke", "POST /revocations")
        is_others = f"{endpoint.method} {endpoint.path}" in own
        expected = 403 if is_others else endpoint.status
        assert response.status_code == expected, response.text
    else:
        problem = response.json()
        assert (response.status_code, problem["code"]) == (403, "not-allowed")
        assert f"needs {least_role(endpoint)}" in problem["detail"]


def least_role(endpoint: Endpoint) -> str:
    """Who may what, written down a second time: the table must agree."""
    if endpoint.path.startswith(("/tokens", "/grants", "/policy", "/acme/bindings")):
        return "administrator"
    if endpoint.path.startswith("/audit") or endpoint.path.endswith("hold"):
        return "operator"
    if endpoint.method == "POST":
        is_wide = endpoint.path.startswith(("/crls", "/acme"))
        return "operator" if is_wide else "issuer"
    return "viewer"


def test_expired_tokens_and_those_taken_back_are_refused(served: Served) -> None:
    past = served.authority.clock() - timedelta(seconds=1)
    expired = served.token("old", "administrator", expires_at=past)
    client = served.client("administrator")
    made = client.post("/tokens", json={"name": "brief", "role": "viewer"}).json()
    brief = served.client(token=made["token"])
    assert brief.get("/whoami").json()["name"] == "token:brief"
    assert client.delete(f"/tokens/{made['id']}").status_code == 204
    assert client.delete(f"/tokens/{made['id']}").status_code == 404
    for refused in (brief, served.client(token=expired)):
        response = refused.get("/whoami")
        assert response.status_code == 401
        assert response.json()["code"] == "bad-token"
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_a_scope_holds(served: Served) -> None:
    token = served.token("web", "issuer", ["server"], ["web.example"])
    client = served.client(token=token)
    good = client.post("/certificates", json={"csr": csr("a.web.example").pem})
    assert good.status_code == 201, good.text
    for body in (
        {"csr": csr("a.other.example").pem},
        {"csr": csr("a.web.example", "evil.test").pem},
        {"csr": csr("a.web.example").pem, "names": ["evil.test"]},
        {"csr": csr("a.web.example").pem, "profile": "client"},
        {"csr": csr("https://evil.test/.web.example").pem},
    ):
        response = client.post("/certificates", json=body)
        assert response.status_code == 403, response.text
    batch = client.post(
        "/certificates/batch", json={"certificates": [{"csr": csr("evil.test").pem}]}
    ).json()
    assert batch["results"][0]["problem"]["status"] == 403
