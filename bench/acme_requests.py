"""Reading a signed ACME request and verifying it, against other libraries.

A newOrder of an account whose key is known, as most requests are: its JSON read, the
signature verified, the payload read. Beside it the signature alone, which nobody does
without, and the same by joserfc and by certbot's own library.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import josepy
from joserfc import jws as joserfc
from joserfc.jwk import import_key

from acme import jws as certbot
from tlsmith.acme.jwk import load_account_key
from tlsmith.acme.jws import parse_jws, verify_jws
from tlsmith.acme.messages import NewOrder, decode_payload
from tlsmith.acme.signatures import ALGORITHMS, is_valid

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from acme_signing import Client, client

TURNS, EACH = 9, 1000
NAMES = ("tlsmith", "signature", "joserfc", "certbot")
PAYLOAD = {"identifiers": [{"type": "dns", "value": "host-1.example.test"}]}


def main() -> None:
    # joserfc warns of EdDSA, which RFC 9864 calls Ed25519.
    warnings.simplefilter("ignore")
    print("us of CPU a request" + "".join(f"{name:>12}" for name in NAMES))
    for alg in ("ES256", "ES384", "RS256", "PS256", "EdDSA"):
        works = _works(client(alg))
        took: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(TURNS):
            for name, work in works.items():
                took[name].append(_microseconds(work))
        cells = [f"{median(took[name]):.1f}" if name in took else "-" for name in NAMES]
        print(f"{alg:19}" + "".join(f"{cell:>12}" for cell in cells))


def _works(signer: Client) -> dict[str, Callable[[], object]]:
    body = signer.sign(PAYLOAD)
    stored = signer.account_key.jwk
    signed = parse_jws(body)
    theirs: Any = import_key(signer.jwk)  # type: ignore[arg-type]
    registry = joserfc.JWSRegistry(algorithms=[signer.alg], strict_check_header=False)

    def ours() -> None:
        request = parse_jws(body)
        verify_jws(request, load_account_key(stored))
        decode_payload(request.payload, NewOrder)

    def signature() -> bool:
        key = load_account_key(stored).public_key
        how = ALGORITHMS[signer.alg]
        return is_valid(how, key, signed.signature, signed.signing_input)

    def by_joserfc() -> None:
        found = joserfc.deserialize_json(json.loads(body), theirs, registry=registry)
        json.loads(found.payload)

    works = {"tlsmith": ours, "signature": signature, "joserfc": by_joserfc}
    if signer.alg != "EdDSA":  # which certbot's library does not have
        works["certbot"] = _by_certbot(signer, body)
    return works


def _by_certbot(signer: Client, body: bytes) -> Callable[[], object]:
    key: Any = josepy.JWK.from_json(signer.jwk)

    def work() -> None:
        found = certbot.JWS.json_loads(body.decode())
        if not found.verify(key):
            raise AssertionError("a signature of ours is refused")
        json.loads(found.payload)

    return work


def _microseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(EACH):
        work()
    return (time.process_time() - start) / EACH * 1e6


if __name__ == "__main__":
    main()
