"""Listening sockets: opened before the workers are, and shared by them."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

from tlsmith.errors import TLSmithError
from tlsmith.server.readers import Address

_BACKLOG = 2048


class Sockets(NamedTuple):
    """What is listened on: HTTPS, and plain HTTP where it is wanted."""

    https: socket.socket
    http: socket.socket | None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The URLs they are at, with the real ports."""
        found = [f"https://{bound_address(self.https)}"]
        if self.http is not None:
            found.append(f"http://{bound_address(self.http)}")
        return tuple(found)

    def close(self) -> None:
        """Close them in this process."""
        self.https.close()
        if self.http is not None:
            self.http.close()


def open_sockets(https: Address, http: Address | None) -> Sockets:
    """Listen on both.

    Raises:
        TLSmithError: an address cannot be had; neither socket stays open.
    """
    first = _listen(https)
    try:
        return Sockets(first, None if http is None else _listen(http))
    except TLSmithError:
        first.close()
        raise


def bound_address(listening: socket.socket) -> Address:
    """Return where a socket listens; its real port where 0 was asked for."""
    host, port = listening.getsockname()[:2]
    return Address(host, port)


def _listen(address: Address) -> socket.socket:
    try:
        if address.host:
            found = socket.getaddrinfo(
                address.host,
                address.port,
                type=socket.SOCK_STREAM,
                flags=socket.AI_PASSIVE,
            )
            family, _, _, _, where = found[0]
            return socket.create_server(where[:2], family=family, backlog=_BACKLOG)
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("::", address.port),
                family=socket.AF_INET6,
                backlog=_BACKLOG,
                dualstack_ipv6=True,
            )
        return socket.create_server(("0.0.0.0", address.port), backlog=_BACKLOG)  # noqa: S104 -- asked for
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno is not None and not isinstance(error, socket.gaierror):
            # Without the address, which create_server adds in its own way.
            reason = os.strerror(error.errno)
        raise TLSmithError(
            f"cannot listen on {address}: {reason.lower()}",
            code="cannot-listen",
            hint="choose another address with listen or http, or stop what has it",
        ) from error
