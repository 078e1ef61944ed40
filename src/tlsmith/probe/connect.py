"""What a live server presents, and whether this machine accepts it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tlsmith.errors import HandshakeError, MissingExtraError, TLSmithError
from tlsmith.probe.dial import Deadline, Resolver, Wire, dial
from tlsmith.probe.engine import (
    Engine,
    NewerEngine,
    Offer,
    RefusedError,
    Session,
    StandardEngine,
    Trust,
)
from tlsmith.probe.refusals import NO_PROTOCOL, not_tls, refused
from tlsmith.probe.starttls import start_tls
from tlsmith.probe.target import Target

TIMEOUT = 10.0
_MOST_OCTETS = 1 << 20  # of one handshake; chains of ML-DSA certificates take 50 KB

_MakeEngine = Callable[[Offer, Trust | None], Engine]
# What a browser offers; a server that speaks only one of them still answers.
_WEB = ("h2", "http/1.1")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a server sent in a handshake.

    Args:
        chain: DER certificates in the server's order.
        engine: whose TLS it was, Python's or pyOpenSSL's.
        offer: what the client's first message said.
        unfinished: why the handshake ended after the certificates, None where it did
            not, as it does where the server asks for a client's certificate.
    """

    target: Target
    address: str
    chain: tuple[bytes, ...]
    session: Session
    engine: _MakeEngine
    offer: Offer
    unfinished: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a client that verifies, with this machine's roots, accepts the server.

    Args:
        message: the verifier's own words where it does not.
        code: OpenSSL's X509_V_ERR number, where the certificate is the reason.
    """

    accepted: bool
    message: str | None = None
    code: int | None = None


@dataclass(slots=True)
class _Handshake:
    """One handshake: the engine, and the first octets of the peer."""

    engine: Engine
    address: str
    first: bytes = b""


def inspect(
    target: Target, *, timeout: float = TIMEOUT, resolver: Resolver = socket.getaddrinfo
) -> Presented:
    """Return what the server at `target` presents.

    The handshake takes any certificate, since it is there to be looked at. No
    application data is sent or read.

    Args:
        timeout: seconds for all of it.

    Raises:
        ResolveError: the host has no address.
        ConnectionFailedError: it takes no connection, or breaks it.
        HandshakeError: it does not speak TLS, or none that we speak.
        DeadlineError: it took too long.
    """
    # Where mail and the like is asked for in plain text first, no web protocol is.
    offer = Offer(target.sni, () if target.starttls else _WEB)
    try:
        return _inspect(target, StandardEngine, offer, Deadline(timeout), resolver)
    except HandshakeError as error:
        if error.code == NO_PROTOCOL:
            offer = Offer(target.sni)
            return _inspect(target, StandardEngine, offer, Deadline(timeout), resolver)
        if error.code != "tls-alert":
            raise
        return _with_newer(target, offer, timeout, resolver, error)


def _with_newer(
    target: Target,
    offer: Offer,
    timeout: float,
    resolver: Resolver,
    error: HandshakeError,
) -> Presented:
    """Try again with a newer OpenSSL: a server with an ML-DSA key refuses old ones."""
    try:
        return _inspect(target, NewerEngine, offer, Deadline(timeout), resolver)
    except MissingExtraError as missing:
        error.hint = f"{error.hint}; if it uses post-quantum keys: {missing.hint}"
        raise error from missing
    except HandshakeError:
        raise error from None


def _inspect(
    target: Target,
    make: _MakeEngine,
    offer: Offer,
    limit: Deadline,
    resolver: Resolver,
) -> Presented:
    unfinished = None
    with dial(target, limit, resolver) as wire:
        shake = _Handshake(make(offer, None), wire.address)
        try:
            _handshake(wire, shake, target)
        except RefusedError as error:
            unfinished = error.reason
    chain = shake.engine.chain()
    if unfinished is not None and not chain:
        raise refused(target, unfinished)
    return Presented(
        target,
        shake.address,
        tuple(chain),
        shake.engine.session(),
        make,
        offer,
        unfinished,
    )


def verify(
    presented: Presented,
    roots: Sequence[bytes] = (),
    *,
    timeout: float = TIMEOUT,
    resolver: Resolver = socket.getaddrinfo,
) -> Verdict:
    """Tell whether a client that verifies accepts the server, in a second handshake.

    Args:
        roots: DER roots to trust besides the system's.

    Raises:
        ConnectionFailedError: the server does not answer a second time.
    """
    target = presented.target
    with dial(target, Deadline(timeout), resolver) as wire:
        trust = Trust(roots, target.name)
        shake = _Handshake(presented.engine(presented.offer, trust), wire.address)
        try:
            _handshake(wire, shake, target)
        except RefusedError as error:
            return Verdict(False, error.reason, error.verify_code)
        except TLSmithError as error:
            return Verdict(False, error.message)
    return Verdict(True)


def _handshake(wire: Wire, shake: _Handshake, target: Target) -> None:
    """Drive the handshake to its end.

    Raises:
        RefusedError: one of the two sides ends it.
        HandshakeError: the peer speaks something else than TLS, or nothing.
    """
    engine = shake.engine
    if target.starttls is not None:
        engine.feed(start_tls(wire, target.starttls, target.name))
    taken = 0
    while True:
        try:
            done = engine.step()
        except RefusedError as error:
            _say_goodbye(wire, engine)
            if shake.first and not _is_tls(shake.first):
                raise not_tls(target, shake.first) from error
            raise
        data = engine.outgoing()
        if data:
            wire.send(data)
        if done:
            return
        received = wire.receive()
        taken += len(received)
        shake.first = (shake.first + received)[:256]
        if not received:
            raise _closed(target, shake)
        if taken > _MOST_OCTETS:
            raise RefusedError("the handshake is over 1 MiB")
        engine.feed(received)


def _closed(target: Target, shake: _Handshake) -> Exception:
    if shake.first and not _is_tls(shake.first):
        return not_tls(target, shake.first)
    if shake.engine.chain():
        return RefusedError("the server closed the connection")
    return HandshakeError(
        f"{target} closed the connection during the handshake",
        code="closed",
        hint="the server may want another port or --starttls, or see its log",
    )


def _say_goodbye(wire: Wire, engine: Engine) -> None:
    with contextlib.suppress(TLSmithError):
        wire.send(engine.outgoing())


def _is_tls(first: bytes) -> bool:
    """Tell a TLS record, a handshake or an alert, from other talk (RFC 8446 5.1)."""
    return first[:1] in (b"\x15", b"\x16") and first[1:2] in (b"\x03", b"")
