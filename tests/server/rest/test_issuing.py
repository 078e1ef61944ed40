"""Issuing over the API: of a CSR, with a key made there, in batches, and again."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from server.rest.world import Served, csr, first_certificate


def test_a_csr_is_signed_and_its_chain_answered(served: Served) -> None:
    made = csr("www.corp.example", "10.0.0.7")
    response = served.client("issuer").post("/certificates", json={"csr": made.pem})
    assert response.status_code == 201, response.text
    facts = response.json()
    certificate = first_certificate(facts["chain"])
    assert certificate.public_key() == made.key.public_key()
    assert facts["names"] == ["www.corp.example", "10.0.0.7"]
    assert facts["serial_number"] == f"{certificate.serial_number:x}"
    assert facts["chain"].count("BEGIN CERTIFICATE") == 2
    assert "private_key" not in facts


def test_a_csr_may_be_der_in_base64(served: Served) -> None:
    request = x509.load_pem_x509_csr(csr("b64.corp.example").pem.encode())
    text = base64.b64encode(request.public_bytes(Encoding.DER)).decode()
    response = served.client("issuer").post("/certificates", json={"csr": text})
    assert response.status_code == 201, response.text


def test_a_key_is_made_and_kept_nowhere(served: Served) -> None:
    response = served.client("issuer").post(
        "/certificates", json={"names": ["gen.corp.example"], "generate": "ed25519"}
    )
    assert response.status_code == 201, response.text
    facts = response.json()
    key = load_pem_private_key(facts["private_key"].encode(), None)
    assert "BEGIN PRIVATE KEY" in facts["private_key"]
    assert first_certificate(facts["chain"]).public_key() == key.public_key()
    secret = facts["private_key"].splitlines()[1].encode()
    for file in served.folder.glob("ca.db*"):
        assert secret not in file.read_bytes()


def test_what_is_asked_for_is_had(served: Served) -> None:
    response = served.client("issuer").post(
        "/certificates",
        json={
            "csr": csr("x.corp.example").pem,
            "names": ["client-7.corp.example"],
            "profile": "client",
            "lifetime": "36h",
            "subject": "CN=client-7.corp.example,O=Acme",
        },
    )
    assert response.status_code == 201, response.text
    facts = response.json()
    certificate = first_certificate(facts["chain"])
    assert facts["profile"] == "client"
    assert facts["names"] == ["client-7.corp.example"]
    assert "CN=client-7.corp.example" in certificate.subject.rfc4514_string()
    length = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert 35 * 3600 < length.total_seconds() < 38 * 3600


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "which-key"),
        ({"names": ["a.test"]}, 400, "which-key"),
        ({"generate": "p256"}, 400, "bad-input"),
        ({"csr": "nonsense!"}, 400, "bad-request"),
        ({"csr": "AAAA"}, 400, "bad-request"),
        ({"names": ["a b"], "generate": "p256"}, 400, "bad-input"),
        (
            {"names": ["a.test"], "generate": "p256", "profile": "no"},
            400,
            "no-such-profile",
        ),
        ({"names": ["a.test"], "generate": "p256", "issuer": "no"}, 404, "not-found"),
        (
            {"names": ["a.test"], "generate": "p256", "lifetime": 9999},
            422,
            "profile-broken",
        ),
        ({"names": ["a.test"], "generate": "p224"}, 400, "bad-field"),
        ({"names": ["a.test"], "generate": "p256", "lifetime": True}, 400, "bad-field"),
        ({"names": "a.test", "generate": "p256"}, 400, "bad-field"),
        (
            {"names": ["a.test"], "generate": "p256", "profil": "x"},
            400,
            "unknown-field",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_as_a_problem(
    served: Served, body: object, status: int, code: str
) -> None:
    response = served.client("issuer").post("/certificates", json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["detail"]
    assert str(served.folder) not in response.text


def test_every_broken_rule_is_listed(served: Served) -> None:
    body = {"csr": csr("a.test").pem, "lifetime": 9999, "profile": "code-signing"}
    problem = served.client("issuer").post("/certificates", json=body).json()
    assert problem["status"] == 422
    assert len(problem["reasons"]) >= 2


def test_a_mistyped_field_is_guessed(served: Served) -> None:
    problem = served.client("issuer").post("/certificates", json={"cssr": "x"}).json()
    assert "did you mean csr?" in problem["detail"]


def test_a_batch_answers_each_or_says_why_not(served: Served) -> None:
    wanted = [
        {"csr": csr("one.corp.example").pem},
        {"csr": "nonsense"},
        {"names": ["three.corp.example"], "generate": "p256"},
        {"names": ["four.corp.example"], "generate": "rsa4096"},
        {"csr": csr("five.corp.example").pem, "lifetime": 9999},
    ]
    response = served.client("issuer").post(
        "/certificates/batch", json={"certificates": wanted}
    )
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    assert ["certificate" in one for one in results] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert "private_key" in results[2]["certificate"]
    codes = [one["problem"]["code"] for one in results if "problem" in one]
    assert codes == ["bad-request", "slow-key", "profile-broken"]
    serial = results[0]["certificate"]["serial_number"]
    assert served.client("viewer").get(f"/certificates/{serial}").status_code == 200


def test_a_batch_is_one_of_five_hundred_at_most(served: Served) -> None:
    one = {"names": ["a.test"], "generate": "p256"}
    client = served.client("issuer")
    for wanted in ([], [one] * 501):
        response = client.post("/certificates/batch", json={"certificates": wanted})
        assert response.status_code == 400


def test_a_certificate_is_renewed_in_three_ways(served: Served) -> None:
    client = served.client("issuer")
    made = csr("renew.corp.example")
    old = client.post("/certificates", json={"csr": made.pem}).json()
    path = f"/certificates/{old['serial_number']}/renew"
    same = client.post(path, json={"same_key": True})
    assert same.status_code == 201, same.text
    key = first_certificate(same.json()["chain"]).public_key()
    assert key == made.key.public_key()
    other = csr("other.corp.example")
    new = client.post(path, json={"csr": other.pem, "lifetime": 5}).json()
    assert new["names"] == ["renew.corp.example"]
    assert first_certificate(new["chain"]).public_key() == other.key.public_key()
    made_here = client.post(path, json={"generate": "p384"}).json()
    assert "private_key" in made_here
    assert client.post(path, json={}).json()["code"] == "which-key"
    both = client.post(path, json={"same_key": True, "generate": "p256"})
    assert both.json()["code"] == "which-key"
    records = served.audited("certificate.issue")
    assert f'"renews":"{old["serial_number"]}"' in records[-1].detail


def test_a_revoked_certificate_is_not_renewed(served: Served) -> None:
    issued = served.issue("gone.corp.example")
    client = served.client("operator")
    client.post(f"/certificates/{issued.serial_number:x}/revoke", json={})
    path = f"/certificates/{issued.serial_number:x}/renew"
    response = client.post(path, json={"same_key": True})
    assert (response.status_code, response.json()["code"]) == (409, "revoked")


def test_code_and_accounts_need_no_name(served: Served) -> None:
    body = {
        "generate": "p256",
        "profile": "code-signing",
        "subject": "CN=Acme Build,O=Acme",
    }
    response = served.client("issuer").post("/certificates", json=body)
    assert response.status_code == 201, response.text
    subject = first_certificate(response.json()["chain"]).subject
    assert subject.rfc4514_string() == "CN=Acme Build,O=Acme"


@pytest.mark.parametrize("names", [[], ["x.corp.example"]])
def test_who_is_held_to_names_gets_no_other_account(
    served: Served, names: list[str]
) -> None:
    token = served.token("held", "issuer", names=["corp.example"])
    client = served.client(token=token)
    body = {"csr": csr("x.corp.example").pem, "profile": "client"}
    assert client.post("/certificates", json=body).status_code == 201
    body = {"generate": "p256", "profile": "client", "subject": "CN=postgres"}
    if names:
        body |= {"names": names}
    response = client.post("/certificates", json=body)
    assert response.status_code == 403, response.text
    assert "the common name 'postgres'" in response.json()["detail"]
    assert served.client("issuer").post("/certificates", json=body).status_code == 201
