"""Challenges validated: what the rest of tlsmith asks this room for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime

from tlsmith.acme import problems
from tlsmith.acme.challenges import key_authorization
from tlsmith.acme.identifiers import Identifier
from tlsmith.validation.addresses import AddressPolicy
from tlsmith.validation.attempt import Attempt, Outcome
from tlsmith.validation.dial import Dialer
from tlsmith.validation.http01 import HTTPValidation
from tlsmith.validation.resolver import Resolver
from tlsmith.validation.settings import ValidationSettings


class Validator:
    """Validates challenges, many at once, each within its time."""

    def __init__(self, settings: ValidationSettings) -> None:
        self._settings = settings
        self._resolver = Resolver(settings.resolvers)
        policy = AddressPolicy(settings.allow, settings.deny)
        dialer = Dialer(self._resolver, policy)
        self._http = HTTPValidation(dialer, settings.http_port, settings.tls_port)
        self._places = asyncio.Semaphore(settings.concurrency)

    async def validate(
        self,
        type: str,
        identifier: Identifier,
        wildcard: bool,
        token: str,
        thumbprint: str,
        account_url: str,
    ) -> Outcome:
        async with self._places:
            attempt = Attempt()
            await self._in_time(
                self._http.validate(
                    identifier.value,
                    token,
                    key_authorization(token, thumbprint),
                    attempt,
                ),
                attempt,
            )
        return Outcome(
            type,
            datetime.now(UTC).replace(microsecond=0),
            addresses=tuple(attempt.addresses),
            address=attempt.address,
            redirects=tuple(attempt.redirects),
        )

    async def _in_time(self, work: Awaitable[None], attempt: Attempt) -> None:
        seconds = self._settings.timeout
        try:
            async with asyncio.timeout(seconds):
                await work
        except TimeoutError as error:
            raise problems.connection(
                f"no end in {seconds:g} seconds while {attempt.doing}: see that a "
                "server answers there, and that no firewall drops what is sent"
            ) from error

    async def close(self) -> None:
        """Close what is kept open; nothing is."""
