"""`tlsmith ca rotate` and `ca retire`: which CAs of a store issue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.fingerprints import ca_lines, key_lines
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.root_key import open_root
from tlsmith.cli.store import (
    json_option,
    open_authority,
    passphrase_option,
    person,
    store_option,
)
from tlsmith.core.keys import DEFAULT_KIND, KINDS
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.authority.creation import NewSigner
    from tlsmith.authority.root_file import RootFile
    from tlsmith.authority.rotation import Rotation
    from tlsmith.authority.service import Authority


@click.command(short_help="Make a new issuing CA, and retire the old one.")
@store_option
@passphrase_option
@click.option("--root-key-file", metavar="FILE", help="The root's file, if it is here.")
@click.option(
    "--root-passphrase-file",
    metavar="FILE",
    help="Another passphrase for the root's key.",
)
@click.option(
    "--request",
    is_flag=True,
    help="The root is elsewhere: make a request to carry there.",
)
@click.option(
    "--key",
    "kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    default=DEFAULT_KIND,
    help=f"Kind of its key; {DEFAULT_KIND} by default.",
)
@click.option(
    "--signer",
    default="store:",
    metavar="URI",
    help="Where its key lives: store:, file:PATH, pkcs11:..., awskms:...",
)
@click.option("--days", type=int, help="How long it lives; five years by default.")
@click.option(
    "--keep-old",
    is_flag=True,
    help="Let those before it issue as well: cert issue --issuer names one.",
)
@json_option
def rotate(**options: Any) -> None:
    """Make a new issuing CA below the same root; clients need not be touched.

    The old one issues no more, and goes on signing CRLs and OCSP answers for what it
    issued. Without the root's file, --request makes a request as with an air gap; the
    old one issues until the answer was taken in and `ca retire` was told so.

    \b
    Examples:
      tlsmith ca rotate --store sqlite:///ca.db --root-key-file root.key
      tlsmith ca rotate --store sqlite:///ca.db --request
    """
    root_key_file, as_json = options["root_key_file"], options["as_json"]
    if options["request"] == (root_key_file is not None):
        raise InputError(
            "say where the root's key is",
            hint="give --root-key-file FILE where it is here, --request where it is "
            "elsewhere",
        )
    passphrase_file = options["passphrase_file"]
    with open_authority(options["store"], passphrase_file) as authority:
        place = options["signer"], options["kind"]
        if root_key_file is None:
            _request(authority, _new_key(authority, *place), as_json)
            return
        chosen = options["root_passphrase_file"] or passphrase_file
        root = open_root(root_key_file, chosen)
        signer = _new_key(authority, *place)
        done = _rotate(authority, root, signer, options["days"], options["keep_old"])
        _report(done, as_json)


def _new_key(authority: Authority, signer: str, kind: str) -> NewSigner:
    from tlsmith.authority.creation import NewSigner
    from tlsmith.authority.rotation import latest_issuing
    from tlsmith.signers import create_key

    with authority.storage.read() as connection:
        latest_issuing(connection)
    # The passphrase is the one that the service has: it must open what is there.
    for record in authority.issuers.with_keys():
        authority.issuers.load(record)
    made = create_key(signer, kind, authority.issuers.passphrase())
    return NewSigner(made.signer.uri, made.signer, made.material)


def _rotate(
    authority: Authority,
    root: RootFile,
    signer: NewSigner,
    days: int | None,
    keep_old: bool,
) -> Rotation:
    from tlsmith.authority import rotation

    now = datetime.now(UTC)
    record = rotation.new_intermediate(authority.storage, root, signer, days, now)
    done = rotation.rotate(authority.storage, record, person(), now, keep_old=keep_old)
    authority.issuers.forget()
    authority.refresh_crls()
    return done


def _report(done: Rotation, as_json: bool) -> None:
    from tlsmith.authority.records import authority_facts

    if as_json:
        facts = authority_facts(done.record)
        emit_json(facts | {"retired": [one.slug for one in done.retired]})
        return
    emit("\n".join(ca_lines(done.record.name, done.record.certificate or b"")))
    for one in done.retired:
        emit(f"{one.name} issues no more; it answers for what it issued")


def _request(authority: Authority, signer: NewSigner, as_json: bool) -> None:
    from tlsmith.authority.records import authority_facts
    from tlsmith.authority.requests import store_request
    from tlsmith.authority.rotation import next_request

    now = datetime.now(UTC)
    record = next_request(authority.storage, signer, now)
    store_request(authority.storage, record, person(), now)
    if as_json:
        emit_json(authority_facts(record))
        return
    emit("\n".join(key_lines(record.name, record.public_key_info)))
    say(
        "\nIt waits for its certificate. Carry the request to the root:\n"
        "  tlsmith ca export --csr --store URL > intermediate.csr\n"
        "Once its answer was taken in, retire the old one:\n"
        "  tlsmith ca retire SLUG --store URL"
    )


@click.command(short_help="Have a CA issue no more.")
@click.argument("slug", metavar="CA")
@click.option("--last", is_flag=True, help="Even if no CA issues then.")
@store_option
@json_option
def retire(slug: str, last: bool, store: str | None, as_json: bool) -> None:
    """Have a CA, by its slug or its name, issue no more.

    It goes on signing CRLs and OCSP answers for what it issued. `ca show` has slugs.

    \b
    Example:
      tlsmith ca retire "Acme Issuing CA 1" --store sqlite:///ca.db
    """
    from tlsmith.authority.records import authority_facts
    from tlsmith.authority.rotation import retire as retire_ca

    with open_authority(store) as authority:
        record = retire_ca(
            authority.storage, slug, person(), datetime.now(UTC), last=last
        )
    if as_json:
        emit_json(authority_facts(record))
        return
    emit(f"{record.name} issues no more; it answers for what it issued")
