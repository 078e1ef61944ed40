"""The payloads of requests and the objects of answers (RFC 8555 section 7)."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from tlsmith.acme.base64url import decode_base64url
from tlsmith.acme.problems import malformed
from tlsmith.acme.reading import read_json

T = TypeVar("T")
# RFC 3339: with an offset or Z.
Moment = Annotated[datetime, Meta(tz=True)]


class Base64URL(bytes):
    """What base64url text in a payload decodes to."""


class WireIdentifier(Struct):
    """An identifier as the client wrote it; `parse_identifiers` judges it."""

    type: str
    value: str


class NewAccount(Struct, rename="camel"):
    """RFC 8555 section 7.3; the binding is a JWS of its own (section 7.3.4)."""

    contact: list[str] | None = None
    terms_of_service_agreed: bool | None = None
    only_return_existing: bool | None = None
    external_account_binding: Raw = Raw()

    @property
    def binding(self) -> bytes | None:
        """What `verify_binding` takes, if there is any."""
        binding = bytes(self.external_account_binding)
        return None if binding in (b"", b"null") else binding


class AccountUpdate(Struct, rename="camel"):
    """RFC 8555 sections 7.3.2 and 7.3.6; no contact at all is as good as the old."""

    contact: list[str] | None = None
    status: str | None = None
    terms_of_service_agreed: bool | None = None


class NewOrder(Struct, rename="camel"):
    """RFC 8555 section 7.4, RFC 9773 section 5, draft-ietf-acme-profiles."""

    identifiers: list[WireIdentifier]
    not_before: Moment | None = None
    not_after: Moment | None = None
    replaces: str | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        self.not_before = _in_utc(self.not_before)
        self.not_after = _in_utc(self.not_after)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """What `parse_identifiers` takes."""
        return [(each.type, each.value) for each in self.identifiers]


class NewAuthorization(Struct):
    """RFC 8555 section 7.4.1."""

    identifier: WireIdentifier


class AuthorizationUpdate(Struct):
    """RFC 8555 section 7.5.2: the one status to ask for is "deactivated"."""

    status: str | None = None


class ChallengeResponse(Struct):
    """RFC 8555 section 7.5.1: an object, of nothing so far."""


class Finalize(Struct):
    """RFC 8555 section 7.4."""

    csr: Base64URL


class Revocation(Struct):
    """RFC 8555 section 7.6."""

    certificate: Base64URL
    reason: int | None = None


class KeyChange(Struct, rename="camel"):
    """RFC 8555 section 7.3.5."""

    account: str
    old_key: dict[str, Any]


def decode_payload(payload: bytes, kind: type[T]) -> T:
    """Return what a payload says; members it should not have are ignored.

    Raises:
        ACMEProblem: malformed, naming the member that is wrong or missing.
    """
    if not payload:
        raise malformed(
            "the payload is empty, as of a POST-as-GET, where an object is due"
        )
    decoder: msgspec.json.Decoder[T] = _decoder(kind)  # type: ignore[arg-type]
    return read_json(decoder, payload, "the payload")


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_decoded)


def _decoded(kind: type, value: object) -> Base64URL:
    if not isinstance(value, str):
        raise ValueError("expected str of base64url")
    return Base64URL(decode_base64url(value))


def _in_utc(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC and whole seconds: certificates have no others."""
    try:
        return moment and moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError("a time outside of what calendars have") from None
