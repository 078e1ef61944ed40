"""Asking DNS whether this CA may issue (RFC 8659, RFC 8657)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.errors import ACMEProblem, Subproblem
from tlsmith.storage.acme.authorizations import (
    AuthorizationRecord,
    authorizations_by_id,
)

if TYPE_CHECKING:
    from tlsmith.authority.acme.service import ACMEService
    from tlsmith.storage.acme.orders import OrderRecord

# Names of an order that are looked up at once: others have orders, too.
_AT_ONCE = 10


class CAAPort(Protocol):
    """What asks; see `tlsmith.validation`."""

    async def check_caa(
        self,
        identifier: Identifier,
        wildcard: bool,
        caa_identities: tuple[str, ...],
        account_uri: str,
        method: str,
    ) -> None:
        """Raise where this CA may not issue for a name."""
        ...


class _Name(NamedTuple):
    """What is asked about: a wildcard has records of its own (issuewild)."""

    value: str
    wildcard: bool
    method: str

    @property
    def ordered(self) -> tuple[str, str]:
        return "dns", f"*.{self.value}" if self.wildcard else self.value


class CAACheck:
    """Looks at CAA records before a certificate is issued.

    Args:
        seconds: that all look-ups of an order have together.
    """

    def __init__(self, service: ACMEService, asker: CAAPort, seconds: float) -> None:
        self._service = service
        self._asker = asker
        self._seconds = seconds

    async def check(self, order: OrderRecord, account_url: str) -> None:
        """Refuse an order for names whose CAA records do not have this CA.

        Raises:
            ACMEProblem: caa, dns, or compound where they differ; a subproblem for each
                of several names (RFC 8555 section 6.7.1).
        """
        names = _names(await asyncio.to_thread(self._proofs, order))
        if not names:
            return
        refusals = await self._refusals(names, account_url)
        if refusals:
            raise _problem(refusals)

    async def _refusals(
        self, names: Sequence[_Name], account_url: str
    ) -> list[tuple[_Name, ACMEProblem]]:
        """Return what is refused, in the order of the names."""
        places = asyncio.Semaphore(_AT_ONCE)
        asked = {
            name: asyncio.create_task(self._refusal(name, account_url, places))
            for name in names
        }
        try:
            done, late = await asyncio.wait(
                asked.values(),
                timeout=self._seconds,
                return_when=asyncio.FIRST_EXCEPTION,
            )
        finally:
            for task in asked.values():
                task.cancel()
            await asyncio.gather(*asked.values(), return_exceptions=True)
        # One that is no refusal, but a fault of ours, ends all others.
        found = {task: task.result() for task in done}
        for name, task in asked.items():
            if task in late:
                found[task] = self._late(name)
        return [
            (name, problem)
            for name, task in asked.items()
            if (problem := found[task]) is not None
        ]

    async def _refusal(
        self, name: _Name, account_url: str, places: asyncio.Semaphore
    ) -> ACMEProblem | None:
        identities = self._service.settings.caa_identities
        identifier = Identifier("dns", name.value)
        async with places:
            try:
                await self._asker.check_caa(
                    identifier, name.wildcard, identities, account_url, name.method
                )
            except ACMEProblem as problem:
                return problem
        return None

    def _late(self, name: _Name) -> ACMEProblem:
        return problems.dns(
            f"the CAA records of {name.value} were not found out in the "
            f"{self._seconds:g} seconds that there are for all names of an order: see "
            "that the name servers of the domain answer, then try again"
        )

    def _proofs(self, order: OrderRecord) -> list[AuthorizationRecord]:
        with self._service.authority.storage.look() as connection:
            return authorizations_by_id(connection, order.authorizations)


def _names(proofs: Sequence[AuthorizationRecord]) -> list[_Name]:
    """Return what is to be looked up, each once; addresses have no records."""
    found = (
        _Name(one.value, one.wildcard, one.challenges[0].type if one.challenges else "")
        for one in proofs
        if one.type == "dns"
    )
    return list(dict.fromkeys(found))


def _problem(refusals: Sequence[tuple[_Name, ACMEProblem]]) -> ACMEProblem:
    """Return the problem of one name as it is, and that of several with each in it."""
    if len(refusals) == 1:
        return refusals[0][1]
    wrong = [
        Subproblem(problem.type, problem.message, name.ordered)
        for name, problem in refusals
    ]
    listed = ", ".join(name.ordered[1] for name, _ in refusals[:8])
    more = ", ..." if len(refusals) > 8 else ""
    detail = f"CAA does not let this CA issue for {len(refusals)} names: {listed}{more}"
    types = {each.type for each in wrong}
    if types == {"caa"}:
        return problems.caa(detail, wrong)
    if types == {"dns"}:
        return problems.dns(detail, wrong)
    return problems.compound(detail, wrong, status=403)
