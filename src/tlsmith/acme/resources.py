"""The objects that ACME answers with, as JSON (RFC 8555 section 7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.problems import problem_document
from tlsmith.errors import ACMEProblem

_encode = msgspec.json.Encoder().encode


class AccountView(NamedTuple):
    """RFC 8555 section 7.1.2.

    Args:
        orders: the URL of the list of its orders.
        binding: the JWS that bound it to an external account, as JSON.
    """

    status: str
    orders: str
    contact: tuple[str, ...] = ()
    terms_of_service_agreed: bool | None = None
    binding: bytes | None = None


class OrderView(NamedTuple):
    """RFC 8555 section 7.1.3, RFC 9773 section 5, draft-ietf-acme-profiles.

    Args:
        authorizations: their URLs.
        finalize: the URL to send the CSR to.
        certificate: the URL of the certificate, once there is one.
        error: what failed, or the JSON of it.
    """

    status: str
    identifiers: tuple[Identifier, ...]
    authorizations: tuple[str, ...]
    finalize: str
    expires: datetime | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    certificate: str | None = None
    replaces: str | None = None
    profile: str | None = None
    error: ACMEProblem | bytes | None = None


class ChallengeView(NamedTuple):
    """RFC 8555 section 8.

    Args:
        error: what failed, or the JSON of it.
        issuer_domain_names: of dns-persist-01: what the record may name us by.
        account_uri: of dns-persist-01: by what it may name the account, through draft
            01 alone; from 02 on clients make it themselves.
    """

    type: str
    url: str
    status: str
    token: str | None = None
    validated: datetime | None = None
    error: ACMEProblem | bytes | None = None
    issuer_domain_names: tuple[str, ...] = ()
    account_uri: str | None = None


class AuthorizationView(NamedTuple):
    """RFC 8555 section 7.1.4.

    Args:
        identifier: as ordered; a wildcard is told by a member of its own.
    """

    identifier: Identifier
    status: str
    challenges: tuple[ChallengeView, ...]
    expires: datetime | None = None


class DirectoryView(NamedTuple):
    """RFC 8555 section 7.1.1: URLs, and what is to be known of the server.

    Args:
        new_authz: where pre-authorization is offered.
        renewal_info: of RFC 9773.
        profiles: name and what it is for, of draft-ietf-acme-profiles.
        issuer_domain_names: of draft-ietf-acme-dns-persist, as are those of challenges.
        account_hash_prefix: of draft-ietf-acme-dns-persist.
    """

    new_nonce: str
    new_account: str
    new_order: str
    revoke_cert: str
    key_change: str
    new_authz: str | None = None
    renewal_info: str | None = None
    terms_of_service: str | None = None
    website: str | None = None
    caa_identities: tuple[str, ...] = ()
    external_account_required: bool = False
    profiles: Mapping[str, str] | None = None
    issuer_domain_names: tuple[str, ...] = ()
    account_hash_prefix: str | None = None


def encode_account(account: AccountView) -> bytes:
    binding = account.binding
    return _object(
        status=account.status,
        contact=account.contact,
        termsOfServiceAgreed=account.terms_of_service_agreed,
        orders=account.orders,
        externalAccountBinding=None if binding is None else msgspec.Raw(binding),
    )


def encode_order(order: OrderView) -> bytes:
    return _object(
        status=order.status,
        expires=_moment(order.expires),
        identifiers=[_identifier(each) for each in order.identifiers],
        profile=order.profile,
        notBefore=_moment(order.not_before),
        notAfter=_moment(order.not_after),
        replaces=order.replaces,
        error=_error(order.error),
        authorizations=order.authorizations,
        finalize=order.finalize,
        certificate=order.certificate,
    )


def encode_authorization(authorization: AuthorizationView) -> bytes:
    asked = authorization.identifier
    return _object(
        identifier=_identifier(asked.base),
        status=authorization.status,
        expires=_moment(authorization.expires),
        challenges=[_challenge(each) for each in authorization.challenges],
        # Absent where it is none (RFC 8555 section 7.1.4).
        wildcard=asked.is_wildcard or None,
    )


def encode_challenge(challenge: ChallengeView) -> bytes:
    return _encode(_challenge(challenge))


def encode_directory(directory: DirectoryView) -> bytes:
    meta = _members(
        termsOfService=directory.terms_of_service,
        website=directory.website,
        caaIdentities=directory.caa_identities or None,
        externalAccountRequired=directory.external_account_required,
        profiles=directory.profiles or None,
        issuerDomainNames=directory.issuer_domain_names or None,
        accountHashPrefix=directory.account_hash_prefix,
    )
    return _object(
        newNonce=directory.new_nonce,
        newAccount=directory.new_account,
        newOrder=directory.new_order,
        newAuthz=directory.new_authz,
        revokeCert=directory.revoke_cert,
        keyChange=directory.key_change,
        renewalInfo=directory.renewal_info,
        meta=meta,
    )


def encode_orders(urls: Iterable[str]) -> bytes:
    """Return a page of an account's orders (RFC 8555 section 7.1.2.1)."""
    return _object(orders=list(urls))


def encode_renewal_info(
    start: datetime, end: datetime, *, explanation_url: str | None = None
) -> bytes:
    """Return when to renew a certificate (RFC 9773 section 4.2)."""
    return _object(
        suggestedWindow={"start": _moment(start), "end": _moment(end)},
        explanationURL=explanation_url,
    )


def _object(**members: object) -> bytes:
    return _encode(_members(**members))


def _members(**members: object) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _identifier(identifier: Identifier) -> dict[str, str]:
    return {"type": identifier.type, "value": identifier.value}


def _challenge(challenge: ChallengeView) -> dict[str, Any]:
    members = _members(
        type=challenge.type,
        url=challenge.url,
        status=challenge.status,
        token=challenge.token,
        validated=_moment(challenge.validated),
        error=_error(challenge.error),
        issuerDomainNames=challenge.issuer_domain_names or None,
        accounturi=challenge.account_uri,
    )
    if challenge.issuer_domain_names:
        # Its name through draft 01, which clients in use still read.
        members["issuer-domain-names"] = challenge.issuer_domain_names
    return members


def _error(error: ACMEProblem | bytes | None) -> object:
    if isinstance(error, ACMEProblem):
        return problem_document(error)
    return error and msgspec.Raw(error)


def _moment(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC and whole seconds, the form every client reads."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='seconds')}Z"
