"""What `show` says of a live server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tlsmith.core.describe.describe import describe_found
from tlsmith.core.describe.described import Context
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.hosts import is_for_host
from tlsmith.core.describe.plain import safe
from tlsmith.core.describe.report import Report
from tlsmith.errors import ConnectionFailedError
from tlsmith.probe import Presented, Target, Verdict, inspect, verify

_OLD_VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")
# OpenSSL's X509_V_ERR numbers: what is the matter, and what to do.
_MEANINGS = {
    10: "it has expired",
    18: "it is signed by its own key, and is not among the trusted roots",
    19: "its root is not trusted here",
    20: "its issuer is neither sent nor trusted: the root is not trusted here, or the "
    "server does not send an intermediate",
    21: "its issuer is neither sent nor trusted",
    62: "it is for other names",
    64: "it is for other addresses",
}
_NO_ROOT = (18, 19, 20, 21)


@dataclass(frozen=True, slots=True)
class Live:
    """A server, its certificates explained, and this machine's verdict.

    Args:
        only_with_ours: it is accepted by those who trust the local CA, and this
            machine's own roots do not have it.
    """

    presented: Presented
    verdict: Verdict | None
    report: Report
    unverified: str | None = None
    only_with_ours: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what `--json` says of the server."""
        presented = self.presented
        session = presented.session
        verdict = self.verdict
        return {
            "host": presented.target.host,
            "port": presented.target.port,
            "address": presented.address,
            "server_name": presented.target.sni,
            "starttls": presented.target.starttls,
            "tls_version": session.version,
            "cipher": session.cipher,
            "group": session.group,
            "alpn": session.alpn,
            "unfinished": presented.unfinished,
            "accepted": None if verdict is None else verdict.accepted,
            "only_with_local_ca": self.only_with_ours,
            "verify_message": None if verdict is None else verdict.message,
            "verify_code": None if verdict is None else verdict.code,
        }

    def text(self) -> str:
        """Return what a person is to read about the connection."""
        presented = self.presented
        session = presented.session
        lines = [
            f"server: {presented.target}",
            f"  address      {presented.address}",
            f"  asked for    {presented.target.sni or 'no name: an address has none'}",
            f"  TLS          {_agreed(presented)}",
        ]
        if session.alpn:
            lines.append(f"  protocol     {session.alpn}")
        lines.append(f"  accepted     {self._accepted()}")
        return "\n".join(map(safe, lines))

    def _accepted(self) -> str:
        if self.verdict is None:
            return f"not known: {self.unverified}"
        if self.only_with_ours:
            return "yes, by clients that trust the local CA"
        if self.verdict.accepted:
            return "yes, by this machine's Python and OpenSSL"
        return f"no: {self.verdict.message}"


def _agreed(presented: Presented) -> str:
    session = presented.session
    if presented.unfinished is not None:
        return f"the handshake was not finished: {presented.unfinished}"
    words = [session.version or "?", session.cipher or "?"]
    return ", ".join([*words, session.group] if session.group else words)


def ask_server(
    target: Target,
    context: Context,
    anchors: Sequence[bytes],
    *,
    timeout: float,
) -> Live:
    """Look at what the server presents, then see whether this machine accepts it.

    Args:
        anchors: DER roots to trust besides the system's.

    Raises:
        ConnectionFailedError: it cannot be reached, or speaks no TLS.
    """
    presented = inspect(target, timeout=timeout)
    found = [
        Found("certificate", "der", one, encoding="tls") for one in presented.chain
    ]
    report = describe_found(found, context, anchors)
    verdict, unverified, ours = None, None, False
    try:
        verdict = verify(presented, timeout=timeout)
        if anchors and verdict.code in _NO_ROOT:
            verdict = verify(presented, anchors, timeout=timeout)
            ours = verdict.accepted
    except ConnectionFailedError as error:
        unverified = error.message
    live = Live(presented, verdict, report, unverified, ours)
    _judge(live)
    return live


def _judge(live: Live) -> None:
    presented, report = live.presented, live.report
    if not report.objects:
        message = "the server sent no certificate"
        report.add(Finding(PROBLEM, "no-certificate", message))
    elif report.objects[0].certificate is not None:
        name = presented.target.name
        if not is_for_host(report.objects[0].certificate, name):
            message = f"the certificate is not for {name}"
            report.about(0, Finding(PROBLEM, "host-mismatch", message))
    if presented.session.version in _OLD_VERSIONS:
        message = f"{presented.session.version}: clients of today refuse it"
        report.add(Finding(PROBLEM, "old-tls-version", message))
    if presented.unfinished is not None:
        message = f"the handshake was not finished: {presented.unfinished}"
        report.add(Finding(WARNING, "handshake-not-finished", message))
    _judge_verdict(live)


def _judge_verdict(live: Live) -> None:
    verdict, report = live.verdict, live.report
    if live.only_with_ours:
        message = (
            "this machine's own roots do not have the local CA's: "
            "`tlsmith trust install` adds it"
        )
        report.add(Finding(NOTE, "not-in-the-system", message))
    elif verdict is None:
        message = f"whether this machine accepts it is not known: {live.unverified}"
        report.add(Finding(WARNING, "not-verified", message))
    elif verdict.code is not None:
        meaning = _MEANINGS.get(verdict.code)
        message = f"this machine does not accept it: {verdict.message}"
        report.add(
            Finding(
                PROBLEM, "not-trusted", f"{message} ({meaning})" if meaning else message
            )
        )
    elif not verdict.accepted and live.presented.unfinished is None:
        message = f"a client that verifies fails with it: {verdict.message}"
        report.add(Finding(NOTE, "handshake-failed", message))
