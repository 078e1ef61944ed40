"""A new key for an account, signed by the old one and by itself (RFC 8555 7.3.5)."""

from __future__ import annotations

from tlsmith.acme.jwk import AccountKey, parse_jwk, read_jwk
from tlsmith.acme.jws import (
    SignedRequest,
    check_algorithm,
    parse_inner_jws,
    verify_jws,
)
from tlsmith.acme.messages import KeyChange, decode_payload
from tlsmith.acme.problems import malformed
from tlsmith.core.blocklist import NO_KEYS, Blocklist


def verify_key_change(
    request: SignedRequest,
    account_url: str,
    account_key: AccountKey,
    *,
    blocklist: Blocklist = NO_KEYS,
) -> AccountKey:
    """Return the key that an account is to have from now on.

    Whether another account has it already is for the store to say.

    Args:
        request: whose signature by `account_key` is verified.
        blocklist: further keys that are known to be broken.

    Raises:
        ACMEProblem: malformed, badPublicKey or badSignatureAlgorithm.
    """
    inner = parse_inner_jws(request.payload)
    header = inner.header
    check_algorithm(header.alg)
    if header.jwk is None or header.kid is not None:
        raise malformed("the inner JWS has to have a jwk, and no kid")
    if header.nonce is not None:
        raise malformed("the inner JWS must not have a nonce")
    if header.url != request.header.url:
        raise malformed("the url of the inner JWS is not the one of the outer")
    new_key = parse_jwk(header.jwk, blocklist=blocklist)
    verify_jws(inner, new_key)
    change = decode_payload(inner.payload, KeyChange)
    if change.account != account_url:
        raise malformed("account: it is not the one that signed the request")
    if read_jwk(change.old_key).thumbprint != account_key.thumbprint:
        raise malformed("oldKey: it is not the account's key")
    return new_key
