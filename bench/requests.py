"""Reading a request and judging it, against the signature's verification alone.

The library's row loads the request, verifies it and reads its names: what any service
in Python does first. Nothing there judges the key, the names or the extensions.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tlsmith.authority.judge import judge
from tlsmith.authority.policy import load_policy
from tlsmith.authority.request import IssuerLimits, asked_by
from tlsmith.core.csr import encode_request
from tlsmith.core.keys import generate_private_key, public_key_info
from tlsmith.core.names import parse_names
from tlsmith.core.requested import read_request
from tlsmith.core.subject import subject_for
from tlsmith.core.weak_keys import judge_key, judge_rsa

TIMES, ROUNDS = 1000, 9
NOW = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = parse_names(["a.corp.test", "b.corp.test", "c.corp.test"])
POLICY = load_policy('[policy.names]\ndns = ["corp.test"]\nip = ["10.0.0.0/8"]\n')


def main() -> None:
    works = _works()
    runs: dict[str, list[float]] = {work: [] for work in works}
    for _ in range(ROUNDS):
        for work, run in works.items():
            start = time.perf_counter()
            for _ in range(TIMES):
                run()
            runs[work].append((time.perf_counter() - start) / TIMES * 1e6)
    alone = statistics.median(runs["verifying the signature alone"])
    print(f"a request for 3 names, P-256; medians of {ROUNDS} rounds of {TIMES}")
    for work, of_work in runs.items():
        microseconds = statistics.median(of_work)
        print(f"{work:<44}{microseconds:>8.1f} us{microseconds / alone:>7.2f}")
    print("aim: read in 150 us, judged in 15, a key looked up in 2")


def _works() -> dict[str, Callable[[], Any]]:
    key: Any = generate_private_key("p256")
    data = encode_request(NAMES, key, subject=subject_for(NAMES))
    theirs = x509.load_der_x509_csr(data)
    signed, signature = theirs.tbs_certrequest_bytes, theirs.signature
    algorithm = ec.ECDSA(hashes.SHA256())
    public = key.public_key()
    info = public_key_info(public)
    request = asked_by(read_request(data), "token:ci")
    issuer = IssuerLimits(NOW, NOW + timedelta(days=3650))
    profile = POLICY.profile()
    rsa: Any = generate_private_key("rsa2048").public_key()
    modulus = rsa.public_numbers().n

    def library() -> list[str]:
        found = x509.load_der_x509_csr(data)
        if not found.is_signature_valid:
            raise ValueError("not signed")
        found.public_key()
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return names.value.get_values_for_type(x509.DNSName)

    return {
        "verifying the signature alone": lambda: public.verify(
            signature, signed, algorithm
        ),
        "the library: loaded, verified, names": library,
        "read_request": lambda: read_request(data),
        "judge": lambda: judge(profile, POLICY, request, issuer, NOW),
        "judge_key, P-256": lambda: judge_key(public, info),
        "judge_rsa, 2048 bits, not seen before": lambda: judge_rsa.__wrapped__(
            modulus, 65537
        ),
    }


if __name__ == "__main__":
    main()
