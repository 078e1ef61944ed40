"""`tlsmith cert issue`, `sign` and `renew`."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tlsmith.cli.cert_selection import one_certificate
from tlsmith.cli.durations import parse_duration
from tlsmith.cli.issued_files import check_places, write_issued
from tlsmith.cli.output import emit, emit_json, say, standard_or, warn
from tlsmith.cli.store import (
    json_option,
    open_authority,
    passphrase_option,
    person,
    store_option,
)
from tlsmith.core.attributes import parse_attributes
from tlsmith.core.keys import DEFAULT_KIND, KINDS, fingerprint, generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.stem import default_stem
from tlsmith.core.subject import parse_subject
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError
from tlsmith.files import NewFile, is_stream, read_file, read_input

if TYPE_CHECKING:
    from tlsmith.authority.issued import Issued
    from tlsmith.authority.wanted import Wanted
    from tlsmith.core.keys import PrivateKey
    from tlsmith.core.names import GeneralName

_IssueOption = Callable[[Callable[..., Any]], Callable[..., Any]]


class Lifetime(NamedTuple):
    """How long a certificate is to live, and who signs it, as typed."""

    days: int | None = None
    lifetime: str | None = None
    clamp: bool = False
    issuer: str | None = None

    def length(self) -> timedelta | None:
        """Return the length of time, or None for the profile's.

        Raises:
            InputError: there are two, or one is none.
        """
        if self.days is not None and self.lifetime is not None:
            raise InputError("both --days and --lifetime", hint="give one of them")
        if self.lifetime is not None:
            return parse_duration(self.lifetime)
        return None if self.days is None else timedelta(days=self.days)


def issue_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what `issue` and `sign` share."""
    for option in (
        json_option,
        click.option("--issuer", metavar="CA", help="Which CA signs; the latest."),
        click.option(
            "--clamp", is_flag=True, help="End with the CA where it would live longer."
        ),
        click.option("--lifetime", metavar="TIME", help="Such as 36h or 15m."),
        click.option("--days", type=click.IntRange(min=1), help="How long it lives."),
        click.option("--subject", metavar="DN", help="Such as CN=a.test,O=Acme."),
        click.option(
            "--profile", metavar="NAME", help="Its shape; see tlsmith profile."
        ),
        click.option(
            "--cert-file", metavar="FILE", help="Where the certificate and chain go."
        ),
        passphrase_option,
        store_option,
    ):
        command = option(command)
    return command


@click.command(short_help="Issue a certificate, with a new key.")
@click.argument("names", metavar="NAME...", nargs=-1)
@issue_options
@click.option("--key-file", metavar="FILE", help="Where its key goes, 0600; or is.")
@click.option(
    "--key",
    "kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"Kind of its key; {DEFAULT_KIND} by default.",
)
@click.option(
    "--from-csv",
    metavar="FILE",
    help="Many: a row each; columns names, csr, public_key, profile, days...",
)
@click.option("--out-dir", metavar="DIR", help="With --from-csv: where files go.")
def issue(names: tuple[str, ...], **options: Any) -> None:
    """Issue a certificate. Its key is made here, and the store never has it.

    \b
    Examples:
      tlsmith cert issue www.corp.example --cert-file www.pem --key-file www-key.pem
      tlsmith cert issue db.corp.example 10.0.0.7 --profile peer --days 30
      tlsmith cert issue --profile code-signing --subject "CN=Acme Build,O=Acme"
      tlsmith cert issue --from-csv hosts.csv --out-dir certs
    """
    if options["from_csv"]:
        from tlsmith.cli.cert_bulk import issue_from_csv

        if names:
            raise InputError("both names and --from-csv", hint="give one of them")
        issue_from_csv(options)
        return
    # Code, and accounts, have a subject and no name of a host.
    parsed = parse_names(names) if names or options["subject"] is None else ()
    stem = "certificate"
    if parsed:
        stem = default_stem(parsed, client=options["profile"] == "client")
    cert_file = standard_or(options["cert_file"] or f"{stem}.pem")
    key_file = options["key_file"] or f"{stem}-key.pem"
    key, is_new = key_for(key_file, options["kind"])
    check_places(cert_file, key_file if is_new else None)
    issued = _issue_one(parsed, key.public_key(), None, options)
    files = [NewFile(cert_file, _chain(issued))]
    if is_new:
        files.insert(0, _key_file(key_file, key))
    write_issued(issued, files)
    _report(issued, cert_file, key_file, options["as_json"])
    _warn_of_subject(issued, options["subject"])


@click.command(short_help="Sign a certificate signing request.")
@click.argument("csr_file", metavar="CSR")
@issue_options
@click.option(
    "--name",
    "names",
    metavar="NAME",
    multiple=True,
    help="In place of the CSR's names.",
)
def sign(csr_file: str, names: tuple[str, ...], **options: Any) -> None:
    """Sign a certificate signing request. What it asks for is judged by the profile.

    \b
    Examples:
      tlsmith cert sign www.csr --cert-file www.pem
      openssl req -new ... | tlsmith cert sign - --cert-file -
    """
    from tlsmith.core.requested import read_request

    request = read_request(read_input(csr_file))
    parsed = parse_names(names) if names else request.names
    stem = "certificate" if csr_file == "-" else os.path.splitext(csr_file)[0]
    cert_file = standard_or(options["cert_file"] or f"{stem}.pem")
    check_places(cert_file)
    issued = _issue_one(parsed, request.public_key, request, options)
    write_issued(issued, [NewFile(cert_file, _chain(issued))])
    _report(issued, cert_file, None, options["as_json"])
    _warn_of_subject(issued, options["subject"])


@click.command(short_help="Issue a certificate again.")
@click.argument("certificate", metavar="SERIAL|FILE")
@store_option
@passphrase_option
@click.option("--cert-file", metavar="FILE", help="By default the FILE that was named.")
@click.option("--key-file", metavar="FILE", help="Where the new key goes.")
@click.option("--same-key", is_flag=True, help="Certify the key there is.")
@click.option(
    "--if-expires-in", metavar="TIME", help="Only where less than this is left."
)
@click.option("--days", type=click.IntRange(min=1), help="How long it lives.")
@click.option("--lifetime", metavar="TIME", help="Such as 36h or 15m.")
@click.option("--revoke-old", is_flag=True, help="Revoke the old one: superseded.")
@json_option
def renew(certificate: str, **options: Any) -> None:
    """Issue a certificate again: the same names and profile, from today on.

    \b
    Examples:
      tlsmith cert renew www.pem --key-file www-key.pem --if-expires-in 30d
      tlsmith cert renew 406a1b2c... --same-key --cert-file www.pem
    """
    from tlsmith.cli.cert_renew import renew_certificate

    cert_file = options["cert_file"]
    if cert_file is None and os.path.exists(certificate):
        cert_file = certificate
    if cert_file is None:
        raise InputError("where is the new one to go?", hint="give --cert-file FILE")
    if options["key_file"] is None and not options["same_key"]:
        raise InputError(
            "where is the new key to go?",
            hint="give --key-file FILE; to certify the key there is: --same-key",
        )
    new_key = None if options["same_key"] else options["key_file"]
    check_places(standard_or(cert_file), new_key)
    with open_authority(options["store"], options["passphrase_file"]) as authority:
        old = one_certificate(authority, certificate)
        renewed = renew_certificate(authority, old, cert_file, options)
    if renewed is None:
        say(f"{cert_file} is good until {old.not_after:%Y-%m-%d}: nothing was done")
        return
    _report(renewed, cert_file, new_key, options["as_json"])
    if options["revoke_old"]:
        say(f"{old.serial_number:x} is revoked: superseded")


def _issue_one(
    names: tuple[GeneralName, ...], public_key: Any, request: Any, options: Any
) -> Issued:
    wanted = wanted_of(names, public_key, request, options)
    with open_authority(options["store"], options["passphrase_file"]) as authority:
        return authority.issue(wanted, person())


def wanted_of(
    names: tuple[GeneralName, ...], public_key: Any, request: Any, options: Any
) -> Wanted:
    """Return what is wanted, of a request and of options.

    Args:
        request: the CSR, or None.
    """
    from tlsmith.authority.wanted import Wanted

    subject = options.get("subject")
    lifetime = Lifetime(
        options.get("days"),
        options.get("lifetime"),
        bool(options.get("clamp")),
        options.get("issuer"),
    )
    wanted = Wanted(
        names,
        public_key,
        options.get("profile"),
        parse_subject(subject, None) if subject is not None else None,
        lifetime=lifetime.length(),
        clamp=lifetime.clamp,
        issuer=lifetime.issuer,
    )
    if request is None:
        return wanted
    return wanted._replace(
        subject=wanted.subject if subject is not None else request.subject,
        asked=request.asked,
        public_key_info=request.public_key_info,
    )


def key_for(path: str, kind: str | None) -> tuple[PrivateKey, bool]:
    """Return the key in a file, or a new one where there is none yet.

    Raises:
        InputError: the key there is of another kind than asked for.
    """
    from tlsmith.core.formats import load_private_key
    from tlsmith.core.keys import kind_of

    if is_stream(path) or not os.path.exists(path):
        return generate_private_key(kind or DEFAULT_KIND), True
    key = load_private_key(read_file(path))
    if kind is not None and kind_of(key) != kind:
        raise InputError(
            f"the key in {path!r} is {kind_of(key)}, and not {kind}",
            hint="leave --key out to use it, or name another file",
        )
    return key, False


def _key_file(path: str, key: PrivateKey) -> NewFile:
    from tlsmith.core.formats import encode_private_key

    return NewFile(path, encode_private_key(key), secret=True)


def _chain(issued: Issued) -> bytes:
    from tlsmith.core.formats import encode_chain

    return encode_chain(issued.chain)


def issued_facts(issued: Issued) -> dict[str, Any]:
    """Return the facts of a certificate for programs."""
    return {
        "id": issued.number,
        "serial_number": f"{issued.serial_number:x}",
        "names": list(issued.names),
        "profile": issued.profile,
        "not_before": issued.not_before.isoformat(),
        "not_after": issued.not_after.isoformat(),
        "fingerprint_sha256": fingerprint(issued.chain[0]),
    }


def _report(
    issued: Issued, cert_file: str, key_file: str | None, as_json: bool
) -> None:
    if as_json:
        places = {"cert_file": cert_file, "key_file": key_file}
        emit_json(issued_facts(issued) | places)
        return
    tell = say if is_stream(cert_file) else emit
    shown = issued.names or (_subject_of(issued),)
    lines = ["A certificate for:", *(f"  {name}" for name in shown)]
    lines += [
        f"profile {issued.profile}, good until {issued.not_after:%Y-%m-%d %H:%M} UTC",
        f"serial number {issued.serial_number:x}",
        "",
        f"  certificate {cert_file}  (with its chain)",
    ]
    if key_file is not None:
        lines.append(f"  key         {key_file}  (for you alone to read)")
    tell("\n".join(lines))


def _subject_of(issued: Issued) -> str:
    return ", ".join(
        map(str, parse_attributes(view_certificate(issued.chain[0]).subject))
    )


def _warn_of_subject(issued: Issued, asked: str | None) -> None:
    """Warn of what was asked for with --subject, and the profile left out."""
    if asked is None:
        return
    given = parse_attributes(view_certificate(issued.chain[0]).subject)
    there = {(part.oid, part.text) for part in given}
    left_out = [
        str(part)
        for part in parse_attributes(parse_subject(asked, None))
        if part.oid != COMMON_NAME and (part.oid, part.text) not in there
    ]
    if left_out:
        warn(
            f"the profile {issued.profile} leaves {', '.join(left_out)} out of the "
            'subject: set its subject, or subject_from_request = "use"'
        )
