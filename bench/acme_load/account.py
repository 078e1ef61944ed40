"""An ACME account: its key, and requests signed with it (RFC 8555 section 6.2)."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_ES256 = ec.ECDSA(SHA256())


def encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class Account:
    """One that signs with ES256.

    Args:
        number: by which the responder of http-01 knows it.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.kid = ""
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_numbers()
        jwk = {
            "crv": "P-256",
            "kty": "EC",
            "x": encode_base64url(point.x.to_bytes(32, "big")),
            "y": encode_base64url(point.y.to_bytes(32, "big")),
        }
        self._jwk = json.dumps(jwk, separators=(",", ":"))
        digest = hashlib.sha256(self._jwk.encode("ascii")).digest()
        self.thumbprint = encode_base64url(digest)

    def sign(self, url: str, nonce: str, payload: str) -> bytes:
        """Return a request's body.

        Args:
            payload: in base64url; empty for POST-as-GET.
        """
        who = f'"kid":"{self.kid}"' if self.kid else f'"jwk":{self._jwk}'
        header = f'{{"alg":"ES256",{who},"nonce":"{nonce}","url":"{url}"}}'
        protected = encode_base64url(header.encode("ascii"))
        signed = f"{protected}.{payload}".encode("ascii")
        r, s = decode_dss_signature(self._key.sign(signed, _ES256))
        signature = encode_base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return (
            f'{{"protected":"{protected}","payload":"{payload}",'
            f'"signature":"{signature}"}}'
        ).encode("ascii")
