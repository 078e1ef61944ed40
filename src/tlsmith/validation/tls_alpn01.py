"""tls-alpn-01: a certificate made for the purpose (RFC 8737, RFC 8738)."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

from tlsmith.acme import problems
from tlsmith.acme.challenges import alpn_server_name
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.tls_alpn import PROTOCOL, check_alpn_certificate
from tlsmith.errors import ACMEProblem
from tlsmith.validation.attempt import Attempt
from tlsmith.validation.dial import Dialer, place_of, start_tls, unverified_context
from tlsmith.validation.words import quoted, reason_of

# Seconds for a peer to close when it has been told to.
_GOOD_BYE = 1.0


class TLSALPNValidation:
    """Asks TLS servers for the certificates that answer challenges."""

    def __init__(self, dialer: Dialer, port: int) -> None:
        self._dialer = dialer
        self._port = port

    async def validate(
        self, identifier: Identifier, key_authorization: str, attempt: Attempt
    ) -> None:
        """See that a host shows the certificate.

        Raises:
            ACMEProblem: it does not.
        """
        transport, hearing = await self._dialer.dial(
            identifier.value, self._port, attempt, _Hearing
        )
        place = place_of(identifier.value, self._port, attempt)
        attempt.does(f"in the TLS handshake with {place}", problems.tls)
        secured = await _shake_hands(transport, hearing, identifier, place)
        certificate = secured.getpeercert(binary_form=True)
        protocol = secured.selected_alpn_protocol()
        if protocol != PROTOCOL or certificate is None:
            chosen = "no protocol" if protocol is None else quoted(protocol)
            raise problems.tls(
                f"{place} chose {chosen} where {PROTOCOL} was offered alone: see "
                "that the ACME client, or a server that knows it, has that port"
            )
        try:
            check_alpn_certificate(certificate, identifier, key_authorization)
        except ACMEProblem as problem:
            raise problems.incorrect_response(
                f"{place}: {problem.message}"
            ) from problem


class _Hearing(asyncio.Protocol):
    """Waits for the end of a connection; what comes before is of no interest."""

    def __init__(self) -> None:
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.end.done():
            self.end.set_result(None)


async def _shake_hands(
    transport: asyncio.Transport, hearing: _Hearing, identifier: Identifier, place: str
) -> ssl.SSLObject:
    try:
        secured = await start_tls(
            transport, hearing, _context(), alpn_server_name(identifier)
        )
    except OSError as error:
        raise problems.tls(
            f"no TLS with {place} for the protocol {PROTOCOL}: {reason_of(error)}: see "
            "that the ACME client, or a server that knows it, has that port"
        ) from error
    # The end of the handshake may be on its way still: a server that never sees it
    # logs a failure, where there is none.
    secured.close()
    try:
        await asyncio.wait((hearing.end,), timeout=_GOOD_BYE)
    finally:
        secured.abort()
    found: ssl.SSLObject = secured.get_extra_info("ssl_object")
    return found


@cache
def _context() -> ssl.SSLContext:
    """Return a TLS client that offers acme-tls/1, and looks at the certificate itself.

    It is signed by its own key: what is checked is not who signed it, but the digest
    in it (RFC 8737 section 3).
    """
    context = unverified_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([PROTOCOL])
    return context
