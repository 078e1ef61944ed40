from __future__ import annotations

import socket
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chains import certify, family
from probe.servers import (
    answer,
    hang_up,
    say,
    serving,
    speak_newer_tls,
    speak_tls,
    stay_silent,
    tls_context,
)
from tlsmith.core.keys import generate_private_key
from tlsmith.errors import (
    ConnectionFailedError,
    DeadlineError,
    HandshakeError,
    MissingExtraError,
)
from tlsmith.probe import Target, inspect, parse_target, verify
from tlsmith.probe.engine import NewerEngine, Offer, StandardEngine

HOUSE = family(name="localhost")
CHAIN = (HOUSE.leaf, HOUSE.intermediate)
ROOTS = [HOUSE.root.der]


def local(port: int) -> Target:
    return Target("localhost", port)


def test_the_chain_is_returned_as_the_server_sends_it(tmp_path: Path) -> None:
    context = tls_context(tmp_path, [*CHAIN, HOUSE.root])
    context.set_alpn_protocols(["h2"])
    with serving(speak_tls(context)) as port:
        presented = inspect(local(port))
    assert presented.chain == tuple(HOUSE.ders)
    assert presented.session.version == "TLSv1.3"
    assert presented.session.cipher == "TLS_AES_256_GCM_SHA384"
    assert presented.session.alpn == "h2"
    assert presented.address == "127.0.0.1"
    assert presented.unfinished is None


def test_a_certificate_that_nobody_would_accept_is_returned_too(
    tmp_path: Path,
) -> None:
    alone = certify("x", generate_private_key(), start=datetime(2035, 1, 1, tzinfo=UTC))
    with serving(speak_tls(tls_context(tmp_path, [alone]))) as port:
        assert inspect(local(port)).chain == (alone.der,)


def test_the_name_is_sent_and_that_of_an_address_is_not(tmp_path: Path) -> None:
    names: list[str | None] = []
    context = tls_context(tmp_path, CHAIN)
    context.sni_callback = lambda _, name, __: names.append(name)
    with serving(speak_tls(context)) as port:
        inspect(local(port))
        inspect(Target("127.0.0.1", port))
        inspect(parse_target(f"127.0.0.1:{port}", server_name="other.test"))
    assert names == ["localhost", None, "other.test"]


def test_a_client_that_trusts_the_root_accepts_the_server(tmp_path: Path) -> None:
    with serving(speak_tls(tls_context(tmp_path, CHAIN))) as port:
        assert verify(inspect(local(port)), ROOTS).accepted


@pytest.mark.parametrize(
    ("host", "roots", "code", "words"),
    [
        ("localhost", [], 20, "unable to get local issuer certificate"),
        ("127.0.0.1", ROOTS, 64, "IP address mismatch"),
    ],
)
def test_the_verifier_says_why_it_does_not_accept(
    host: str, roots: list[bytes], code: int, words: str, tmp_path: Path
) -> None:
    with serving(speak_tls(tls_context(tmp_path, CHAIN))) as port:
        verdict = verify(inspect(Target(host, port)), roots)
    assert not verdict.accepted
    assert verdict.code == code
    assert words in str(verdict.message)


def test_a_client_certificate_asked_for_late_does_not_matter(tmp_path: Path) -> None:
    context = tls_context(tmp_path, CHAIN)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=HOUSE.root.der)
    with serving(speak_tls(context)) as port:
        presented = inspect(local(port))
    assert presented.unfinished is None
    assert len(presented.chain) == 2


def test_a_client_certificate_asked_for_early_leaves_the_chain(tmp_path: Path) -> None:
    context = tls_context(tmp_path, CHAIN)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=HOUSE.root.der)
    with serving(speak_tls(context)) as port:
        presented = inspect(local(port))
        verdict = verify(presented, ROOTS)
    assert "alert" in str(presented.unfinished).lower()
    assert presented.chain == (HOUSE.leaf.der, HOUSE.intermediate.der)
    assert not verdict.accepted
    assert verdict.code is None


def test_a_server_that_is_only_old_is_looked_at(tmp_path: Path) -> None:
    context = tls_context(tmp_path, CHAIN)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.deprecated_call():
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(speak_tls(context)) as port:
        presented = inspect(local(port))
        verdict = verify(presented, ROOTS)
    assert presented.session.version in ("TLSv1", "TLSv1.1")
    assert not verdict.accepted


def test_a_protocol_that_is_not_the_servers_is_left_out(tmp_path: Path) -> None:
    refusal = bytes.fromhex("15030300020278")  # no_application_protocol, RFC 7301
    context = tls_context(tmp_path, CHAIN)
    seen: list[bool] = []

    def talk(connection: socket.socket) -> None:
        seen.append(b"http/1.1" in connection.recv(65536, socket.MSG_PEEK))
        if seen[-1]:
            connection.recv(65536)
            connection.sendall(refusal)
        else:
            speak_tls(context)(connection)

    with serving(talk) as port:
        presented = inspect(local(port))
        assert verify(presented, ROOTS).accepted
    assert seen == [True, False, False]
    assert presented.session.alpn is None


@pytest.mark.parametrize(
    ("first", "words", "hint"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks SSH", "check the port"),
        (b"* OK IMAP4 ready\r\n", "speaks IMAP", "--starttls imap"),
        (b"+OK POP3\r\n", "speaks POP3", "--starttls pop3"),
        (b"220 mail.test ESMTP\r\n", "speaks SMTP or FTP", "--starttls smtp"),
        (b"220-hello\r\n", "speaks SMTP or FTP", "--starttls ftp"),
        (b"\x4a\x00\x00\x00\x0a8.0.30\x00", "speaks MySQL", "--starttls mysql"),
        (b"\x00\x01\x02\x03 what is this", "does not speak TLS", "check the port"),
    ],
)
def test_a_server_that_speaks_first_is_named(
    first: bytes, words: str, hint: str
) -> None:
    with serving(say(first)) as port, pytest.raises(HandshakeError) as caught:
        inspect(local(port))
    assert words in caught.value.message
    assert hint in str(caught.value.hint)
    assert caught.value.code == "not-tls"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks plain HTTP"),
        (b"<!DOCTYPE html><html>", "speaks plain HTTP"),
        (b"-ERR unknown command\r\n", "Redis or POP3"),
        (b"H", "does not speak TLS"),
    ],
)
def test_a_server_that_answers_in_another_protocol_is_named(
    first: bytes, words: str
) -> None:
    with serving(answer(first)) as port, pytest.raises(HandshakeError) as caught:
        inspect(local(port))
    assert words in caught.value.message


def test_a_server_that_hangs_up_is_told_of() -> None:
    with serving(hang_up) as port, pytest.raises(HandshakeError, match="closed"):
        inspect(local(port))


def test_a_server_that_stays_silent_misses_the_deadline() -> None:
    with serving(stay_silent) as port, pytest.raises(DeadlineError):
        inspect(local(port), timeout=0.3)


def test_a_server_that_drips_misses_the_one_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        for octet in bytes.fromhex("160303400002") + bytes(100):
            connection.sendall(bytes([octet]))
            connection.settimeout(0.1)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    with serving(drip) as port, pytest.raises(DeadlineError):
        inspect(local(port), timeout=0.6)


def test_a_server_that_never_ends_its_handshake_is_left() -> None:
    def babble(connection: socket.socket) -> None:
        connection.recv(65536)
        # Warnings: OpenSSL takes a few, and then has had enough.
        while True:
            connection.sendall(bytes.fromhex("1503030002015a") * 100)

    with serving(babble) as port, pytest.raises(HandshakeError, match="handshake"):
        inspect(local(port))


@pytest.mark.parametrize(
    ("description", "words", "hint"),
    [
        (40, "nothing in common", "certificate"),
        (70, "no TLS version in common", "TLS 1.2"),
        (80, "a fault of its own", "log"),
        (112, "knows no such name", "--servername"),
        (49, "access denied", "log"),
    ],
)
def test_an_alert_is_put_in_words(description: int, words: str, hint: str) -> None:
    alert = bytes((0x15, 3, 3, 0, 2, 2, description))
    with serving(answer(alert)) as port, pytest.raises(HandshakeError) as caught:
        inspect(local(port))
    assert words in caught.value.message
    assert hint in str(caught.value.hint)


def test_a_handshake_that_breaks_off_after_the_chain_is_told_of(tmp_path: Path) -> None:
    """The server takes its turn, and is gone before the client's second."""
    context = tls_context(tmp_path, CHAIN)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def leave(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        peer = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(connection.recv(65536))
        with pytest.raises(ssl.SSLWantReadError):
            peer.do_handshake()
        connection.sendall(outgoing.read())
        connection.recv(65536)

    with serving(leave) as port:
        presented = inspect(local(port))
    assert presented.unfinished == "the server closed the connection"
    assert len(presented.chain) == 2


# With pyOpenSSL ---------------------------------------------------------------------

QUANTUM = certify("localhost", generate_private_key("ml-dsa-65"), HOUSE.intermediate)
needs_newer = pytest.mark.skipif(
    ssl.OPENSSL_VERSION_INFO >= (3, 5), reason="Python's own OpenSSL knows ML-DSA"
)


@needs_newer
def test_a_server_with_a_post_quantum_key_is_looked_at_with_pyopenssl() -> None:
    with serving(speak_newer_tls([QUANTUM, HOUSE.intermediate])) as port:
        presented = inspect(local(port))
        assert presented.engine is NewerEngine
        assert presented.chain == (QUANTUM.der, HOUSE.intermediate.der)
        assert presented.session.group
        assert verify(presented, ROOTS).accepted


@needs_newer
@pytest.mark.parametrize(
    ("host", "roots", "code", "words"),
    [
        ("localhost", [], 20, "unable to get local issuer certificate"),
        ("127.0.0.1", ROOTS, 62, "hostname mismatch"),
    ],
)
def test_pyopenssl_says_why_it_does_not_accept(
    host: str, roots: list[bytes], code: int, words: str
) -> None:
    with serving(speak_newer_tls([QUANTUM, HOUSE.intermediate])) as port:
        verdict = verify(inspect(Target(host, port)), roots)
    assert (verdict.accepted, verdict.code, verdict.message) == (False, code, words)


@needs_newer
def test_without_pyopenssl_the_hint_is_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "OpenSSL", None)
    server = speak_newer_tls([QUANTUM, HOUSE.intermediate])
    with serving(server) as port, pytest.raises(HandshakeError) as caught:
        inspect(local(port))
    assert "tlsmith[probe]" in str(caught.value.hint)
    with pytest.raises(MissingExtraError):
        NewerEngine(Offer(None), None)


@pytest.mark.parametrize("engine", [StandardEngine, NewerEngine])
def test_both_engines_see_the_same(
    engine: type[StandardEngine] | type[NewerEngine], tmp_path: Path
) -> None:
    from tlsmith.probe.connect import _Handshake, _handshake
    from tlsmith.probe.dial import Deadline, dial

    context = tls_context(tmp_path, CHAIN)
    context.set_alpn_protocols(["http/1.1"])
    with serving(speak_tls(context)) as port:
        target = local(port)
        with dial(target, Deadline(10)) as wire:
            one = engine(Offer("localhost", ("h2", "http/1.1")), None)
            _handshake(wire, _Handshake(one, wire.address), target)
    assert one.chain() == [HOUSE.leaf.der, HOUSE.intermediate.der]
    session = one.session()
    assert (session.version, session.alpn) == ("TLSv1.3", "http/1.1")


def test_a_server_that_is_gone_the_second_time_is_an_error(tmp_path: Path) -> None:
    with serving(speak_tls(tls_context(tmp_path, CHAIN))) as port:
        presented = inspect(local(port))
    with pytest.raises(ConnectionFailedError):
        verify(presented, ROOTS)
