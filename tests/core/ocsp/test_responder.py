"""OCSP responders, byte for byte as another library builds responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from core.crl.issuers import SPAN, an_issuer
from strategies import key_of_kind
from tlsmith.core.crl import REASONS
from tlsmith.core.csr import request_hash
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import KINDS, generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.ocsp import (
    OCSPResponder,
    SingleResponse,
    make_cert_id,
    responder_parameters,
)
from tlsmith.core.ocsp.request import SHA256
from tlsmith.core.profiles import end_entity
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError, IssuanceError, KeyMismatchError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# No response is from before 1970, and the library reads none so old.
times = st.datetimes(
    datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=0))
reasons = st.none() | st.sampled_from(
    [one for one in REASONS if one != "removeFromCRL"]
)
serial_numbers = st.integers(1, 2**159 - 1)


@cache
def a_responder(kind: str = "p256") -> OCSPResponder:
    parameters = responder_parameters("OCSP 1", SPAN)
    key = key_of_kind(kind)
    issued = an_issuer("p384").issue(parameters, key.public_key())
    return OCSPResponder(issued.der, key)


@st.composite
def responses(draw: st.DrawFn) -> tuple[SingleResponse, int]:
    first, last = sorted(draw(st.lists(times, min_size=2, max_size=2)))
    serial_number = draw(serial_numbers)
    cert_id = make_cert_id(an_issuer("p384").view, serial_number, SHA256).der
    status = draw(st.sampled_from(["good", "revoked", "unknown"]))
    until = draw(st.none() | st.just(last))
    response = SingleResponse(cert_id, status, first, until)
    if status == "revoked":
        when, why = draw(times), draw(reasons)
        response = response._replace(revocation_time=when, reason=why)
    return response, serial_number


def built(
    responder: OCSPResponder,
    kind: str,
    response: SingleResponse,
    serial_number: int,
    nonce: bytes | None,
) -> ocsp.OCSPResponse:
    certificate = x509.load_der_x509_certificate(responder.view.der)
    known = make_cert_id(an_issuer("p384").view, serial_number, SHA256)
    key = key_of_kind(kind)
    reason = None
    if response.reason not in (None, "unspecified"):
        reason = x509.ReasonFlags(response.reason)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            known.issuer_name_hash,
            known.issuer_key_hash,
            serial_number,
            hashes.SHA256(),
            ocsp.OCSPCertStatus[response.status.upper()],
            response.this_update,
            response.next_update,
            response.revocation_time,
            reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        .certificates([certificate])
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), False)
    return builder.sign(key, request_hash(key))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("ml")])
@settings(max_examples=15, deadline=None)
@given(some=responses(), nonce=st.none() | st.binary(min_size=1, max_size=128))
def test_a_response_is_byte_for_byte_what_the_library_builds(
    kind: str, some: tuple[SingleResponse, int], nonce: bytes | None
) -> None:
    responder = a_responder(kind)
    expected = built(responder, kind, *some, nonce)
    signed = responder.sign([some[0]], expected.produced_at_utc, nonce)
    found = ocsp.load_der_ocsp_response(signed)
    assert found.tbs_response_bytes == expected.tbs_response_bytes
    assert found.signature_algorithm_oid == expected.signature_algorithm_oid
    assert found.certificates == expected.certificates
    assert found.responder_key_hash == expected.responder_key_hash


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_has_the_responders_certificate_can_check_the_signature(
    kind: str,
) -> None:
    """The certificate that comes along is by the CA, for OCSP, and signed this."""
    responder = a_responder(kind)
    cert_id = make_cert_id(an_issuer("p384").view, 5).der
    response = SingleResponse(cert_id, "good", NOW, NOW + timedelta(1))
    found = ocsp.load_der_ocsp_response(responder.sign([response], NOW))
    (certificate,) = found.certificates
    above = x509.load_der_x509_certificate(an_issuer("p384").certificate)
    certificate.verify_directly_issued_by(above)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(usage.value) == [x509.ExtendedKeyUsageOID.OCSP_SIGNING]
    assert certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    key, data = certificate.public_key(), found.tbs_response_bytes
    verify_with(key, found.signature, data)
    with pytest.raises(InvalidSignature):
        verify_with(key, found.signature, data + b"x")


def verify_with(key: object, signature: bytes, data: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        by_size = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
        key.verify(signature, data, ec.ECDSA(by_size[key.key_size]))
    else:
        key.verify(signature, data)  # type: ignore[attr-defined]


@given(st.lists(responses(), min_size=1, max_size=4))
def test_several_are_answered_at_once(some: list[tuple[SingleResponse, int]]) -> None:
    signed = a_responder().sign([response for response, _ in some], NOW)
    found = list(ocsp.load_der_ocsp_response(signed).responses)
    assert [one.serial_number for one in found] == [serial for _, serial in some]
    for one, (response, _) in zip(found, some, strict=True):
        assert one.certificate_status.name.lower() == response.status
        assert one.this_update_utc == response.this_update
        assert one.next_update_utc == response.next_update
        assert one.revocation_time_utc == response.revocation_time


def test_a_ca_that_answers_itself_shows_no_certificate() -> None:
    """RFC 6960 4.2.2.2: who asks has it already."""
    issuer = an_issuer()
    responder = OCSPResponder(issuer.certificate, key_of_kind("p256"))
    cert_id = make_cert_id(issuer.view, 5).der
    signed = responder.sign([SingleResponse(cert_id, "good", NOW, None)], NOW)
    found = ocsp.load_der_ocsp_response(signed)
    assert found.certificates == []
    known = x509.load_der_x509_certificate(issuer.certificate)
    own = x509.SubjectKeyIdentifier.from_public_key(known.public_key())
    assert found.responder_key_hash == own.digest
    verify_with(known.public_key(), found.signature, found.tbs_response_bytes)


def test_further_certificates_come_after_the_responders() -> None:
    key, above = key_of_kind("p256"), an_issuer("p384").certificate
    responder = OCSPResponder(a_responder().view.der, key, chain=[above])
    cert_id = make_cert_id(an_issuer("p384").view, 5).der
    signed = responder.sign([SingleResponse(cert_id, "good", NOW, None)], NOW)
    found = ocsp.load_der_ocsp_response(signed).certificates
    assert [one.public_bytes(Encoding.DER) for one in found] == [
        responder.view.der,
        above,
    ]


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(KeyMismatchError, match="does not belong"):
        OCSPResponder(a_responder().view.der, generate_private_key())


@pytest.mark.parametrize("usages", [(), ("1.3.6.1.5.5.7.3.1",)])
def test_a_certificate_that_is_not_for_ocsp_is_refused(usages: tuple[str, ...]) -> None:
    """RFC 6960 4.2.2.2: whoever could use any certificate could forge answers."""
    key = key_of_kind("p256")
    server = end_entity(parse_names(["a.test"]), "p256", SPAN)
    issued = self_issue(server._replace(extended_key_usage=usages), key)
    with pytest.raises(IssuanceError, match="not for signing OCSP") as caught:
        OCSPResponder(issued.der, key)
    assert caught.value.code == "not-an-ocsp-signer"


def test_a_nonce_of_no_request_is_not_signed() -> None:
    cert_id = make_cert_id(an_issuer("p384").view, 5).der
    response = SingleResponse(cert_id, "good", NOW, None)
    with pytest.raises(InputError, match="a nonce of 0 octets"):
        a_responder().sign([response], NOW, b"")


def test_a_responders_certificate_says_what_it_is_for() -> None:
    parameters = responder_parameters("OCSP 1", SPAN)
    root = Issuer(an_issuer().certificate, key_of_kind("p256"))
    issued = root.issue(parameters, key_of_kind("p384").public_key())
    view = view_certificate(issued.der)
    assert not view.is_ca
    assert (view.not_before, view.not_after) == SPAN
    assert view.names == ()
