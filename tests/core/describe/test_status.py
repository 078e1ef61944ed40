from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from chains import START
from core.describe.forge import (
    codes,
    explicit,
    extension,
    facts,
    look,
    message,
    oid,
)
from core.describe.samples import PEOPLE, ocsp_request, ocsp_response, pem_of
from strategies import NOW
from tlsmith.core import der
from tlsmith.core.describe import status
from tlsmith.core.describe.certificate import serial_text

DAY = timedelta(days=1)
SERIAL = serial_text(PEOPLE.leaf.certificate.serial_number)


def test_a_request_is_read() -> None:
    found = facts(ocsp_request())
    assert found["type"] == "ocsp-request"
    assert found["signed"] is False
    (one,) = found["requests"]
    assert (one["serial_number"], one["hash_algorithm"]) == (SERIAL, "SHA-256")
    assert len(one["issuer_key_hash"]) == 64
    assert not look(ocsp_request()).findings


def test_the_extensions_of_a_request_are_read() -> None:
    built = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(
            PEOPLE.leaf.certificate, PEOPLE.intermediate.certificate, hashes.SHA256()
        )
        .add_extension(x509.OCSPNonce(b"nonce"), critical=False)
        .build()
    )
    assert facts(built.public_bytes(Encoding.DER))["ocsp_nonce"] == b"nonce".hex()


def request(*lists: bytes, signed: bytes = b"") -> bytes:
    return pem_of(der.sequence(der.sequence(*lists), signed), "OCSP REQUEST")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (request(), "missing-field"),
        (request(der.sequence(der.sequence())), "missing-field"),
        (request(der.sequence(der.sequence(der.sequence()))), "missing-field"),
        (pem_of(b"\5\0", "OCSP REQUEST"), "not-a-sequence"),
        (pem_of(der.sequence(), "OCSP REQUEST"), "missing-field"),
        (pem_of(ocsp_request()[:-3], "OCSP REQUEST"), "truncated"),
    ],
)
def test_a_request_that_is_wrong_is_told_of(data: bytes, code: str) -> None:
    assert code in codes(look(data))


def test_a_signed_request_is_known_as_one() -> None:
    data = request(der.sequence(), signed=explicit(0, der.sequence()))
    assert facts(data)["signed"] is True


def test_a_response_is_read_and_checked_by_the_certificate_in_it() -> None:
    report = look(ocsp_response(nonce=b"12345"))
    found = report.facts()["objects"][0]
    assert found["type"] == "ocsp-response"
    assert found["response_status"] == "successful"
    assert found["signature"] == "good"
    assert found["signed_by"] == "CN=Intermediate of app.test"
    assert found["ocsp_nonce"] == b"12345".hex()
    assert "responder" not in found
    (one,) = found["responses"]
    assert (one["serial_number"], one["status"]) == (SERIAL, "good")
    assert one["this_update"] == "2026-01-01T00:00:00Z"
    inside = report.facts()["objects"][1]
    assert inside["found"]["inside"] == 0
    assert not [one for one in report.findings if one.item == 0]


def test_a_responder_may_be_named() -> None:
    found = facts(ocsp_response(by_name=True))
    assert found["responder"] == "CN=Intermediate of app.test"
    assert found["signature"] == "good"


def test_a_response_without_its_signers_certificate_is_not_checked() -> None:
    data = ocsp_response(with_certificate=False)
    assert facts(data)["signature"] == "issuer not here"
    found = facts(data, anchors=[PEOPLE.root.der, PEOPLE.intermediate.der])
    assert found["signature"] == "good"


@pytest.mark.parametrize(
    ("by_name", "verdict"), [(True, "wrong"), (False, "issuer not here")]
)
def test_a_response_that_was_changed_is_told_of(by_name: bool, verdict: str) -> None:
    whole = ocsp_response(by_name=by_name, with_certificate=False)
    changed = whole[:-1] + bytes([whole[-1] ^ 1])
    report = look(changed, anchors=[PEOPLE.intermediate.der])
    assert report.facts()["objects"][0]["signature"] == verdict
    assert ("wrong-signature" in codes(report)) == by_name


def test_a_certificate_that_was_revoked_is_a_problem() -> None:
    data = ocsp_response(
        status=ocsp.OCSPCertStatus.REVOKED,
        revoked=START,
        reason=x509.ReasonFlags.key_compromise,
    )
    report = look(data)
    (one,) = report.facts()["objects"][0]["responses"]
    assert one["status"] == "revoked"
    assert one["revocation_time"] == "2026-01-01T00:00:00Z"
    assert one["revocation_reason"] == "key_compromise"
    assert SERIAL in message(report, "revoked")
    plain = ocsp_response(status=ocsp.OCSPCertStatus.REVOKED, revoked=START)
    assert "revocation_reason" not in facts(plain)["responses"][0]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"status": ocsp.OCSPCertStatus.UNKNOWN}, "unknown-certificate"),
        ({"next_update": NOW - DAY}, "expired"),
        ({"this_update": NOW + DAY}, "not-yet-valid"),
    ],
)
def test_an_answer_that_is_not_good_is_told_of(
    more: dict[str, object], code: str
) -> None:
    assert code in codes(look(ocsp_response(**more)))


def test_an_answer_may_have_no_end() -> None:
    data = ocsp_response(next_update=None)
    assert facts(data)["responses"][0]["next_update"] is None


@pytest.mark.parametrize(
    ("code", "name"),
    [(1, "malformed_request"), (3, "try_later"), (6, "unauthorized"), (9, "status 9")],
)
def test_a_responder_that_gives_no_answer_is_told_of(code: int, name: str) -> None:
    data = der.sequence(der.encode(0x0A, bytes([code])))
    report = look(data)
    assert report.facts()["objects"][0]["response_status"] == name
    assert codes(report) == ["ocsp-error"]


BASIC = "1.3.6.1.5.5.7.48.1.1"


def response(inside: bytes, kind: str = BASIC) -> bytes:
    whole = der.sequence(oid(kind), der.octet_string(inside))
    return der.sequence(der.encode(0x0A, b"\0"), explicit(0, whole))


MOMENT = der.encode(der.GENERALIZED_TIME, b"20261101000000Z")
HASH = explicit(2, der.octet_string(b"key"))


def basic(*responses: bytes, responder: bytes = HASH) -> bytes:
    data = der.sequence(responder, MOMENT, der.sequence(*responses))
    return response(der.sequence(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (der.sequence(der.encode(0x0A, b"\0")), "empty-response"),
        (der.sequence(der.encode(0x0A, b"")), "empty-integer"),
        (
            der.sequence(der.encode(0x0A, b"\0"), explicit(0, der.integer(1))),
            "unexpected-type",
        ),
        (response(b"", "1.2.3"), "unknown-response-type"),
        (response(b"\5\0"), "unexpected-type"),
        (response(der.sequence(der.integer(1))), "unexpected-type"),
        (response(der.sequence(der.sequence())), "missing-field"),
        (basic(der.integer(1)), "unexpected-type"),
        (basic(der.sequence()), "missing-field"),
        (basic(der.sequence(der.sequence(), der.context(5))), "missing-field"),
        (
            basic(der.sequence(der.sequence(), der.context(1, MOMENT))),
            "missing-field",
        ),
        (basic(responder=explicit(1)), "missing-field"),
        (basic(responder=explicit(2)), "missing-field"),
        (ocsp_response()[:-9], "truncated"),
        (ocsp_response()[:60], "truncated"),
        (pem_of(b"\5\0", "OCSP RESPONSE"), "not-a-sequence"),
        (
            der.sequence(
                der.encode(0x0A, b"\0"), explicit(0, der.sequence(oid(BASIC)))
            ),
            "missing-field",
        ),
    ],
)
def test_a_response_that_is_wrong_is_told_of(data: bytes, code: str) -> None:
    assert code in codes(look(data))


def test_an_empty_list_of_certificates_is_no_fault() -> None:
    certificates = explicit(0, der.integer(1))
    inside = der.sequence(
        der.sequence(HASH, MOMENT, der.sequence()),
        der.sequence(oid("1.2.3")),
        der.bit_string(b"x"),
        certificates,
    )
    assert "unexpected-type" in codes(look(response(inside)))


def test_what_is_no_list_is_passed_over() -> None:
    fields = der.sequence(HASH, MOMENT, der.integer(1))
    assert "unexpected-type" in codes(look(response(der.sequence(fields))))


def test_unknown_extensions_are_listed_only() -> None:
    odd = explicit(2, der.sequence(extension("1.2.3.4", b"x")))
    found = facts(request(der.sequence(), odd))
    assert found["extensions"][0]["name"] == "1.2.3.4"
    assert "1.2.3.4" not in found


def test_there_is_an_end_to_how_many_answers_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(status, "_MOST", 2)
    assert len(facts(basic(*[der.sequence()] * 5))["responses"]) == 2
