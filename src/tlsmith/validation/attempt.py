"""A validation under way, and what is recorded of it when it has succeeded."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Outcome(NamedTuple):
    """A validation that succeeded.

    Args:
        type: of the challenge.
        validated_at: when, to the second.
        addresses: those asked, in order, also in vain.
        address: the one whose answer counted; for DNS challenges None.
        redirects: URLs that were redirected to.
        record: the name whose TXT record counted, where one did.
        vantage_points: addresses of this machine that saw the same.
    """

    type: str
    validated_at: datetime
    addresses: tuple[str, ...] = ()
    address: str | None = None
    redirects: tuple[str, ...] = ()
    record: str | None = None
    vantage_points: tuple[str, ...] = ()


class Attempt:
    """What has been done so far, for the record and for the words of a problem.

    Args:
        source: the address of this machine to ask from; None for any.
    """

    def __init__(self, source: str | None = None) -> None:
        self.source = source
        self.doing = "beginning"
        self.addresses: list[str] = []
        self.address: str | None = None
        self.redirects: list[str] = []
        self.record: str | None = None
