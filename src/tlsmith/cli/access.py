"""`tlsmith access`: who may use the CA over the network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.durations import parse_duration
from tlsmith.cli.new_secret import check_place, write_secret
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, open_authority, person, store_option
from tlsmith.cli.table import table

if TYPE_CHECKING:
    from tlsmith.authority.access import Scope

ROLES = ("viewer", "issuer", "operator", "administrator")


@click.group(short_help="Tokens and grants for the API.", no_args_is_help=False)
def access() -> None:
    """Tokens and grants for the API.

    They say who may use the CA over the network: by a token, or a client certificate.

    \b
    Roles, each may do what those before it may:
      viewer         read everything but the audit log
      issuer         issue and renew, and revoke its own
      operator       revoke and hold any, issue CRLs, read the audit log
      administrator  policy, tokens, grants

    \b
    Examples:
      tlsmith access token ci --role issuer --profile server --name ci.corp.example
      tlsmith access grant web-1.corp.example --role issuer
      tlsmith access list
    """


def _scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--name",
            "names",
            multiple=True,
            metavar="DOMAIN",
            help="Only for this domain and all below it; all by default.",
        ),
        click.option(
            "--profile",
            "profiles",
            multiple=True,
            metavar="NAME",
            help="Only by this profile; all by default.",
        ),
        click.option(
            "--role",
            type=click.Choice(ROLES),
            required=True,
            metavar="ROLE",
            help="viewer, issuer, operator or administrator.",
        ),
    ):
        command = option(command)
    return command


@access.command(short_help="Make a token.")
@click.argument("name", metavar="NAME")
@_scope_options
@click.option("--expires-in", metavar="TIME", help="Such as 90d; never by default.")
@click.option(
    "--out", metavar="FILE", help="Write the token there, 0600, and do not show it."
)
@store_option
@json_option
def token(
    name: str,
    role: str,
    profiles: tuple[str, ...],
    names: tuple[str, ...],
    expires_in: str | None,
    **options: object,
) -> None:
    """Make a token. It is shown once: the store keeps its SHA-256 alone.

    \b
    Example:
      tlsmith access token ci --role issuer --expires-in 90d --out ci.token
    """
    from tlsmith.authority.access import Scope, create_token

    now = datetime.now(UTC)
    expires_at = now + parse_duration(expires_in) if expires_in else None
    scope = Scope(role, profiles, names)
    store, out = options["store"], options["out"]
    if out:
        check_place(str(out))
    with open_authority(str(store) if store else None) as authority:
        scope.check_profiles(authority.policy())
        made, record = authority.writer.submit(
            lambda tx: create_token(
                tx, name, scope, person(), now, expires_at=expires_at
            )
        )
    if out:
        write_secret(str(out), f"{made}\n")
    facts = {"id": record.id} | _scope_facts(name, scope)
    if options["as_json"]:
        emit_json(facts if out else facts | {"token": made})
    elif out:
        emit(f"the token {record.id} is in {out}, for you alone to read")
    else:
        emit(made)
        say(f"the token {record.id}: keep it now, it is not shown again")


@access.command(short_help="Say what a client certificate may do.")
@click.argument("identity", metavar="NAME")
@_scope_options
@store_option
@json_option
def grant(
    identity: str,
    role: str,
    profiles: tuple[str, ...],
    names: tuple[str, ...],
    store: str | None,
    as_json: bool,
) -> None:
    """Say what client certificates of this CA with a name may do.

    \b
    Example:
      tlsmith access grant web-1.corp.example --role issuer --profile server
    """
    from tlsmith.authority.access import Scope
    from tlsmith.authority.access import grant as set_grant
    from tlsmith.storage.search import Search

    now = datetime.now(UTC)
    scope = Scope(role, profiles, names)
    with open_authority(store) as authority:
        scope.check_profiles(authority.policy())
        authority.writer.submit(
            lambda tx: set_grant(tx, identity, scope, person(), now)
        )
        search = Search(name=identity, status="good", expires_after=now)
        there = any(True for _ in authority.find_all(search))
    if as_json:
        emit_json(_scope_facts(identity, scope))
    else:
        emit(f"certificates for {identity} have the role {role}")
    if there:
        # They may have been issued to somebody who is not to have this role.
        say(
            "those that are there already as well; see whose they are:\n"
            f"  tlsmith cert list --name {identity}"
        )


def _scope_facts(name: str, scope: Scope) -> dict[str, Any]:
    return {
        "name": name,
        "role": scope.role,
        "profiles": list(scope.profiles),
        "names": list(scope.names),
    }


@access.command("list", short_help="List tokens and grants.")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List tokens and grants, those that no longer work as well.

    \b
    Example:
      tlsmith access list
    """
    from tlsmith.storage.access import grants, tokens

    with open_authority(store) as authority, authority.storage.read() as connection:
        found: list[dict[str, Any]] = [
            {
                "kind": "token",
                "id": one.id,
                "name": one.name,
                "role": one.role,
                "profiles": list(one.profiles),
                "names": list(one.names),
                "expires_at": one.expires_at.isoformat() if one.expires_at else None,
                "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
            }
            for one in tokens(connection)
        ]
        found += [
            {
                "kind": "grant",
                "id": "",
                "name": one.identity,
                "role": one.role,
                "profiles": list(one.profiles),
                "names": list(one.names),
                "expires_at": None,
                "revoked_at": None,
            }
            for one in grants(connection)
        ]
    if as_json:
        for facts in found:
            emit_json(facts, indent=None)
        return
    if not found:
        say("there are none: tlsmith access token NAME --role ROLE makes one")
        return
    rows = [
        (
            str(one["kind"]),
            str(one["id"]),
            str(one["name"]),
            str(one["role"]),
            "revoked" if one["revoked_at"] else str(one["expires_at"] or "")[:10],
            ", ".join(one["profiles"]),
            ", ".join(one["names"]),
        )
        for one in found
    ]
    heads = ("kind", "id", "name", "role", "until", "profiles", "names")
    emit(table([heads, *rows]))


@access.command(short_help="Take a token or a grant back.")
@click.argument("which", metavar="ID|NAME")
@store_option
@json_option
def revoke(which: str, store: str | None, as_json: bool) -> None:
    """Take a token (by its id) or a grant (by its name) back, at once.

    \b
    Example:
      tlsmith access revoke 9f31c2aa
    """
    from tlsmith.authority.access import take_grant_back, take_token_back
    from tlsmith.storage.access import grants

    now = datetime.now(UTC)
    with open_authority(store) as authority:
        with authority.storage.read() as connection:
            is_grant = which in {one.identity for one in grants(connection)}
        take_back = take_grant_back if is_grant else take_token_back
        authority.writer.submit(lambda tx: take_back(tx, which, person(), now))
    if as_json:
        emit_json({"kind": "grant" if is_grant else "token", "which": which})
    else:
        emit(f"{which} no longer works")
