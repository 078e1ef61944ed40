"""What every part of ACME works with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from tlsmith.acme import problems
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.authority.actor import Actor
from tlsmith.storage import Storage, Transaction

if TYPE_CHECKING:
    from tlsmith.authority.policy import Policy
    from tlsmith.authority.profile import Profile
    from tlsmith.authority.service import Authority
    from tlsmith.storage.acme.accounts import AccountRecord

Result = TypeVar("Result")
# Names of accounts that are remembered.
_MOST = 4096


class ACMEContext:
    """An authority, and how its ACME is set."""

    def __init__(self, authority: Authority, settings: ACMESettings) -> None:
        self.authority = authority
        self.settings = settings
        # The profiles that clients may choose from, of the policy they were found in.
        self.offered: tuple[Policy, dict[str, Profile]] | None = None
        self._proved: set[tuple[str, str]] = set()

    @property
    def storage(self) -> Storage:
        """Where everything is kept."""
        return self.authority.storage

    def now(self) -> datetime:
        """Return the present."""
        return self.authority.clock()

    def expect_proved(self, account_id: str, value: str) -> None:
        """Take note that an account most likely has a valid authorization by now."""
        if len(self._proved) >= _MOST:
            self._proved.clear()
        self._proved.add((account_id, value))

    def is_proved(self, account_id: str, value: str) -> bool:
        """Tell whether an account most likely has a valid authorization."""
        return (account_id, value) in self._proved

    def begin(self, act: Callable[[Transaction], Result]) -> Future[Result]:
        """Have something done in a transaction, with others, durably."""
        return self.authority.writer.begin(act, is_short=True)


class _Owned(Protocol):
    @property
    def account_id(self) -> str:
        """Whose it is."""
        ...


Owned = TypeVar("Owned", bound=_Owned)


def own(found: Owned | None, account: AccountRecord, what: str) -> Owned:
    """Return what was looked for, where it is there and the account's.

    Args:
        what: it is, such as "order".

    Raises:
        ACMEProblem: there is none, or it is another account's.
    """
    if found is None:
        raise problems.malformed(f"there is no such {what}", status=404)
    if found.account_id != account.id:
        raise problems.unauthorized(f"the {what} is another account's")
    return found


def requester(account_id: str) -> str:
    """Return what the audit log and the records of certificates call an account."""
    return f"acme:{account_id}"


def actor_of(account: AccountRecord, request_id: str = "") -> Actor:
    """Return who an account is to the authority."""
    return Actor(requester(account.id), "issuer", request_id=request_id)
