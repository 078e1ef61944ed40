"""Names to which something is granted: whoever has a certificate with one is that one,
so an issuer is not to have it, or it would be an administrator by its own hand."""

from pathlib import Path

import httpx
import pytest

from server.rest.world import Served, csr

GRANTED = "chief.corp.example"


@pytest.fixture(scope="module", autouse=True)
def granted(served: Served) -> None:
    answer = served.client("administrator").put(
        f"/grants/{GRANTED}", json={"role": "administrator"}
    )
    assert answer.status_code == 200


def refused(answer: httpx.Response) -> None:
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] == "granted-name"
    assert GRANTED in answer.json()["detail"]


@pytest.mark.parametrize("role", ["issuer", "operator"])
def test_no_issuer_has_a_certificate_with_a_granted_name(
    served: Served, role: str
) -> None:
    client = served.client(role)
    asked = {"csr": csr("a.test", GRANTED).pem, "profile": "client"}
    refused(client.post("/certificates", json=asked))
    odd = {"names": ["CHIEF.corp.example."], "generate": "p256"}
    refused(client.post("/certificates", json=odd))
    batch = {"certificates": [{"csr": csr("a.test").pem}, asked]}
    answer = client.post("/certificates/batch", json=batch)
    good, bad = answer.json()["results"]
    assert good["certificate"]["names"] == ["a.test"]
    assert bad["problem"]["code"] == "granted-name"
    found = served.client("viewer").get("/certificates", params={"name": GRANTED})
    assert found.json()["certificates"] == []


def test_nor_by_renewing_somebody_elses(served: Served) -> None:
    issued = served.issue(GRANTED, profile="client")
    path = f"/certificates/{issued.serial_number:x}/renew"
    refused(served.client("issuer").post(path, json={"csr": csr("x.test").pem}))


def test_an_administrator_may_and_so_may_the_one_it_is(
    served: Served, tmp_path: Path
) -> None:
    cert_file, key_file, issued = served.client_certificate(GRANTED)
    path = f"/certificates/{issued.serial_number:x}/renew"
    administrator = served.client("administrator")
    assert administrator.post(path, json={"generate": "p256"}).status_code == 201
    scope = {"role": "issuer"}
    assert administrator.put(f"/grants/{GRANTED}", json=scope).status_code == 200
    itself = served.client(certificate=(cert_file, key_file))
    assert itself.post(path, json={"generate": "p256"}).status_code == 201
    scope = {"role": "administrator"}
    assert administrator.put(f"/grants/{GRANTED}", json=scope).status_code == 200


def test_an_administrator_bound_to_names_may_not(served: Served) -> None:
    token = served.token("bound", "administrator", names=["corp.example"])
    asked = {"csr": csr(GRANTED).pem, "profile": "client"}
    refused(served.client(token=token).post("/certificates", json=asked))
