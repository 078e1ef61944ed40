"""External accounts: made, checked, taken back (RFC 8555 section 7.3.4)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from secrets import token_bytes, token_hex
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.authority.access import Scope
from tlsmith.authority.acme.authorizations import cancel_orders
from tlsmith.authority.acme.ids import may_be_id
from tlsmith.authority.actor import Actor
from tlsmith.core.names import parse_name
from tlsmith.errors import InputError, NotFoundError
from tlsmith.storage import Connection, Transaction
from tlsmith.storage.acme.bindings import (
    BindingRecord,
    accounts_bound,
    binding_by_id,
    insert_binding,
    revoke_binding,
    use_binding,
)
from tlsmith.storage.audit import Act, append


class Bounds(NamedTuple):
    """What the accounts of a binding may have.

    Args:
        profiles: empty for all.
        names: domains, with all below; empty for all.
        preauthorized: domains that need no challenge, with all below.
        is_reusable: whether any number of accounts can be bound, or one alone.
        expires_at: when no further account can be bound.
    """

    profiles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    preauthorized: tuple[str, ...] = ()
    is_reusable: bool = False
    expires_at: datetime | None = None


def create_binding(
    transaction: Transaction,
    name: str,
    bounds: Bounds,
    actor: Actor,
    now: datetime,
) -> BindingRecord:
    """Make a binding; its key is in the record, for whoever is to have it.

    Raises:
        AccessError: the actor is no administrator, or bound to less.
        InputError: the name or the bounds are none.
    """
    actor.require("administrator", "making an external account binding")
    actor.require_unbound("an external account binding")
    _check(name, bounds)
    expires = bounds.expires_at
    if expires is not None and expires <= now:
        raise InputError(f"a binding that expired {expires:%Y-%m-%d} is of no use")
    record = BindingRecord(
        token_hex(12),
        name,
        token_bytes(32),
        bounds.is_reusable,
        bounds.profiles,
        bounds.names,
        bounds.preauthorized,
        now.replace(microsecond=0),
        expires and expires.replace(microsecond=0),
    )
    insert_binding(transaction, record)
    detail: dict[str, object] = {"name": name, "reusable": bounds.is_reusable}
    for key in ("profiles", "names", "preauthorized"):
        if getattr(bounds, key):
            detail[key] = list(getattr(bounds, key))
    act = Act(actor.name, "eab.create", record.id, detail, actor.request_id)
    append(transaction, act, now)
    return record


def take_binding_back(
    transaction: Transaction, binding_id: str, actor: Actor, now: datetime
) -> None:
    """Have a binding bind no more, and the accounts bound to it order no more.

    Raises:
        NotFoundError: there is none of that id that works.
    """
    actor.require("administrator", "taking an external account binding back")
    record = binding_by_id(transaction, binding_id)
    if record is None or record.revoked_at is not None:
        raise NotFoundError(
            f"no external account binding {binding_id!r} that works",
            hint="see which there are: tlsmith eab list",
        )
    revoke_binding(transaction, binding_id, now)
    bound = accounts_bound(transaction, binding_id)
    reason = f"the external account {binding_id} was taken back"
    cancel_orders(transaction, bound, reason, now)
    act = Act(actor.name, "eab.revoke", binding_id, {}, actor.request_id)
    append(transaction, act, now)


def mac_key_of(connection: Connection, binding_id: str) -> bytes | None:
    """Return the key of a binding, None once it was used up or taken back.

    Whether the binding has expired is for `use` to say, to whom has the key.
    """
    if not may_be_id(binding_id):
        return None
    record = binding_by_id(connection, binding_id)
    return None if record is None else record.mac_key


def use(
    transaction: Transaction, binding_id: str, mac_key: bytes, now: datetime
) -> None:
    """Bind one more account.

    Args:
        mac_key: by which the client's proof was checked.

    Raises:
        ACMEProblem: it cannot be used any more; nothing was written.
    """
    record = binding_by_id(transaction, binding_id)
    if record is None:
        why = "is there no more"
    elif record.revoked_at is not None:
        why = "was taken back"
    elif record.mac_key is None:
        why = "was used already: it is for one account"
    elif not hmac.compare_digest(record.mac_key, mac_key):
        why = "has another key by now"
    elif record.expires_at is not None and record.expires_at <= now:
        why = "has expired"
    else:
        use_binding(transaction, record, now)
        return
    raise problems.unauthorized(
        f"the external account {binding_id} {why}; ask who runs this CA for another"
    )


def _check(name: str, bounds: Bounds) -> None:
    if not name or len(name) > 100 or not name.isprintable():
        raise InputError(
            f"not a name: {name!r}", hint="give 1 to 100 printable characters"
        )
    Scope("issuer", bounds.profiles, bounds.names).check()
    _check_domains(bounds.names)
    _check_domains(bounds.preauthorized)
    for domain in bounds.preauthorized:
        if bounds.names and not _is_below(domain, bounds.names):
            raise InputError(
                f"{domain} needs no challenge, and is none of the names allowed: "
                f"{', '.join(bounds.names)}",
                hint=f"allow it as well: --name {domain}",
            )


def _is_below(domain: str, domains: Sequence[str]) -> bool:
    return any(domain == one or domain.endswith(f".{one}") for one in domains)


def _check_domains(domains: Sequence[str]) -> None:
    for domain in domains:
        found = parse_name(domain)
        if found.kind not in ("dns", "ip") or found.value != domain:
            raise InputError(
                f"not a domain or an address as certificates have them: {domain!r}",
                hint=f"write it {found.value}" if found.value != domain else None,
            )
        if domain.startswith("*."):
            raise InputError(
                f"a wildcard where a domain is needed: {domain}",
                hint=f"write {domain[2:]}: all that is below it is meant as well",
            )
