"""In one process: OCSP responses signed ahead, against the signature alone."""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.ocsp import (
    OCSPResponder,
    SingleResponse,
    encode_ocsp_request,
    make_cert_id,
    parse_ocsp_request,
    responder_parameters,
)
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, validity
from tlsmith.core.subject import distinguished_name

RESPONSES = 10_000
ROUNDS = 5
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
TOMORROW = NOW + datetime.timedelta(days=1)


def main() -> None:
    issuer, key, responder = _responder()
    works = {
        "signature alone": lambda: _limit(key),
        "tlsmith, for a serial number": lambda: _tlsmith(issuer, responder),
        "tlsmith, for a request": lambda: _asked(issuer, responder),
        "the library's builder": lambda: _builder(issuer, responder, key),
    }
    times = _measure(works)
    limit = times["signature alone"]
    print(f"{RESPONSES:,} responses, P-256, median of {ROUNDS}, in turns")
    for name, seconds in times.items():
        each = seconds / RESPONSES * 1e6
        print(
            f"{name:<30}{each:>7.1f} us each  {limit / seconds:>5.2f} of the limit"
            f"  {each:>6.1f} s a million"
        )
    print("aim: 40 us each, and a million in 60 s")


def _measure(works: dict[str, Callable[[], None]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in works}
    for name in [*works] * ROUNDS:
        start = time.perf_counter()
        works[name]()
        times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _responder() -> tuple[Issuer, ec.EllipticCurvePrivateKey, OCSPResponder]:
    ca_key, key = generate_private_key(), ec.generate_private_key(ec.SECP256R1())
    span = validity(NOW, 30, longest=30)
    name = distinguished_name((COMMON_NAME, "bench"))
    root = self_issue(certificate_authority(name, span), ca_key)
    issuer = Issuer(root.der, ca_key)
    issued = issuer.issue(responder_parameters("OCSP", span), key.public_key())
    return issuer, key, OCSPResponder(issued.der, key)


def _limit(key: ec.EllipticCurvePrivateKey) -> None:
    data, algorithm = b"x" * 200, ec.ECDSA(hashes.SHA256())
    for _ in range(RESPONSES):
        key.sign(data, algorithm)


def _tlsmith(issuer: Issuer, responder: OCSPResponder) -> None:
    for number in range(RESPONSES):
        cert_id = make_cert_id(issuer.view, 2**150 + number)
        response = SingleResponse(cert_id.der, "good", NOW, TOMORROW)
        responder.sign([response], NOW)


def _asked(issuer: Issuer, responder: OCSPResponder) -> None:
    request = encode_ocsp_request([make_cert_id(issuer.view, 2**150)], b"n" * 32)
    for _ in range(RESPONSES):
        (cert_id,), nonce = parse_ocsp_request(request)
        response = SingleResponse(cert_id.der, "good", NOW, TOMORROW)
        responder.sign([response], NOW, nonce)


def _builder(
    issuer: Issuer, responder: OCSPResponder, key: ec.EllipticCurvePrivateKey
) -> None:
    known: Any = make_cert_id(issuer.view, 1)
    certificate = x509.load_der_x509_certificate(responder.view.der)
    for number in range(RESPONSES):
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            known.issuer_name_hash,
            known.issuer_key_hash,
            2**150 + number,
            hashes.SHA1(),  # noqa: S303 -- what clients ask with
            ocsp.OCSPCertStatus.GOOD,
            NOW,
            TOMORROW,
            None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        response = builder.certificates([certificate]).sign(key, hashes.SHA256())
        response.public_bytes(Encoding.DER)


if __name__ == "__main__":
    main()
