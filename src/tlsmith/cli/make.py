"""`tlsmith make`: a certificate signed by the local CA."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.finish import Result, report_result, write_result
from tlsmith.cli.home import safe_home
from tlsmith.cli.identity import (
    Identity,
    choose_key,
    chosen_subject,
    identify,
    is_renewal,
)
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.request import Request, request_options
from tlsmith.core.issuer import Issuer, check_names
from tlsmith.core.keys import kind_of, public_key_info
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.core.profiles import LOCAL_DAYS, LONGEST_LOCAL_DAYS, end_entity, validity
from tlsmith.errors import InputError, NameNotPermittedError
from tlsmith.local.authority import is_signed_by_local_ca
from tlsmith.local.creation import ensure_issuer
from tlsmith.local.inventory import record
from tlsmith.local.places import Existing, Places, check_replaceable, load_existing
from tlsmith.local.reach import extra_names
from tlsmith.local.renewal import is_in_order


@click.command(short_help="Make a certificate signed by the local CA.")
@request_options(certificate=True)
@click.option(
    "--if-needed",
    is_flag=True,
    help="Change nothing while the one there is in order: same names, this CA, a "
    "third of its life left.",
)
def make(**options: Any) -> None:
    """Make a certificate signed by the local CA.

    The CA is made at first use. It can sign for development names and private
    addresses only, and its root's key is destroyed, so it cannot be turned against
    you. The certificate is written with its chain, the key for you alone to read. The
    same names again renew in place, with a new key unless --reuse-key is given.

    NAME is a DNS name, a wildcard such as *.app.test, an IP address, an e-mail address
    or a URI.

    \b
    Examples:
      tlsmith make localhost 127.0.0.1 ::1
      tlsmith make app.test '*.app.test' --cert-file tls.crt --key-file tls.key
      tlsmith make --csr printer.csr --cert-file printer.pem
    """
    if_needed = options.pop("if_needed")
    request = Request.of(options)
    _check_combination(request)
    now, home = datetime.now(UTC), safe_home()
    identity = identify(request)
    places = request.places(identity.names, with_key=identity.public_key is None)
    passphrase = request.passphrase.read("the key", confirm=not request.reuse_key)
    existing = Existing()
    if request.reuse_key or not request.force:
        existing = load_existing(places, passphrase)
    issuer, created = ensure_issuer(home, now)
    _check_permitted(issuer, identity, extra_names(issuer.name_constraints))
    if (
        if_needed
        and _has_what_is_asked(request, places, existing, identity)
        and is_in_order(existing, issuer, identity.names, request.client, now)
    ):
        _leave_alone(existing, places, request)
        return
    if not request.force:
        check_replaceable(
            places,
            existing,
            is_signed_by_local_ca,
            keeps_key=request.reuse_key,
        )
    result = _issue(request, identity, existing, issuer, now)
    write_result(result, places, request, passphrase)
    record(home, result.issued, [n.value for n in identity.names], places.cert_file)
    report_result(result, places, request, now)
    if created:
        say(
            "\nThe local CA is new. Have this machine's clients trust it:\n"
            "  tlsmith trust install"
        )


def _has_what_is_asked(
    request: Request, places: Places, existing: Existing, identity: Identity
) -> bool:
    """Tell whether the files are there, and the key in them is the one asked for."""
    certificate = existing.certificate
    if certificate is None or (places.p12_file and not os.path.exists(places.p12_file)):
        return False
    if identity.public_key is not None:
        return certificate.public_key_info == public_key_info(identity.public_key)
    if not existing.key_matches or _is_open_to_others(places.key_file):
        return False
    return request.key_kind in (None, kind_of(existing.key))


def _is_open_to_others(key_file: str | None) -> bool:
    """Tell whether others can read the key, who may then have it."""
    if key_file is None or os.name == "nt":
        return False
    return bool(os.stat(key_file).st_mode & 0o077)


def _issue(
    request: Request,
    identity: Identity,
    existing: Existing,
    issuer: Issuer,
    now: datetime,
) -> Result:
    key = choose_key(request, existing) if identity.public_key is None else None
    public_key = identity.public_key if key is None else key.public_key()
    assert public_key is not None  # noqa: S101 -- one of the two is there
    days = LOCAL_DAYS if request.days is None else request.days
    parameters = end_entity(
        identity.names,
        kind_of(public_key),
        validity(now, days, longest=LONGEST_LOCAL_DAYS, within=issuer.view),
        client=request.client,
        subject=chosen_subject(request, identity.names),
    )
    issued = issuer.issue(parameters, public_key)
    return Result(
        issued,
        (issued.der, issuer.certificate),
        identity.names,
        key,
        kind_of(public_key),
        "local CA",
        renewed=is_renewal(existing, identity),
        key_is_new=not request.reuse_key,
    )


def _check_combination(request: Request) -> None:
    if request.csr_file is None:
        return
    given = {
        "--key-file": request.key_file,
        "--key": request.key_kind,
        "--p12-file": request.p12_file,
        "--reuse-key": request.reuse_key,
        f"--format {request.file_format}": request.file_format
        in ("combined", "p12", "k8s-secret"),
    }
    for option, value in given.items():
        if value:
            raise InputError(
                f"{option} needs the private key, and --csr brings none",
                hint="leave it out: whoever made the request has the key",
            )


def _check_permitted(issuer: Issuer, identity: Identity, extra: list[str]) -> None:
    try:
        check_names(issuer.name_constraints, identity.names)
    except NameNotPermittedError as error:
        outside = [name for name in identity.names if name.value in error.names]
        raise NameNotPermittedError(
            f"outside what the local CA may sign: {', '.join(error.names)}",
            names=error.names,
            hint=_allow_hint(extra, outside),
        ) from error


def _allow_hint(extra: list[str], outside: list[GeneralName]) -> str:
    """Return the command that makes a CA for these names too, if there can be one."""
    bases = [_base_of(name) for name in outside]
    if None in bases:
        return (
            "no CA with name constraints can sign for a URI without a domain: "
            "try tlsmith self-sign"
        )
    allow = dict.fromkeys([*extra, *(base for base in bases if base)])
    options = " ".join(f"--allow {base}" for base in allow)
    return f"a CA for these too: tlsmith ca init --local {options}"


def _base_of(name: GeneralName) -> str | None:
    """Return the domain or address to allow for a name; None where nothing helps."""
    host = name.host
    # Constraints of URIs are domains: one whose host is an address breaks each.
    if not host or (name.kind == "uri" and parse_name(host).kind == "ip"):
        return None
    return host.removeprefix("*.")


def _leave_alone(existing: Existing, places: Places, request: Request) -> None:
    certificate = existing.certificate
    assert certificate is not None  # noqa: S101 -- it was found to be in order
    if request.as_json:
        emit_json(
            {
                "names": [name.value for name in certificate.names],
                "cert_file": places.cert_file,
                "key_file": places.key_file,
                "serial_number": f"{certificate.serial_number:x}",
                "not_before": certificate.not_before.isoformat(),
                "not_after": certificate.not_after.isoformat(),
                "changed": False,
            }
        )
    else:
        emit(
            f"{places.cert_file} is in order until {certificate.not_after:%Y-%m-%d}; "
            "nothing was changed"
        )
