"""Orders, and the authorizations that they need (RFC 8555 section 7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.challenges import FOR_ADDRESSES, FOR_WILDCARDS
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.renewal_info import CertID, encode_cert_id
from tlsmith.authority._lifetime import lifetime_until, shown
from tlsmith.authority.acme.accounts import refuse_unusable
from tlsmith.authority.acme.authorizations import authorizations_for
from tlsmith.authority.acme.context import ACMEContext, own
from tlsmith.authority.acme.ids import new_id
from tlsmith.authority.acme.limiting import count, order_limits, refuse_too_many
from tlsmith.authority.acme.permission import (
    binding_of,
    preauthorization,
    profile_of,
    refuse_names,
    refused,
)
from tlsmith.authority.acme.replacing import refuse_replacement
from tlsmith.storage.acme.authorizations import (
    PENDING,
    VALID,
    AuthorizationRecord,
    ChallengeRecord,
    has_no_valid_authorization,
    insert_authorization,
)
from tlsmith.storage.acme.known import known_order, tell_authorization, tell_order
from tlsmith.storage.acme.orders import (
    INVALID,
    READY,
    OrderRecord,
    count_replacements,
    insert_order,
    order_that_replaces,
)
from tlsmith.storage.moments import to_day

if TYPE_CHECKING:
    from tlsmith.authority.profile import Profile
    from tlsmith.storage import Connection, Transaction
    from tlsmith.storage.acme.accounts import AccountRecord
    from tlsmith.storage.acme.bindings import BindingRecord
    from tlsmith.storage.acme.limits import Limit

# Orders that replace one certificate, before they count as others do.
_MOST_TRIES = 3
# What an authorization must have left to be used again.
_LEAST = timedelta(minutes=30)


class WantedOrder(NamedTuple):
    """An order somebody wants.

    Args:
        identifiers: in their one form, each once.
        replaces: the certificate that is renewed (RFC 9773 section 5).
        address: of the client.
    """

    identifiers: tuple[Identifier, ...]
    profile: str | None
    not_before: datetime | None
    not_after: datetime | None
    replaces: CertID | None
    address: str


def new_order(
    context: ACMEContext, account: AccountRecord, wanted: WantedOrder
) -> Future[OrderRecord]:
    """Make an order, and what it needs.

    Raises, or the future does:
        ACMEProblem: invalidProfile, rejectedIdentifier, rateLimited, alreadyReplaced,
            malformed.
    """
    now = context.now()
    binding = binding_of(context.storage, account)
    profile = profile_of(context, account, binding, wanted.profile)
    _refuse_times(context, profile, wanted, now)
    refuse_names(context, profile, binding, wanted.identifiers)
    is_renewal = False
    if wanted.replaces is not None:
        with context.storage.look() as connection:
            is_renewal = refuse_replacement(
                connection, account, wanted.replaces, wanted.identifiers
            )

    def act(transaction: Transaction) -> OrderRecord:
        order_id = new_id(now)
        needed = [
            _needed(
                context, transaction, (account, binding), identifier, wanted, order_id
            )
            for identifier in wanted.identifiers
        ]
        _refuse_unprovable(needed, wanted.identifiers)
        # Also where none was asked for: draft-ietf-acme-profiles section 4.
        record = _order(context, (order_id, account.id), wanted, profile.name, needed)
        is_free = is_renewal and _is_tried_seldom(transaction, record)
        limits = [] if is_free else _limits(context, record)
        return _insert(transaction, record, needed, limits, now)

    return context.begin(act)


def _order(
    context: ACMEContext,
    ids: tuple[str, str],
    wanted: WantedOrder,
    profile: str,
    needed: Sequence[AuthorizationRecord],
) -> OrderRecord:
    """Return a new order.

    Args:
        ids: its own, and its account's.
    """
    created = context.now().replace(microsecond=0)
    is_proved = all(one.status == VALID for one in needed)
    ends = [one.expires_at for one in needed if one.status == VALID]
    return OrderRecord(
        *ids,
        READY if is_proved else PENDING,
        created,
        min([created + context.settings.order_lifetime, *ends]),
        tuple((one.type, one.value) for one in wanted.identifiers),
        tuple(one.id for one in needed),
        profile,
        wanted.not_before,
        wanted.not_after,
        wanted.replaces and encode_cert_id(wanted.replaces),
    )


def _limits(context: ACMEContext, record: OrderRecord) -> list[Limit]:
    names = [value for _, value in record.identifiers]
    return order_limits(context.settings.limits, record.account_id, names)


def _is_tried_seldom(transaction: Transaction, record: OrderRecord) -> bool:
    """Tell whether few orders replaced the same certificate, all of which failed.

    A renewal that was asked for is never too many (RFC 9773 section 5), yet whoever
    has a certificate shall not order without end by giving up each order.
    """
    replaces = record.replaces or ""
    return count_replacements(transaction, replaces) < _MOST_TRIES


def _insert(
    transaction: Transaction,
    record: OrderRecord,
    needed: Sequence[AuthorizationRecord],
    limits: Sequence[Limit],
    now: datetime,
) -> OrderRecord:
    if record.replaces is not None and order_that_replaces(
        transaction, record.replaces, now
    ):
        raise problems.already_replaced(
            f"another order replaces the certificate {record.replaces} already"
        )
    refuse_too_many(transaction, limits, now)
    refuse_unusable(transaction, record.account_id)
    count(transaction, limits, now)
    insert_order(transaction, record)
    tell_order(transaction, record)
    for one in needed:
        # Those that are used again are there already.
        if one.order_id == record.id:
            insert_authorization(transaction, one)
            tell_authorization(transaction, one)
    transaction.tally(to_day(now), "acme-order")
    return record


def _refuse_times(
    context: ACMEContext, profile: Profile, wanted: WantedOrder, now: datetime
) -> None:
    """Refuse a validity that no certificate can have.

    Raises:
        ACMEProblem: malformed.
    """
    if wanted.not_before is not None:
        raise problems.malformed(
            "notBefore: certificates of this CA begin when they are issued: leave it "
            "out"
        )
    if wanted.not_after is None:
        return
    last = f"notAfter: {wanted.not_after:%Y-%m-%dT%XZ}"
    if wanted.not_after <= now:
        raise problems.malformed(f"{last} is over")
    lifetime = lifetime_until(profile, wanted.not_after, now)
    longest = profile.longest
    if (most := context.authority.policy().longest) is not None:
        longest = min(longest, most)
    if lifetime > longest:
        raise problems.malformed(f"{last}: {shown(longest)} is the most")
    issuer = context.authority.issuers.issuing().limits
    if wanted.not_after > issuer.not_after:
        raise problems.malformed(
            f"{last}: this CA ends {issuer.not_after:%Y-%m-%dT%XZ}: leave it out"
        )


def _needed(
    context: ACMEContext,
    transaction: Transaction,
    whose: tuple[AccountRecord, BindingRecord | None],
    identifier: Identifier,
    wanted: WantedOrder,
    order_id: str,
) -> AuthorizationRecord:
    """Return the authorization that an order needs: one there is, or a new one."""
    account, binding = whose
    proof = preauthorization(context, binding, identifier, wanted.address)
    value, there = identifier.base.value, None
    if context.is_proved(account.id, value) or not has_no_valid_authorization(
        transaction, account.id, value
    ):
        there = _reusable(context, transaction, account, identifier, proof)
    return there or make_authorization(context, account, identifier, order_id, proof)


def _reusable(
    context: ACMEContext,
    connection: Connection,
    account: AccountRecord,
    identifier: Identifier,
    proof: str | None,
) -> AuthorizationRecord | None:
    """Return an authorization that the account has for an identifier already.

    Not one that is about to expire, which would leave the client no time; nor one that
    needed no challenge for a reason that holds no more.
    """
    now, lifetime = context.now(), context.settings.authorization_lifetime
    until = now + min(_LEAST, lifetime / 2)
    since = (now - lifetime).timestamp()
    for one in authorizations_for(connection, account.id, identifier):
        if (
            one.proof in (None, proof)
            and one.expires_at > until
            and (one.challenges[0].validated_at or 0) > since
        ):
            return one
    return None


def make_authorization(
    context: ACMEContext,
    account: AccountRecord,
    identifier: Identifier,
    order_id: str | None,
    proof: str | None,
) -> AuthorizationRecord:
    """Return a new authorization, which is not in the store yet.

    Args:
        proof: why it needs no challenge; None where it needs one.
    """
    now = context.now().replace(microsecond=0)
    settings = context.settings
    offered = challenges_for(settings.challenges, identifier)
    lifetime = settings.order_lifetime
    if proof is not None:
        lifetime = settings.proof_lifetime
    status = PENDING if proof is None else VALID
    moment = None if proof is None else int(now.timestamp())
    return AuthorizationRecord(
        new_id(now),
        account.id,
        order_id,
        identifier.type,
        identifier.base.value,
        identifier.is_wildcard,
        status,
        now,
        now + lifetime,
        token_urlsafe(32),
        tuple(
            ChallengeRecord(one, status, moment)
            for one in (offered if proof is None else offered[:1])
        ),
        proof,
    )


def challenges_for(offered: Sequence[str], identifier: Identifier) -> tuple[str, ...]:
    """Return the types of challenge by which an identifier can be proved."""
    if identifier.type == "ip":
        return tuple(one for one in offered if one in FOR_ADDRESSES)
    if identifier.is_wildcard:
        return tuple(one for one in offered if one in FOR_WILDCARDS)
    return tuple(offered)


def _refuse_unprovable(
    needed: Sequence[AuthorizationRecord], identifiers: Sequence[Identifier]
) -> None:
    """Refuse identifiers for which no challenge is offered.

    Raises:
        ACMEProblem: rejectedIdentifier.
    """
    wrong = [
        (identifier, "no challenge that this CA offers can prove it")
        for identifier, one in zip(identifiers, needed, strict=True)
        if one.status == PENDING and not one.challenges
    ]
    if wrong:
        raise refused(wrong)


def order_of(
    context: ACMEContext, account: AccountRecord, order_id: str
) -> OrderRecord:
    """Return an account's order.

    Raises:
        ACMEProblem: there is none, or it is another account's.
    """
    record = known_order(context.storage, order_id)
    return at_moment(own(record, account, "order"), context.now())


def at_moment(record: OrderRecord, now: datetime) -> OrderRecord:
    """Return an order as it is at a moment: time alone makes one fail."""
    if record.status in (PENDING, READY) and now >= record.expires_at:
        return record._replace(status=INVALID)
    return record


def new_authorization(
    context: ACMEContext, account: AccountRecord, identifier: Identifier, address: str
) -> Future[AuthorizationRecord]:
    """Authorize beforehand (section 7.4.1).

    Raises, or the future does:
        ACMEProblem: rejectedIdentifier, malformed.
    """
    if identifier.is_wildcard:
        raise problems.malformed(
            f"identifier: {identifier.value}: a wildcard cannot be authorized "
            "beforehand: order it"
        )
    now, most = context.now(), context.settings.limits
    binding = binding_of(context.storage, account)
    profile = profile_of(context, account, binding, None)
    refuse_names(context, profile, binding, (identifier,))
    proof = preauthorization(context, binding, identifier, address)
    with context.storage.look() as connection:
        there = _reusable(context, connection, account, identifier, proof)
    record = there or make_authorization(context, account, identifier, None, proof)
    _refuse_unprovable((record,), (identifier,))

    def act(transaction: Transaction) -> AuthorizationRecord:
        refuse_unusable(transaction, account.id)
        if there is None:
            # Of an account, they are as many as orders.
            limits = order_limits(most, account.id, ())
            refuse_too_many(transaction, limits, now)
            count(transaction, limits, now)
            insert_authorization(transaction, record)
        return record

    return context.begin(act)
