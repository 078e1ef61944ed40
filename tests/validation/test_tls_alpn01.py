"""tls-alpn-01 with real TLS servers."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from dns_server import DNSServer
from tlsmith.acme.tls_alpn import acme_identifier
from validation.asking import AUTHORIZATION, Asking, needs_ipv6
from validation.conftest import Run
from validation.peers import PlainPeer, TLSPeer

EXTENSION = x509.UnrecognizedExtension(
    ObjectIdentifier("1.3.6.1.5.5.7.1.31"), acme_identifier(AUTHORIZATION)
)
WWW = x509.DNSName("www.test")
Answering = Callable[..., TLSPeer]


def certificate(
    names: list[x509.GeneralName],
    extension: x509.UnrecognizedExtension | None = EXTENSION,
    *,
    critical: bool = True,
) -> bytes:
    """A certificate signed by its own key, and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ACME challenge")])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=critical)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    """Starts TLS servers with a certificate."""
    peers: list[TLSPeer] = []

    def start(
        pem: bytes,
        protocols: tuple[str, ...] = ("acme-tls/1",),
        host: str = "127.0.0.1",
    ) -> TLSPeer:
        path = tmp_path / "certificate.pem"
        path.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        peers.append(TLSPeer(context, host).__enter__())
        return peers[-1]

    yield start
    for peer in peers:
        peer.__exit__()


@pytest.fixture
def asking(run: Run, dns: DNSServer) -> Callable[[int], Asking]:
    dns.set("www.test", "A", "127.0.0.1")
    return lambda port: Asking(run, dns, tls_port=port)


Asker = Callable[[int], Asking]


@pytest.mark.parametrize(
    "protocols", [("acme-tls/1",), ("h2", "acme-tls/1", "http/1.1")]
)
def test_a_name_whose_server_shows_the_certificate_is_valid(
    asking: Asker, answering: Answering, protocols: tuple[str, ...]
) -> None:
    peer = answering(certificate([WWW]), protocols)
    outcome = asking(peer.port).validate("tls-alpn-01")
    assert outcome.type == "tls-alpn-01"
    assert outcome.address == "127.0.0.1"
    assert peer.handshakes.get(timeout=5) == ("www.test", "acme-tls/1")


@pytest.mark.parametrize(
    ("address", "reverse"),
    [
        ("127.0.0.1", "1.0.0.127.in-addr.arpa"),
        pytest.param("::1", "1." + "0." * 31 + "ip6.arpa", marks=needs_ipv6),
    ],
)
def test_an_address_is_asked_for_by_its_name_in_reverse(
    asking: Asker, answering: Answering, address: str, reverse: str
) -> None:
    name = x509.IPAddress(ipaddress.ip_address(address))
    peer = answering(certificate([name]), host=address)
    assert asking(peer.port).validate("tls-alpn-01", address).address == address
    assert peer.handshakes.get(timeout=5) == (reverse, "acme-tls/1")


def test_tls_1_3_is_enough(asking: Asker, answering: Answering) -> None:
    peer = answering(certificate([WWW]))
    peer.context.minimum_version = ssl.TLSVersion.TLSv1_3
    assert asking(peer.port).validate("tls-alpn-01").address == "127.0.0.1"


def test_so_is_tls_1_2(asking: Asker, answering: Answering) -> None:
    peer = answering(certificate([WWW]))
    peer.context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert asking(peer.port).validate("tls-alpn-01").address == "127.0.0.1"


def test_a_server_that_does_not_close_is_left_after_a_moment(
    asking: Asker, answering: Answering
) -> None:
    peer = answering(certificate([WWW]))
    peer.is_stubborn = True
    began = time.monotonic()
    assert asking(peer.port).validate("tls-alpn-01").address == "127.0.0.1"
    assert time.monotonic() - began < 2.5


OTHER_KEY = x509.UnrecognizedExtension(EXTENSION.oid, acme_identifier("other.key"))


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (certificate([WWW], None), "no acmeIdentifier extension"),
        (certificate([WWW], critical=False), "not critical"),
        (certificate([WWW], OTHER_KEY), "another key authorization"),
        (certificate([x509.DNSName("other.test")]), "another name than www.test"),
        (certificate([WWW, x509.DNSName("other.test")]), "has 2 names"),
    ],
)
def test_another_certificate_is_an_incorrect_response(
    asking: Asker, answering: Answering, pem: bytes, why: str
) -> None:
    peer = answering(pem)
    problem = asking(peer.port).problem("tls-alpn-01")
    assert problem.type == "incorrectResponse"
    assert problem.message.startswith(f"www.test:{peer.port} (at 127.0.0.1): the ")
    assert why in problem.message


@pytest.mark.parametrize("protocols", [(), ("h2", "http/1.1")])
def test_a_server_that_does_not_choose_the_protocol_is_refused(
    asking: Asker, answering: Answering, protocols: tuple[str, ...]
) -> None:
    peer = answering(certificate([WWW]), protocols)
    problem = asking(peer.port).problem("tls-alpn-01")
    assert problem.type == "tls"
    assert "chose no protocol where acme-tls/1 was offered alone" in problem.message


def test_a_server_whose_ports_speak_no_tls_is_refused(asking: Asker) -> None:
    with PlainPeer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as peer:
        problem = asking(peer.port).problem("tls-alpn-01")
    assert problem.type == "tls"
    assert "wrong version number" in problem.message
    assert f"www.test:{peer.port} (at 127.0.0.1)" in problem.message


def test_one_that_closes_is_refused(asking: Asker) -> None:
    with PlainPeer(b"") as peer:
        problem = asking(peer.port).problem("tls-alpn-01")
    assert problem.type == "tls"
    assert "no TLS with www.test" in problem.message
    assert ": the connection was closed in the handshake: see that" in problem.message


def test_one_that_says_nothing_is_given_up_in_time(run: Run, dns: DNSServer) -> None:
    dns.set("www.test", "A", "127.0.0.1")
    with PlainPeer(None) as peer:
        asking = Asking(run, dns, tls_port=peer.port, timeout=1.5)
        problem = asking.problem("tls-alpn-01")
    assert problem.type == "tls"
    assert "no end in 1.5 seconds while in the TLS handshake with www.test" in (
        problem.message
    )


def test_one_that_takes_no_connection_is_a_connection_problem(asking: Asker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    problem = asking(port).problem("tls-alpn-01")
    assert problem.type == "connection"
    assert f"127.0.0.1:{port}: connection refused" in problem.message
