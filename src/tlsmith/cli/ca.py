"""`tlsmith ca`: make, show and export certificate authorities."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.home import safe_home
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, passphrase_option, store_option
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
@click.option("--name", help="Of the CA, such as the organisation's.")
@store_option
@click.option(
    "--root-key-file",
    metavar="FILE",
    help="Where the root's key goes, encrypted: a file to be carried away.",
)
@passphrase_option
@click.option(
    "--root-passphrase-file",
    metavar="FILE",
    help="Another passphrase for the root's key.",
)
@click.option(
    "--key",
    "kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"Kind of its keys; {DEFAULT_KIND} by default.",
)
@click.option(
    "--root-key",
    "root_kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help="Kind of the root's key, where it is another.",
)
@click.option(
    "--signer",
    default="store:",
    metavar="URI",
    help="Where the issuing key lives: store:, file:PATH, pkcs11:..., awskms:...",
)
@click.option(
    "--path-length",
    type=int,
    default=1,
    metavar="N",
    help="How many CAs may stand below the root; 1 by default.",
)
@click.option(
    "--permit",
    multiple=True,
    metavar="NAMES",
    help="Name space it may sign in: corp.example, ip:10.0.0.0/8, email:..., uri:...",
)
@click.option(
    "--exclude", multiple=True, metavar="NAMES", help="Name space it may not sign in."
)
@click.option("--days", type=int, help="How long the issuing CA lives.")
@click.option("--root-days", type=int, help="How long the root lives.")
@click.option(
    "--base-url",
    metavar="URL",
    help="Where CRLs, OCSP and certificates are read: http://...",
)
@click.option("--cdp", metavar="URL", help="The folder of CRLs, if it is elsewhere.")
@click.option("--ocsp", metavar="URL", help="The OCSP responder, if it is elsewhere.")
@click.option(
    "--aia", metavar="URL", help="The folder of CA certificates, if it is elsewhere."
)
@click.option(
    "--crl-shards",
    type=int,
    default=0,
    metavar="N",
    help="Spread certificates over N CRLs.",
)
@click.option(
    "--profiles", metavar="FILE", help="Profiles and policy (TOML) to begin with."
)
@click.option("--local", is_flag=True, help="A local CA, for `tlsmith make`.")
@click.option(
    "--allow",
    multiple=True,
    metavar="NAME",
    help="With --local: domain or network it may sign for as well.",
)
@click.option(
    "--replace", is_flag=True, help="With --local: even if the one there is would do."
)
@json_option
def init(**options: Any) -> None:
    """Make a CA: an offline root and a CA that issues, in a store; or a local one.

    The root's key goes, encrypted, into a file of its own that is to be carried away;
    the store never has it.

    With --local, a CA for `tlsmith make` in place of the one there is: for development
    names, private addresses, and what --allow names. The earlier CA's key is
    destroyed; certificates it signed go on working while its root is trusted.

    \b
    Examples:
      tlsmith ca init --name Acme --store sqlite:///ca.db --root-key-file root.key \\
          --passphrase-file ca.pass --base-url http://pki.acme.example
      tlsmith ca init --name Acme --permit acme.example --permit ip:10.0.0.0/8 ...
      tlsmith ca init --local --allow corp.example.com --allow 203.0.113.0/24
    """
    if options["local"]:
        _init_local(options)
        return
    if not options["name"] and not options["store"] and not options["root_key_file"]:
        raise InputError(
            "say which kind of CA is to be made",
            hint="give --name, --store and --root-key-file; or --local for "
            "`tlsmith make`",
        )
    from tlsmith.cli.ca_init import InitOptions, init_store

    init_store(InitOptions.of(options))


def _init_local(options: dict[str, Any]) -> None:
    home = safe_home()
    allow, kind, as_json = options["allow"], options["kind"], options["as_json"]
    earlier = None if options["replace"] else load_authority(home)
    if earlier is not None and _would_do(earlier, allow, kind):
        say("the local CA there is does all of this: nothing was changed")
        _report(earlier, as_json)
        return
    now = datetime.now(UTC)
    authority, _ = create_authority(home, now, allow=allow, kind=kind or DEFAULT_KIND)
    _report(authority, as_json)
    if not as_json:
        say("\nHave this machine's clients trust it:\n  tlsmith trust install")


@ca.command(short_help="Show the local CA, or those of a store.")
@store_option
@json_option
def show(store: str | None, as_json: bool) -> None:
    """Show the local CA: what it may sign, until when, and its fingerprint.

    With --store, the CAs there: their certificates, keys, CRLs and addresses.

    \b
    Examples:
      tlsmith ca show
      tlsmith ca show --store sqlite:///ca.db
    """
    if store is None:
        _report(_current(), as_json)
        return
    from tlsmith.cli.ca_show import show_store

    show_store(store, as_json)


@ca.command(short_help="Print certificates of a CA, PEM.")
@click.option("--root", "which", flag_value="root", help="The root alone.")
@click.option(
    "--chain", "which", flag_value="chain", help="The intermediate, then the root."
)
@click.option("--csr", "which", flag_value="csr", help="A request that waits.")
@store_option
def export(which: str | None, store: str | None) -> None:
    """Print certificates of the local CA, or of a store's, as PEM.

    \b
    Examples:
      tlsmith ca export --root > root.pem
      tlsmith ca export --chain --store sqlite:///ca.db > chain.pem
    """
    if which is None:
        raise InputError("say what to print", hint="give --root, --chain or --csr")
    if store is not None:
        from tlsmith.cli.ca_show import export_store

        emit(export_store(store, which))
        return
    authority = _current()
    chain = [authority.root]
    if which == "chain":
        chain.insert(0, authority.intermediate)
    elif which == "csr":
        raise InputError("the local CA has no request", hint="give --store URL")
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
