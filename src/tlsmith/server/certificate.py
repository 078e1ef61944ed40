"""The server's own certificate: presented, and renewed without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tlsmith.errors import ConfigError
from tlsmith.server.logs import event
from tlsmith.server.ports import OwnCertificate
from tlsmith.server.settings import ServeSettings, TLSSettings

# For TLS 1.2: forward secrecy and authenticated encryption, nothing else.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
# Renewal that failed is tried again after this many seconds, doubled up to the most.
_FIRST_RETRY, _LONGEST_RETRY = 1.0, 300.0

_LOG = logging.getLogger("tlsmith.server.certificate")


def own_names(settings: ServeSettings) -> list[str]:
    """Return the names of the server's own certificate, each once."""
    names = [*settings.tls.names]
    if settings.base_url is not None:
        names.insert(0, urlsplit(settings.base_url).hostname or "")
    host = settings.listen.host
    if host and host not in ("0.0.0.0", "::"):  # noqa: S104 -- compared, not bound
        names.append(host)
    names.append("localhost")
    return list(dict.fromkeys(names))


class OwnTLS:
    """The TLS context of the HTTPS side, and the certificate in it.

    Args:
        settings: versions and further client CAs.
        client_roots: PEM, what clients' certificates must chain to.
        issue: makes a new certificate; may take its time.
    """

    def __init__(
        self,
        settings: TLSSettings,
        client_roots: bytes,
        issue: Callable[[], OwnCertificate],
    ) -> None:
        self._issue = issue
        self.context = _context(settings, client_roots)
        self.certificate = issue()
        load_certificate(self.context, self.certificate)

    async def run(self) -> None:
        """Renew when two thirds of its life have passed, until cancelled."""
        retry = _FIRST_RETRY
        while True:
            await asyncio.sleep(max(self._seconds_until_renewal(), 0.0))
            try:
                await self.renew()
                retry = _FIRST_RETRY
            except Exception as error:
                event(_LOG, logging.ERROR, "own-certificate-not-renewed", error=error)
                await asyncio.sleep(retry)
                retry = min(retry * 2, _LONGEST_RETRY)

    async def renew(self) -> None:
        """Have a new certificate, which handshakes from now on present."""
        certificate = await asyncio.to_thread(self._issue)
        load_certificate(self.context, certificate)
        self.certificate = certificate
        until = certificate.not_after.isoformat()
        event(_LOG, logging.INFO, "own-certificate-renewed", not_after=until)

    def _seconds_until_renewal(self) -> float:
        own = self.certificate
        moment = own.not_after - (own.not_after - own.not_before) / 3
        return (moment - datetime.now(UTC)).total_seconds()


def _context(settings: TLSSettings, client_roots: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = (
        ssl.TLSVersion.TLSv1_3 if settings.minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    )
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cadata=client_roots.decode("ascii"))
    if settings.client_ca is not None:
        try:
            context.load_verify_locations(cafile=settings.client_ca)
        except (OSError, ssl.SSLError) as error:
            mistake = f"tls.client_ca: cannot read {settings.client_ca!r}: {error}"
            raise ConfigError(mistake, mistakes=[mistake]) from error
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def load_certificate(context: ssl.SSLContext, own: OwnCertificate) -> None:
    """Have a context present a certificate from now on.

    Connections that are there keep theirs: OpenSSL copies it when one begins.
    """
    with _readable(own.key + b"\n" + own.chain) as path:
        context.load_cert_chain(path)


@contextlib.contextmanager
def _readable(data: bytes) -> Iterator[str]:
    """Give data the path that the ssl module asks for, for a moment.

    On Linux it is memory that no other process sees; elsewhere a file of our own,
    mode 0600, which is gone afterwards.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tlsmith", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, data)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    descriptor, path = tempfile.mkstemp(prefix="tlsmith-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        yield path
    finally:
        os.unlink(path)
