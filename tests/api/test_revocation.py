"""Lists of what was revoked, as clients and the library read them."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from cryptography import x509

from handshakes import handshake
from tlsmith.api import CA, KeyKind, RevocationReason
from tlsmith.errors import InputError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REVOKED = 23


def _crl(ca: CA) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(ca.crl_pem)


def test_a_list_is_signed_and_of_use_for_a_week() -> None:
    ca = CA(now=NOW)
    crl = _crl(ca)
    certificate = x509.load_der_x509_certificate(ca.certificate.der)
    assert crl.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]
    assert crl.issuer == certificate.subject
    assert crl.last_update_utc == NOW - timedelta(hours=1)
    assert crl.next_update_utc == NOW + timedelta(days=7, hours=-1)
    assert list(crl) == []
    identifier = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert identifier.value.key_identifier == ca.issuer.view.subject_key_identifier


def test_what_is_revoked_is_on_the_list_once() -> None:
    ca = CA(now=NOW)
    certificate = ca.issue("a.test")
    ca.revoke(certificate, "superseded")
    ca.revoke(certificate, "keyCompromise")
    (entry,) = _crl(ca)
    assert entry.serial_number == certificate.serial_number
    assert entry.revocation_date_utc <= NOW
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.superseded


def test_a_reason_that_says_nothing_is_left_out() -> None:
    """RFC 5280 section 5.3.1."""
    ca = CA()
    ca.revoke(ca.issue("a.test"))
    (entry,) = _crl(ca)
    assert list(entry.extensions) == []


@pytest.mark.parametrize("reason", get_args(RevocationReason))
def test_every_reason_can_be_given(reason: RevocationReason) -> None:
    ca = CA()
    ca.revoke(ca.issue("a.test"), reason)
    assert len(_crl(ca)) == 1


def test_a_reason_that_is_none_is_refused() -> None:
    ca = CA()
    with pytest.raises(InputError, match="'stolen'") as caught:
        ca.revoke(ca.issue("a.test"), "stolen")  # type: ignore[arg-type]
    assert "keyCompromise" in str(caught.value.hint)
    assert list(_crl(ca)) == []


def test_another_cas_certificates_are_not_ours_to_revoke() -> None:
    ca = CA(subject="CN=One name")
    for other in (CA(), CA(subject="CN=One name"), ca.intermediate()):
        with pytest.raises(InputError, match="issued by another CA"):
            ca.revoke(other.issue("a.test"))


@pytest.mark.parametrize("depth", [0, 1])
def test_clients_that_check_refuse_what_is_revoked_and_nothing_else(depth: int) -> None:
    ca = CA().intermediate() if depth else CA()
    certificate, other = ca.issue("localhost"), ca.issue("localhost")
    early = ca.client_context(check_revocation=True)
    ca.revoke(certificate)
    late = ca.client_context(check_revocation=True)
    assert handshake(early, certificate.server_context())
    assert handshake(late, other.server_context())
    assert handshake(ca.client_context(), certificate.server_context())
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(late, certificate.server_context())
    assert caught.value.verify_code == REVOKED


def test_servers_can_check_too() -> None:
    ca = CA()
    server, client = ca.issue("localhost"), ca.issue("a.test", client=True)
    ca.revoke(client)
    context = server.server_context(client_ca=ca)
    assert handshake(ca.client_context(client), context)
    ca.trust(context, check_revocation=True)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(ca.client_context(client), context)
    assert caught.value.verify_code == REVOKED


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "rsa2048"])
def test_a_ca_of_every_kind_signs_lists(kind: KeyKind) -> None:
    ca = CA(key=kind)
    bad = ca.bad.revoked()
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(bad.client_context(), bad.server_context())
    assert caught.value.verify_code == REVOKED


def test_a_ca_with_ml_dsa_signs_lists() -> None:
    ca = CA(key="ml-dsa-44")
    ca.revoke(ca.issue("a.test"))
    assert len(_crl(ca)) == 1


def test_a_later_list_has_a_higher_number() -> None:
    """RFC 5280 section 5.2.3."""
    numbers = [
        _crl(CA(now=now)).extensions.get_extension_for_class(x509.CRLNumber).value
        for now in (NOW, NOW + timedelta(seconds=1))
    ]
    assert numbers[0].crl_number < numbers[1].crl_number


def test_threads_share_a_ca() -> None:
    """Each revokes all: a certificate is on the list once."""
    ca = CA()
    with ThreadPoolExecutor(16) as pool:
        issued = list(pool.map(lambda n: ca.issue(f"h{n}.test"), range(200)))
        assert len({one.serial_number for one in issued}) == 200
        list(pool.map(ca.revoke, [one for one in issued for _ in range(4)]))
    assert len(list(x509.load_pem_x509_crl(ca.crl_pem))) == 200
