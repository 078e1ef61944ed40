"""What is signed with a root's key, on a machine that needs no network and no store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.fingerprints import ca_lines, fingerprint_lines, key_lines
from tlsmith.cli.output import counted, emit_json, say, standard_or
from tlsmith.cli.root_key import (
    constraints_of,
    open_root,
    root_key_option,
    terms_options,
    urls_of,
)
from tlsmith.cli.store import json_option, passphrase_option
from tlsmith.core.formats import encode_chain, encode_pem
from tlsmith.core.keys import fingerprint
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.authority.intermediates import Terms

_OUT = click.option(
    "--out", metavar="FILE", required=True, help="Where the answer goes; - for output."
)


@click.command("sign-intermediate", short_help="Sign an issuing CA's request.")
@click.argument("request_file", metavar="REQUEST")
@root_key_option
@passphrase_option
@_OUT
@terms_options
@json_option
def sign_intermediate(
    request_file: str,
    root_key_file: str,
    passphrase_file: str | None,
    out: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Sign an issuing CA's request with a root's key, on the root's machine.

    The answer holds the intermediate, the root, and the root's first CRL where its
    file has one. Nothing else is needed or changed.

    \b
    Examples:
      tlsmith ca sign-intermediate intermediate.csr --root-key-file root.key \\
          --out answer.pem
      tlsmith ca sign-intermediate intermediate.csr --root-key-file root.key \\
          --out answer.pem --days 1825 --permit corp.example \\
          --base-url http://pki.corp.example
    """
    from tlsmith.authority.intermediates import sign_request
    from tlsmith.core.requested import read_request
    from tlsmith.files import read_file, write_file

    request = read_file(request_file)
    info = read_request(request).public_key_info
    root = open_root(root_key_file, passphrase_file)
    signed = sign_request(root.issuer, request, _terms(options), datetime.now(UTC))
    answer = encode_chain([signed, root.certificate])
    if root.crl is not None:
        answer += encode_pem("X509 CRL", root.crl)
    write_file(standard_or(out), answer)
    if as_json:
        facts = {
            "key_sha256": fingerprint(info),
            "fingerprint_sha256": fingerprint(signed),
            "root_sha256": fingerprint(root.certificate),
            "not_after": view_certificate(signed).not_after.isoformat(),
        }
        emit_json(facts)
        return
    lines = [
        *key_lines("The request", info),
        *ca_lines("The intermediate", signed),
        *ca_lines("The root", root.certificate),
    ]
    say("\n".join(lines))
    if not urls_of(options).crl:
        say(
            "\nneither --base-url nor --cdp was given: the intermediate will not say "
            "where to ask\nwhether the root took it back"
        )
    say(f"\nCarry {out} back:\n  tlsmith ca import {out} --store URL")


@click.command("sign-crl", short_help="Sign a root's CRL.")
@root_key_option
@passphrase_option
@click.option(
    "--previous", metavar="FILE", help="The root's last CRL: its entries stay."
)
@click.option(
    "--number",
    type=int,
    metavar="N",
    help="Its number, greater than any before; by default one more than the last.",
)
@click.option(
    "--revoke",
    multiple=True,
    metavar="FILE|SERIAL",
    help="A certificate to revoke, its serial number, or what export --revoked prints.",
)
@click.option(
    "--reason",
    default="unspecified",
    metavar="REASON",
    help="Why, such as cACompromise, superseded or cessationOfOperation.",
)
@click.option("--days", type=int, default=365, help="Until the next one; 365.")
@_OUT
@json_option
def sign_crl(**options: Any) -> None:
    """Sign the next CRL of a root, on the root's machine.

    Its number is greater than the previous one's, and all that was revoked stays
    revoked. The first one is in the root's file, where `ca init --root-only` made it.

    \b
    Examples:
      tlsmith ca sign-crl --root-key-file root.key --previous old.crl --out root.crl
      tlsmith ca sign-crl --root-key-file root.key --previous old.crl \\
          --revoke intermediate.pem --reason cACompromise --out root.crl
    """
    from tlsmith.authority.revocation_list import next_crl_of
    from tlsmith.core.crl import view_crl
    from tlsmith.files import read_file, write_file

    root = open_root(options["root_key_file"], options["passphrase_file"])
    previous = read_file(options["previous"]) if options["previous"] else None
    crl = next_crl_of(
        root,
        previous,
        options["number"],
        (options["revoke"], options["reason"], options["days"]),
        datetime.now(UTC),
    )
    write_file(standard_or(options["out"]), encode_pem("X509 CRL", crl))
    view = view_crl(crl)
    if options["as_json"]:
        facts = {
            "number": view.number,
            "entries": view.entry_count,
            "fingerprint_sha256": fingerprint(crl),
            "next_update": view.next_update and view.next_update.isoformat(),
        }
        emit_json(facts)
        return
    entries = counted(view.entry_count, "entry", "entries")
    title = f"The CRL, number {view.number}, {entries}"
    say("\n".join([title, *fingerprint_lines("SHA-256", crl)]))
    out = options["out"]
    say(f"\nCarry {out} to the CA:\n  tlsmith ca import {out} --store URL")


@click.command("cross-sign", short_help="Sign another CA with an old root.")
@click.argument("ca_file", metavar="CA")
@root_key_option
@passphrase_option
@_OUT
@terms_options
def cross_sign(
    ca_file: str,
    root_key_file: str,
    passphrase_file: str | None,
    out: str,
    **options: Any,
) -> None:
    """Have an old root vouch for a new root, or for an issuing CA below it.

    Clients that trust the old root alone then accept what stands below the new one.
    The first certificate of the file is signed; the answer holds it and the old root.

    \b
    Example:
      tlsmith ca cross-sign new-root.pem --root-key-file old-root.key --out cross.pem
    """
    from tlsmith.authority.cross_signing import cross_sign as sign
    from tlsmith.core.formats.load import load_objects
    from tlsmith.files import read_file, write_file

    found = load_objects(read_file(ca_file), source=ca_file).certificates
    if not found:
        raise InputError(f"there is no certificate in {ca_file!r}")
    root = open_root(root_key_file, passphrase_file)
    signed = sign(root.issuer, found[0].der, _terms(options), datetime.now(UTC))
    write_file(standard_or(out), encode_chain([signed, root.certificate]))
    say("\n".join(ca_lines("The cross-signed certificate", signed)))
    say(f"\nHave the CA publish it:\n  tlsmith ca import {out} --store URL")


def _terms(options: dict[str, Any]) -> Terms:
    from tlsmith.authority.intermediates import Terms

    terms = Terms(
        path_length=options["path_length"],
        name_constraints=constraints_of(options["permit"], options["exclude"]),
        urls=urls_of(options),
    )
    days = options["days"]
    return terms if days is None else terms._replace(days=days)
