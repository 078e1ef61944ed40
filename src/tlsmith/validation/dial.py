"""Connections to a host by its checked addresses, and to nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

from tlsmith.acme import problems
from tlsmith.errors import ACMEProblem
from tlsmith.validation.addresses import DENIED, AddressPolicy
from tlsmith.validation.attempt import Attempt
from tlsmith.validation.resolver import Resolver
from tlsmith.validation.words import reason_of

_P = TypeVar("_P", bound=asyncio.BaseProtocol)
# Of each family: one dead host of several is no reason to fail, ten are.
_MOST_OF_A_FAMILY = 2
_CLOSED = "the connection was closed in the handshake"


class Dialer:
    """Resolves a host once, checks what came, and connects to that.

    A name that resolves to something else a moment later is of no use to anyone: no
    connection is made by name (DNS rebinding).

    Args:
        patience: seconds for an address to take a connection where there is another.
    """

    def __init__(
        self, resolver: Resolver, policy: AddressPolicy, patience: float
    ) -> None:
        self._resolver = resolver
        self._policy = policy
        self._patience = patience

    async def dial(
        self, host: str, port: int, attempt: Attempt, make: Callable[[], _P]
    ) -> tuple[asyncio.Transport, _P]:
        """Connect to the first address that takes a connection, IPv6 first.

        Raises:
            ACMEProblem: dns or connection: there is none.
        """
        loop = asyncio.get_running_loop()
        failures = []
        local = None if attempt.source is None else (attempt.source, 0)
        addresses = await self._addresses(host, attempt)
        for address in addresses:
            where = _authority(address, port)
            attempt.does(f"connecting to {host} at {where}")
            attempt.addresses.append(address)
            try:
                connecting = loop.create_connection(
                    make, address, port, local_addr=local
                )
                # The last one may take what is left of the time.
                if address == addresses[-1]:
                    transport, protocol = await connecting
                else:
                    async with asyncio.timeout(self._patience):
                        transport, protocol = await connecting
            except OSError as error:
                failures.append(f"{where}: {reason_of(error)}")
            else:
                attempt.address = address
                return transport, protocol
        raise problems.connection(
            f"cannot connect to {host} ({'; '.join(failures)}): see that a server "
            f"listens on port {port} there and that no firewall is between"
        )

    async def _addresses(self, host: str, attempt: Attempt) -> list[str]:
        """Return the addresses that may be asked, and can be from where we ask."""
        if _is_address(host):
            found = [host]
        else:
            attempt.does(f"looking up the addresses of {host}", problems.dns)
            found = await self._resolver.addresses(host, attempt.source)
        refusals = [(each, self._policy.refusal(each)) for each in found]
        allowed = [each for each, why in refusals if why is None]
        if not allowed:
            raise _refused(host, [(each, str(why)) for each, why in refusals])
        families = [
            [each for each in allowed if ":" in each],
            [each for each in allowed if ":" not in each],
        ]
        if attempt.source is not None:
            families = [families[":" not in attempt.source]]
            if not families[0]:
                raise problems.connection(
                    f"{host} has no address that can be asked from {attempt.source}"
                )
        return [each for family in families for each in family[:_MOST_OF_A_FAMILY]]


def place_of(host: str, port: int, attempt: Attempt) -> str:
    """Return what is asked, and which address of it."""
    where = _authority(host, port)
    return where if host == attempt.address else f"{where} (at {attempt.address})"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def unverified_context() -> ssl.SSLContext:
    """Return a TLS client that takes any certificate.

    What is validated here may have no certificate yet, or one made for the purpose:
    each caller says what it looks at instead.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def start_tls(
    transport: asyncio.Transport,
    protocol: asyncio.BaseProtocol,
    context: ssl.SSLContext,
    server_hostname: str,
) -> asyncio.Transport:
    """Begin TLS on a connection.

    Raises:
        OSError: the handshake failed; ssl.SSLError where the peer does not agree.
    """
    loop = asyncio.get_running_loop()
    try:
        secured = await loop.start_tls(
            transport, protocol, context, server_hostname=server_hostname
        )
    except ConnectionResetError as error:
        transport.abort()
        if error.args:  # the system's
            raise
        raise ConnectionResetError(_CLOSED) from error
    except BaseException:
        transport.abort()
        raise
    if secured is None:  # the peer was gone at once
        raise ConnectionResetError(_CLOSED)
    return secured


def _is_address(host: str) -> bool:
    if ":" in host:
        return True
    # No top-level domain ends in a digit; to find out about a name takes 5 us.
    if not host[-1:].isdigit():
        return False
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refused(host: str, refusals: list[tuple[str, str]]) -> ACMEProblem:
    listed = ", ".join(f"{address} ({why})" for address, why in refusals[:4])
    more = ", ..." if len(refusals) > 4 else ""
    what = f"{host} has only addresses that this server does not ask: {listed}{more}"
    if _is_address(host):
        what = f"this server does not ask {listed}"
    mend = "allow its network: acme.allow, or --acme-allow"
    if all(why == DENIED for _, why in refusals):
        mend = "take it out of acme.deny_networks"
    return problems.connection(f"{what}; use another, or have the administrator {mend}")
