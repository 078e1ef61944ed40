"""`tlsmith ca init`: its options, and which way of making a CA they ask for."""

from __future__ import annotations

from typing import Any

import click

from tlsmith.cli.store import json_option, passphrase_option, store_option
from tlsmith.core.keys import DEFAULT_KIND, KINDS
from tlsmith.errors import InputError

_WAYS = ("local", "offline_root", "root_only", "adopt", "from_local")


@click.command(short_help="Make a CA.")
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
@click.option(
    "--offline-root",
    is_flag=True,
    help="No root here: make the issuing key, and a request to carry to the root.",
)
@click.option(
    "--root-only",
    is_flag=True,
    help="No store: make a root alone, on the machine that is never on a network.",
)
@click.option(
    "--root-cert",
    metavar="FILE",
    help="With --root-only: the root's certificate in a file of its own as well.",
)
@click.option(
    "--adopt",
    metavar="PATH",
    help="Take over a CA: PEM, PKCS#12, mkcert, openssl, easy-rsa, step-ca, Caddy.",
)
@click.option(
    "--adopt-passphrase-file",
    metavar="FILE",
    help="File whose first line opens the keys of the CA that is adopted.",
)
@click.option(
    "--from-local",
    is_flag=True,
    help="Go on from the CA of `tlsmith make`, or mkcert's, keeping what can be kept.",
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
    the store never has it. For a root that never was on a network: --root-only there,
    --offline-root here, and files carried between (see `tlsmith ca ceremony`).

    With --adopt, a CA that another tool made goes on here: the same root, what it
    issued, what it revoked.

    With --local, a CA for `tlsmith make` in place of the one there is: for development
    names, private addresses, and what --allow names. The earlier CA's key is
    destroyed; certificates it signed go on working while its root is trusted.

    \b
    Examples:
      tlsmith ca init --name Acme --store sqlite:///ca.db --root-key-file root.key \\
          --passphrase-file ca.pass --base-url http://pki.acme.example
      tlsmith ca init --name Acme --permit acme.example --permit ip:10.0.0.0/8 ...
      tlsmith ca init --adopt /etc/easy-rsa --store sqlite:///ca.db
      tlsmith ca init --local --allow corp.example.com --allow 203.0.113.0/24
    """
    ways = [way for way in _WAYS if options[way]]
    if len(ways) > 1:
        named = " and ".join(f"--{way.replace('_', '-')}" for way in ways)
        raise InputError(f"{named} exclude each other", hint="give one of them")
    if ways == ["local"]:
        from tlsmith.cli.ca_local import init_local

        init_local(options)
        return
    if not ways and not any(options[one] for one in ("name", "store", "root_key_file")):
        raise InputError(
            "say which kind of CA is to be made",
            hint="give --name, --store and --root-key-file; or --local for "
            "`tlsmith make`",
        )
    _init(ways[0] if ways else "", options)


def _init(way: str, options: dict[str, Any]) -> None:
    from tlsmith.cli.ca_init import InitOptions, init_store

    wanted = InitOptions.of(options)
    if way == "root_only":
        from tlsmith.cli.ca_offline import init_root_only

        init_root_only(wanted)
    elif way == "offline_root":
        from tlsmith.cli.ca_offline import init_request

        init_request(wanted)
    elif way == "adopt":
        from tlsmith.cli.ca_adopt import init_adopted

        init_adopted(wanted)
    elif way == "from_local":
        from tlsmith.cli.ca_promote import init_from_local

        init_from_local(wanted)
    else:
        init_store(wanted)
