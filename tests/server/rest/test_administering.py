"""Policy, the audit log, tokens and grants over the API."""

from server.rest.world import Served, csr

TOML = {"content-type": "application/toml"}


def test_a_policy_is_put_into_force_or_every_mistake_is_named(served: Served) -> None:
    client = served.client("administrator")
    before = client.get("/policy").text
    bad = 'x = 1\n[policy]\nmax_names = "two"\ndefault_profile = "srver"\n'
    response = client.put("/policy", content=bad.encode(), headers=TOML)
    assert (response.status_code, response.json()["code"]) == (422, "bad-config")
    assert len(response.json()["reasons"]) == 3
    assert client.get("/policy").text == before
    good = "[policy]\nmax_names = 2\n"
    response = client.put("/policy", content=good.encode(), headers=TOML)
    assert response.status_code == 200, response.text
    assert client.get("/policy").text == good
    try:
        refused = served.client("issuer").post(
            "/certificates", json={"csr": csr("a.test", "b.test", "c.test").pem}
        )
        assert refused.status_code == 422
    finally:
        client.put("/policy", content=before.encode(), headers=TOML)
    for body in (b"\xff", b"x = '\0'"):
        assert client.put("/policy", content=body, headers=TOML).status_code == 400
    json = client.put("/policy", json={"policy": good})
    assert json.status_code == 415


def test_the_audit_log_says_who_did_what(served: Served) -> None:
    served.client("issuer").post("/certificates", json={"csr": csr("log.test").pem})
    client = served.client("operator")
    query = {"action": "certificate.issue", "actor": "token:issuer", "limit": "1"}
    page = client.get("/audit", params=query).json()
    record = page["records"][0]
    assert record["detail"]["names"] == ["log.test"]
    assert record["request_id"]
    older = client.get("/audit", params={"limit": "1", "cursor": page["next"]}).json()
    assert older["records"][0]["sequence"] < record["sequence"]
    state = client.get("/audit/verify").json()
    assert state["intact"]
    assert state["head"]
    again = client.get("/audit/verify", params={"head": state["head"]}).json()
    assert again["intact"]
    other = client.get("/audit/verify", params={"head": "0" * 64}).json()
    assert not other["intact"]


def test_a_request_is_found_by_its_id(served: Served) -> None:
    response = served.client("issuer").post(
        "/certificates",
        json={"csr": csr("id.test").pem},
        headers={"x-request-id": "request-4711"},
    )
    assert response.headers["x-request-id"] == "request-4711"
    assert served.audited("certificate.issue")[-1].request_id == "request-4711"
    refused = served.client("issuer").get(
        "/tokens", headers={"x-request-id": "request-4712"}
    )
    assert refused.json()["request_id"] == "request-4712"


def test_a_grant_is_set_shown_and_taken_back(served: Served) -> None:
    client = served.client("administrator")
    path = "/grants/spiffe:%2F%2Fcorp.test%2Fweb"
    grant = client.put(path, json={"role": "issuer", "names": ["corp.test"]}).json()
    assert grant["identity"] == "spiffe://corp.test/web"
    assert client.get(path).json() == grant
    assert grant in client.get("/grants").json()["grants"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_tokens_are_listed_without_the_token(served: Served) -> None:
    client = served.client("administrator")
    made = client.post("/tokens", json={"name": "list", "role": "viewer"}).json()
    listed = client.get("/tokens")
    assert made["id"] in listed.text
    assert made["token"] not in listed.text
    for body in (
        {"name": "x", "role": "root"},
        {"name": "x", "role": "viewer", "names": ["a b"]},
        {"name": "x", "role": "viewer", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "role": "viewer", "expires_at": "2099-01-01T00:00:00"},
        {"role": "viewer"},
    ):
        assert client.post("/tokens", json=body).status_code == 400


def test_a_profile_that_is_not_there_is_not_granted(served: Served) -> None:
    client = served.client("administrator")
    scope = {"role": "issuer", "profiles": ["sever"]}
    made = client.post("/tokens", json={"name": "ci", **scope})
    granted = client.put("/grants/web.corp.example", json=scope)
    for response in (made, granted):
        assert response.status_code == 400
        assert response.json()["code"] == "no-such-profile"
    names = [one["name"] for one in client.get("/tokens").json()["tokens"]]
    assert "ci" not in names


def test_a_token_is_told_as_it_is_listed(served: Served) -> None:
    client = served.client("administrator")
    made = client.post("/tokens", json={"name": "ci", "role": "issuer"}).json()
    made.pop("token")
    assert made in client.get("/tokens").json()["tokens"]
