"""`tlsmith profile`: which certificates a CA gives, and to whom."""

from __future__ import annotations

import click

from tlsmith.cli.output import emit, emit_json
from tlsmith.cli.store import json_option, open_authority, person, store_option
from tlsmith.cli.table import table
from tlsmith.files import read_input


@click.group(short_help="Profiles and policy of a CA.", no_args_is_help=False)
def profile() -> None:
    """Profiles and policy of a CA.

    They say which certificates the CA in a store gives, and to whom.

    \b
    Examples:
      tlsmith profile list
      tlsmith profile export > policy.toml
      tlsmith profile check policy.toml
      tlsmith profile set policy.toml
    """


@profile.command("list", short_help="List the profiles in force.")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List the profiles in force.

    \b
    Example:
      tlsmith profile list --store sqlite:///ca.db
    """
    from tlsmith.authority.records import profile_facts

    with open_authority(store) as authority:
        profiles = authority.policy().profiles.values()
    if as_json:
        for one in profiles:
            emit_json(profile_facts(one), indent=None)
        return
    rows = [
        (
            one.name,
            str(one.default).removesuffix(", 0:00:00"),
            str(one.longest).removesuffix(", 0:00:00"),
            "a CA" if one.is_ca else "",
        )
        for one in profiles
    ]
    emit(table([("profile", "lives", "at most", ""), *rows]))


@profile.command(short_help="Print the policy in force.")
@store_option
def export(store: str | None) -> None:
    """Print the policy in force as TOML: what `profile set` was given.

    \b
    Example:
      tlsmith profile export > policy.toml
    """
    with open_authority(store) as authority:
        text = authority.policy().encode()
    emit(text or "# the profiles there are from the start; see docs/profiles.md")


@profile.command(short_help="Check a policy file.")
@click.argument("file", metavar="FILE")
@json_option
def check(file: str, as_json: bool) -> None:
    """Check a policy file, and name every mistake at once.

    \b
    Example:
      tlsmith profile check policy.toml
    """
    from tlsmith.authority.policy import load_policy

    policy = load_policy(read_input(file).decode("utf-8", "replace"))
    if as_json:
        emit_json({"profiles": list(policy.profiles)})
    else:
        emit(f"in order: {', '.join(policy.profiles)}")


@profile.command("set", short_help="Put a policy into force.")
@click.argument("file", metavar="FILE")
@store_option
@json_option
def set_command(file: str, store: str | None, as_json: bool) -> None:
    """Put a policy file into force, once it is found to be in order.

    Running servers follow within seconds; what was issued stays as it is.

    \b
    Example:
      tlsmith profile set policy.toml --store sqlite:///ca.db
    """
    text = read_input(file).decode("utf-8", "replace")
    with open_authority(store) as authority:
        version = authority.set_policy(text, person())
    if as_json:
        emit_json({"version": version})
    else:
        emit(f"policy {version} is in force")
