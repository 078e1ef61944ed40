"""What requests hold: each a table of fields, by which they are read and documented."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tlsmith.server.rest.words import (
    SHA256,
    Cursor,
    Days,
    Document,
    Duration,
    Kind,
    Limit,
    Moment,
    Name,
    Reason,
    Role,
    SerialNumber,
    Slug,
    Status,
    Word,
)

MOST_IN_BATCH = 500
Names = Annotated[list[Name], Meta(min_length=1, max_length=100)]


class Message(Struct, forbid_unknown_fields=True, frozen=True):
    """Has the fields it says, and no other."""


def check_moments(*moments: datetime | None) -> None:
    """Refuse a moment whose year in UTC is before 1 or after 9999."""
    for moment in moments:
        if moment is not None:
            try:
                moment.astimezone(UTC)
            except OverflowError as error:
                raise ValueError("expected a moment of the years 1 to 9999") from error


class Nothing(Message, frozen=True):
    """No fields."""


class NewCertificate(Message, frozen=True):
    """A certificate that is wanted: of a CSR, or of names with a key made here."""

    csr: Annotated[
        Document | None, Meta(description="PEM, or DER in base64 (RFC 2986)")
    ] = None
    names: Annotated[
        Names | None,
        Meta(
            description="DNS names, IP addresses, e-mail addresses, URIs; beside a "
            "CSR, in place of its names"
        ),
    ] = None
    generate: Annotated[
        Kind | None,
        Meta(
            description="make a key of this kind; it is answered once, and kept nowhere"
        ),
    ] = None
    profile: Annotated[Word | None, Meta(description="the policy's by default")] = None
    lifetime: Duration | Days | None = None
    not_after: Moment | None = None
    subject: Annotated[
        Name | None, Meta(description="such as CN=www.corp.example,O=Acme")
    ] = None
    clamp: Annotated[
        bool, Meta(description="end with the CA where it would live longer")
    ] = False
    issuer: Annotated[
        Word | None, Meta(description="slug or name of the CA; the latest by default")
    ] = None

    def __post_init__(self) -> None:
        check_moments(self.not_after)


class NewCertificates(Message, frozen=True):
    """Certificates that are wanted together."""

    certificates: Annotated[
        list[NewCertificate], Meta(min_length=1, max_length=MOST_IN_BATCH)
    ]


class Renewal(Message, frozen=True):
    """A certificate to be issued again, with one of three keys."""

    csr: Annotated[
        Document | None, Meta(description="of which the key alone is taken")
    ] = None
    generate: Kind | None = None
    same_key: bool = False
    lifetime: Duration | Days | None = None


class Revocation(Message, frozen=True):
    """Why a certificate is revoked."""

    reason: Reason = "unspecified"


class Revocations(Message, frozen=True):
    """Which certificates are revoked, said in one of four ways, and why."""

    certificate: Annotated[Document | None, Meta(description="PEM")] = None
    fingerprint: Annotated[
        SHA256 | None, Meta(description="SHA-256 of the certificate")
    ] = None
    key: Annotated[
        Document | None,
        Meta(
            description="every one of a key, which is never certified again: the "
            "SHA-256 of its SubjectPublicKeyInfo, or that itself as PEM"
        ),
    ] = None
    name: Annotated[
        Name | None, Meta(description="every good one for a name, or below .DOMAIN")
    ] = None
    reason: Reason = "unspecified"


class NewCRLs(Message, frozen=True):
    """Which CRLs are issued."""

    force: Annotated[bool, Meta(description="even those that are not due")] = True


Scopes = Annotated[list[Word], Meta(max_length=100)]


class NewToken(Message, frozen=True):
    """A token that is wanted."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Role
    profiles: Annotated[Scopes, Meta(description="none for all")] = []
    names: Annotated[
        Scopes, Meta(description="domains, with all below; none for all")
    ] = []
    expires_at: Moment | None = None

    def __post_init__(self) -> None:
        check_moments(self.expires_at)


class NewGrant(Message, frozen=True):
    """What client certificates with a name may do."""

    role: Role
    profiles: Scopes = []
    names: Scopes = []


# Queries. Their values come as text.


class CertificateQuery(Message, frozen=True):
    """Which certificates; all that is given must hold."""

    name: Annotated[
        Name | None, Meta(description="a name, or .DOMAIN for all below it")
    ] = None
    serial_number: SerialNumber | None = None
    fingerprint: SHA256 | None = None
    key: Annotated[
        SHA256 | None, Meta(description="SHA-256 of the SubjectPublicKeyInfo")
    ] = None
    requester: Word | None = None
    profile: Word | None = None
    status: Status | None = None
    expires_before: Annotated[
        Moment | None, Meta(description="and then the soonest come first")
    ] = None
    expires_after: Moment | None = None
    limit: Limit = 50
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        check_moments(self.expires_before, self.expires_after)


class AuditQuery(Message, frozen=True):
    """Which records; all that is given must hold."""

    actor: Word | None = None
    action: Word | None = None
    object: Word | None = None
    limit: Limit = 50
    cursor: Annotated[str, Meta(pattern=r"^[0-9]{1,18}(?![\s\S])")] | None = None


class AuditHead(Message, frozen=True):
    """A hash that was written down."""

    head: SHA256 | None = None


class TimelineQuery(Message, frozen=True, rename={"first": "from", "last": "to"}):
    """Which days, both ends included."""

    what: Literal["issued", "revoked", "expires"]
    first: date
    last: date


# What stands in paths.


class BySerialNumber(Message, frozen=True):
    """A certificate."""

    serial_number: SerialNumber


class BySlug(Message, frozen=True):
    """A CA."""

    slug: Slug


class ByID(Message, frozen=True):
    """A token, or an object of ACME."""

    id: Slug


class ByIdentity(Message, frozen=True):
    """A name in client certificates."""

    identity: Name
