"""`tlsmith cert revoke`, `hold`, `unhold`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.cert_selection import (
    Selection,
    one_certificate,
    select,
    select_by_key,
    select_by_name,
)
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import (
    json_option,
    open_authority,
    passphrase_option,
    person,
    store_option,
)
from tlsmith.errors import InputError, NotFoundError, SignerError, TLSmithError

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority
    from tlsmith.storage.certificates import CertificateRecord


@click.command(short_help="Revoke certificates, for good.")
@click.argument("certificates", metavar="SERIAL|FILE...", nargs=-1)
@store_option
@passphrase_option
@click.option("--reason", default="unspecified", help="As RFC 5280 5.3.1 names it.")
@click.option("--name", help="Every good certificate of a name, or below .DOMAIN.")
@click.option(
    "--key", "key_file", metavar="FILE", help="Every one of a key; it is blocked."
)
@json_option
def revoke(certificates: tuple[str, ...], reason: str, **options: Any) -> None:
    """Revoke certificates, for good; CRLs and OCSP answers say so at once.

    Revoked for keyCompromise, or by --key, a key is never certified again.

    \b
    Reasons: unspecified, keyCompromise, affiliationChanged, superseded,
    cessationOfOperation, privilegeWithdrawn.

    \b
    Examples:
      tlsmith cert revoke www.pem --reason superseded
      tlsmith cert revoke 406a1b2c... --reason keyCompromise
      tlsmith cert revoke --name old.corp.example
      tlsmith cert revoke --key stolen-key.pem --reason keyCompromise
    """
    from tlsmith.authority.revocation import reason_number

    reason_number(reason)
    selections = [select(one) for one in certificates]
    name, key_file = options["name"], options["key_file"]
    selections += [select_by_name(name)] if name else []
    selections += [select_by_key(key_file)] if key_file else []
    if not selections:
        raise InputError(
            "no certificate was named",
            hint="give a serial number or a file, or --name or --key",
        )
    with open_authority(options["store"], options["passphrase_file"]) as authority:
        revoked = [
            authority.revoke(record.id, reason, person(), with_key=key_file is not None)
            for record in _chosen(authority, selections)
        ]
        if key_file:
            # Issued since they were looked for; no more will be: the key is blocked.
            late = authority.find_all(select_by_key(key_file).search)
            revoked += [
                authority.revoke(record.id, reason, person(), with_key=True)
                for record in list(late)
                if record.status != 1
            ]
        publish(authority)
        slugs = slugs_of(authority)
    report("revoked", revoked, slugs, options["as_json"])


@click.command(short_help="Suspend a certificate.")
@click.argument("certificate", metavar="SERIAL|FILE")
@store_option
@passphrase_option
@json_option
def hold(
    certificate: str, store: str | None, passphrase_file: str | None, as_json: bool
) -> None:
    """Suspend a certificate: certificateHold, which `cert unhold` takes back.

    \b
    Example:
      tlsmith cert hold laptop.pem
    """
    with open_authority(store, passphrase_file) as authority:
        record = one_certificate(authority, certificate)
        held = authority.hold(record.id, person())
        publish(authority)
        slugs = slugs_of(authority)
    report("on hold", [held], slugs, as_json)


@click.command(short_help="Let a suspended certificate go.")
@click.argument("certificate", metavar="SERIAL|FILE")
@store_option
@passphrase_option
@json_option
def unhold(
    certificate: str, store: str | None, passphrase_file: str | None, as_json: bool
) -> None:
    """Let a suspended certificate go: it is good again.

    \b
    Example:
      tlsmith cert unhold laptop.pem
    """
    with open_authority(store, passphrase_file) as authority:
        record = one_certificate(authority, certificate)
        good = authority.unhold(record.id, person())
        publish(authority)
        slugs = slugs_of(authority)
    report("good again", [good], slugs, as_json)


def _chosen(
    authority: Authority, selections: list[Selection]
) -> list[CertificateRecord]:
    """Return what is to be revoked, each once; all are found before any is."""
    chosen: dict[int, CertificateRecord] = {}
    for selection in selections:
        records = list(authority.find_all(selection.search))
        if not records:
            raise NotFoundError(
                f"no certificate {selection.words} in the store",
                hint="see which there are: tlsmith cert list",
            )
        if len(records) > 1:
            # By name or key: those revoked already need no more.
            records = [one for one in records if one.status != 1] or records[:1]
        chosen |= {record.id: record for record in records}
    return list(chosen.values())


def publish(authority: Authority) -> None:
    """Issue the CRLs that follow, or say who will."""
    try:
        authority.refresh_crls()
    except SignerError as error:
        say(f"the CRLs were not issued: {error.message}; a running server issues them")
    except TLSmithError as error:
        if error.code not in ("passphrase-needed", "bad-passphrase"):
            raise
        say(
            f"the CRLs were not issued: {error.message}; a running server issues "
            "them, or tlsmith crl issue"
        )


def slugs_of(authority: Authority) -> dict[int, str]:
    """Return the slug of each CA by its number in the store."""
    return {one.id: one.slug for one in authority.issuers.records()}


def report(
    what: str, records: list[CertificateRecord], slugs: dict[int, str], as_json: bool
) -> None:
    """Say what became of certificates.

    Args:
        slugs: of the CAs that issued them.
    """
    from tlsmith.authority.records import certificate_facts

    for record in records:
        if as_json:
            slug = slugs.get(record.authority_id, "")
            emit_json(certificate_facts(record, slug), indent=None)
        else:
            names = ", ".join(record.names) or "no names"
            emit(f"{record.serial_number:x}  {what}  {names}")
