"""What trustme's users do, in its words and in ours: no more lines, the same effect.

The tasks are those of trustme's documentation and of the fixtures of projects that use
it. Each is done twice, by a function of each library, and both have to stand the same
handshake.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import socket
import ssl
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

import tlsmith
from handshakes import handshake

trustme = pytest.importorskip("trustme", reason="of the extra named test")
httpx = pytest.importorskip("httpx", reason="of the extra named test")
aiohttp = pytest.importorskip("aiohttp", reason="of the extra named test")
aiohttp_web = pytest.importorskip("aiohttp.web", reason="of the extra named test")

pytest_plugins = ("pytester",)
Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


# Contexts of one's own: trustme's cheat sheet, anyio, trio, websockets --------------


def trustme_contexts() -> Contexts:
    ca = trustme.CA()
    certificate = ca.issue_cert("localhost", "127.0.0.1", "::1")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(client)
    return server, client


def tlsmith_contexts() -> Contexts:
    ca = tlsmith.CA()
    certificate = ca.issue("localhost", "127.0.0.1", "::1")
    server = certificate.server_context()
    client = ca.client_context()
    return server, client


# Clients that show a certificate: aiohttp, hypercorn --------------------------------


def trustme_client_certificates() -> Contexts:
    ca = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("localhost").configure_cert(server)
    ca.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context()
    ca.configure_trust(client)
    ca.issue_cert("client@example.org").configure_cert(client)
    return server, client


def tlsmith_client_certificates() -> Contexts:
    ca = tlsmith.CA()
    server = ca.issue("localhost").server_context(client_ca=ca)
    client = ca.client_context(ca.issue("client@example.org", client=True))
    return server, client


# A CA below the root, and keys of RSA: urllib3, pip -----------------------------------


def trustme_intermediate() -> Contexts:
    ca = trustme.CA(key_type=trustme.KeyType.RSA)
    below = ca.create_child_ca(key_type=trustme.KeyType.RSA)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = below.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    certificate.configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    return server, client


def tlsmith_intermediate() -> Contexts:
    ca = tlsmith.CA(key="rsa2048")
    below = ca.intermediate()
    server = below.issue("localhost").server_context()
    client = ca.client_context()
    return server, client


# A CA that is kept ----------------------------------------------------------------


def trustme_kept(folder: Path) -> Contexts:
    made = trustme.CA()
    made.cert_pem.write_to_path(folder / "ca.pem")
    made.private_key_pem.write_to_path(folder / "ca.key")
    certificate = (folder / "ca.pem").read_bytes()
    ca = trustme.CA.from_pem(certificate, (folder / "ca.key").read_bytes())
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("localhost").configure_cert(server)
    return server, ssl.create_default_context(cafile=folder / "ca.pem")


def tlsmith_kept(folder: Path) -> Contexts:
    made = tlsmith.CA()
    made.pem.write(folder / "ca.pem")
    made.key_pem.write(folder / "ca.key")
    certificate = (folder / "ca.pem").read_bytes()
    ca = tlsmith.CA.load(certificate, (folder / "ca.key").read_bytes())
    server = ca.issue("localhost").server_context()
    return server, ssl.create_default_context(cafile=folder / "ca.pem")


@pytest.mark.parametrize("kind", ["contexts", "client_certificates", "intermediate"])
@pytest.mark.parametrize("library", ["trustme", "tlsmith"])
def test_contexts(library: str, kind: str) -> None:
    server, client = globals()[f"{library}_{kind}"]()
    both = handshake(client, server)
    assert both.client.getpeercert()
    assert bool(both.server.getpeercert()) is (kind == "client_certificates")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(ssl.create_default_context(), server)


@pytest.mark.parametrize("make", [trustme_kept, tlsmith_kept])
def test_a_ca_that_is_kept(make: Callable[[Path], Contexts], tmp_path: Path) -> None:
    server, client = make(tmp_path)
    assert handshake(client, server)


# Times ----------------------------------------------------------------------------


def trustme_expired() -> Contexts:
    ca = trustme.CA()
    now = datetime.now(UTC)
    certificate = ca.issue_cert(
        "localhost",
        not_before=now - timedelta(days=20),
        not_after=now - timedelta(days=10),
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    return server, client


def tlsmith_expired() -> Contexts:
    ca = tlsmith.CA()
    server = ca.bad.expired().server_context()
    return server, ca.client_context()


@pytest.mark.parametrize("make", [trustme_expired, tlsmith_expired])
def test_expired(make: Callable[[], Contexts]) -> None:
    server, client = make()
    with pytest.raises(ssl.SSLCertVerificationError, match="has expired"):
        handshake(client, server)


# Names ----------------------------------------------------------------------------


def trustme_names() -> bytes:
    ca = trustme.CA(organization_name="Acme", organization_unit_name="Tests")
    names = ("faß.example", "*.a.test", "127.0.0.1", "::1", "alice@example.org")
    return (
        ca.issue_cert(*names, common_name="alice", organization_name="Acme")
        .cert_chain_pems[0]
        .bytes()
    )


def tlsmith_names() -> bytes:
    ca = tlsmith.CA(subject="O=Acme,OU=Tests")
    names = ("faß.example", "*.a.test", "127.0.0.1", "::1", "alice@example.org")
    return ca.issue(*names, subject="CN=alice,O=Acme").pem


def test_names() -> None:
    for make in (trustme_names, tlsmith_names):
        certificate = x509.load_pem_x509_certificate(make())
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
        assert names.get_values_for_type(x509.DNSName) == [
            "xn--fa-hia.example",
            "*.a.test",
        ]
        addresses = names.get_values_for_type(x509.IPAddress)
        assert [str(one) for one in addresses] == ["127.0.0.1", "::1"]
        assert names.get_values_for_type(x509.RFC822Name) == ["alice@example.org"]
        subject = {part.rfc4514_string() for part in certificate.subject.rdns}
        assert subject >= {"CN=alice", "O=Acme"}  # trustme adds a unit
        issuer = {part.rfc4514_string() for part in certificate.issuer.rdns}
        assert issuer >= {"O=Acme", "OU=Tests"}


# Files: uvicorn, urllib3, aiosmtpd ---------------------------------------------------


def trustme_files(folder: Path) -> None:
    ca = trustme.CA()
    certificate = ca.issue_cert("localhost")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")
    for blob in certificate.cert_chain_pems[1:]:
        blob.write_to_path(folder / "server.pem", append=True)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")


def tlsmith_files(folder: Path) -> None:
    ca = tlsmith.CA()
    certificate = ca.issue("localhost")
    ca.write_root(folder / "ca.pem")
    certificate.key_pem.write(folder / "server.key")
    certificate.chain_pem.write(folder / "server.pem")
    certificate.combined_pem.write(folder / "both.pem")


def trustme_encrypted(folder: Path) -> None:
    certificate = trustme.CA().issue_cert("localhost")
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"letmein"),
    )
    (folder / "server.key").write_bytes(encrypted)
    certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")


def tlsmith_encrypted(folder: Path) -> None:
    certificate = tlsmith.CA().issue("localhost")
    certificate.encrypted_key_pem("letmein").write(folder / "server.key")
    certificate.pem.write(folder / "server.pem")


@pytest.mark.parametrize("make", [trustme_files, tlsmith_files])
def test_files(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path)
    client = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    for files in (["server.pem", "server.key"], ["both.pem"]):
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(*(tmp_path / name for name in files))
        assert handshake(client, server)


@pytest.mark.parametrize("make", [trustme_encrypted, tlsmith_encrypted])
def test_encrypted_keys(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path)
    files = (tmp_path / "server.pem", tmp_path / "server.key")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with pytest.raises(ssl.SSLError):
        server.load_cert_chain(*files, password="wrong")
    server.load_cert_chain(*files, password="letmein")


# requests, which takes a path -------------------------------------------------------


def trustme_requests(serve: Callable[[ssl.SSLContext], str]) -> int:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    with ca.cert_pem.tempfile() as path:
        status: int = requests.get(serve(context), verify=path, timeout=9).status_code
        return status


def tlsmith_requests(serve: Callable[[ssl.SSLContext], str]) -> int:
    ca = tlsmith.CA()
    context = ca.issue("localhost").server_context()
    with ca.root_pem.tempfile() as path:
        return requests.get(serve(context), verify=path, timeout=9).status_code


# httpx, which takes a context -------------------------------------------------------


def trustme_httpx(serve: Callable[[ssl.SSLContext], str]) -> int:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    status: int = httpx.get(serve(context), verify=client).status_code
    return status


def tlsmith_httpx(serve: Callable[[ssl.SSLContext], str]) -> int:
    ca = tlsmith.CA()
    context = ca.issue("localhost").server_context()
    status: int = httpx.get(serve(context), verify=ca.client_context()).status_code
    return status


@pytest.fixture
def serve() -> Iterator[Callable[[ssl.SSLContext], str]]:
    """Serves HTTPS with a context, and returns the URL."""
    servers = []

    def start(context: ssl.SSLContext) -> str:
        running = tlsmith.serve(context)
        servers.append(running)
        return running.__enter__().url

    yield start
    for running in servers:
        running.__exit__(None, None, None)


@pytest.mark.parametrize(
    "fetch", [trustme_requests, tlsmith_requests, trustme_httpx, tlsmith_httpx]
)
def test_http_clients(
    fetch: Callable[..., int], serve: Callable[[ssl.SSLContext], str]
) -> None:
    assert fetch(serve) == 200


# aiohttp, server and client -----------------------------------------------------------


async def trustme_aiohttp(fetch: Callable[..., Any]) -> int:
    ca = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    status: int = await fetch(server, client)
    return status


async def tlsmith_aiohttp(fetch: Callable[..., Any]) -> int:
    ca = tlsmith.CA()
    server = ca.issue("localhost", "127.0.0.1").server_context()
    status: int = await fetch(server, ca.client_context())
    return status


async def _fetch_with_aiohttp(server: ssl.SSLContext, client: ssl.SSLContext) -> int:
    async def answer(_: object) -> Any:
        return aiohttp_web.Response(text="hello")

    app = aiohttp_web.Application()
    app.router.add_get("/", answer)
    runner = aiohttp_web.AppRunner(app)
    await runner.setup()
    try:
        site = aiohttp_web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server)
        await site.start()
        port = runner.addresses[0][1]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"https://127.0.0.1:{port}/", ssl=client) as response,
        ):
            status: int = response.status
            return status
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("make", [trustme_aiohttp, tlsmith_aiohttp])
def test_aiohttp(make: Callable[..., Any]) -> None:
    assert asyncio.run(make(_fetch_with_aiohttp)) == 200


# pyOpenSSL ------------------------------------------------------------------------


def trustme_pyopenssl() -> tuple[SSL.Context, SSL.Context]:
    ca = trustme.CA()
    server = SSL.Context(SSL.TLS_METHOD)
    ca.issue_cert("localhost").configure_cert(server)
    client = SSL.Context(SSL.TLS_METHOD)
    ca.configure_trust(client)
    return server, client


def tlsmith_pyopenssl() -> tuple[SSL.Context, SSL.Context]:
    ca = tlsmith.CA()
    server = SSL.Context(SSL.TLS_METHOD)
    ca.issue("localhost").configure(server)
    client = SSL.Context(SSL.TLS_METHOD)
    ca.trust(client)
    return server, client


@pytest.mark.parametrize("make", [trustme_pyopenssl, tlsmith_pyopenssl])
def test_pyopenssl(make: Callable[[], tuple[SSL.Context, SSL.Context]]) -> None:
    server_context, client_context = make()
    client_context.set_verify(SSL.VERIFY_PEER)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = SSL.Connection(server_context, theirs)
        server.set_accept_state()
        thread = threading.Thread(target=server.do_handshake)
        thread.start()
        client = SSL.Connection(client_context, ours)
        client.set_tlsext_host_name(b"localhost")
        client.set_connect_state()
        client.do_handshake()
        thread.join()
        assert client.get_peer_certificate(as_cryptography=True) is not None


# Fixtures: httpx, websockets, pytest-httpserver -------------------------------------

TRUSTME_CONFTEST = """
import ssl
import pytest
import trustme

@pytest.fixture(scope="session")
def ca():
    return trustme.CA()

@pytest.fixture(scope="session")
def certificate(ca):
    return ca.issue_cert("localhost", "127.0.0.1", "::1")

@pytest.fixture(scope="session")
def root_file(ca):
    with ca.cert_pem.tempfile() as path:
        yield path

@pytest.fixture(scope="session")
def httpserver_ssl_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context

@pytest.fixture
def client_context(ca):
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context
"""
TLSMITH_CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def httpserver_ssl_context(tls_certificate):
    return tls_certificate.server_context()
"""
_TEST_OF_A_CLIENT = """
import urllib.request
import pytest
import requests

def test_a_client(httpserver, {context}):
    httpserver.expect_request("/").respond_with_data("hello")
    with urllib.request.urlopen(httpserver.url_for("/"), context={context}) as answer:
        assert answer.read() == b"hello"

def test_one_that_takes_a_path(httpserver, {root}):
    httpserver.expect_request("/").respond_with_data("hello")
    assert requests.get(httpserver.url_for("/"), verify=str({root})).text == "hello"

def test_one_that_knows_nothing_refuses(httpserver):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(httpserver.url_for("/"))
"""


@pytest.mark.parametrize("library", ["trustme", "tlsmith"])
def test_fixtures_for_pytest_httpserver(
    library: str, pytester: pytest.Pytester
) -> None:
    pytest.importorskip("pytest_httpserver", reason="of the extra named test")
    conftest, context, root = {
        "trustme": (TRUSTME_CONFTEST, "client_context", "root_file"),
        "tlsmith": (TLSMITH_CONFTEST, "tls_client_context", "tls_root_file"),
    }[library]
    pytester.makeconftest(conftest)
    pytester.makepyfile(_TEST_OF_A_CLIENT.format(context=context, root=root))
    run = pytester.runpytest_subprocess("-W", "ignore", "-n0")
    run.assert_outcomes(passed=3)


# Lines ----------------------------------------------------------------------------


def _lines(function: Callable[..., Any]) -> int:
    """Return the lines of its body, however they are broken."""
    (parsed,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(parsed, ast.FunctionDef | ast.AsyncFunctionDef)
    return sum(len(ast.unparse(one).splitlines()) for one in parsed.body)


TASKS = sorted(
    name.removeprefix("trustme_") for name in globals() if name.startswith("trustme_")
)


@pytest.mark.parametrize("task", TASKS)
def test_it_takes_no_more_lines(task: str) -> None:
    ours, theirs = globals()[f"tlsmith_{task}"], globals()[f"trustme_{task}"]
    assert 0 < _lines(ours) <= _lines(theirs)


def test_fixtures_take_no_more_lines() -> None:
    ours, theirs = (
        sum(bool(line.strip()) for line in text.splitlines())
        for text in (TLSMITH_CONFTEST, TRUSTME_CONFTEST)
    )
    assert 0 < ours < theirs


def test_every_task_is_there() -> None:
    assert len(TASKS) == 12
