"""The API over a real PostgreSQL, and two replicas of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import postgres
from server.rest.world import PASSPHRASE, Served, csr, make_ca, serving
from tlsmith.authority.service import Authority
from tlsmith.storage import open_storage


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Served]]:
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL's server is not installed")
    folders: list[Path] = [tmp_path_factory.mktemp("replica") for _ in range(2)]
    with postgres.server() as running:
        url = running.new_database()
        first = make_ca(url)
        second = Authority(open_storage(url), lambda: PASSPHRASE)
        try:
            with serving(first, folders[0]) as one, serving(second, folders[1]) as two:
                yield [one, two]
        finally:
            first.close()
            second.close()


def test_what_one_replica_issued_another_finds_and_revokes(
    replicas: list[Served],
) -> None:
    one, two = replicas
    body = {"csr": csr("pg.example").pem}
    facts = one.client("operator").post("/certificates", json=body).json()
    path = f"/certificates/{facts['serial_number']}"
    client = two.client("operator")
    assert client.get(path).json()["names"] == ["pg.example"]
    assert client.post(f"{path}/revoke", json={}).status_code == 200
    assert one.client("viewer").get(path).json()["status"] == "revoked"
    assert client.get("/summary").json()["counts"]["revoked"] == 1
    assert client.get("/audit/verify").json()["intact"]


def test_one_key_makes_one_certificate_whichever_replica_it_comes_to(
    replicas: list[Served],
) -> None:
    body = {"csr": csr("pg-race.example").pem}
    token = replicas[0].tokens["issuer"]
    clients = [replicas[number % 2].client(token=token) for number in range(12)]

    def ask(client: httpx.Client) -> httpx.Response:
        headers = {"idempotency-key": "one-and-only"}
        return client.post("/certificates", json=body, headers=headers)

    with ThreadPoolExecutor(12) as pool:
        responses = list(pool.map(ask, clients))
    good = {one.content for one in responses if one.status_code == 201}
    assert len(good) == 1
    assert {one.status_code for one in responses} <= {201, 409}
    query = {"name": "pg-race.example"}
    found = replicas[1].client("viewer").get("/certificates", params=query).json()
    assert len(found["certificates"]) == 1


@pytest.mark.parametrize(
    "query", ["name=%00", "requester=%00", "profile=a%00b", "cursor=999999999999999999"]
)
def test_what_postgresql_cannot_hold_never_gets_there(
    replicas: list[Served], query: str
) -> None:
    response = replicas[0].client("viewer").get(f"/certificates?{query}")
    assert response.status_code in (200, 400), response.text
