"""Idempotency-Key: a request sent again does nothing more, and gets its answer."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from server.rest.world import Served, csr


def keyed(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


def issued_for(served: Served, name: str) -> int:
    query = {"name": name}
    response = served.client("viewer").get("/certificates", params=query)
    return len(response.json()["certificates"])


def test_a_replay_gets_the_first_answer(served: Served) -> None:
    client = served.client("issuer")
    body = {"csr": csr("once.example").pem}
    first = client.post("/certificates", json=body, headers=keyed('"k-1"'))
    again = client.post("/certificates", json=body, headers=keyed("k-1"))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert issued_for(served, "once.example") == 1


def test_a_key_is_of_one_request_and_of_one_who_asks(served: Served) -> None:
    client = served.client("issuer")
    body = {"csr": csr("mine.example").pem}
    client.post("/certificates", json=body, headers=keyed("k-2"))
    other = {"csr": csr("other.example").pem}
    response = client.post("/certificates", json=other, headers=keyed("k-2"))
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency-key-reused"
    elsewhere = served.client("operator").post(
        "/certificates", json=other, headers=keyed("k-2")
    )
    assert elsewhere.status_code == 201


def test_a_request_that_was_refused_may_be_mended(served: Served) -> None:
    client = served.client("issuer")
    bad = {"csr": csr("mended.example").pem, "lifetime": 9999}
    assert (
        client.post("/certificates", json=bad, headers=keyed("k-3")).status_code == 422
    )
    good = {**bad, "lifetime": 9}
    response = client.post("/certificates", json=good, headers=keyed("k-3"))
    assert response.status_code == 201


def test_concurrent_requests_make_one_certificate(served: Served) -> None:
    body = {"csr": csr("race.example").pem}
    clients = [served.client("issuer") for _ in range(16)]

    def ask(client: httpx.Client) -> httpx.Response:
        return client.post("/certificates", json=body, headers=keyed("k-race"))

    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(ask, clients))
    assert {one.status_code for one in responses} <= {201, 409}
    good = [one for one in responses if one.status_code == 201]
    assert len({one.content for one in good}) == 1
    for one in responses:
        assert one.status_code == 201 or one.json()["code"] == "in-progress"
    assert issued_for(served, "race.example") == 1


def test_two_replicas_make_one_certificate(served: Served) -> None:
    """Each knows nothing of the other's requests but what is in the store."""
    from tlsmith.authority.service import Authority
    from tlsmith.server.rest.endpoint import Answer, json_answer
    from tlsmith.server.rest.once import Keyed, OnceKeeper
    from tlsmith.storage import Transaction, open_storage

    other = Authority(open_storage(served.authority.storage.url))
    done: list[str] = []

    def work(name: str) -> object:
        def act(_transaction: Transaction) -> Answer:
            done.append(name)
            return json_answer({"by": name})

        return act

    try:
        keyed = Keyed("token:x", "k-replicas", b"digest")
        answers = [
            OnceKeeper(one).begin(keyed, work(name)).result()  # type: ignore[arg-type]
            for one, name in ((served.authority, "first"), (other, "second"))
        ]
    finally:
        other.close()
    assert done == ["first"]
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize(
    ("path", "body", "secret", "code"),
    [
        (
            "/certificates",
            {"names": ["secret.example"], "generate": "p256"},
            "private_key",
            "key-answered-once",
        ),
        (
            "/certificates/batch",
            {"certificates": [{"names": ["secret.example"], "generate": "p256"}]},
            "private_key",
            "key-answered-once",
        ),
        (
            "/tokens",
            {"name": "secret", "role": "viewer"},
            "token",
            "token-answered-once",
        ),
    ],
)
def test_a_secret_is_answered_once(
    served: Served, path: str, body: dict[str, object], secret: str, code: str
) -> None:
    client = served.client("administrator")
    headers = keyed(f"k-secret-{path.replace('/', '-')}")
    first = client.post(path, json=body, headers=headers)
    assert secret in first.text
    again = client.post(path, json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, code)
    assert "PRIVATE" not in again.text
    assert "tlsmith_" not in again.text
    if path == "/certificates":
        assert again.json()["serial_number"] == first.json()["serial_number"]


def test_revoking_again_with_a_key_is_answered_again(served: Served) -> None:
    issued = served.issue("again.example")
    client = served.client("operator")
    path = f"/certificates/{issued.serial_number:x}/revoke"
    first = client.post(path, json={}, headers=keyed("k-revoke"))
    again = client.post(path, json={}, headers=keyed("k-revoke"))
    assert first.content == again.content
    assert client.post(path, json={}).status_code == 409


@pytest.mark.parametrize("key", ["", '"', '"a', "x" * 256, "a b", 'a"b'])
def test_a_key_that_is_none_is_refused(served: Served, key: str) -> None:
    body = {"csr": csr("nokey.example").pem}
    response = served.client("issuer").post(
        "/certificates", json=body, headers=keyed(key)
    )
    assert response.json()["code"] == "bad-idempotency-key"
    assert issued_for(served, "nokey.example") == 0
