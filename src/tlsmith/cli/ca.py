"""`tlsmith ca`: make, show and export certificate authorities."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.home import safe_home
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.core.formats import encode_chain
from tlsmith.core.keys import DEFAULT_KIND, KINDS, fingerprint
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError
from tlsmith.files import data_home
from tlsmith.local.authority import LocalAuthority, load_authority
from tlsmith.local.creation import create_authority
from tlsmith.local.reach import constraints_for, extra_names


@click.group(short_help="Make and show certificate authorities.", no_args_is_help=False)
def ca() -> None:
    """Make and show certificate authorities.

    \b
    Examples:
      tlsmith ca show
      tlsmith ca export --root > root.pem
      tlsmith ca init --local --allow corp.example.com
    """


@ca.command(short_help="Make a CA.")
@click.option("--local", is_flag=True, help="A local CA, for `tlsmith make`.")
@click.option(
    "--allow",
    multiple=True,
    metavar="NAME",
    help="Domain (with all below it) or network it may sign for as well.",
)
@click.option(
    "--key",
    "kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"Kind of its keys; {DEFAULT_KIND} by default.",
)
@click.option("--replace", is_flag=True, help="Even if the one there is would do.")
@click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
def init(
    local: bool,
    allow: tuple[str, ...],
    kind: str | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Make a local CA, in place of the one there is.

    It may sign for development names, private addresses, and what --allow names. The
    earlier CA's key is destroyed; certificates it signed go on working for as long as
    its root stays trusted.

    \b
    Examples:
      tlsmith ca init --local --allow corp.example.com --allow 203.0.113.0/24
      tlsmith ca init --local --replace
    """
    if not local:
        raise InputError(
            "say which kind of CA is to be made", hint="add --local for `tlsmith make`"
        )
    home = safe_home()
    earlier = None if replace else load_authority(home)
    if earlier is not None and _would_do(earlier, allow, kind):
        say("the local CA there is does all of this: nothing was changed")
        _report(earlier, as_json)
        return
    now = datetime.now(UTC)
    kind = kind or DEFAULT_KIND
    authority, _ = create_authority(home, now, allow=allow, kind=kind)
    _report(authority, as_json)
    if not as_json:
        say("\nHave this machine's clients trust it:\n  tlsmith trust install")


@ca.command(short_help="Show the local CA.")
@click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
def show(as_json: bool) -> None:
    """Show the local CA: what it may sign, until when, and its fingerprint.

    \b
    Example:
      tlsmith ca show
    """
    _report(_current(), as_json)


@ca.command(short_help="Print certificates of a CA, PEM.")
@click.option("--root", "which", flag_value="root", help="The root alone.")
@click.option(
    "--chain", "which", flag_value="chain", help="The intermediate, then the root."
)
def export(which: str | None) -> None:
    """Print certificates of the local CA, as PEM, on standard output.

    \b
    Examples:
      tlsmith ca export --root > root.pem
      tlsmith ca export --chain > chain.pem
    """
    if which is None:
        raise InputError("say what to print", hint="give --root or --chain")
    authority = _current()
    chain = [authority.root]
    if which == "chain":
        chain.insert(0, authority.intermediate)
    emit(encode_chain(chain).decode())


def _current() -> LocalAuthority:
    authority = load_authority(data_home())
    if authority is None:
        raise InputError(
            "there is no local CA yet",
            code="no-local-ca",
            hint="`tlsmith make localhost` makes one at first use",
        )
    return authority


def _would_do(
    authority: LocalAuthority, allow: tuple[str, ...], kind: str | None
) -> bool:
    wanted = constraints_for(allow).permitted
    if not set(wanted) <= set(authority.name_constraints.permitted):
        return False
    return kind in (None, authority.kind)


def authority_facts(authority: LocalAuthority) -> dict[str, Any]:
    """Return the facts of a local CA for programs."""
    root = view_certificate(authority.root)
    permitted = authority.name_constraints.permitted
    return {
        "folder": authority.folder,
        "can_sign": os.path.exists(authority.key_file),
        "root_fingerprint_sha256": fingerprint(root.der),
        "not_before": root.not_before.isoformat(),
        "not_after": root.not_after.isoformat(),
        "permitted_domains": [tree.base for tree in permitted if tree.kind == "dns"],
        "permitted_networks": [tree.base for tree in permitted if tree.kind == "ip"],
        "allowed_by_request": extra_names(authority.name_constraints),
    }


def _wrapped(title: str, words: Sequence[str]) -> list[str]:
    """Return words in lines of 80 columns behind a title."""
    import textwrap

    text = textwrap.wrap(", ".join(words), 66, break_on_hyphens=False)
    heads = [title, *[""] * (len(text) - 1)]
    return [f"  {head:<12}{line}" for head, line in zip(heads, text, strict=True)]


def _report(authority: LocalAuthority, as_json: bool) -> None:
    facts = authority_facts(authority)
    if as_json:
        emit_json(facts)
        return
    fingerprint = facts["root_fingerprint_sha256"].upper()
    pairs = [fingerprint[i : i + 2] for i in range(0, 64, 2)]
    lines = [
        "The local CA",
        *_wrapped("may sign", [*facts["permitted_domains"], "all below them"]),
        *_wrapped("", facts["permitted_networks"]),
        f"  good until  {facts['not_after'][:10]}",
        "  root key    destroyed when the CA was made",
        f"  root        SHA-256 {':'.join(pairs[:16])}:",
        f"              {' ' * 8}{':'.join(pairs[16:])}",
        f"  kept in     {facts['folder']}",
    ]
    if not facts["can_sign"]:
        lines.append(
            "  cannot sign: its key is gone. tlsmith ca init --local --replace"
        )
    emit("\n".join(lines))
