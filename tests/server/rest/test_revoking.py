"""Revoking, suspending and letting go, and what the CRL says then."""

from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.rest.world import Served, csr, first_certificate, pem_of
from tlsmith.core.view import view_certificate


def test_a_revoked_certificate_is_on_the_crl_that_is_issued(served: Served) -> None:
    issued = served.issue("crl.example")
    client = served.client("operator")
    path = f"/certificates/{issued.serial_number:x}/revoke"
    facts = client.post(path, json={"reason": "keyCompromise"}).json()
    assert (facts["status"], facts["revocation_reason"]) == ("revoked", "keyCompromise")
    assert client.post(path, json={}).json()["code"] == "already-revoked"
    listed = client.post("/crls", json={"force": True}).json()["crls"]
    assert {one["kind"] for one in listed} == {"complete", "delta"}
    slug = facts["issuer"]
    document = served.authority.publication.document(f"crl/{slug}.crl")
    assert document is not None
    crl = x509.load_der_x509_crl(document.body)
    entry = crl.get_revoked_certificate_by_serial_number(issued.serial_number)
    assert entry is not None


def test_a_certificate_is_suspended_and_let_go(served: Served) -> None:
    issued = served.issue("hold.example")
    client = served.client("operator")
    path = f"/certificates/{issued.serial_number:x}"
    assert client.post(f"{path}/unhold").status_code == 409
    assert client.post(f"{path}/hold").json()["status"] == "hold"
    assert client.post(f"{path}/hold").json()["code"] == "not-good"
    assert client.post(f"{path}/unhold", json={}).json()["status"] == "good"


def test_an_issuer_revokes_its_own_and_no_others(served: Served) -> None:
    client = served.client("issuer")
    own = client.post("/certificates", json={"csr": csr("own.example").pem}).json()
    path = f"/certificates/{own['serial_number']}/revoke"
    assert client.post(path, json={}).status_code == 200
    others = served.issue("own.example")
    response = client.post(f"/certificates/{others.serial_number:x}/revoke", json={})
    assert response.status_code == 403
    assert client.post("/revocations", json={"name": "own.example"}).status_code == 403


def test_certificates_are_revoked_by_what_is_known_of_them(served: Served) -> None:
    client = served.client("operator")
    made = csr("by.example")
    facts = client.post("/certificates", json={"csr": made.pem}).json()
    chain = facts["chain"]
    one = {"certificate": pem_of(first_certificate(chain))}
    assert (
        client.post("/revocations", json=one).json()["certificates"][0]["serial_number"]
        == facts["serial_number"]
    )
    second = served.issue("by-print.example")
    digest = sha256(second.chain[0]).hexdigest()
    assert client.post("/revocations", json={"fingerprint": digest}).status_code == 200
    for name in ("a.many.example", "b.many.example"):
        served.issue(name)
    many = client.post("/revocations", json={"name": ".many.example"}).json()
    assert len(many["certificates"]) == 2
    again = client.post("/revocations", json={"name": ".many.example"})
    assert again.json()["code"] == "already-revoked"


def test_a_revoked_key_is_never_certified_again(served: Served) -> None:
    client = served.client("operator")
    for form in ("hash", "pem"):
        made = csr(f"{form}.key.example")
        client.post("/certificates", json={"csr": made.pem})
        key = made.key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        given = key.decode()
        if form == "hash":
            request = x509.load_pem_x509_csr(made.pem.encode())
            info = request.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
            given = sha256(info).hexdigest()
        response = client.post("/revocations", json={"key": given})
        assert response.status_code == 200, response.text
        refused = client.post("/certificates", json={"csr": made.pem})
        assert refused.status_code == 422
        assert "blocked" in refused.json()["reasons"][0]


def test_what_names_none_or_two_ways_is_refused(served: Served) -> None:
    client = served.client("operator")
    issued = served.issue("two.example")
    digest = sha256(issued.chain[0]).hexdigest()
    info = sha256(view_certificate(issued.chain[0]).public_key_info).hexdigest()
    for body, code in (
        ({}, "which-certificate"),
        ({"fingerprint": digest, "key": info}, "which-certificate"),
        ({"name": "nobody.example"}, "not-found"),
        ({"certificate": "no"}, "bad-pem"),
        ({"key": "no"}, "bad-pem"),
        ({"fingerprint": digest, "reason": "certificateHold"}, "bad-field"),
    ):
        assert client.post("/revocations", json=body).json()["code"] == code


@pytest.mark.parametrize("scope", [{"names": ["corp.example"]}, {"profiles": ["peer"]}])
@pytest.mark.parametrize("act", ["revoke", "hold"])
def test_who_is_held_to_something_revokes_nothing_else(
    served: Served, scope: dict[str, list[str]], act: str
) -> None:
    client = served.client(token=served.token("held", "operator", **scope))
    foreign = served.issue("www.acme.example", profile="server")
    response = client.post(f"/certificates/{foreign.serial_number:x}/{act}", json={})
    assert response.status_code == 403, response.text
    body = {"name": "www.acme.example"}
    assert client.post("/revocations", json=body).status_code == 403
    own = served.issue("www.corp.example", profile="peer")
    response = client.post(f"/certificates/{own.serial_number:x}/{act}", json={})
    assert response.status_code == 200, response.text
