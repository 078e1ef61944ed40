"""The authority as the server knows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from tlsmith.authority.actor import Actor
from tlsmith.authority.blocklists import read_blocklists
from tlsmith.authority.cleaning import Retention
from tlsmith.authority.crls import CRLSchedule
from tlsmith.authority.issued import Issued
from tlsmith.authority.observer import Observer
from tlsmith.authority.ocsp_service import Keeping
from tlsmith.authority.profile import SERVICE
from tlsmith.authority.service import Authority, AuthoritySettings
from tlsmith.authority.wanted import Wanted
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import GeneralName, parse_name
from tlsmith.errors import ProfileError, SignerError, StorageError, TLSmithError
from tlsmith.server.patience import Patience
from tlsmith.server.ports import (
    AuthorityPort,
    CRLFigures,
    Document,
    Figures,
    Meter,
    OCSPAnswer,
    OwnCertificate,
)
from tlsmith.server.rate import RateLimit
from tlsmith.server.settings import ServeSettings
from tlsmith.storage import open_storage
from tlsmith.storage.authorities import ROOT

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_SERVER = Actor(SERVICE)
# Seconds between looks at whether something was revoked, which is then on the CRL, and
# between looks at whether a CRL is due by the clock.
_PAUSE, _CLOCK_PAUSE = 0.1, 2.0


def open_service(
    settings: ServeSettings, passphrase: Callable[[], bytes | None], meter: Meter
) -> AuthorityService:
    """Return the authority over the store of some settings.

    Raises:
        StorageError: the store is not there, or cannot be reached.
        SignerError: the CA's key cannot be reached.
    """
    schedule = CRLSchedule(
        every=timedelta(seconds=settings.crl.every),
        lifetime=timedelta(seconds=settings.crl.lifetime),
    )
    authority = Authority(
        open_storage(settings.store),
        passphrase,
        observer=_Metered(meter),
        settings=AuthoritySettings(
            schedule=schedule,
            ocsp=Keeping(
                timedelta(seconds=settings.ocsp.lifetime), settings.ocsp.cache
            ),
            blocklist=read_blocklists(settings.blocklists),
            retention=Retention(timedelta(seconds=settings.clean_up.keep_expired)),
        ),
    )
    try:
        authority.issuers.issuing()
    except BaseException:
        authority.close()
        raise
    return AuthorityService(
        authority, meter, settings.clean_up.every, settings.limits.body
    )


def api_routes(port: AuthorityPort, failures: RateLimit) -> Sequence[BaseRoute]:
    """Return the routes of the API, and of the dashboard, over an authority.

    Args:
        failures: after how many failed authentications an address is turned away.
    """
    from tlsmith.server.dashboard.site import dashboard_routes
    from tlsmith.server.rest.mounting import rest_routes

    assert isinstance(port, AuthorityService)  # noqa: S101 -- what `open_service` made
    return [
        *rest_routes(port.authority, failures, port.most_body),
        *dashboard_routes(port.authority, failures),
    ]


class _Metered(Observer):
    """Tells the metrics."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def committed(self, number: int) -> None:
        self._meter.measure("commit-rows", number)

    def issued(self, profile: str) -> None:
        self._meter.count("issued", profile)

    def revoked(self, reason: str) -> None:
        self._meter.count("revoked", reason)

    def signer_failed(self, code: str) -> None:
        self._meter.count("signer-error", code)


class AuthorityService:
    """What `server.ports.AuthorityPort` asks for, of an authority.

    Args:
        clean_up_every: seconds between clean-ups.
        most_body: bytes of a request to the API.
    """

    def __init__(
        self, authority: Authority, meter: Meter, clean_up_every: int, most_body: int
    ) -> None:
        self.authority = authority
        self.most_body = most_body
        # A file does not fall silent; what waits in a thread takes half as long again.
        self._is_remote = authority.storage.dialect != "sqlite"
        self._patience = Patience()
        self._meter = meter
        self._clean_up_every = clean_up_every
        self._clean_at = time.monotonic() + clean_up_every
        self._revision, self._look_at = -1, 0.0

    def answer_ocsp(self, request: bytes) -> OCSPAnswer:
        """See the port. Where the store says nothing, what is kept still holds."""
        ocsp = self.authority.ocsp
        if not self._is_remote:
            return ocsp.answer(request)
        kept = ocsp.kept(request)
        if kept is not None and ocsp.is_fresh():
            return kept
        try:
            return self._patience.do(lambda: ocsp.answer(request))
        except StorageError:
            if kept is None:
                raise
            return kept

    def document(self, path: str) -> Document | None:
        """See the port. Where the store says nothing, what is kept still holds."""
        publication = self.authority.publication
        if not self._is_remote:
            return publication.document(path)
        latest = publication.latest_kept(path)
        if latest is not None:
            return latest
        try:
            return self._patience.do(lambda: publication.document(path))
        except StorageError:
            kept = publication.kept(path)
            if kept is None:
                raise
            return kept

    def own_certificate(
        self, names: Sequence[str], profile: str, seconds: int
    ) -> OwnCertificate:
        """See the port. Names that this CA may not sign are left out.

        Raises:
            ProfileError: it may sign none of them.
        """
        key = generate_private_key()
        parsed = tuple(dict.fromkeys(map(parse_name, names)))
        lifetime = timedelta(seconds=seconds)

        def issue(some: tuple[GeneralName, ...]) -> Issued:
            wanted = Wanted(
                some, key.public_key(), profile, lifetime=lifetime, clamp=True
            )
            return self.authority.issue(wanted, _SERVER)

        try:
            issued = issue(parsed)
        except ProfileError as error:
            able = tuple(name for name in parsed if self._may_sign(name, profile))
            if not able:
                raise ProfileError(
                    f"the server's own certificate: {error.message}",
                    reasons=error.reasons,
                    hint="name it as the CA may: --base-url https://NAME:PORT, or "
                    "tls.names; or set tls.profile",
                ) from error
            issued = issue(able)
        return OwnCertificate(
            encode_chain(issued.chain),
            encode_private_key(key),
            issued.not_before,
            issued.not_after,
        )

    def _may_sign(self, name: GeneralName, profile: str) -> bool:
        public_key = generate_private_key().public_key()
        try:
            self.authority.prepare(Wanted((name,), public_key, profile), _SERVER)
        except ProfileError:
            return False
        return True

    def client_roots(self) -> bytes:
        """See the port."""
        records = self.authority.issuers.records()
        return encode_chain([one.certificate for one in records if one.certificate])

    def checks(self) -> Mapping[str, str | None]:
        """See the port."""
        return {
            "store": _wrong(self._check_store),
            "signer": _wrong(self._check_signer),
            "crl": _wrong(self._check_crls),
            "ocsp": _wrong(self.authority.ocsp.responders),
        }

    def _check_store(self) -> None:
        self.authority.storage.revision()

    def _check_signer(self) -> None:
        loaded = self.authority.issuers.issuing()
        if not loaded.record.signer.startswith(("store:", "file:")):
            loaded.issuer.signing_key.sign(b"readiness")

    def _check_crls(self) -> None:
        now = self.authority.clock()
        slugs = {one.id: one for one in self.authority.issuers.records()}
        for path, crl in self.authority.publication.crls().items():
            # A root's is signed elsewhere: that it is old is no fault of this server.
            is_root = slugs[crl.authority_id].role == ROOT
            if crl.next_update < now and not is_root:
                raise TLSmithError(f"the CRL {path} expired {crl.next_update:%H:%M:%S}")

    def figures(self) -> Figures:
        """See the port."""
        crls = self.authority.publication.crls()
        return Figures(
            [
                CRLFigures(path, one.number, one.this_update, one.next_update)
                for path, one in crls.items()
            ],
            self.authority.storage.size(),
        )

    def maintain(self) -> float:
        """See the port: CRLs that are due, and the clean-up."""
        begun = time.monotonic()
        revision = self.authority.storage.revision()
        if revision == self._revision and begun < self._look_at:
            return _PAUSE
        try:
            self.authority.refresh_crls()
        except SignerError as error:
            self._meter.count("signer-error", error.code)
            raise
        finally:  # a key that is gone for good is no reason for the store to fill
            if begun >= self._clean_at:
                self._clean_at = begun + self._clean_up_every
                self.authority.clean_up()
        self._revision, self._look_at = revision, begun + _CLOCK_PAUSE
        # Where CRLs are long, most of the time is left for other work.
        return max(_PAUSE, 2 * (time.monotonic() - begun))

    def close(self) -> None:
        """See the port."""
        self.authority.close()


def _wrong(check: Callable[[], object]) -> str | None:
    """Return what is wrong, or None."""
    try:
        check()
    except TLSmithError as error:
        return error.message
    return None
