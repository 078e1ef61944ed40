"""In one process: certificates with fresh P-256 keys, against the least possible."""

from __future__ import annotations

import datetime
import ipaddress
import statistics
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, end_entity, validity
from tlsmith.core.subject import distinguished_name
from tlsmith.local.reach import constraints_for

CERTIFICATES = 10_000
ROUNDS = 5
TEXTS = ["localhost", "127.0.0.1", "::1"]
NOW = datetime.datetime.now(datetime.UTC)


def main() -> None:
    key, issuer = _authority()
    works = {
        "key and signature alone": lambda: _limit(key),
        "tlsmith": lambda: _tlsmith(issuer),
        "the library's builder": lambda: _builder(issuer, key),
    }
    times = _measure(works)
    limit = times["key and signature alone"]
    print(f"{CERTIFICATES} certificates, median of {ROUNDS}, in turns")
    for name, seconds in times.items():
        each = seconds / CERTIFICATES * 1e6
        print(f"{name:<26}{each:>7.1f} us each  {limit / seconds:>6.2f} of the limit")
    print("aim: tlsmith at least 0.35 of the limit")


def _measure(works: dict[str, Callable[[], None]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in works}
    for name in [*works] * ROUNDS:
        start = time.perf_counter()
        works[name]()
        times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _authority() -> tuple[ec.EllipticCurvePrivateKey, Issuer]:
    key = ec.generate_private_key(ec.SECP256R1())
    parameters = certificate_authority(
        distinguished_name((COMMON_NAME, "bench")),
        validity(NOW, 3650, longest=3650),
        name_constraints=constraints_for([]),
    )
    return key, Issuer(self_issue(parameters, key).der, key)


def _limit(key: ec.EllipticCurvePrivateKey) -> None:
    data, algorithm = b"x" * 400, ec.ECDSA(hashes.SHA256())
    for _ in range(CERTIFICATES):
        ec.generate_private_key(ec.SECP256R1())
        key.sign(data, algorithm)


def _tlsmith(issuer: Issuer) -> None:
    names = parse_names(TEXTS)
    for _ in range(CERTIFICATES):
        key = generate_private_key()
        span = validity(NOW, 397, longest=397, within=issuer.view)
        issuer.issue(end_entity(names, "p256", span), key.public_key())


def _builder(issuer: Issuer, ca_key: ec.EllipticCurvePrivateKey) -> None:
    ca = x509.load_der_x509_certificate(issuer.certificate)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    names: list[x509.GeneralName] = [x509.DNSName(TEXTS[0])]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in TEXTS[1:]]
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, TEXTS[0])])
    usage = x509.KeyUsage(True, *[False] * 8)
    server = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
    for _ in range(CERTIFICATES):
        key = ec.generate_private_key(ec.SECP256R1())
        public_key = key.public_key()
        (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(hours=1))
            .not_valid_after(NOW + datetime.timedelta(days=396))
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(usage, True)
            .add_extension(server, False)
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
            .add_extension(identifier, False)
            .sign(ca_key, hashes.SHA256())
        )


if __name__ == "__main__":
    main()
