"""Nonces: each is accepted once, by whichever process is asked (RFC 8555 section 6.5).

They are given out without writing anything: what cannot be forged is told by a MAC.
What is written down is which were used.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.acme.base64url import decode_base64url, encode_base64url

if TYPE_CHECKING:
    from tlsmith.storage.acme.accounts import AccountRecord
    from tlsmith.storage.acme.wanted import Wanted

_TAG = 16


class Use(NamedTuple):
    """A nonce that a request is to use up.

    Args:
        account: is in use, with the same key? Then it is read as `IN_USE`.
        wanted: what the request is about.
    """

    nonce: str
    account: AccountRecord | None = None
    wanted: Sequence[Wanted] = ()


class Used(NamedTuple):
    """What came of that.

    Args:
        is_good: whether it was ours, not too old, and unused until now.
        records: that were read, for `Kept.show`; None where none were.
    """

    is_good: bool
    records: Mapping[Hashable, Any] | None


class Nonces(ABC):
    """Where nonces come from, and are used up."""

    @abstractmethod
    def give(self) -> str:
        """Return a new one, in base64url."""

    @abstractmethod
    def use(self, nonce: str) -> bool:
        """Use one up; tell whether it was ours, not too old, and unused until now.

        Raises:
            StorageError: that cannot be found out.
        """

    def use_and_read(self, uses: Sequence[Use]) -> list[Used]:
        """Use some up, and read what their requests are about."""
        return [Used(self.use(one.nonce), None) for one in uses]

    def maintain(self) -> None:  # noqa: B027 -- most have nothing to do
        """Forget what is too old to be used again; called now and then."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""


def sealed(body: bytes, key: bytes) -> str:
    """Return a nonce: what it says, and a MAC over that."""
    return encode_base64url(body + _tag(body, key))


def unsealed(nonce: str, key: bytes, length: int) -> bytes | None:
    """Return what a nonce says, None for one that is not ours.

    Args:
        length: of what it says, in bytes.
    """
    try:
        # Which takes one text alone for the same bytes.
        data = decode_base64url(nonce)
    except ValueError:
        return None
    body, tag = data[:length], data[length:]
    return body if hmac.compare_digest(_tag(body, key), tag) else None


def _tag(body: bytes, key: bytes) -> bytes:
    # As good a MAC as HMAC (RFC 7693 section 2.9), in an eighth of the time.
    return blake2b(body, key=key, digest_size=_TAG).digest()
