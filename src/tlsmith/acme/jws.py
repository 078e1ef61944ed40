"""Signed requests: the one kind of JWS that ACME has (RFC 8555 section 6.2)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tlsmith.acme.base64url import decode_base64url
from tlsmith.acme.jwk import AccountKey
from tlsmith.acme.problems import bad_nonce, bad_signature_algorithm, malformed
from tlsmith.acme.reading import read_json
from tlsmith.acme.signatures import ALGORITHMS, is_valid
from tlsmith.acme.unique import check_unique
from tlsmith.core.names import quoted

CONTENT_TYPE = "application/jose+json"
_NONCE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class ProtectedHeader(NamedTuple):
    """What is signed beside the payload; either `jwk` or `kid` says whose key it is."""

    alg: str
    nonce: str | None
    url: str
    jwk: dict[str, Any] | None
    kid: str | None


class SignedRequest(NamedTuple):
    """A request whose signature is still to be verified.

    Args:
        payload: of no bytes where it is a POST-as-GET (RFC 8555 section 6.3).
        signing_input: what the signature is of (RFC 7515 section 5.1).
    """

    header: ProtectedHeader
    payload: bytes
    signing_input: bytes
    signature: bytes


class _Envelope(msgspec.Struct):
    protected: str
    payload: str
    signature: str
    header: Raw | UnsetType = UNSET
    signatures: Raw | UnsetType = UNSET


class _Header(msgspec.Struct):
    alg: str
    url: str
    nonce: str | UnsetType = UNSET
    jwk: dict[str, Any] | UnsetType = UNSET
    kid: str | UnsetType = UNSET
    crit: Raw | UnsetType = UNSET
    b64: Raw | UnsetType = UNSET


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_HEADER = msgspec.json.Decoder(_Header)


def parse_jws(body: bytes) -> SignedRequest:
    """Return the signed request that the body of a POST is.

    Raises:
        ACMEProblem: malformed, badNonce or badSignatureAlgorithm.
    """
    signed = parse_inner_jws(body)
    alg, nonce, _, jwk, kid = signed.header
    check_algorithm(alg)
    if (jwk is None) == (kid is None):
        found = "neither jwk nor" if jwk is None else "both jwk and"
        raise malformed(f"the protected header has {found} kid: one is to be there")
    if not nonce:
        raise bad_nonce("the protected header has no nonce")
    if not _NONCE.fullmatch(nonce):
        raise malformed("the nonce is not base64url")
    return signed


def parse_inner_jws(data: bytes) -> SignedRequest:
    """Return a JWS, whatever its algorithm, key and nonce; what holds it judges those.

    Raises:
        ACMEProblem: malformed.
    """
    envelope = read_json(_ENVELOPE, data, "the request")
    # Three strings take twelve quotes, names included: where there are no more, none
    # comes twice, and nothing else is there. So it is with all that clients send.
    if data.count(b'"') != 12 or b"\\" in data:
        _check_envelope(envelope, data)
    protected = _decoded(envelope.protected, "protected")
    header = read_json(_HEADER, protected, "the protected header")
    nonce = None if header.nonce is UNSET else header.nonce
    kid = None if header.kid is UNSET else header.kid
    # The same with alg, url, nonce and kid, which requests of an account have.
    is_plain = protected.count(b'"') == 16 and b"\\" not in protected
    if not is_plain or nonce is None or kid is None:
        _check_header(header, protected)
    jwk = None if header.jwk is UNSET else header.jwk
    return SignedRequest(
        ProtectedHeader(header.alg, nonce, header.url, jwk, kid),
        _decoded(envelope.payload, "payload"),
        f"{envelope.protected}.{envelope.payload}".encode("ascii"),
        _decoded(envelope.signature, "signature"),
    )


def check_algorithm(alg: str) -> None:
    """Refuse what is no signature, such as "none" and MACs (RFC 8555 section 6.2).

    Raises:
        ACMEProblem: badSignatureAlgorithm.
    """
    if alg not in ALGORITHMS:
        raise bad_signature_algorithm(
            f"requests are not signed with {quoted(alg)}: use one of "
            f"{', '.join(ALGORITHMS)}",
            ALGORITHMS,
        )


def verify_jws(signed: SignedRequest, key: AccountKey) -> None:
    """Refuse a request that this key has not signed.

    Raises:
        ACMEProblem: malformed, or badSignatureAlgorithm.
    """
    check_algorithm(signed.header.alg)
    algorithm = ALGORITHMS[signed.header.alg]
    if key.kind not in algorithm.kinds:
        raise malformed(
            f"a key of kind {key.kind} does not sign with {signed.header.alg}"
        )
    if not is_valid(algorithm, key.public_key, signed.signature, signed.signing_input):
        raise malformed("the signature does not verify with the account's key")


def _decoded(text: str, member: str) -> bytes:
    try:
        return decode_base64url(text)
    except ValueError as error:
        raise malformed(f"{member}: {error}") from None


def _check_envelope(envelope: _Envelope, data: bytes) -> None:
    if envelope.header is not UNSET:
        raise malformed("header: an unprotected header is not allowed")
    if envelope.signatures is not UNSET:
        raise malformed("signatures: a request has one signature")
    _check_names(data, "the request")


def _check_header(header: _Header, data: bytes) -> None:
    if header.crit is not UNSET:
        raise malformed("crit: no extension of the protected header is known here")
    if header.b64 is not UNSET:
        raise malformed("b64: an unencoded payload is not allowed")
    _check_names(data, "the protected header")


def _check_names(data: bytes, what: str) -> None:
    try:
        check_unique(data)
    except ValueError as error:
        raise malformed(f"{what}: {error}") from None
