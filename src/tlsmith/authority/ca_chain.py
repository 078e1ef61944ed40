"""The chain of a CA whose certificate was signed elsewhere: found, then judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tlsmith.core.keys import check_public_key
from tlsmith.core.narrowing import beyond
from tlsmith.core.signed import verify_signed_by
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import ChainError, InputError

_MOST = 10


def find_chain(
    certificate: bytes, pool: Sequence[bytes], now: datetime
) -> list[CertificateView]:
    """Return a CA's chain, its own certificate first, its root last.

    Args:
        certificate: DER, the CA's own.
        pool: DER, where those above it are looked for; every signature is checked.

    Raises:
        ChainError: no client would accept it; every reason is listed.
        InputError: a certificate above it is missing, or a signature does not hold.
    """
    chain = [view_certificate(certificate)]
    others = [view_certificate(one) for one in pool]
    while not chain[-1].is_self_issued:
        chain.append(_issuer_of(chain[-1], others))
        if len(chain) > _MOST:
            raise InputError(f"the chain has more than {_MOST} certificates")
    verify_signed_by(chain[-1].der, chain[-1].public_key_info, "the root")
    reasons = list(_faults(chain, now))
    if reasons:
        raise ChainError(
            "this CA certificate cannot be used",
            reasons=reasons,
            hint="have it signed anew, with these mended",
        )
    return chain


def _issuer_of(
    child: CertificateView, others: Sequence[CertificateView]
) -> CertificateView:
    named = [one for one in others if one.subject == child.issuer]
    if not named:
        raise InputError(
            "the certificate of the CA that signed it is neither in the file nor in "
            "the store",
            code="issuer-missing",
            hint="add it to the file: cat intermediate.pem root.pem",
        )
    for number, one in enumerate(named):
        try:
            verify_signed_by(child.der, one.public_key_info, "the certificate")
        except InputError:
            if number == len(named) - 1:
                raise
        else:
            return one
    raise AssertionError


def _faults(chain: Sequence[CertificateView], now: datetime) -> Iterator[str]:
    own = chain[0]
    if not own.may_sign_crls:
        yield "keyUsage: it may not sign CRLs, so nothing could be revoked"
    yield from _faults_of_key(own)
    for depth, one in enumerate(chain):
        name = "it" if depth == 0 else "the CA above it"
        if not one.is_ca or not one.may_sign_certificates:
            yield f"basicConstraints, keyUsage: {name} is no CA"
        if one.not_after <= now:
            yield f"validity: {name} expired on {one.not_after:%Y-%m-%d %H:%M}"
        if one.not_before > now:
            yield f"validity: {name} is valid from {one.not_before:%Y-%m-%d %H:%M} on"
        if one.path_length is not None and one.path_length < depth:
            yield (
                f"path length: {name} allows {one.path_length} CAs below it, and "
                f"there are {depth}"
            )
        if one.name_constraints is not None and depth:
            yield from (
                f"name constraints: {space}: not as the CA above it has them"
                for space in beyond(one.name_constraints, own.name_constraints)
            )
        if own.not_after > one.not_after:
            yield (
                f"validity: it would outlive the CA above it, until "
                f"{one.not_after:%Y-%m-%d}"
            )


def _faults_of_key(own: CertificateView) -> Iterator[str]:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        check_public_key(load_der_public_key(own.public_key_info))
    except InputError as error:
        yield f"key: {error.message}"
