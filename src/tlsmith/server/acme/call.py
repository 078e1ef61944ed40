"""A request of ACME that is in order, as endpoints get it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.jwk import AccountKey
from tlsmith.acme.messages import decode_payload
from tlsmith.server.acme.reply import Pending, Reply

if TYPE_CHECKING:
    from typing import TypeVar

    from tlsmith.acme.jws import SignedRequest
    from tlsmith.authority.acme.service import ACMEService
    from tlsmith.server.acme.urls import URLs
    from tlsmith.storage.acme.accounts import AccountRecord

    T = TypeVar("T")


class Call(NamedTuple):
    """A request.

    Args:
        ids: what the path has for the parts of its pattern that vary.
        signed: None for what is asked without a signature.
        account: whose it is; None where a key of no account signed it.
        key: what it is signed with.
        address: of the client.
        query: of the URL, as bytes.
    """

    service: ACMEService
    urls: URLs
    ids: tuple[str, ...]
    signed: SignedRequest | None
    account: AccountRecord | None
    key: AccountKey | None
    address: str
    request_id: str
    query: bytes = b""

    @property
    def holder(self) -> AccountRecord:
        """The account, of an endpoint that needs one."""
        assert self.account is not None  # noqa: S101 -- the endpoint says so
        return self.account

    @property
    def payload(self) -> bytes:
        """What was signed."""
        return self.signed.payload if self.signed is not None else b""

    @property
    def is_reading(self) -> bool:
        """Whether it is a POST-as-GET (section 6.3)."""
        return not self.payload

    def read(self, kind: type[T]) -> T:
        """Return what the payload says.

        Raises:
            ACMEProblem: malformed.
        """
        return decode_payload(self.payload, kind)

    def require_reading(self) -> None:
        """Refuse a payload where there is nothing to say.

        Raises:
            ACMEProblem: malformed.
        """
        if not self.is_reading:
            raise problems.malformed(
                "this is read by POST-as-GET: the payload must be empty"
            )


class Endpoint(NamedTuple):
    """What is at a path.

    Args:
        keys: how a request is signed: "kid", "jwk", "either", or "" where it is not.
        path: with `{}` for ids.
        about: the kinds of records that the first of the ids is of; see `Wanted`.
    """

    path: str
    handle: Callable[[Call], Reply | Pending]
    keys: str = "kid"
    about: tuple[str, ...] = ()
