"""Tokens bound to names or profiles, of every role: none reaches beyond."""

import pytest

from server.rest.world import Served, csr


@pytest.mark.parametrize("change", ["revoke", "hold", "unhold"])
def test_a_bound_operator_changes_what_is_within_alone(
    served: Served, change: str
) -> None:
    token = served.token(f"op-{change}", "operator", names=["corp.example"])
    client = served.client(token=token)
    operator = served.client("operator")
    for name, status in (("a.corp.example", 200), ("a.other.example", 403)):
        number = f"{served.issue(name).serial_number:x}"
        if change == "unhold":
            operator.post(f"/certificates/{number}/hold", json={})
        answer = client.post(f"/certificates/{number}/{change}", json={})
        assert answer.status_code == status, answer.text
    mixed = served.issue("b.corp.example", "b.other.example")
    path = f"/certificates/{mixed.serial_number:x}/{change}"
    assert client.post(path, json={}).status_code == 403


def test_a_bound_operator_revokes_all_or_nothing_by_name(served: Served) -> None:
    client = served.client(token=served.token("op-n", "operator", names=["x.example"]))
    mine, others = served.issue("c.x.example"), served.issue("c.x.example", "y.example")
    answer = client.post("/revocations", json={"name": "c.x.example"})
    assert answer.status_code == 403
    for one in (mine, others):
        path = f"/certificates/{one.serial_number:x}"
        assert served.client("viewer").get(path).json()["status"] == "good"


def test_an_operator_bound_to_a_profile(served: Served) -> None:
    client = served.client(token=served.token("op-p", "operator", ["server"]))
    path = f"/certificates/{served.issue('p.test', profile='client').serial_number:x}"
    assert client.post(f"{path}/revoke", json={}).status_code == 403
    path = f"/certificates/{served.issue('p.test').serial_number:x}"
    assert client.post(f"{path}/revoke", json={}).status_code == 200


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ({}, 403),
        ({"profiles": ["server"]}, 403),
        ({"names": ["corp.example"]}, 403),
        ({"profiles": ["server"], "names": ["corp.example"]}, 201),
        ({"profiles": ["server"], "names": ["a.corp.example"]}, 201),
        ({"profiles": ["server", "client"], "names": ["corp.example"]}, 403),
        ({"profiles": ["server"], "names": ["evilcorp.example"]}, 403),
        ({"profiles": ["server"], "names": ["corp.example", "example"]}, 403),
    ],
)
def test_a_bound_administrator_gives_no_more_than_it_has(
    served: Served, scope: dict[str, list[str]], status: int
) -> None:
    token = served.token("bound", "administrator", ["server"], ["corp.example"])
    client = served.client(token=token)
    body = {"name": "made", "role": "administrator", **scope}
    assert client.post("/tokens", json=body).status_code == status
    body = {"role": "issuer", **scope}
    answer = client.put("/grants/bound.corp.example", json=body)
    assert answer.status_code == (403 if status == 403 else 200)
    fields = {"content-type": "application/toml"}
    assert client.put("/policy", content=b"", headers=fields).status_code == 403
    outside = {"csr": csr("a.other.example").pem}
    assert client.post("/certificates", json=outside).status_code == 403
