"""What a person should know of a CA before adopting it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tlsmith.authority.adoption.adopted import AdoptedAuthority
from tlsmith.core.keys import check_public_key
from tlsmith.errors import InputError

_BROKEN_HASHES = ("md2", "md5", "sha1")


def notes_on(authorities: Sequence[AdoptedAuthority], now: datetime) -> list[str]:
    """Return what is missing from, or weak in, a chain of CA certificates.

    Args:
        authorities: root first.
        now: the present, with its time zone.
    """
    return [note for one in authorities for note in _notes_on(one, now)] + [
        *_root_elsewhere(authorities)
    ]


def _root_elsewhere(authorities: Sequence[AdoptedAuthority]) -> Iterator[str]:
    from cryptography.x509 import load_der_x509_certificate

    if authorities[0].role != "root":
        issuer = load_der_x509_certificate(authorities[0].certificate).issuer
        yield (
            f"the certificate of its issuer, {issuer.rfc4514_string()!r}, is not here: "
            "add it, so that clients can be given the root to trust"
        )
    if all(one.private_key is None for one in authorities):
        yield "no key of a CA is here: nothing can be signed until one is brought"


def _notes_on(one: AdoptedAuthority, now: datetime) -> Iterator[str]:
    from cryptography.x509 import load_der_x509_certificate

    parsed = load_der_x509_certificate(one.certificate)
    name = f"the {one.role} {parsed.subject.rfc4514_string()!r}"
    if one.private_key is None:
        yield f"the key of {name} is elsewhere"
    if parsed.not_valid_after_utc < now:
        yield f"{name} expired on {parsed.not_valid_after_utc:%Y-%m-%d}: renew it first"
    if parsed.not_valid_before_utc > now:
        yield f"{name} is valid only from {parsed.not_valid_before_utc:%Y-%m-%d} on"
    try:
        check_public_key(parsed.public_key())
    except InputError as error:
        yield f"{name}: {error.message}; plan a new one"
    except Exception:
        yield f"{name}: its key is of a kind that is not supported"
    try:
        digest = parsed.signature_hash_algorithm
    except Exception:  # an algorithm that the library has no name for
        digest = None
        yield f"{name}: signed with an algorithm that is not supported"
    # Nobody checks the signature on a root: it is trusted for being in the store.
    if digest is not None and digest.name in _BROKEN_HASHES and one.role != "root":
        yield f"{name} is signed with {digest.name.upper()}, which clients refuse"
