"""What answers about ACME hold. Handlers give the facts of `authority.acme.records`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from tlsmith.server.rest.answers import Answered


class Account(Answered):
    """The facts of an ACME account, as `tlsmith account list --json` has them."""

    id: str
    status: Literal["valid", "deactivated", "revoked"]
    key_thumbprint: Annotated[str, Meta(description="of its key (RFC 7638)")]
    contacts: list[str]
    eab: Annotated[str | None, Meta(description="the external account it is bound to")]
    address: Annotated[str, Meta(description="of the client that made it")]
    created_at: datetime
    terms_agreed_at: datetime | None
    orders: int
    valid_orders: int
    last_order_at: datetime | None


class AccountPage(Answered):
    """Some accounts, in the order they were made."""

    accounts: list[Account]
    next: Annotated[str | None, Meta(description="cursor of the next page; or null")]


class OrderedIdentifier(Answered):
    """What a certificate is ordered for."""

    type: Literal["dns", "ip"]
    value: str


class OrderFailure(Answered):
    """Why something failed, in plain words."""

    type: Annotated[str, Meta(description="of the problem; or lapsed, deactivated")]
    said: str
    detail: str
    advice: Annotated[str, Meta(description="what to do")]
    name: str
    challenge: str


class Order(Answered):
    """The facts of an ACME order, as `tlsmith order list --json` has them."""

    id: str
    account: str
    status: Literal["pending", "ready", "valid", "invalid"]
    identifiers: list[OrderedIdentifier]
    profile: str | None
    created_at: datetime
    expires_at: datetime
    not_after: datetime | None
    replaces: str | None
    failure: OrderFailure | None


class OrderPage(Answered):
    """Some orders, the latest first."""

    orders: list[Order]
    next: Annotated[str | None, Meta(description="cursor of the next page; or null")]


class Challenge(Answered):
    """One way to prove a name, and how the last attempt at it ended."""

    type: str
    status: Literal["pending", "processing", "valid", "invalid"]
    validated_at: datetime | None
    failure: OrderFailure | None


class Authorization(Answered):
    """How a name was proved, or is to be."""

    id: str
    identifier: OrderedIdentifier
    status: Literal["pending", "valid", "invalid", "deactivated", "expired", "revoked"]
    expires_at: datetime
    proved_by: Annotated[
        str | None,
        Meta(description="type of the challenge; or `binding ID`, `network CIDR`"),
    ]
    challenges: list[Challenge]


class OrderCertificate(Answered):
    """The certificate that came of an order."""

    serial_number: str
    status: Literal["good", "revoked", "hold"]
    profile: str
    not_before: datetime
    not_after: datetime


class WholeOrder(Order):
    """An order with its authorizations, and its certificate."""

    authorizations: list[Authorization]
    certificate: OrderCertificate | None


class Binding(Answered):
    """The facts of an external account: never its key."""

    id: Annotated[str, Meta(description="the key identifier that clients are given")]
    name: str
    status: Literal["usable", "used", "expired", "revoked"]
    reusable: bool
    profiles: list[str]
    names: list[str]
    preauthorized: list[str]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class Bindings(Answered):
    """Every external account, those that no longer work as well."""

    bindings: list[Binding]


class MadeBinding(Binding):
    """An external account with its key, answered once."""

    hmac_key: Annotated[str, Meta(description="base64url, as clients take it")]
