"""`tlsmith crl`: certificate revocation lists of an authority."""

from __future__ import annotations

import click

from tlsmith.cli.output import counted, emit, emit_json, say, standard_or
from tlsmith.cli.store import (
    json_option,
    open_authority,
    passphrase_option,
    person,
    store_option,
)
from tlsmith.cli.table import table
from tlsmith.errors import NotFoundError


@click.group(short_help="Issue and read CRLs.", no_args_is_help=False)
def crl() -> None:
    """Issue and read CRLs.

    They are the certificate revocation lists of a CA in a store. A running server
    issues them by itself, when something is revoked and on time.

    \b
    Examples:
      tlsmith crl list
      tlsmith crl issue
      tlsmith crl export --out ca.crl
    """


@crl.command("list", short_help="List the CRLs in force.")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List the CRLs in force: their numbers, how many they list, the next one's time.

    \b
    Example:
      tlsmith crl list --store sqlite:///ca.db
    """
    from tlsmith.authority.records import crl_facts

    with open_authority(store) as authority:
        found = authority.publication.crls()
    if as_json:
        for path, one in found.items():
            emit_json(crl_facts(path, one), indent=None)
        return
    rows = [
        (
            f"/crl/{path}",
            str(one.number),
            str(one.entries),
            f"{one.next_update:%Y-%m-%d %H:%M}",
        )
        for path, one in found.items()
    ]
    emit(table([("path", "number", "entries", "next by"), *rows]))


@crl.command(short_help="Issue the CRLs that are due.")
@store_option
@passphrase_option
@click.option("--force", is_flag=True, help="Even those that are not due.")
@click.option(
    "--restored",
    is_flag=True,
    help="The database was restored: have numbers go on far ahead of those since.",
)
@json_option
def issue(
    store: str | None,
    passphrase_file: str | None,
    force: bool,
    restored: bool,
    as_json: bool,
) -> None:
    """Issue the CRLs that are due: complete, delta, and of every shard.

    \b
    Example:
      tlsmith crl issue --force
    """
    from tlsmith.authority.backup import go_ahead
    from tlsmith.authority.issuers import crl_path
    from tlsmith.authority.records import crl_facts
    from tlsmith.storage.status import DELTA

    with open_authority(store, passphrase_file) as authority:
        if restored:
            go_ahead(authority.storage, person(), authority.clock())
        issued = authority.refresh_crls(force=force)
        slugs = {one.id: one.slug for one in authority.issuers.records()}
    if as_json:
        for one in issued:
            slug, is_delta = slugs[one.authority_id], one.kind == DELTA
            path = crl_path(slug, one.shard, delta=is_delta)
            emit_json(crl_facts(path, one), indent=None)
        return
    for one in issued:
        of = f" of shard {one.shard}" if one.shard else ""
        entries = counted(one.entries, "entry", "entries")
        emit(f"{one.kind} CRL{of}, number {one.number}, {entries}")
    if not issued:
        say("no CRL is due: nothing was done")


@crl.command(short_help="Write a CRL.")
@store_option
@click.option("--path", help="Such as SLUG.crl or SLUG/1-delta.crl; see crl list.")
@click.option("--pem", is_flag=True, help="As PEM instead of DER.")
@click.option("--out", metavar="FILE", required=True, help="Where to; - for output.")
def export(store: str | None, path: str | None, pem: bool, out: str) -> None:
    """Write the complete CRL of the issuing CA, or the one at a path.

    \b
    Examples:
      tlsmith crl export --out ca.crl
      tlsmith crl export --pem --out - | openssl crl -noout -text
    """
    from tlsmith.core.formats import encode_pem
    from tlsmith.files import write_file

    with open_authority(store) as authority:
        publication = authority.publication
        if path is None:
            issuing = [one for one in authority.issuers.records() if one.signer]
            path = f"{issuing[-1].slug}.crl" if issuing else "none"
        document = publication.document(f"crl/{path.removeprefix('/crl/')}")
    if document is None:
        raise NotFoundError(
            f"no CRL at {path!r}", hint="see which there are: tlsmith crl list"
        )
    body = document.body
    write_file(standard_or(out), encode_pem("X509 CRL", body) if pem else body)


@crl.command(short_help="Write everything that is published, as files.")
@click.argument("folder", metavar="FOLDER")
@store_option
@passphrase_option
@click.option("--ocsp", is_flag=True, help="With an OCSP answer for each certificate.")
@json_option
def publish(
    folder: str,
    store: str | None,
    passphrase_file: str | None,
    ocsp: bool,
    as_json: bool,
) -> None:
    """Write CA certificates, CRLs and OCSP answers as files, for any web server.

    The paths are those of `tlsmith serve --http`.

    \b
    Example:
      tlsmith crl publish /var/www/pki --ocsp
    """
    from tlsmith.authority.static_export import export_static

    with open_authority(store, passphrase_file) as authority:
        done = export_static(
            authority,
            folder,
            with_ocsp=ocsp,
            progress=lambda number: say(f"{number:,} OCSP answers"),
        )
    if as_json:
        emit_json({"folder": folder, **done._asdict()})
        return
    answers = counted(done.ocsp_responses, "OCSP answer", "OCSP answers")
    emit(f"{done.documents} files of certificates and CRLs, {answers}")
