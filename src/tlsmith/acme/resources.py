"""The objects that ACME answers with, as JSON (RFC 8555 section 7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from tlsmith.acme.problems import problem_document
from tlsmith.errors import ACMEProblem


class _Object(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What is encoded as it is, without what it has no value for."""


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


class IdentifierView(_Object, frozen=True):
    """RFC 8555 section 9.7.7."""

    type: str
    value: str


class OrderView(_Object, frozen=True):
    """RFC 8555 section 7.1.3, RFC 9773 section 5, draft-ietf-acme-profiles.

    Args:
        authorizations: their URLs.
        finalize: the URL to send the CSR to.
        expires: whole seconds in UTC, as all moments here.
        certificate: the URL of the certificate, once there is one.
        error: what failed, or the JSON of it.
    """

    status: str
    identifiers: list[IdentifierView]
    authorizations: list[str]
    finalize: str
    expires: datetime | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    certificate: str | None = None
    replaces: str | None = None
    profile: str | None = None
    error: ACMEProblem | msgspec.Raw | None = None


class ChallengeView(_Object, frozen=True):
    """RFC 8555 section 8.

    Args:
        error: what failed, or the JSON of it.
        issuer_domain_names: of dns-persist-01: what the record may name us by.
        account_uri: of dns-persist-01: by what it may name the account, through draft
            01 alone; from 02 on clients make it themselves.
        issuer_domain_names_01: the names as draft 01 calls them, which clients in use
            still read.
    """

    type: str
    url: str
    status: str
    token: str | None = None
    validated: datetime | None = None
    error: ACMEProblem | msgspec.Raw | dict[str, Any] | None = None
    issuer_domain_names: tuple[str, ...] = ()
    account_uri: str | None = msgspec.field(default=None, name="accounturi")
    issuer_domain_names_01: tuple[str, ...] = msgspec.field(
        default=(), name="issuer-domain-names"
    )


class AuthorizationView(_Object, frozen=True):
    """RFC 8555 section 7.1.4.

    Args:
        identifier: without `*.`, which `wildcard` tells.
        wildcard: absent where it is none.
    """

    identifier: IdentifierView
    status: str
    challenges: list[ChallengeView]
    expires: datetime | None = None
    wildcard: bool = False


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


def encode(view: OrderView | AuthorizationView | ChallengeView) -> bytes:
    """Return the JSON of an object that is asked for in every order."""
    return _encode(view)


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


def _problem(error: object) -> object:
    assert isinstance(error, ACMEProblem)  # noqa: S101 -- nothing else is in a view
    return problem_document(error)


def _moment(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC and whole seconds, the form every client reads."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='seconds')}Z"


_encode = msgspec.json.Encoder(enc_hook=_problem).encode
