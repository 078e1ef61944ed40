"""Challenges validated: what the rest of tlsmith asks this room for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from datetime import UTC, datetime
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.challenges import (
    DNS_ACCOUNT_01,
    DNS_PERSIST_01,
    FOR_ADDRESSES,
    FOR_WILDCARDS,
    HTTP_01,
    TLS_ALPN_01,
    dns_account_name,
    dns_digest,
    dns_name,
    key_authorization,
)
from tlsmith.acme.identifiers import Identifier
from tlsmith.errors import ACMEProblem
from tlsmith.validation.addresses import AddressPolicy
from tlsmith.validation.attempt import Attempt, Outcome
from tlsmith.validation.caa import Asked, check_caa
from tlsmith.validation.dial import Dialer
from tlsmith.validation.dns01 import Account, DNSValidation
from tlsmith.validation.http01 import HTTPValidation
from tlsmith.validation.resolver import Resolver
from tlsmith.validation.settings import ValidationSettings
from tlsmith.validation.tls_alpn01 import TLSALPNValidation


class _Challenge(NamedTuple):
    type: str
    identifier: Identifier
    wildcard: bool
    token: str
    account: Account

    @property
    def key_authorization(self) -> str:
        return key_authorization(self.token, self.account.thumbprints[0])


class Validator:
    """Validates challenges, many at once, each within its time."""

    def __init__(self, settings: ValidationSettings) -> None:
        self._settings = settings
        self._resolver = Resolver(settings.resolvers)
        policy = AddressPolicy(settings.allow, settings.deny)
        # Two dead IPv6 addresses leave some of the time for IPv4.
        dialer = Dialer(self._resolver, policy, settings.timeout * 0.3)
        self._http = HTTPValidation(dialer, settings.http_port, settings.tls_port)
        self._tls_alpn = TLSALPNValidation(dialer, settings.tls_port)
        self._dns = DNSValidation(
            self._resolver, settings.issuer_names, settings.account_hash_prefix
        )
        self._places = asyncio.Semaphore(settings.concurrency)

    async def validate(  # noqa: PLR0913 -- what RFC 8555 section 8 makes of it
        self,
        type: str,
        identifier: Identifier,
        wildcard: bool,
        token: str,
        thumbprint: str,
        account_url: str,
        *,
        earlier_thumbprints: Collection[str] = (),
    ) -> Outcome:
        """Validate a challenge.

        Args:
            type: of the challenge, such as "http-01".
            identifier: what the authorization is for.
            wildcard: whether it is for all names below it.
            thumbprint: of the account's key.
            earlier_thumbprints: of keys it had, the latest first; dns-persist-01's
                records may still have them.

        Raises:
            ACMEProblem: it does not succeed; the detail says what was asked, who
                answered what, and what to do.
        """
        _check_type(type, identifier, wildcard)
        account = Account(account_url, (thumbprint, *earlier_thumbprints))
        challenge = _Challenge(type, identifier, wildcard, token, account)
        async with self._places:
            attempt = await self._attempt(challenge)
            if self._settings.vantage_points:
                await self._repeat(challenge)
        return Outcome(
            type,
            datetime.now(UTC).replace(microsecond=0),
            addresses=tuple(attempt.addresses),
            address=attempt.address,
            redirects=tuple(attempt.redirects),
            record=attempt.record,
            persist_until=attempt.persist_until,
            vantage_points=self._settings.vantage_points,
        )

    async def check_caa(
        self,
        identifier: Identifier,
        wildcard: bool,
        caa_identities: Collection[str],
        account_uri: str,
        method: str,
    ) -> None:
        """See that the CAA records of a name let this CA issue; addresses have none.

        Args:
            caa_identities: names of this CA.
            method: by which the name was validated, such as "dns-01".

        Raises:
            ACMEProblem: caa: they do not; dns: they cannot be looked up.
        """
        if identifier.type != "dns":
            return
        name = identifier.base.value
        identities = frozenset(each.lower() for each in caa_identities)
        asked = Asked(wildcard, identities, account_uri, method)
        attempt = Attempt()
        attempt.does(f"looking up the CAA records of {name}", problems.dns)
        async with self._places:
            await self._in_time(check_caa(self._resolver, name, asked), attempt)

    async def close(self) -> None:
        """Do nothing yet: no connection outlives the validation it is for."""

    async def _repeat(self, challenge: _Challenge) -> None:
        """Validate from every vantage point; what one does not see fails."""
        points = self._settings.vantage_points
        seen = await asyncio.gather(
            *(self._attempt(challenge, point) for point in points),
            return_exceptions=True,
        )
        for point, outcome in zip(points, seen, strict=True):
            if isinstance(outcome, ACMEProblem):
                raise ACMEProblem(
                    outcome.type,
                    f"seen from {point}, not from everywhere: {outcome.message}",
                    status=outcome.status,
                ) from outcome
            if isinstance(outcome, BaseException):
                raise outcome

    async def _attempt(
        self, challenge: _Challenge, source: str | None = None
    ) -> Attempt:
        attempt = Attempt(source)
        await self._in_time(self._work(challenge, attempt), attempt)
        return attempt

    def _work(self, challenge: _Challenge, attempt: Attempt) -> Awaitable[None]:
        kind, identifier, wildcard, token, account = challenge
        authorization = challenge.key_authorization
        if kind == HTTP_01:
            return self._http.validate(identifier.value, token, authorization, attempt)
        if kind == TLS_ALPN_01:
            return self._tls_alpn.validate(identifier, authorization, attempt)
        if kind == DNS_PERSIST_01:
            return self._dns.validate_persistent(identifier, wildcard, account, attempt)
        name = dns_name(identifier)
        if kind == DNS_ACCOUNT_01:
            name = dns_account_name(identifier, account.url)
        return self._dns.validate(name, dns_digest(authorization), attempt)

    async def _in_time(self, work: Awaitable[None], attempt: Attempt) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout):
                await work
        except TimeoutError as error:
            raise attempt.late(self._settings.timeout) from error


def _check_type(type: str, identifier: Identifier, wildcard: bool) -> None:
    """Refuse challenges that prove nothing of such an identifier.

    A wildcard is proven by DNS alone (RFC 8555 section 7.1.3 leaves it to the CA, and
    a web server speaks for itself only), an address by DNS never (RFC 8738 section 7).
    """
    if type not in (*FOR_WILDCARDS, *FOR_ADDRESSES):
        raise problems.malformed(f"no challenge of type {type!r} is validated here")
    if identifier.type == "ip" and type not in FOR_ADDRESSES:
        raise problems.malformed(f"{type} proves nothing of an IP address")
    if (wildcard or identifier.is_wildcard) and type not in FOR_WILDCARDS:
        raise problems.malformed(f"{type} proves nothing of a wildcard")
