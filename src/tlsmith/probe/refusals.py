"""Why a handshake failed, in words, with something to do about it."""

from __future__ import annotations

from tlsmith.errors import HandshakeError
from tlsmith.probe.target import Target

NO_PROTOCOL = "no-application-protocol"

# What servers of other protocols say first: (start, what it is, what to do).
_BANNERS = (
    (b"HTTP/", "plain HTTP", "it may speak TLS on another port, often 443 or 8443"),
    (b"SSH-", "SSH", "SSH has no TLS certificates; check the port"),
    (b"* OK", "IMAP", "add --starttls imap"),
    (b"+OK", "POP3", "add --starttls pop3"),
    (b"220 ", "SMTP or FTP", "add --starttls smtp or --starttls ftp"),
    (b"220-", "SMTP or FTP", "add --starttls smtp or --starttls ftp"),
    (b"<?xml", "XML, perhaps XMPP", "add --starttls xmpp"),
    (b"<stream", "XMPP", "add --starttls xmpp"),
    (b"-ERR", "Redis or POP3", "check the port: Redis needs tls-port"),
    (b"<html", "plain HTTP", "it may speak TLS on another port, often 443 or 8443"),
    (b"<!doc", "plain HTTP", "it may speak TLS on another port, often 443 or 8443"),
)

# A part of OpenSSL's reason, upper case: what it means, what to do.
_ALERTS = (
    (
        "UNRECOGNIZED_NAME",
        "the server knows no such name",
        "ask it for another one with --servername, or add the name to its settings",
    ),
    (
        "PROTOCOL_VERSION",
        "no TLS version in common",
        "turn on TLS 1.2 or 1.3 on the server",
    ),
    (
        "UNSUPPORTED_PROTOCOL",
        "no TLS version in common",
        "turn on TLS 1.2 or 1.3 on the server",
    ),
    (
        "HANDSHAKE_FAILURE",
        "nothing in common to agree on",
        "the server may lack a certificate, or cipher suites of today",
    ),
    (
        "INTERNAL_ERROR",
        "the server reports a fault of its own",
        "see its log: it may lack a certificate for this name",
    ),
    (
        "CERTIFICATE_REQUIRED",
        "the server wants a client's certificate",
        "give the client one, made with tlsmith make --client",
    ),
)


def refused(target: Target, reason: str) -> HandshakeError:
    """Return the error to raise where a handshake ended with OpenSSL's `reason`."""
    word = reason.upper().replace(" ", "_")
    if "NO_APPLICATION_PROTOCOL" in word:
        return HandshakeError(
            f"{target} speaks none of the protocols that were offered", code=NO_PROTOCOL
        )
    for mark, meaning, hint in _ALERTS:
        if mark in word:
            return HandshakeError(
                f"the TLS handshake with {target} failed: {meaning} ({_plain(reason)})",
                code="tls-alert",
                hint=hint,
            )
    return HandshakeError(
        f"the TLS handshake with {target} failed: {_plain(reason)}",
        code="tls-alert",
        hint="see the server's log",
    )


def _plain(reason: str) -> str:
    return reason.lower().replace("_", " ")


def not_tls(target: Target, first: bytes) -> HandshakeError:
    """Return the error to raise for a server that answers in another protocol."""
    start = first.lstrip()
    for mark, name, hint in _BANNERS:
        if start[: len(mark)].lower() == mark.lower():
            return HandshakeError(
                f"{target} speaks {name}, not TLS", code="not-tls", hint=hint
            )
    if len(first) > 5 and first[3:5] in (b"\x00\x0a", b"\x00\xff"):
        return HandshakeError(
            f"{target} speaks MySQL, not TLS at once",
            code="not-tls",
            hint="add --starttls mysql",
        )
    return HandshakeError(
        f"{target} does not speak TLS: it answers {ascii(first[:16])[1:]}",
        code="not-tls",
        hint="check the port; where TLS is asked for first, add --starttls",
    )
