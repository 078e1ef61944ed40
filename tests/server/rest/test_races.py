"""What is asked for at the same time as its opposite."""

from __future__ import annotations

import threading

import pytest

from server.rest.world import ROOT, Served, csr
from tlsmith.authority.issuance import record_certificate
from tlsmith.authority.wanted import renewal_of
from tlsmith.core.keys import generate_private_key, public_key_info
from tlsmith.errors import ConflictError
from tlsmith.storage.certificates import by_id


@pytest.mark.parametrize("change", ["revoke", "hold"])
def test_what_is_revoked_while_it_is_renewed_is_not_renewed(
    served: Served, change: str
) -> None:
    authority = served.authority
    issued = served.issue("race.test")
    with authority.storage.read() as connection:
        old = by_id(connection, issued.number)
    public_key = generate_private_key("p256").public_key()
    prepared = authority.prepare(renewal_of(old, public_key), ROOT)
    path = f"/certificates/{issued.serial_number:x}/{change}"
    assert served.client("operator").post(path, json={}).status_code == 200
    with pytest.raises(ConflictError) as raised:
        authority.writer.submit(lambda tx: record_certificate(tx, prepared, ROOT))
    assert raised.value.code == "revoked"


def test_no_certificate_of_a_key_outlives_its_revocation(served: Served) -> None:
    """Issued between the search for a key's certificates and their revocation."""
    for _ in range(12):
        request = csr("race.test")
        pem = request.key.public_key().public_bytes(*_PEM).decode()
        clients = [served.client("issuer") for _ in range(3)]
        assert clients[0].post("/certificates", json={"csr": request.pem}).is_success
        stop = threading.Event()

        def issue(client, request=request, stop=stop):  # type: ignore[no-untyped-def]
            while not stop.is_set():
                client.post("/certificates", json={"csr": request.pem})

        threads = [threading.Thread(target=issue, args=(one,)) for one in clients]
        for thread in threads:
            thread.start()
        answer = served.client("operator").post("/revocations", json={"key": pem})
        stop.set()
        for thread in threads:
            thread.join()
        assert answer.status_code == 200, answer.text
        digest = _hash_of(request.key)
        query = {"key": digest, "status": "good", "limit": 500}
        found = served.client("viewer").get("/certificates", params=query).json()
        assert found["certificates"] == []


def _hash_of(key: object) -> str:
    from hashlib import sha256

    return sha256(public_key_info(key.public_key())).hexdigest()  # type: ignore[attr-defined]


def _pem() -> tuple[object, object]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return Encoding.PEM, PublicFormat.SubjectPublicKeyInfo


_PEM = _pem()
