"""What the certificates of CAs for tests say, and in which order they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.api.moments import FIRST, LAST
from tlsmith.core.constraints import (
    NameConstraints,
    Subtree,
    development_constraints,
    domain_or_network,
)
from tlsmith.core.keys import key_identifier, public_key_info
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import CertificateParameters, certificate_authority
from tlsmith.core.subject import distinguished_name, parse_subject
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

# A kind of name that has no permitted name space would be free. For addresses the
# usual way is to exclude all (CA/B Baseline Requirements 7.1.2.5.2); for the others,
# to permit a domain that RFC 6761 keeps from ever being anyone's.
_EVERY_ADDRESS = (Subtree("ip", "0.0.0.0/0"), Subtree("ip", "::/0"))
_NO_DOMAIN = "invalid"


class Wanted(NamedTuple):
    """What the caller wants of a new CA; see `CA` for the meaning of each."""

    subject: str | None
    permit: Sequence[str]
    path_length: int | None


def root_parameters(wanted: Wanted, key: PrivateKey) -> CertificateParameters:
    """Return the parameters of a root.

    Raises:
        InputError: the subject is none, or what is permitted is no domain or network.
    """
    return _parameters(wanted, _subject(wanted, "root", key), (FIRST, LAST))


def intermediate_parameters(
    wanted: Wanted, key: PrivateKey, issuer: CertificateView
) -> CertificateParameters:
    """Return the parameters of a CA below `issuer`, which lasts as long as that.

    Raises:
        InputError: the subject is none, or what is permitted is no domain or network.
    """
    if wanted.path_length is None and issuer.path_length is not None:
        wanted = wanted._replace(path_length=max(0, issuer.path_length - 1))
    times = max(FIRST, issuer.not_before), min(LAST, issuer.not_after)
    return _parameters(wanted, _subject(wanted, "intermediate", key), times)


def check_order(path: Sequence[bytes]) -> None:
    """Refuse the certificates (DER) of a CA where one is not followed by its issuer's.

    Raises:
        InputError: that, or one is no certificate.
    """
    for one, above in pairwise([view_certificate(data) for data in path]):
        if one.issuer != above.subject:
            raise InputError(
                "the CA's certificates are not each followed by its issuer's",
                hint="give the CA's own first, then that of its issuer, the root last",
            )


def _parameters(
    wanted: Wanted, subject: bytes, times: tuple[datetime, datetime]
) -> CertificateParameters:
    if wanted.path_length is not None and wanted.path_length < 0:
        raise InputError(
            f"a path length of {wanted.path_length}",
            hint="0 is for a CA that may have none below it",
        )
    return certificate_authority(
        subject,
        times,
        path_length=wanted.path_length,
        name_constraints=_constraints_for(wanted.permit),
    )


def _subject(wanted: Wanted, role: str, key: PrivateKey) -> bytes:
    """Return the DER Name of a CA; the mark keeps those of two CAs apart."""
    if wanted.subject is not None:
        return parse_subject(wanted.subject, None)
    mark = key_identifier(public_key_info(key.public_key())).hex()[:8]
    return distinguished_name(
        (ORGANIZATION, "tlsmith test CA"), (COMMON_NAME, f"tlsmith test {role} {mark}")
    )


def _constraints_for(permit: Sequence[str]) -> NameConstraints | None:
    if not permit:
        return None
    texts = [permit] if isinstance(permit, str) else permit
    found = [domain_or_network(text) for text in texts]
    domains = [base for kind, base in found if kind == "dns"]
    networks = [base for kind, base in found if kind == "ip"]
    constraints = development_constraints(domains or [_NO_DOMAIN], networks)
    if not networks:
        constraints = constraints._replace(excluded=_EVERY_ADDRESS)
    return constraints
