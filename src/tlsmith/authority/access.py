"""Tokens and grants: made, checked, taken back."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.actor import ROLES, Actor
from tlsmith.core.oid import CLIENT_AUTH
from tlsmith.core.view import view_certificate
from tlsmith.errors import AccessError, InputError, NotFoundError
from tlsmith.storage import Connection, Transaction
from tlsmith.storage.access import (
    GrantRecord,
    TokenRecord,
    delete_grant,
    grants,
    insert_token,
    revoke_token,
    set_grant,
    token_by_hash,
)
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import GOOD, by_serial_number

if TYPE_CHECKING:
    from tlsmith.authority.policy import Policy
    from tlsmith.core.profiles import CertificateParameters

# What tokens begin with, so that scanners for secrets know one.
PREFIX = "tlsmith_"


class Scope(NamedTuple):
    """What somebody may do.

    Args:
        role: one of `ROLES`.
        profiles: those they may use; empty for all.
        names: domains, with all below, that they may ask for; empty for all.
    """

    role: str
    profiles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def check_profiles(self, policy: Policy) -> None:
        """Refuse profiles that the policy has not: a typo would allow nothing.

        Raises:
            InputError: one of them is none.
        """
        for name in self.profiles:
            policy.profile(name)

    def check(self) -> None:
        """Refuse a scope that is none.

        Raises:
            InputError: there is no such role, or a word has a space in it.
        """
        if self.role not in ROLES:
            raise InputError(
                f"there is no role {self.role!r}",
                hint=f"give one of {', '.join(ROLES)}",
            )
        for word in (*self.profiles, *self.names):
            if not word or not word.isprintable() or any(c.isspace() for c in word):
                raise InputError(f"not a profile or a domain: {word!r}")


def create_token(
    transaction: Transaction,
    name: str,
    scope: Scope,
    actor: Actor,
    now: datetime,
    *,
    expires_at: datetime | None = None,
) -> tuple[str, TokenRecord]:
    """Make a token; return it, which is kept nowhere, and its record.

    Raises:
        AccessError: the actor is no administrator.
        InputError: the name or the scope is none.
    """
    actor.require("administrator", "making a token")
    scope.check()
    _check_name(name)
    if expires_at is not None and expires_at <= now:
        raise InputError(f"a token that expired {expires_at:%Y-%m-%d} is of no use")
    token = PREFIX + token_urlsafe(32)
    # The store keeps whole seconds.
    record = TokenRecord(
        token_hex(4),
        name,
        scope.role,
        scope.profiles,
        scope.names,
        now.replace(microsecond=0),
        expires_at and expires_at.replace(microsecond=0),
        None,
    )
    insert_token(transaction, record, sha256(token.encode()).digest())
    detail: dict[str, object] = {"name": name, "role": scope.role}
    if scope.profiles:
        detail["profiles"] = list(scope.profiles)
    if scope.names:
        detail["names"] = list(scope.names)
    act = Act(actor.name, "token.create", record.id, detail, actor.request_id)
    append(transaction, act, now)
    return token, record


def take_token_back(
    transaction: Transaction, number: str, actor: Actor, now: datetime
) -> None:
    """Have a token no longer work.

    Raises:
        NotFoundError: there is none of that id that works.
    """
    actor.require("administrator", "taking a token back")
    if not revoke_token(transaction, number, now):
        raise NotFoundError(
            f"no token {number!r} that works",
            hint="see which there are: tlsmith access list",
        )
    append(
        transaction, Act(actor.name, "token.revoke", number, {}, actor.request_id), now
    )


def grant(
    transaction: Transaction, identity: str, scope: Scope, actor: Actor, now: datetime
) -> GrantRecord:
    """Say what client certificates with a name may do.

    Raises:
        AccessError: the actor is no administrator.
    """
    actor.require("administrator", "granting a role")
    scope.check()
    _check_name(identity)
    record = GrantRecord(identity, scope.role, scope.profiles, scope.names, now)
    set_grant(transaction, record)
    detail: dict[str, object] = {"role": scope.role}
    append(
        transaction,
        Act(actor.name, "grant.set", identity, detail, actor.request_id),
        now,
    )
    return record


def take_grant_back(
    transaction: Transaction, identity: str, actor: Actor, now: datetime
) -> None:
    """Take a grant away.

    Raises:
        NotFoundError: there is none.
    """
    actor.require("administrator", "taking a grant back")
    if not delete_grant(transaction, identity):
        raise NotFoundError(
            f"nothing is granted to {identity!r}",
            hint="see what is: tlsmith access list",
        )
    append(
        transaction,
        Act(actor.name, "grant.remove", identity, {}, actor.request_id),
        now,
    )


def refuse_borrowed_grant(
    connection: Connection, actor: Actor, parameters: CertificateParameters
) -> None:
    """Refuse a client certificate that could do what its requester may not.

    Who may issue could else have itself a certificate with an administrator's name.

    Raises:
        AccessError: one of its names has a grant that reaches further than the actor.
    """
    names = {name.value for name in parameters.names}
    for record in grants(connection):
        if record.identity in names and not actor.reaches(
            record.role, record.profiles, record.names
        ):
            raise AccessError(
                f"{actor.name} may not ask for a client certificate of "
                f"{record.identity}, whose grant reaches further",
                hint="an administrator may",
            )


def is_for_clients(parameters: CertificateParameters) -> bool:
    """Tell whether TLS takes a certificate from a client (RFC 5280 4.2.1.12)."""
    usages = parameters.extended_key_usage
    return not usages or CLIENT_AUTH in usages


def actor_of_token(
    connection: Connection, token: str, now: datetime, request_id: str = ""
) -> Actor:
    """Return who a token stands for.

    Raises:
        AccessError: it is unknown, expired or taken back; which, is not said.
    """
    record = token_by_hash(connection, sha256(token.encode()).digest())
    if (
        record is None
        or record.revoked_at is not None
        or (record.expires_at is not None and record.expires_at <= now)
    ):
        raise AccessError("the token is not one that works", code="bad-token")
    return Actor(
        f"token:{record.name}", record.role, record.profiles, record.names, request_id
    )


def actor_of_certificate(
    connection: Connection, certificate: bytes, now: datetime, request_id: str = ""
) -> Actor:
    """Return who a client certificate stands for: one of ours, good, with a grant.

    Args:
        certificate: DER, of a connection that proved to have its key.

    Raises:
        AccessError: it is none of these.
    """
    view = view_certificate(certificate)
    found = [
        record
        for record in by_serial_number(connection, view.serial_number)
        if record.certificate == certificate
    ]
    if not found or found[0].status != GOOD or not _is_current(view, now):
        raise AccessError(
            "the client certificate is not a good one of this CA",
            code="bad-certificate",
        )
    names = {name.value for name in view.names}
    for record in grants(connection):
        if record.identity in names:
            return Actor(
                f"certificate:{record.identity}",
                record.role,
                record.profiles,
                record.names,
                request_id,
            )
    raise AccessError(
        f"nothing is granted to {', '.join(sorted(names)) or 'this certificate'}",
        code="no-grant",
        hint="an administrator may: tlsmith access grant NAME --role ROLE",
    )


def _is_current(view: object, now: datetime) -> bool:
    not_before, not_after = view.not_before, view.not_after  # type: ignore[attr-defined]
    return bool(not_before <= now <= not_after)


def _check_name(name: str) -> None:
    if not name or len(name) > 100 or not name.isprintable():
        raise InputError(
            f"not a name: {name!r}", hint="give 1 to 100 printable characters"
        )
