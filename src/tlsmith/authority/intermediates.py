"""Certificates of CAs below others: issued to a key, or to a request from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.issuers import pointers_of
from tlsmith.authority.plan import PublicationURLs, url_mistakes
from tlsmith.authority.records import new_record
from tlsmith.core.constraints import NameConstraints
from tlsmith.core.narrowing import beyond, narrowed
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import CA_DAYS, certificate_authority, validity
from tlsmith.core.requested import read_request
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import CertificateView
from tlsmith.errors import ConfigError, InputError, PathLengthError
from tlsmith.storage.authorities import ROOT, AuthorityRecord

if TYPE_CHECKING:
    from tlsmith.core.issuer import Issuer

_NUMBERED = re.compile(r"(.*) Issuing CA (\d+)")


class Terms(NamedTuple):
    """What an intermediate is given by the CA above it.

    Args:
        path_length: how many CAs may stand below it; None for one less than its
            issuer may have.
        urls: where the state of the CA above it is read.
    """

    days: int = CA_DAYS // 2
    path_length: int | None = None
    name_constraints: NameConstraints | None = None
    urls: PublicationURLs = PublicationURLs()


def sign_request(issuer: Issuer, request: bytes, terms: Terms, now: datetime) -> bytes:
    """Return the certificate (DER) of an intermediate that asks with a request.

    Args:
        request: PEM or DER (RFC 2986).

    Raises:
        InputError: it is no request, or not that of a CA.
        ProfileError: its signature or its key is not in order.
        ConfigError: the terms have mistakes; all are listed.
    """
    requested = read_request(request)
    if not requested.asked.is_ca:
        raise InputError(
            "the request does not ask to be a CA",
            code="not-a-ca-request",
            hint="make it with tlsmith ca init --offline-root, and carry what tlsmith "
            "ca export --csr prints",
        )
    return issue_intermediate(
        issuer, requested.public_key_info, requested.subject, terms, now
    )


def issue_intermediate(
    issuer: Issuer,
    public_key_info: bytes,
    subject: bytes,
    terms: Terms,
    now: datetime,
) -> bytes:
    """Return the certificate (DER) of an intermediate.

    It has its issuer's name constraints too: clients differ in how well they apply
    those of certificates further up.

    Raises:
        ConfigError: the terms have mistakes; all are listed.
        PathLengthError: the issuer may have no CA below it.
        ValidityError: the issuer has expired.
    """
    _check(issuer.view, terms)
    allowed = issuer.view.path_length
    length = terms.path_length
    if length is None:
        length = 0 if allowed is None else allowed - 1
    parameters = certificate_authority(
        subject,
        validity(now, terms.days, longest=terms.days, within=issuer.view),
        path_length=length,
        name_constraints=narrowed(issuer.name_constraints, terms.name_constraints),
    )
    above = new_record(issuer.certificate, "", ROOT, terms.urls, now)
    parameters = parameters._replace(extensions=pointers_of(above))
    return issuer.issue(parameters, public_key_info).der


def _check(issuer: CertificateView, terms: Terms) -> None:
    allowed = issuer.path_length
    if allowed == 0:
        raise PathLengthError(
            "this root allows no CA below it: its path length is 0",
            hint="it can sign end entities only; make a new root: tlsmith ca init",
        )
    mistakes = url_mistakes(terms.urls)
    if not 1 <= terms.days <= 36_500:
        mistakes.append(f"days: {terms.days}: there may be 1 to 36500")
    length = terms.path_length
    if length is not None and not 0 <= length < (allowed or 10):
        mistakes.append(
            f"path length: {length}: the root allows {(allowed or 10) - 1} at most"
        )
    outer = issuer.name_constraints
    if outer is not None and terms.name_constraints is not None:
        inner = narrowed(outer, terms.name_constraints)
        mistakes += [
            f"permit: {space} is outside the root's name constraints"
            for space in beyond(outer, inner)
        ]
    if mistakes:
        raise ConfigError(
            "this intermediate cannot be signed",
            mistakes=mistakes,
            hint="mend each of these",
        )


def ca_name(name: str, role: str) -> bytes:
    """Return the DER Name of a CA of an organisation."""
    return distinguished_name((ORGANIZATION, name), (COMMON_NAME, f"{name} {role}"))


def next_issuing_name(name: str, records: Sequence[AuthorityRecord]) -> tuple[str, int]:
    """Return the organisation, and the number of its next issuing CA.

    Args:
        name: of the root, or of an issuing CA there is.
    """
    organisation = name.removesuffix(" Root CA")
    found = _NUMBERED.fullmatch(name)
    if found is not None:
        organisation = found[1]
    numbers = [
        int(other[2])
        for one in records
        if (other := _NUMBERED.fullmatch(one.name)) is not None
    ]
    return organisation, max(numbers, default=0) + 1
