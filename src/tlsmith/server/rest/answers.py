"""What answers hold. Handlers give the facts of `authority.records`; a test holds the
two together."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct


class Answered(Struct, forbid_unknown_fields=True):
    """Has the fields it says, and no other."""


class Certificate(Answered):
    """The facts of a certificate, as `tlsmith cert list --json` has them."""

    id: int
    serial_number: str
    names: list[str]
    profile: str
    requester: str
    issuer: Annotated[str, Meta(description="slug of the CA")]
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    status: Literal["good", "revoked", "hold"]
    revoked_at: datetime | None
    revocation_reason: str | None
    fingerprint_sha256: str | None


class IssuedCertificate(Answered, omit_defaults=True):
    """A certificate, just issued and on disk."""

    id: int
    serial_number: str
    names: list[str]
    profile: str
    not_before: datetime
    not_after: datetime
    fingerprint_sha256: str
    chain: Annotated[str, Meta(description="PEM, end entity first, without the root")]
    private_key: Annotated[
        str | None, Meta(description="PKCS #8 PEM, where it was made here")
    ] = None


class Problem(Struct, omit_defaults=True):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    code: Annotated[
        str | None, Meta(description="stable, for machines; see docs/api.md")
    ] = None
    hint: Annotated[str | None, Meta(description="something to do")] = None
    reasons: Annotated[
        list[str] | None, Meta(description="every rule that is broken")
    ] = None
    names: list[str] | None = None
    serial_number: Annotated[
        str | None, Meta(description="of the certificate that was issued before")
    ] = None
    request_id: str | None = None


class BatchResult(Answered, omit_defaults=True):
    """What became of one of a batch: one of the two."""

    certificate: IssuedCertificate | None = None
    problem: Problem | None = None


class Batch(Answered):
    """What became of each of a batch, in its order."""

    results: list[BatchResult]


class CertificatePage(Answered):
    """Some certificates. It may be short, or empty, and not be the last."""

    certificates: list[Certificate]
    next: Annotated[str | None, Meta(description="cursor of the next page; or null")]


class Certificates(Answered):
    """Certificates whose status was changed."""

    certificates: list[Certificate]


class AuthorityFacts(Answered, omit_defaults=True):
    """The facts of a CA."""

    slug: str
    name: str
    role: Literal["root", "intermediate"]
    state: Literal["pending", "active", "retired", "revoked"]
    key_sha256: str
    key_here: bool
    signer: str | None
    crl_url: str | None
    ocsp_url: str | None
    ca_url: str | None
    crl_shards: int
    serial_number: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    path_length: int | None = None
    fingerprint_sha256: str | None = None
    name_constraints: dict[str, list[str]] | None = None
    chain: Annotated[
        str | None, Meta(description="PEM, up to the root; of one CA alone")
    ] = None


class Authorities(Answered):
    """The CAs, root first."""

    authorities: list[AuthorityFacts]


class CRL(Answered):
    """The facts of a CRL."""

    path: str
    kind: Literal["complete", "delta"]
    shard: int
    number: int
    base_number: int | None
    entries: int
    this_update: datetime
    next_update: datetime


class CRLs(Answered):
    """CRLs."""

    crls: list[CRL]


class ProfileFacts(Answered):
    """The facts of a profile."""

    name: str
    keys: list[str]
    default_lifetime_seconds: int
    max_lifetime_seconds: int
    ca: bool


class Profiles(Answered):
    """The profiles in force."""

    profiles: list[ProfileFacts]
    default_profile: str


class PolicyVersion(Answered):
    """The number of the policy that is now in force."""

    version: int


class AuditRecord(Answered):
    """A record of the audit log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    request_id: str | None
    hash: str


class AuditPage(Answered):
    """Some records, the newest first. It may be short, and not be the last."""

    records: list[AuditRecord]
    next: str | None


class AuditState(Answered):
    """What verifying the whole log found."""

    records: int
    head: str
    faults: list[str]
    intact: bool


class Token(Answered):
    """The facts of a token: never the token."""

    id: str
    name: str
    role: str
    profiles: list[str]
    names: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Tokens(Answered):
    """Every token, those that no longer work as well."""

    tokens: list[Token]


class MadeToken(Token):
    """A token, answered once."""

    token: str


class Grant(Answered):
    """What client certificates with a name may do."""

    identity: str
    role: str
    profiles: list[str]
    names: list[str]
    created_at: datetime


class Grants(Answered):
    """Every grant."""

    grants: list[Grant]


class Identity(Answered):
    """Who asks."""

    name: str
    role: str
    profiles: list[str]
    names: list[str]


class Day(Answered):
    """How many on a day."""

    date: date
    number: int


class Timeline(Answered):
    """How many by day; days without any are left out."""

    what: Literal["issued", "revoked", "expires"]
    days: list[Day]


class Counts(Answered):
    """How many certificates there ever were."""

    issued: int
    revoked: int
    expired: int
    hold: int


class OCSPState(Answered):
    """Until when a CA's delegated OCSP responder lasts."""

    issuer: str
    not_after: datetime | None


class Summary(Answered):
    """What a dashboard shows first."""

    authorities: list[AuthorityFacts]
    counts: Counts
    crls: list[CRL]
    ocsp: list[OCSPState]
    next_expiries: list[Certificate]
