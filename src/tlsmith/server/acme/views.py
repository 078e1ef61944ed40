"""Records of the store as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from tlsmith.acme.resources import (
    AccountView,
    AuthorizationView,
    ChallengeView,
    IdentifierView,
    OrderView,
    encode,
    encode_account,
)
from tlsmith.storage.moments import to_moment

if TYPE_CHECKING:
    from tlsmith.server.acme.urls import URLs
    from tlsmith.storage.acme.accounts import AccountRecord
    from tlsmith.storage.acme.authorizations import AuthorizationRecord, ChallengeRecord
    from tlsmith.storage.acme.orders import OrderRecord

PERSISTENT = "dns-persist-01"


def hash_prefix(issuer_names: Sequence[str]) -> str:
    """Return how accounts' names in records that stay begin (dns-persist-01).

    Args:
        issuer_names: domains of this CA, the first of which is in it.
    """
    return f"https://{issuer_names[0]}/acme/" if issuer_names else ""


def account_body(
    urls: URLs, record: AccountRecord, binding: bytes | None = None
) -> bytes:
    """Return an account.

    Args:
        binding: the JWS that bound it, where this answers the request that did.
    """
    return encode_account(
        AccountView(
            record.status,
            urls.orders(record.id),
            record.contacts,
            True if record.terms_agreed_at is not None else None,
            binding,
        )
    )


def order_body(urls: URLs, record: OrderRecord, *, is_running: bool = False) -> bytes:
    """Return an order.

    Args:
        is_running: it is being finalized.
    """
    return encode(
        OrderView(
            "processing" if is_running and record.status == "ready" else record.status,
            [IdentifierView(type_, value) for type_, value in record.identifiers],
            [urls.authorization(one) for one in record.authorizations],
            urls.finalize(record.id),
            record.expires_at,
            record.not_before,
            record.not_after,
            urls.certificate(record.id) if record.certificate_id is not None else None,
            record.replaces,
            record.profile,
            msgspec.Raw(record.error.encode()) if record.error else None,
        )
    )


def authorization_body(
    urls: URLs, record: AuthorizationRecord, issuer_names: tuple[str, ...] = ()
) -> bytes:
    """Return an authorization.

    Args:
        issuer_names: of this CA, for records that stay (dns-persist-01).
    """
    return encode(
        AuthorizationView(
            IdentifierView(record.type, record.value),
            record.status,
            [_challenge(urls, record, one, issuer_names) for one in record.challenges],
            record.expires_at,
            record.wildcard,
        )
    )


def challenge_body(
    urls: URLs,
    record: AuthorizationRecord,
    challenge: ChallengeRecord,
    issuer_names: tuple[str, ...] = (),
) -> bytes:
    """Return a challenge."""
    return encode(_challenge(urls, record, challenge, issuer_names))


def _challenge(
    urls: URLs,
    record: AuthorizationRecord,
    challenge: ChallengeRecord,
    issuer_names: tuple[str, ...],
) -> ChallengeView:
    type_, status, validated, error = challenge
    is_persistent = type_ == PERSISTENT
    names = issuer_names if is_persistent else ()
    return ChallengeView(
        type_,
        urls.challenge(record.id, type_),
        status,
        None if is_persistent else record.token,
        None if validated is None else to_moment(validated),
        error,
        names,
        urls.account(record.account_id) if is_persistent else None,
        names,
    )
