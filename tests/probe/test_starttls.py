from __future__ import annotations

import socket
from pathlib import Path

import pytest

from chains import family
from probe.servers import Talk, serving, speak_tls, tls_context
from tlsmith.errors import DeadlineError, HandshakeError
from tlsmith.probe import inspect, parse_target

LDAP_SUCCESS = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
LDAP_REFUSAL = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"
LDAP_LONG = b"\x30\x82\x00\x0c" + LDAP_SUCCESS[2:]
MYSQL = b"\x0a8.0.30\0" + b"\1\0\0\0" + b"saltsalt" + b"\0"
FEATURES = (
    b"<?xml version='1.0'?><stream:stream id='1'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    b"</stream:features>"
)


def packet(body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + b"\0" + body


# Protocol: what the server says, and between, what it has to hear for that.
GOOD: dict[str, list[bytes]] = {
    "smtp": [
        b"220-one.test\r\n220 ESMTP\r\n",
        b"EHLO ",
        b"250-one.test\r\n250-STARTTLS\r\n250 OK\r\n",
        b"STARTTLS\r\n",
        b"220 go ahead\r\n",
    ],
    "imap": [
        b"* OK ready\r\n",
        b"a1 STARTTLS\r\n",
        b"* CAPABILITY IMAP4\r\na1 OK begin\r\n",
    ],
    "pop3": [b"+OK ready\r\n", b"STLS\r\n", b"+OK begin\r\n"],
    "ftp": [b"220 ready\r\n", b"AUTH TLS\r\n", b"234 begin\r\n"],
    "ldap": [b"", b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16", LDAP_SUCCESS],
    "postgres": [b"", b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S"],
    "mysql": [packet(MYSQL + b"\x00\x8a" + b"\x21"), b"\x20\x00\x00\x01", b""],
    "xmpp": [
        b"",
        b"<?xml version='1.0'?><stream:stream to='localhost'",
        FEATURES,
        b"<starttls",
        b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ],
}

BAD: dict[str, list[list[bytes]]] = {
    "smtp": [
        [b"554 no\r\n"],
        [b"220 ok\r\n", b"EHLO ", b"500 what\r\n"],
        [b"220 ok\r\n", b"EHLO ", b"250 ok\r\n", b"STARTTLS", b"454 no TLS\r\n"],
        [b"220 ok"],
        [b"220-more\r\n" * 20000],
    ],
    "imap": [[b"* BYE\r\n"], [b"* OK\r\n", b"a1", b"a1 BAD what\r\n"]],
    "pop3": [[b"-ERR\r\n"], [b"+OK\r\n", b"STLS", b"-ERR no\r\n"]],
    "ftp": [[b"421 busy\r\n"], [b"220 ok\r\n", b"AUTH", b"502 what\r\n"]],
    "ldap": [[b"", b"\x30", LDAP_REFUSAL], [b"", b"\x30", b"HTTP/1.1 400"]],
    "postgres": [[b"", b"\x00", b"N"], [b"", b"\x00", b"E"]],
    "mysql": [
        [packet(MYSQL + b"\x00\x02\x21")],
        [packet(b"\xff\x69\x04Host is blocked")],
    ],
    "xmpp": [
        [b"", b"<?xml", b"<stream:stream><stream:features/></stream:features>"],
        [b"", b"<?xml", FEATURES, b"<starttls", b"<failure/>"],
    ],
}


def talking(lines: list[bytes], then: Talk) -> Talk:
    """Return a talk that says and hears `lines` by turns, and goes on with `then`."""
    # In MySQL the client goes on with TLS at once: not an octet more may be read.
    size = 36 if lines == GOOD["mysql"] else 4096

    def talk(connection: socket.socket) -> None:
        for index, line in enumerate(lines):
            if index % 2 == 0:
                connection.sendall(line)
            elif not connection.recv(size).startswith(line):
                return
        then(connection)

    return talk


@pytest.mark.parametrize("protocol", [*GOOD])
def test_tls_is_started_inside_a_protocol(protocol: str, tmp_path: Path) -> None:
    people = family()
    context = tls_context(tmp_path, [people.leaf, people.intermediate])
    with serving(talking(GOOD[protocol], speak_tls(context))) as port:
        target = parse_target(f"localhost:{port}", starttls=protocol)
        presented = inspect(target)
    assert presented.chain == (people.leaf.der, people.intermediate.der)
    assert presented.session.alpn is None


@pytest.mark.parametrize(
    ("protocol", "lines"),
    [(protocol, lines) for protocol, every in BAD.items() for lines in every],
)
def test_a_server_that_does_not_start_tls_is_told_of(
    protocol: str, lines: list[bytes]
) -> None:
    with serving(talking(lines, lambda _: None)) as port:
        target = parse_target(f"localhost:{port}", starttls=protocol)
        with pytest.raises(HandshakeError, match=f"start TLS in {protocol}") as caught:
            inspect(target)
    assert caught.value.code == "no-starttls"
    assert caught.value.hint


def test_an_answer_of_ldap_with_a_long_length_is_read(tmp_path: Path) -> None:
    context = tls_context(tmp_path, [family().leaf])
    lines = [b"", b"\x30", LDAP_LONG]
    with serving(talking(lines, speak_tls(context))) as port:
        target = parse_target(f"localhost:{port}", starttls="ldap")
        assert inspect(target).chain == (family().leaf.der,)


def test_two_that_wait_for_one_another_miss_the_deadline(tmp_path: Path) -> None:
    context = tls_context(tmp_path, [family().leaf])
    with serving(speak_tls(context)) as port:
        target = parse_target(f"localhost:{port}", starttls="ftp")
        with pytest.raises(DeadlineError):
            inspect(target, timeout=0.5)
