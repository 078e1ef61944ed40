"""Revocation by account, by key, and by who is authorized (RFC 8555 section 7.6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from acme_life import Life, certificate_key, csr, refused
from authorities import ADMINISTRATOR, Clock, TestCA
from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.jwk import AccountKey, parse_jwk
from tlsmith.core.crl import read_entries, view_crl
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.orders import OrderRecord
from tlsmith.storage.certificates import REVOKED


def jwk_of(key: ec.EllipticCurvePrivateKey) -> AccountKey:
    numbers = key.public_key().public_numbers()
    x, y = (
        encode_base64url(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y)
    )
    return parse_jwk({"kty": "EC", "crv": "P-256", "x": x, "y": y})


def der_of(life: Life, order: OrderRecord) -> bytes:
    return life.certificate(order).certificate or b""


def test_an_account_revokes_what_it_got(life: Life, ca: TestCA) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    order = life.finalize(life.ready("a.test"), csr("a.test", key=key))
    done = life.service.revoke(der_of(life, order), 4, life.account, "r").result(9)
    assert (done.status, done.reason) == (REVOKED, 4)
    ca.authority.refresh_crls()
    document = ca.authority.publication.document(f"crl/{ca.slug}.crl")
    assert document is not None
    entries = read_entries(view_crl(document.body).entries)
    serials = {one.serial_number: one.reason for one in entries}
    assert serials[done.serial_number] == "superseded"
    (said,) = life.noted("certificate.revoke", f"acme:{life.account.id}")
    assert said == {"names": ["a.test"], "reason": "superseded"}
    problem = refused(life.service.revoke, der_of(life, order), 0, life.account, "")
    assert problem.type == "alreadyRevoked"
    # Graver is not the same: its key is known to be lost by now.
    worse = life.service.revoke(der_of(life, order), 1, life.account, "").result(9)
    assert worse.reason == 1


def test_a_key_that_was_stolen_becomes_no_accounts(life: Life) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    orders = [
        life.finalize(life.ready("a.test"), csr("a.test", key=key)) for _ in range(2)
    ]
    der, stolen = der_of(life, orders[0]), jwk_of(key)
    life.service.revoke(der, 1, life.account, "").result(9)
    for act in (
        lambda: life.register(stolen),
        lambda: life.service.change_key(life.account, stolen, ""),
    ):
        problem = refused(act)
        assert problem.type == "badPublicKey"
        assert "revoked with the certificate" in problem.message
    assert life.service.account(life.account.id) == life.account
    assert life.service.account_of_key(stolen) is None
    # What else it is in is revoked by it all the same.
    other = life.service.revoke(der_of(life, orders[1]), 1, stolen, "").result(9)
    assert other.status == REVOKED


def test_its_key_revokes_it_and_is_never_certified_again(life: Life) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    order = life.finalize(life.ready("a.test"), csr("a.test", key=key))
    other = jwk_of(certificate_key())
    problem = refused(life.service.revoke, der_of(life, order), None, other, "")
    assert (problem.type, problem.status) == ("unauthorized", 403)
    done = life.service.revoke(der_of(life, order), None, jwk_of(key), "").result(9)
    assert done.status == REVOKED
    again = life.ready("a.test")
    assert refused(life.finalize, again, csr("a.test", key=key)).type == "badCSR"


def test_who_is_authorized_for_all_its_names_revokes_it(
    life: Life, clock: Clock
) -> None:
    order = life.issued("a.test", "*.b.test", "192.0.2.1")
    der, other = der_of(life, order), life.beside()
    other.ready("a.test", "b.test", "192.0.2.1")
    problem = refused(life.service.revoke, der, 0, other.account, "")
    assert (problem.type, "*.b.test" in problem.message) == ("unauthorized", True)
    other.ready("*.b.test")
    clock.forward(days=2)
    # What was proved long ago proves nothing any more.
    assert refused(life.service.revoke, der, 0, other.account, "").status == 403
    other.ready("a.test", "*.b.test", "192.0.2.1")
    assert life.service.revoke(der, 0, other.account, "").result(9).status == REVOKED


def test_an_account_that_was_deactivated_proved_nothing(life: Life) -> None:
    der, other = der_of(life, life.issued("a.test")), life.beside()
    other.ready("a.test")
    life.service.deactivate_account(other.account, "").result(9)
    assert refused(life.service.revoke, der, 0, other.account, "").status == 403


@pytest.mark.parametrize("reason", [-1, 2, 6, 7, 8, 10, 11, 999])
def test_reasons_that_are_not_for_end_entities_are_refused(
    small_life: Life, reason: int
) -> None:
    der = der_of(small_life, small_life.issued("a.test"))
    problem = refused(small_life.service.revoke, der, reason, small_life.account, "")
    assert problem.type == "badRevocationReason"


def test_what_this_ca_did_not_issue_is_not_revoked(
    small_life: Life, small_ca: TestCA
) -> None:
    der = der_of(small_life, small_life.issued("a.test"))
    for other in (b"", b"\x30\x00", der[:-1], der[:-1] + bytes([der[-1] ^ 1])):
        problem = refused(small_life.service.revoke, other, 0, small_life.account, "")
        assert problem.type == "malformed"
    for other in (small_ca.root, small_ca.intermediate):
        problem = refused(small_life.service.revoke, other, 0, small_life.account, "")
        assert (problem.type, problem.status) == ("malformed", 404)


def test_what_was_held_can_be_revoked(life: Life) -> None:
    order = life.issued("a.test")
    life.authority.hold(order.certificate_id or 0, ADMINISTRATOR)
    done = life.service.revoke(der_of(life, order), 0, life.account, "").result(9)
    assert done.status == REVOKED


def test_asked_for_at_once_it_is_revoked_once(life: Life) -> None:
    der = der_of(life, life.issued("a.test"))

    def revoke(_: int) -> str:
        try:
            life.service.revoke(der, 0, life.account, "").result(20)
        except ACMEProblem as problem:
            return problem.type
        return "revoked"

    with ThreadPoolExecutor(4) as threads:
        done = sorted(threads.map(revoke, range(4)))
    assert done == ["alreadyRevoked", "alreadyRevoked", "alreadyRevoked", "revoked"]
    assert len(life.noted("certificate.revoke", f"acme:{life.account.id}")) == 1
