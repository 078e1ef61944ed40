"""What requests about ACME hold."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from tlsmith.server.rest.messages import Message, Scopes, check_moments
from tlsmith.server.rest.words import Limit, Moment, Slug


class NewBinding(Message, frozen=True):
    """An external account that is wanted."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    reusable: Annotated[bool, Meta(description="for any number of accounts")] = False
    profiles: Annotated[Scopes, Meta(description="none for all")] = field(
        default_factory=list
    )
    names: Annotated[
        Scopes, Meta(description="domains, with all below; none for all")
    ] = field(default_factory=list)
    preauthorized: Annotated[
        Scopes, Meta(description="domains that need no challenge, with all below")
    ] = field(default_factory=list)
    expires_at: Moment | None = None

    def __post_init__(self) -> None:
        check_moments(self.expires_at)


class AccountQuery(Message, frozen=True):
    """Which accounts."""

    limit: Limit = 50
    cursor: Slug | None = None


class OrderQuery(Message, frozen=True):
    """Which orders; all that is given must hold."""

    status: Literal["pending", "ready", "valid", "invalid"] | None = None
    account: Slug | None = None
    limit: Limit = 50
    cursor: Slug | None = None
