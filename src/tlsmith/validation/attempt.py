"""A validation under way, and what is recorded of it when it has succeeded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.errors import ACMEProblem


class Outcome(NamedTuple):
    """A validation that succeeded.

    Args:
        type: of the challenge.
        validated_at: when, to the second.
        addresses: those asked, in order, also in vain.
        address: the one whose answer counted; for DNS challenges None.
        redirects: URLs that were redirected to.
        record: the name where the TXT record that counted was asked for.
        persist_until: Unix time after which the record counts no more, where it says.
        vantage_points: addresses of this machine that saw the same.
    """

    type: str
    validated_at: datetime
    addresses: tuple[str, ...] = ()
    address: str | None = None
    redirects: tuple[str, ...] = ()
    record: str | None = None
    persist_until: int | None = None
    vantage_points: tuple[str, ...] = ()


class Attempt:
    """What has been done so far, for the record and for the words of a problem.

    Args:
        source: the address of this machine to ask from; None for any.
    """

    def __init__(self, source: str | None = None) -> None:
        self.source = source
        self.addresses: list[str] = []
        self.address: str | None = None
        self.redirects: list[str] = []
        self.record: str | None = None
        self.persist_until: int | None = None
        self._doing = "beginning"
        self._problem: Callable[[str], ACMEProblem] = problems.connection

    def does(
        self,
        what: str,
        problem: Callable[[str], ACMEProblem] = problems.connection,
    ) -> None:
        """Note what is done from now on, and what it is called when it never ends."""
        self._doing = what
        self._problem = problem

    def late(self, seconds: float) -> ACMEProblem:
        """Return the problem of not having come to an end in time."""
        return self._problem(
            f"no end in {seconds:g} seconds while {self._doing}: see that a server "
            "answers there, and that no firewall drops what is sent"
        )
