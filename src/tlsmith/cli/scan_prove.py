"""`tlsmith scan --prove`: whether a server is accepted with verification on."""

from __future__ import annotations

import os

from tlsmith.cli.entry import CLEAN, FINDINGS
from tlsmith.cli.output import say
from tlsmith.errors import TLSmithError
from tlsmith.probe import Target, Verdict


def prove(url: str) -> int:
    """Connect as a client that verifies would, and say how that went.

    Once with what this machine trusts by itself, then with the local CA as well: what
    `tlsmith env` gives to clients.
    """
    from tlsmith.probe import inspect, parse_target, verify

    target = parse_target(url)
    presented = inspect(target)
    verdict = verify(presented)
    if verdict.accepted:
        say(f"proved: {target} is accepted with verification on, by {_bundle()}")
        return CLEAN
    anchors = _anchors()
    if anchors:
        ours = verify(presented, anchors)
        if ours.accepted:
            say(f"proved: {target} is accepted with verification on, by the local CA")
            say('hint: give clients its bundle: eval "$(tlsmith env)", or')
            say("      tlsmith run -- COMMAND, or tlsmith trust install")
            return CLEAN
    _refused(target, verdict, with_local=bool(anchors))
    return FINDINGS


def _bundle() -> str:
    from tlsmith.local.bundle import system_bundle

    given = os.environ.get("SSL_CERT_FILE")
    place = given or system_bundle()
    return f"the bundle {place}" if place else "this system's own roots"


def _anchors() -> list[bytes]:
    """Return the roots of the local CA; none where there is none, or it is broken."""
    from tlsmith.files import data_home
    from tlsmith.local import trusted_roots

    try:
        return trusted_roots(data_home())
    except (TLSmithError, OSError, ValueError):
        return []


def _refused(target: Target, verdict: Verdict, *, with_local: bool) -> None:
    tried = f"{_bundle()}{' and the local CA' if with_local else ''}"
    say(f"not proved: {target} is refused by {tried}: {verdict.message}")
    say(f"hint: {_what_to_do(target, verdict)}")


def _what_to_do(target: Target, verdict: Verdict) -> str:
    """Return what to do about a refusal, by OpenSSL's number of it."""
    if verdict.code == 10:
        return f"its certificate has expired: renew it; see `tlsmith show {target}`"
    if verdict.code in (62, 64):
        return (
            f"its certificate is for other names: connect by one of those, or make one "
            f"for {target.name}; see `tlsmith show {target}`"
        )
    return (
        "give the client the root that signs for it, as in SSL_CERT_FILE=ROOT.pem; or "
        f"have it use a certificate of the local CA: tlsmith make {target.name}"
    )
