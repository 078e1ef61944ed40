"""`tlsmith ca import`: what the root's machine signed comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.fingerprints import ca_lines
from tlsmith.cli.output import counted, emit, emit_json, say, warn
from tlsmith.cli.store import (
    json_option,
    open_authority,
    passphrase_option,
    person,
    store_option,
)
from tlsmith.core.keys import fingerprint
from tlsmith.errors import InputError, PassphraseError

if TYPE_CHECKING:
    from tlsmith.authority.answers import Answer
    from tlsmith.authority.crl_import import TakenCRL
    from tlsmith.authority.requests import TakenIn
    from tlsmith.authority.service import Authority


@click.command("import", short_help="Take in what a root signed elsewhere.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--crl", metavar="FILE", help="A CRL of the root, in a file of its own.")
@store_option
@passphrase_option
@json_option
def import_command(
    files: tuple[str, ...],
    crl: str | None,
    store: str | None,
    passphrase_file: str | None,
    as_json: bool,
) -> None:
    """Take in what was signed with a root's key elsewhere: certificates and CRLs.

    Everything is verified before anything is stored: that the key is that of the
    request that waits, signatures up to the root, path lengths, name constraints,
    validity; of a CRL the signature, and that its number grows. A CA that a CRL takes
    back issues no more.

    \b
    Examples:
      tlsmith ca import answer.pem --store sqlite:///ca.db
      tlsmith ca import root.crl --store sqlite:///ca.db
    """
    from tlsmith.authority.answers import take_in
    from tlsmith.core.formats.load import load_objects
    from tlsmith.core.formats.objects import Objects
    from tlsmith.files import read_file

    places = (*files, crl) if crl else files
    objects = Objects().plus(
        *(load_objects(read_file(one), source=one) for one in places)
    )
    certificates = [one.der for one in objects.certificates]
    if not certificates and not objects.crls:
        raise InputError(
            f"there is no certificate and no CRL in {places[0]!r}",
            hint="see what it is: tlsmith show FILE",
        )
    with open_authority(store, passphrase_file) as authority:
        answer = take_in(
            authority.storage, certificates, objects.crls, person(), datetime.now(UTC)
        )
        authority.issuers.forget()
        authority.status_changed()
        facts = _report_answer(answer, as_json)
        if answer.taken is not None and not answer.taken.cross_signed:
            _issue_first_crl(authority)
    if as_json:
        emit_json(facts)


def _report_answer(answer: Answer, as_json: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if answer.taken is not None:
        facts |= _report(answer.taken, as_json)
    for taken in answer.crls:
        facts |= _report_crl(taken, as_json)
    for reason in answer.left_out:
        say(f"its CRL was left out: {reason}")
    return facts


def _report(taken: TakenIn, as_json: bool) -> dict[str, Any]:
    own, root = taken.chain[0], taken.chain[-1]
    if not as_json:
        title = f"{taken.record.name}{', cross-signed' if taken.cross_signed else ''}"
        lines = [*ca_lines(title, own.der), *ca_lines("Its root", root.der)]
        emit("\n".join(lines))
        say(
            "\nEvery signature, key and limit was verified. Compare both fingerprints "
            "with those\nthat the root's machine printed."
        )
    return {
        "slug": taken.record.slug,
        "name": taken.record.name,
        "cross_signed": taken.cross_signed,
        "fingerprint_sha256": fingerprint(own.der),
        "root_sha256": fingerprint(root.der),
    }


def _report_crl(taken: TakenCRL, as_json: bool) -> dict[str, Any]:
    if not as_json:
        _tell_crl(taken)
    return {
        "crl_issuer": taken.issuer.slug,
        "crl_number": taken.record.number,
        "crl_entries": taken.record.entries,
        "revoked_authorities": [one.slug for one in taken.revoked],
        "revoked_certificates": taken.certificates,
    }


def _tell_crl(taken: TakenCRL) -> None:
    emit(
        f"CRL of {taken.issuer.name}: number {taken.record.number}, "
        f"{counted(taken.record.entries, 'entry', 'entries')}, "
        f"next by {taken.record.next_update:%Y-%m-%d}"
    )
    for one in taken.revoked:
        warn(f"{one.name} was revoked: it issues no more")
    if taken.certificates:
        emit(f"{taken.certificates} certificates of the store were revoked by it")
    if taken.missing:
        warn(
            f"{taken.missing} certificates are revoked in the store and not on this "
            "CRL: carry what `tlsmith ca export --revoked` prints to the root, and "
            "sign the next one"
        )


def _issue_first_crl(authority: Authority) -> None:
    try:
        authority.refresh_crls()
    except PassphraseError as error:
        if error.code != "passphrase-needed":
            raise
        say("its first CRL comes with `tlsmith serve`, or tlsmith crl issue")
