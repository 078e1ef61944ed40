"""A TCP connection, with one deadline for everything that happens on it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from tlsmith.errors import ConnectionFailedError, DeadlineError, ResolveError
from tlsmith.probe.target import Target

_MOST_ADDRESSES = 8

Resolver = Callable[..., list[Any]]


class Deadline:
    """A moment by which everything is to be done."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, doing: str) -> float:
        """Return the seconds that are left.

        Raises:
            DeadlineError: none is.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.missed(doing)
        return left

    def missed(self, doing: str) -> DeadlineError:
        return DeadlineError(
            f"no answer in {self.seconds:g} seconds while {doing}",
            hint="check host and port, or give it longer with --timeout",
        )


class Wire:
    """A connected socket that keeps the deadline, and errors of ours."""

    def __init__(self, connected: socket.socket, target: Target, limit: Deadline):
        self._socket = connected
        self._target = target
        self._limit = limit
        self.address = str(connected.getpeername()[0])

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._guarded(lambda: self._socket.sendall(data))

    def receive(self, most: int = 16384) -> bytes:
        """Return what comes next, empty where the peer has closed the connection."""
        data: bytes = self._guarded(lambda: self._socket.recv(most))
        return data

    def _guarded(self, action: Callable[[], Any]) -> Any:
        doing = f"talking to {self._target}"
        self._socket.settimeout(self._limit.left(doing))
        try:
            return action()
        except TimeoutError as error:
            raise self._limit.missed(doing) from error
        except OSError as error:
            raise ConnectionFailedError(
                f"the connection to {self._target} broke: {_reason(error)}",
                code="connection-broken",
                hint="the server, or something on the way, closed it: see its log",
            ) from error


def dial(
    target: Target, limit: Deadline, resolver: Resolver = socket.getaddrinfo
) -> Wire:
    """Connect to `target`, trying its addresses in the order the system gives them.

    Raises:
        ResolveError: the host has no address.
        ConnectionFailedError: none of its addresses takes a connection.
        DeadlineError: all that took too long.
    """
    addresses = _resolve(target, limit, resolver)[:_MOST_ADDRESSES]
    errors: list[tuple[str, OSError]] = []
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        left = limit.left(f"connecting to {target}")
        connecting = socket.socket(family, kind, protocol)
        try:
            # A share of the time each, so that a dead first address leaves some.
            connecting.settimeout(left / (len(addresses) - index))
            connecting.connect(address)
        except OSError as error:
            connecting.close()
            errors.append((str(address[0]), error))
        else:
            return Wire(connecting, target, limit)
    raise _not_connected(target, limit, errors)


def _resolve(target: Target, limit: Deadline, resolver: Resolver) -> list[Any]:
    """Look the host up in a thread: the system's own patience may be far longer."""
    outcome: list[Any] = []

    def look_up() -> None:
        try:
            found = resolver(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            outcome.append(error)
        else:
            outcome.append(found)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(limit.left(f"looking up {target.host}"))
    if not outcome:
        raise limit.missed(f"looking up {target.host}")
    if isinstance(outcome[0], Exception) or not outcome[0]:
        raise ResolveError(
            f"no address for {target.host!r}",
            hint="check the spelling, and that this machine's DNS knows the name",
        ) from (outcome[0] if isinstance(outcome[0], Exception) else None)
    found: list[Any] = outcome[0]
    return found


def _not_connected(
    target: Target, limit: Deadline, errors: list[tuple[str, OSError]]
) -> ConnectionFailedError:
    if all(isinstance(error, TimeoutError) for _, error in errors):
        return limit.missed(f"connecting to {target}")
    reasons = dict.fromkeys(f"{address}: {_reason(error)}" for address, error in errors)
    refused = any(isinstance(error, ConnectionRefusedError) for _, error in errors)
    return ConnectionFailedError(
        f"cannot connect to {target} ({'; '.join(reasons)})",
        code="connection-refused" if refused else "connection-failed",
        hint="nothing listens on that port there: start the server, or check the port"
        if refused
        else "check the network, the host and the port",
    )


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    return (error.strerror or str(error)).lower()
