"""`tlsmith self-sign`: a certificate signed by its own key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.finish import Result, report_result, write_result
from tlsmith.cli.identity import (
    Identity,
    choose_key,
    chosen_subject,
    identify,
    is_renewal,
)
from tlsmith.cli.output import say
from tlsmith.cli.request import Request, request_options
from tlsmith.core.issuer import self_issue
from tlsmith.core.keys import kind_of, public_key_info
from tlsmith.core.profiles import (
    CA_DAYS,
    CRL_SIGN,
    KEY_CERT_SIGN,
    LONGEST_SELF_SIGNED_DAYS,
    SELF_SIGNED_DAYS,
    CertificateParameters,
    end_entity,
    validity,
)
from tlsmith.core.view import CertificateView
from tlsmith.errors import InputError, KeyMismatchError
from tlsmith.local.authority import is_signed_by_local_ca
from tlsmith.local.places import Existing, check_replaceable, load_existing

_CAUTION = """\
No one can revoke this certificate, and each client has to be told by hand to trust it.
`tlsmith make` signs with a CA that clients trust once, and renews quietly."""


@click.command(name="self-sign", short_help="Make a certificate signed by its own key.")
@request_options(certificate=True)
@click.option(
    "--ca",
    "is_ca",
    is_flag=True,
    help="A CA certificate (CA:TRUE), as `openssl req -x509` makes it.",
)
def self_sign(**options: Any) -> None:
    """Make a certificate signed by its own key.

    What `openssl req -x509 -newkey` gives, done right: with its names as clients read
    them, usages, no CA rights unless --ca asks for them, and a key that only you can
    read. It needs no CA, and none can vouch for it.

    \b
    Examples:
      tlsmith self-sign printer.lan 192.168.1.20
      tlsmith self-sign app.test --key ed25519 --days 90
    """
    is_ca = options.pop("is_ca")
    request = Request.of(options)
    now = datetime.now(UTC)
    identity = identify(request)
    request = _keeping_the_requests_key(request, identity)
    places = request.places(identity.names, with_key=True)
    passphrase = request.passphrase.read("the key", confirm=not request.reuse_key)
    existing = Existing()
    if request.reuse_key or not request.force:
        existing = load_existing(places, passphrase)
    if not request.force:
        check_replaceable(
            places,
            existing,
            lambda view: _is_ours(view, existing),
            keeps_key=request.reuse_key,
        )
    result = _self_issue(request, identity, existing, now, is_ca=is_ca)
    write_result(result, places, request, passphrase)
    report_result(result, places, request, now)
    if not request.as_json:
        say(_CAUTION)


def _is_ours(view: CertificateView, existing: Existing) -> bool:
    """Tell whether a certificate may be made again: nobody else signed it."""
    own = view.is_self_issued and existing.key_matches
    return own or is_signed_by_local_ca(view)


def _keeping_the_requests_key(request: Request, identity: Identity) -> Request:
    """Have the key of a request kept: only that one can sign what it asks for."""
    if identity.public_key is None:
        return request
    if request.key_file is None:
        raise InputError(
            f"{request.csr_file!r} is to be signed with the key it was made with",
            hint="give that key with --key-file",
        )
    return request._replace(reuse_key=True)


def _self_issue(
    request: Request,
    identity: Identity,
    existing: Existing,
    now: datetime,
    *,
    is_ca: bool,
) -> Result:
    key = choose_key(request, existing)
    info = public_key_info(key.public_key())
    if identity.public_key is not None and public_key_info(identity.public_key) != info:
        raise KeyMismatchError(
            f"the key in {request.key_file!r} is not the one of the request",
            hint="give the key the request was made with",
        )
    parameters = _parameters(request, identity, kind_of(key), now, is_ca=is_ca)
    issued = self_issue(parameters, key)
    return Result(
        issued,
        (issued.der,),
        identity.names,
        key,
        kind_of(key),
        "itself",
        renewed=is_renewal(existing, identity),
        key_is_new=not request.reuse_key,
    )


def _parameters(
    request: Request, identity: Identity, kind: str, now: datetime, *, is_ca: bool
) -> CertificateParameters:
    days = SELF_SIGNED_DAYS if request.days is None else request.days
    longest = CA_DAYS if is_ca else LONGEST_SELF_SIGNED_DAYS
    parameters = end_entity(
        identity.names,
        kind,
        validity(now, days, longest=longest),
        client=request.client,
        subject=chosen_subject(request, identity.names),
    )
    if not is_ca:
        return parameters
    return parameters._replace(
        is_ca=True,
        key_usage=parameters.key_usage | KEY_CERT_SIGN | CRL_SIGN,
        extended_key_usage=(),
    )
