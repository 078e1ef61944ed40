"""ACME as the server mounts it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from tlsmith.authority.acme.service import ACMEService
from tlsmith.authority.acme.settings import (
    ACMELimits,
    ACMESettings,
    TrustedNetwork,
)
from tlsmith.errors import ConfigError
from tlsmith.server.acme.app import ACMEApp
from tlsmith.server.acme.caa import CAACheck
from tlsmith.server.acme.challenges import Challenges
from tlsmith.server.acme.urls import Places, URLs
from tlsmith.server.acme.views import PERSISTENT, hash_prefix
from tlsmith.server.certificate import own_names
from tlsmith.server.service import AuthorityService
from tlsmith.validation.settings import ValidationSettings
from tlsmith.validation.validator import Validator

if TYPE_CHECKING:
    from tlsmith.server.ports import AuthorityPort, Meter
    from tlsmith.server.settings import ServeSettings

# Seconds that a validation may be late beyond its own time: the pause before it, too.
_LATE = 5
# Seconds between clean-ups.
_CLEAN_UP = 3600


def open_acme(
    port: AuthorityPort, settings: ServeSettings, meter: Meter
) -> ACMESite | None:
    """Return ACME over an authority; None where the settings want none."""
    assert isinstance(port, AuthorityService)  # noqa: S101 -- what `open_service` made
    acme = settings.acme
    if not acme.enabled:
        return None
    if (acme.check_caa or PERSISTENT in acme.challenges) and not acme.caa_identities:
        mistake = (
            "acme.caa_identities: not set, and acme.check_caa or dns-persist-01 is"
        )
        raise ConfigError(
            mistake,
            mistakes=[mistake],
            hint="set it to the domain by which CAA records are to call this CA",
        )
    port.authority.writer.attend(asyncio.get_running_loop())
    return ACMESite(port, settings, meter)


class ACMESite:
    """ACME, with what it does besides answering."""

    def __init__(
        self, port: AuthorityService, settings: ServeSettings, meter: Meter
    ) -> None:
        authority = port.authority
        self._service = ACMEService(authority, acme_settings(settings))
        self._validator = Validator(validation_settings(settings))
        self._keep = timedelta(seconds=settings.acme.keep)
        self._clean_at = time.monotonic()
        caa = CAACheck(self._service, self._validator, settings.acme.timeout)
        self.app = ACMEApp(
            self._service,
            Challenges(self._service, self._validator, meter),
            meter,
            places=Places(settings.base_url, own_names(settings)),
            caa=caa if settings.acme.check_caa else None,
        )
        # Where the name is not known, a validation that is taken over has only these.
        host = settings.listen.host or "localhost"
        self._urls = URLs(settings.base_url or f"https://{host}:{settings.listen.port}")

    async def maintain(self) -> None:
        """Take over what others left; now and then, forget what is over."""
        await self.app.maintain(self._urls)
        if time.monotonic() >= self._clean_at:
            self._clean_at = time.monotonic() + _CLEAN_UP
            await asyncio.to_thread(self._service.maintain, self._keep)

    async def close(self) -> None:
        """Let end what runs."""
        await self.app.close()
        await self._validator.close()


def acme_settings(settings: ServeSettings) -> ACMESettings:
    """Return what the authority is told of the settings."""
    acme = settings.acme
    return ACMESettings(
        acme.terms,
        acme.website,
        acme.caa_identities,
        acme.check_caa,
        acme.require_eab,
        acme.profiles,
        acme.challenges,
        timedelta(seconds=acme.order_lifetime),
        timedelta(seconds=acme.authorization_lifetime),
        tuple(TrustedNetwork(*one) for one in acme.trusted_networks),
        ACMELimits(
            acme.orders_per_hour,
            acme.orders_per_name_per_day,
            acme.accounts_per_hour,
            acme.failures_per_hour,
        ),
        timedelta(seconds=acme.renewal_poll),
        acme.explanation_url,
        timedelta(seconds=acme.timeout + _LATE),
        acme.allow,
    )


def validation_settings(settings: ServeSettings) -> ValidationSettings:
    """Return what the validator is told of the settings."""
    acme = settings.acme
    return ValidationSettings(
        acme.http_port,
        acme.tls_port,
        tuple((one.host, one.port) for one in acme.resolver),
        acme.allow,
        acme.deny_networks,
        acme.timeout,
        acme.vantage_points,
        acme.caa_identities,
        hash_prefix(acme.caa_identities),
    )
