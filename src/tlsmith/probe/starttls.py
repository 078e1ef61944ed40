"""Protocols in which TLS is asked for in plain text first."""

from __future__ import annotations

from collections.abc import Callable

from tlsmith.errors import HandshakeError
from tlsmith.probe.dial import Wire

_LONGEST = 65536

# RFC 4511 section 4.14: an ExtendedRequest whose name is the OID of StartTLS.
_LDAP_OID = b"1.3.6.1.4.1.1466.20037"
_LDAP_REQUEST = (
    b"\x30\x1d\x02\x01\x01\x77\x18\x80" + bytes([len(_LDAP_OID)]) + _LDAP_OID
)
# The PostgreSQL protocol's SSLRequest, and MySQL's capabilities: SSL, 4.1, secure.
_POSTGRES_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_MYSQL_SSL = 0x0800
_MYSQL_FLAGS = _MYSQL_SSL | 0x0200 | 0x8000


class _Talk:
    """Lines and octets of a plain-text conversation, of bounded length."""

    def __init__(self, wire: Wire, protocol: str) -> None:
        self.wire = wire
        self.protocol = protocol
        self.buffer = b""

    def refused(self, what: str) -> HandshakeError:
        return HandshakeError(
            f"the server does not start TLS in {self.protocol}: {what}",
            code="no-starttls",
            hint="check protocol and port; without --starttls, TLS is spoken at once",
        )

    def more(self) -> None:
        data = self.wire.receive()
        if not data or len(self.buffer) > _LONGEST:
            raise self.refused("it closed the connection" if not data else "it babbles")
        self.buffer += data

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self.more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def line(self) -> str:
        while b"\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self.more()
        before, _, self.buffer = self.buffer.partition(mark)
        return before

    def expect(self, start: str) -> None:
        """Read a reply, of several lines as SMTP and FTP have them, that is good."""
        while True:
            line = self.line()
            if not line.startswith(start):
                raise self.refused(f"it says {line[:60]!r}")
            if line[len(start) : len(start) + 1] != "-":
                return

    def say(self, text: str) -> None:
        self.wire.send(text.encode() + b"\r\n")


def start_tls(wire: Wire, protocol: str, host: str) -> bytes:
    """Ask the peer to start TLS; return what it sent beyond its answer.

    Raises:
        HandshakeError: it does not.
    """
    talk = _Talk(wire, protocol)
    _PROTOCOLS[protocol](talk, host)
    return talk.buffer


def _smtp(talk: _Talk, host: str) -> None:
    talk.expect("220")
    talk.say("EHLO tlsmith.invalid")
    talk.expect("250")
    talk.say("STARTTLS")
    talk.expect("220")


def _imap(talk: _Talk, host: str) -> None:
    talk.expect("* OK")
    talk.say("a1 STARTTLS")
    line = talk.line()
    while line.startswith("* "):
        line = talk.line()
    if not line.startswith("a1 OK"):
        raise talk.refused(f"it says {line[:60]!r}")


def _pop3(talk: _Talk, host: str) -> None:
    talk.expect("+OK")
    talk.say("STLS")
    talk.expect("+OK")


def _ftp(talk: _Talk, host: str) -> None:
    talk.expect("220")
    talk.say("AUTH TLS")
    talk.expect("234")


def _ldap(talk: _Talk, host: str) -> None:
    talk.wire.send(_LDAP_REQUEST)
    head = talk.exactly(2)
    size = head[1]
    if size >= 0x80:
        size = int.from_bytes(talk.exactly(min(size & 0x7F, 4)), "big")
    answer = talk.exactly(min(size, _LONGEST))
    # An ExtendedResponse that starts with resultCode success.
    if head[:1] != b"\x30" or b"\x0a\x01\x00" not in answer[:20]:
        raise talk.refused("its answer is no success")


def _postgres(talk: _Talk, host: str) -> None:
    talk.wire.send(_POSTGRES_REQUEST)
    answer = talk.exactly(1)
    if answer != b"S":
        raise talk.refused(f"it answers {answer!r}; ssl = on is needed there")


def _mysql(talk: _Talk, host: str) -> None:
    size = int.from_bytes(talk.exactly(4)[:3], "little")
    greeting = talk.exactly(min(size, _LONGEST))
    # Protocol version, server version up to a NUL, thread id, 8 octets, a filler.
    after = greeting.find(b"\0") + 1 + 4 + 8 + 1
    flags = int.from_bytes(greeting[after : after + 2], "little")
    if greeting[:1] != b"\x0a" or not flags & _MYSQL_SSL:
        raise talk.refused("it does not offer TLS")
    body = _MYSQL_FLAGS.to_bytes(4, "little") + b"\0\0\0\1" + b"\x21" + bytes(23)
    talk.wire.send(len(body).to_bytes(3, "little") + b"\1" + body)


def _xmpp(talk: _Talk, host: str) -> None:
    talk.wire.send(
        b"<?xml version='1.0'?><stream:stream to='" + host.encode() + b"' "
        b"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
        b"version='1.0'>"
    )
    features = talk.until(b"</stream:features>")
    if b"<starttls" not in features:
        raise talk.refused("it does not offer TLS")
    talk.wire.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    answer = talk.until(b">")
    if b"<proceed" not in answer:
        raise talk.refused("it does not proceed")


_PROTOCOLS: dict[str, Callable[[_Talk, str], None]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "ldap": _ldap,
    "postgres": _postgres,
    "mysql": _mysql,
    "xmpp": _xmpp,
}
