"""External account binding: a key of ours, agreed on elsewhere (RFC 8555 7.3.4)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

import msgspec

from tlsmith.acme.jwk import AccountKey, read_jwk
from tlsmith.acme.jws import SignedRequest, parse_inner_jws
from tlsmith.acme.problems import malformed, unauthorized
from tlsmith.acme.reading import read_json
from tlsmith.core.names import quoted

MAC_ALGORITHMS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}

_JWK = msgspec.json.Decoder(dict[str, Any])


def verify_binding(
    binding: bytes,
    account_key: AccountKey,
    url: str,
    find_mac_key: Callable[[str], bytes | None],
) -> str:
    """Return the key identifier that a new account is bound to.

    Args:
        binding: the JWS in "externalAccountBinding", as JSON.
        account_key: which has signed the request around it.
        url: of that request's protected header.
        find_mac_key: gives the MAC key of a key identifier, if it is kept; whether it
            may be used still is asked once the MAC is verified, so that nobody without
            the key learns what became of it.

    Raises:
        ACMEProblem: malformed, or unauthorized where the key identifier is not known
            or the MAC is wrong.
    """
    signed = parse_inner_jws(binding)
    kid = _check_header(signed, url)
    bound = read_jwk(read_json(_JWK, signed.payload, "the binding's payload"))
    if bound.thumbprint != account_key.thumbprint:
        raise malformed("the binding is for another key than the account's")
    mac_key = find_mac_key(kid)
    if mac_key is None:
        # Keys that were used up or taken back are kept nowhere: nothing shows whether
        # who asks had one.
        raise unauthorized(
            f"no external account has the key identifier {quoted(kid)}, or it was used "
            "already, or taken back; ask who runs this CA for another"
        )
    digest = MAC_ALGORITHMS[signed.header.alg]
    expected = hmac.digest(mac_key, signed.signing_input, digest)
    if not hmac.compare_digest(expected, signed.signature):
        raise unauthorized(
            f"the binding's MAC is not one by the key of {quoted(kid)}: use the MAC "
            "key that was given with it, decoded from base64url"
        )
    return kid


def _check_header(signed: SignedRequest, url: str) -> str:
    """Return the key identifier, where the header is as section 7.3.4 asks."""
    header = signed.header
    if header.alg not in MAC_ALGORITHMS:
        raise malformed(
            f"the binding's algorithm is {quoted(header.alg)}: use one of "
            f"{', '.join(MAC_ALGORITHMS)}"
        )
    if not header.kid or header.jwk is not None:
        raise malformed("the binding's header has to have a kid, and no jwk")
    if header.nonce is not None:
        raise malformed("the binding's header must not have a nonce")
    if header.url != url:
        raise malformed("the binding's url is not the one of the request around it")
    return header.kid
