"""Finding out who signed a request (RFC 8555 section 6.2)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.jwk import AccountKey, load_account_key, read_jwk, refuse_unsafe
from tlsmith.acme.jws import CONTENT_TYPE, SignedRequest, parse_jws, verify_jws
from tlsmith.errors import ACMEProblem
from tlsmith.server.acme.urls import Places, URLs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tlsmith.core.blocklist import Blocklist
    from tlsmith.storage.acme.accounts import AccountRecord


_CONTENT_TYPE = CONTENT_TYPE.encode()


class Signer(NamedTuple):
    """Who signed a request, and where they know this server by.

    Args:
        account: None where the key is in the request itself.
    """

    signed: SignedRequest
    key: AccountKey
    account: AccountRecord | None
    urls: URLs


class Reached(NamedTuple):
    """Where a request was sent to.

    Args:
        target: path and query.
        known: the URLs that we give out.
        host: by which the client may know us as well.
        places: where that is so.
    """

    target: str
    known: URLs
    host: str
    places: Places


def check_content_type(given: bytes) -> None:
    """Refuse what does not say that it is a JWS.

    Raises:
        ACMEProblem: malformed, 415.
    """
    if given == _CONTENT_TYPE:
        return
    media_type = given.partition(b";")[0].strip().lower()
    if media_type != _CONTENT_TYPE:
        raise problems.malformed(f"the content type must be {CONTENT_TYPE}", status=415)


def _urls_of(url: str, reached: Reached) -> URLs:
    """Return the URLs by which a client knows us that signed for one of them.

    Raises:
        ACMEProblem: unauthorized: it signed for another (RFC 8555 section 6.4).
    """
    target, known, host, places = reached
    if url == known.base + target:
        return known
    with contextlib.suppress(ACMEProblem):
        other = places.at(host)
        if url == other.base + target:
            return other
    raise problems.unauthorized(
        "the protected header's url is not that of the request, "
        f"{known.base + target[:200]}",
        status=401,
    )


def find_signer(
    blocklist: Blocklist,
    account_of: Callable[[str], AccountRecord],
    body: bytes,
    reached: Reached,
    keys: str,
) -> Signer:
    """Return who signed a request, once their signature is verified.

    The nonce is still to be used up: whoever cannot sign shall not use up others'.

    Args:
        blocklist: keys that no account may have.
        account_of: returns an account by its id.
        keys: "kid", "jwk" or "either", as the endpoint takes them.

    Raises:
        ACMEProblem: malformed, badSignatureAlgorithm, badPublicKey, badNonce,
            accountDoesNotExist, unauthorized.
    """
    signed = parse_jws(body)
    header = signed.header
    urls = _urls_of(header.url, reached)
    if header.kid is None:
        if keys == "kid":
            raise problems.malformed(
                "this request is signed for an account: kid, and no jwk"
            )
        # A key that was stolen and is blocked still revokes its certificate.
        key = read_jwk(header.jwk or {})
        if keys == "jwk":
            refuse_unsafe(key, blocklist)
        verify_jws(signed, key)
        return Signer(signed, key, None, urls)
    if keys == "jwk":
        raise problems.malformed("this request needs the key itself: jwk, and no kid")
    account_id = urls.account_id(header.kid)
    if account_id is None:
        raise problems.account_does_not_exist(
            f"kid: not the URL of an account: {urls.account('...')} is what they are"
        )
    account = account_of(account_id)
    key = load_account_key(account.jwk)
    verify_jws(signed, key)
    return Signer(signed, key, account, urls)
