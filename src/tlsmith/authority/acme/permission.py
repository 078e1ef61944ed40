"""Which identifiers and profiles an account may have, and which without a challenge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.no_hosts import RESERVED
from tlsmith.authority._lifetime import shown
from tlsmith.authority.acme.context import ACMEContext, requester
from tlsmith.authority.judge import most_names, refusals
from tlsmith.core.clients import parse_client
from tlsmith.core.names import GeneralName, quoted
from tlsmith.core.oid import SERVER_AUTH
from tlsmith.core.usages import extended_key_usage_name
from tlsmith.errors import ACMEProblem, Subproblem
from tlsmith.storage.acme.bindings import BindingRecord, binding_by_id

if TYPE_CHECKING:
    from tlsmith.authority.policy import Policy
    from tlsmith.authority.profile import Profile
    from tlsmith.storage import Storage
    from tlsmith.storage.acme.accounts import AccountRecord


def binding_of(storage: Storage, account: AccountRecord) -> BindingRecord | None:
    """Return what an account is bound to, None where that is nothing.

    Raises:
        ACMEProblem: it was taken back: the account orders no more. One that has
            expired binds no further accounts, and its own go on.
    """
    if account.binding is None:
        return None
    with storage.look() as connection:
        binding = binding_by_id(connection, account.binding)
    if binding is None or binding.revoked_at is not None:
        raise problems.unauthorized(
            f"the external account {account.binding} of this account was taken back"
        )
    return binding


def profiles_offered(context: ACMEContext) -> dict[str, Profile]:
    """Return the profiles that clients may choose from."""
    policy = context.authority.policy()
    known = context.offered
    if known is None or known[0] is not policy:
        known = context.offered = policy, _offered(policy, context.settings.profiles)
    return known[1]


def _offered(policy: Policy, wanted: tuple[str, ...]) -> dict[str, Profile]:
    return {
        name: profile
        for name, profile in policy.profiles.items()
        if (name in wanted or (not wanted and _is_for_servers(profile)))
        and not profile.is_ca
    }


def _is_for_servers(profile: Profile) -> bool:
    """Tell whether it is for TLS servers, and for some account at least."""
    return SERVER_AUTH in profile.extended_key_usage and (
        profile.admits(requester(""))
        or any(one.startswith(requester("")) for one in profile.requesters)
    )


def described(profile: Profile) -> str:
    """Return what a profile is for, in words for people."""
    usages = ", ".join(map(extended_key_usage_name, profile.extended_key_usage))
    return f"{usages or 'any use'}; {shown(profile.default)} unless asked otherwise"


def profile_of(
    context: ACMEContext,
    account: AccountRecord,
    binding: BindingRecord | None,
    wanted: str | None,
) -> Profile:
    """Return the profile that an order gets.

    Raises:
        ACMEProblem: invalidProfile.
    """
    who = requester(account.id)
    offered = {
        name: profile
        for name, profile in profiles_offered(context).items()
        if profile.admits(who)
        and (binding is None or not binding.profiles or name in binding.profiles)
    }
    if wanted is None:
        default = context.authority.policy().default_profile
        wanted = default if default in offered else next(iter(offered), default)
    profile = offered.get(wanted)
    if profile is None:
        raise problems.invalid_profile(
            f"there is no profile {quoted(wanted)} for this account: "
            f"{', '.join(offered) or 'there are none'}"
        )
    return profile


def refuse_names(
    context: ACMEContext,
    profile: Profile,
    binding: BindingRecord | None,
    identifiers: Sequence[Identifier],
) -> None:
    """Refuse identifiers that the account may not have.

    Raises:
        ACMEProblem: rejectedIdentifier, with a subproblem for each.
    """
    authority = context.authority
    policy = authority.policy()
    issuer = authority.issuers.issuing().limits
    most = most_names(profile, policy)
    if len(identifiers) > most:
        raise problems.rejected_identifier(
            f"{len(identifiers)} identifiers, and {most} is the most in a certificate"
        )
    wrong: list[tuple[Identifier, str]] = []
    for identifier in identifiers:
        name = general_name(identifier)
        reasons = refusals(name, profile, policy, issuer)
        if binding is not None and binding.names and not is_below(name, binding.names):
            reasons.append(
                f"the external account is for names below {', '.join(binding.names)}"
            )
        if identifier.type == "ip" and _is_reserved(context, identifier.value):
            reasons.append(
                f"{identifier.value} is in {RESERVED}, which is reserved: have the "
                "administrator allow its network: acme.allow"
            )
        if reasons:
            wrong.append((identifier, "; ".join(reasons)))
    if wrong:
        raise refused(wrong)


def _is_reserved(context: ACMEContext, value: str) -> bool:
    """Tell whether an address is one that hosts have only where a setting says so."""
    address = ip_address(value)
    return address in RESERVED and not any(
        address in network for network in context.settings.allowed_networks
    )


def refused(wrong: Sequence[tuple[Identifier, str]]) -> ACMEProblem:
    """Return the problem of identifiers that cannot be had."""
    names = ", ".join(identifier.value for identifier, _ in wrong[:8])
    detail = f"this CA does not issue for {names}"
    if len(wrong) == 1:
        detail = f"{detail}: {wrong[0][1]}"
    return problems.rejected_identifier(
        detail,
        subproblems=[
            Subproblem(
                "rejectedIdentifier", reason, (identifier.type, identifier.value)
            )
            for identifier, reason in wrong
        ],
    )


def preauthorization(
    context: ACMEContext,
    binding: BindingRecord | None,
    identifier: Identifier,
    address: str,
) -> str | None:
    """Return why an identifier needs no challenge, None where it needs one."""
    name = general_name(identifier)
    if binding is not None and is_below(name, binding.preauthorized):
        return f"binding {binding.id}"
    trusted = context.settings.trusted_networks
    client = parse_client(address) if trusted else None
    if client is None:
        return None
    for network, domain in trusted:
        if client in network and is_below(name, (domain,)):
            return f"network {network}"
    return None


def is_below(name: GeneralName, domains: Sequence[str]) -> bool:
    """Tell whether a name is one of some domains, or below one."""
    value = name.value.removeprefix("*.")
    return any(
        value == domain or (name.kind == "dns" and value.endswith(f".{domain}"))
        for domain in domains
    )


@lru_cache(maxsize=4096)
def general_name(identifier: Identifier) -> GeneralName:
    """Return an identifier as certificates have it."""
    return GeneralName(identifier.type, identifier.value)
