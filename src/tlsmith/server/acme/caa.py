"""Asking DNS whether this CA may issue (RFC 8659, RFC 8657)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from tlsmith.acme.identifiers import Identifier
from tlsmith.storage.acme.authorizations import (
    AuthorizationRecord,
    authorizations_by_id,
)

if TYPE_CHECKING:
    from tlsmith.authority.acme.service import ACMEService
    from tlsmith.storage.acme.orders import OrderRecord


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


class CAACheck:
    """Looks at CAA records before a certificate is issued."""

    def __init__(self, service: ACMEService, asker: CAAPort) -> None:
        self._service = service
        self._asker = asker

    async def check(self, order: OrderRecord, account_url: str) -> None:
        """Refuse an order for a name whose CAA records do not have this CA.

        Raises:
            ACMEProblem: caa, dns.
        """
        names = self._service.settings.caa_identities
        proofs = await asyncio.to_thread(self._proofs, order)
        for one in proofs:
            if one.type == "dns":
                await self._asker.check_caa(
                    Identifier("dns", one.value),
                    one.wildcard,
                    names,
                    account_url,
                    one.challenges[0].type if one.challenges else "",
                )

    def _proofs(self, order: OrderRecord) -> list[AuthorizationRecord]:
        with self._service.authority.storage.look() as connection:
            return authorizations_by_id(connection, order.authorizations)
