"""Whom a certificate is for: its names and its key, made, kept or requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tlsmith.cli.output import say
from tlsmith.cli.request import Request, warn_of
from tlsmith.core.keys import (
    DEFAULT_KIND,
    KINDS,
    check_public_key,
    generate_private_key,
    kind_of,
)
from tlsmith.core.names import GeneralName
from tlsmith.core.subject import parse_subject
from tlsmith.errors import InputError
from tlsmith.files import read_input

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey, PublicKey
    from tlsmith.local.places import Existing


class Identity(NamedTuple):
    """The names of a certificate, and the key of the request where there is one."""

    names: tuple[GeneralName, ...]
    public_key: PublicKey | None = None


def identify(request: Request) -> Identity:
    """Return whom the certificate is for.

    Raises:
        InputError: no name was given, or the request file is none.
        ProfileError: the request is not one to sign.
    """
    if request.csr_file is None:
        return Identity(request.parsed_names())
    from tlsmith.core.csr import parse_request

    asked = parse_request(read_input(request.csr_file))
    names = request.parsed_names() if request.names else asked.names
    if names != asked.names:
        left_out = [name.value for name in asked.names if name not in names]
        say(
            "the names given here are used, not those of the request"
            + (f"; left out: {', '.join(left_out)}" if left_out else "")
        )
    for name in asked.names if not request.names else ():
        warn_of(name)
    return Identity(names, asked.public_key)


def choose_key(request: Request, existing: Existing) -> PrivateKey:
    """Return the key in the key file where it is to be kept, else a new one.

    Raises:
        InputError: there is none to keep, or it is of another kind than asked for.
    """
    if request.reuse_key:
        return keep_key(request, existing.key)
    return generate_private_key(request.key_kind or _earlier_kind(existing))


def _earlier_kind(existing: Existing) -> str:
    """Return the kind of key a renewal is to have: the one there was, if we make it."""
    if not existing.key_matches:
        return DEFAULT_KIND
    kind = kind_of(existing.key)
    return kind if kind in KINDS else DEFAULT_KIND


def keep_key(request: Request, key: PrivateKey | None) -> PrivateKey:
    """Return `key` if it is there, safe, and of the kind asked for, if any.

    Raises:
        InputError: it is not.
    """
    if key is None:
        raise InputError(
            "there is no key to keep", hint="leave --reuse-key out to make a new one"
        )
    check_public_key(key.public_key())
    kind = kind_of(key)
    if request.key_kind not in (None, kind):
        raise InputError(
            f"the key to keep is {kind}, and --key asks for {request.key_kind}",
            hint="leave one of the two out",
        )
    return key


def is_renewal(existing: Existing, identity: Identity) -> bool:
    """Tell whether what is replaced was for the same names; if not, say what it was."""
    if existing.certificate is None:
        return False
    if set(existing.certificate.names) == set(identity.names):
        return True
    names = ", ".join(name.shown for name in existing.certificate.names)
    say(f"this takes the place of a certificate for {names or 'no name'}")
    return False


def chosen_subject(request: Request, names: tuple[GeneralName, ...]) -> bytes | None:
    """Return the subject asked for, DER; None for the usual one."""
    if request.subject is None:
        return None
    return parse_subject(request.subject, names)
