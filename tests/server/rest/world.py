"""A real CA in a SQLite store, served over real TLS on a free port, in this process."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tlsmith.authority.access import Scope, create_token
from tlsmith.authority.actor import Actor
from tlsmith.authority.creation import NewSigner, create_ca, store_ca
from tlsmith.authority.issued import Issued
from tlsmith.authority.observer import Observer
from tlsmith.authority.plan import CAPlan, PublicationURLs
from tlsmith.authority.service import Authority
from tlsmith.authority.wanted import Wanted
from tlsmith.core.csr import encode_request
from tlsmith.core.formats import encode_chain, encode_pem, encode_private_key
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.subject import subject_for
from tlsmith.server.app import Application
from tlsmith.server.certificate import OwnTLS
from tlsmith.server.dashboard.site import dashboard_routes
from tlsmith.server.envelope import Envelope
from tlsmith.server.metrics import Metrics
from tlsmith.server.ports import OwnCertificate
from tlsmith.server.process import loop_factory
from tlsmith.server.rate import RateLimit
from tlsmith.server.rest import rest_routes
from tlsmith.server.secure import SecureSide
from tlsmith.server.settings import LimitSettings, TLSSettings
from tlsmith.server.tls import TLSConnection, TLSPatience
from tlsmith.signers import create_key
from tlsmith.storage import open_storage

PASSPHRASE = b"correct horse"
ROOT = Actor("cli:root")
ROLES = ("viewer", "issuer", "operator", "administrator")
BASE = "/api/v1"


def make_ca(url: str, observer: Observer | None = None) -> Authority:
    """Make a CA in a new store, and open it."""
    now = datetime.now(UTC).replace(microsecond=0)
    storage = open_storage(url, create=True)
    made = create_key("store:", "p256", PASSPHRASE)
    plan = CAPlan("Test", urls=PublicationURLs.below("http://ca.test:8080"))
    created = create_ca(
        plan,
        generate_private_key("p256"),
        NewSigner(made.signer.uri, made.signer, made.material),
        now,
    )
    store_ca(storage, created, "", ROOT, now)
    authority = Authority(storage, lambda: PASSPHRASE, observer=observer)
    authority.refresh_crls()
    return authority


class Served:
    """A CA and where it is served."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.authority = authority
        self.folder = folder
        self.port = 0
        root = authority.issuers.records()[0].certificate
        assert root is not None
        self.root = folder / "root.pem"
        self.root.write_bytes(encode_chain([root]))
        self.tokens = {role: self.token(role, role) for role in ROLES}
        self._clients: list[httpx.Client] = []

    def token(
        self,
        name: str,
        role: str,
        profiles: Sequence[str] = (),
        names: Sequence[str] = (),
        expires_at: datetime | None = None,
    ) -> str:
        """Make a token."""
        scope = Scope(role, tuple(profiles), tuple(names))
        now = self.authority.clock()
        if expires_at is not None:
            now = min(now, expires_at - timedelta(seconds=1))
        token, _ = self.authority.writer.submit(
            lambda tx: create_token(tx, name, scope, ROOT, now, expires_at=expires_at)
        )
        return token

    def client(
        self,
        role: str | None = None,
        *,
        token: str | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> httpx.Client:
        """A client with the token of a role, or with what is given."""
        context = ssl.create_default_context(cafile=str(self.root))
        if certificate is not None:
            context.load_cert_chain(*certificate)
        value = self.tokens[role] if role is not None else token
        client = httpx.Client(
            base_url=f"https://localhost:{self.port}{BASE}",
            verify=context,
            headers={} if value is None else {"authorization": f"Bearer {value}"},
            timeout=30,
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()

    def issue(self, *names: str, profile: str = "server", **more: Any) -> Issued:
        """Issue a certificate without HTTP."""
        key = generate_private_key("p256")
        wanted = Wanted(parse_names(names), key.public_key(), profile, **more)
        return self.authority.issue(wanted, ROOT)

    def client_certificate(self, name: str) -> tuple[Path, Path, Issued]:
        """Issue a client's certificate; return its files."""
        key = generate_private_key("p256")
        wanted = Wanted(parse_names([name]), key.public_key(), "client")
        issued = self.authority.issue(wanted, ROOT)
        cert_file, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        cert_file.write_bytes(encode_chain(issued.chain))
        key_file.write_bytes(encode_private_key(key))
        return cert_file, key_file, issued

    def audited(self, action: str) -> list[Any]:
        """The audit records of an action."""
        from tlsmith.storage.audit import records

        with self.authority.storage.read() as connection:
            return [one for one in records(connection) if one.action == action]


class Made(NamedTuple):
    """A CSR and its key."""

    pem: str
    key: Any


def csr(*names: str, kind: str = "p256") -> Made:
    """A CSR for names."""
    key = generate_private_key(kind)
    parsed = parse_names(names)
    request = encode_request(parsed, key, subject=subject_for(parsed))
    return Made(encode_pem("CERTIFICATE REQUEST", request).decode(), key)


def first_certificate(chain: str) -> x509.Certificate:
    """The end entity of a chain."""
    return x509.load_pem_x509_certificates(chain.encode())[0]


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


@contextmanager
def serving(
    authority: Authority, folder: Path, failures: int = 1000
) -> Iterator[Served]:
    """Serve a CA until the block ends."""
    served = Served(authority, folder)
    server = _Server(served, failures)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.began.wait(30)
        assert server.error is None, server.error
        yield served
    finally:
        served.close()
        server.stop()
        thread.join(30)


class _Server:
    def __init__(self, served: Served, failures: int) -> None:
        self._served = served
        self._failures = RateLimit(failures)
        self.began = threading.Event()
        self.error: BaseException | None = None
        # As a worker has it; besides, Python's own leaves a socket open whose
        # connection came in the moment the server ended.
        self._loop = (loop_factory() or asyncio.new_event_loop)()
        self._end = asyncio.Event()

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            self.error = error
            self.began.set()
        finally:
            self._loop.close()

    def stop(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)

    async def _main(self) -> None:
        from uvicorn import Config

        served = self._served
        rest = rest_routes(served.authority, self._failures)
        routes = [*rest, *dashboard_routes(served.authority, self._failures)]
        limits = LimitSettings()
        app = Envelope(Application(routes), Metrics(), limits)
        config = Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
        )
        config.load()
        side = SecureSide(config, limits)
        root = served.root.read_bytes()
        tls = OwnTLS(TLSSettings(), root, lambda: _own(served))
        patience = TLSPatience(10, 1)
        accepted: list[TLSConnection] = []

        def accept() -> TLSConnection:
            accepted.append(TLSConnection(tls.context, side.protocol, patience))
            return accepted[-1]

        server = await self._loop.create_server(accept, "127.0.0.1", 0)
        served.port = server.sockets[0].getsockname()[1]
        self.began.set()
        await self._end.wait()
        server.close()
        side.stop()
        while side.connections:
            await asyncio.sleep(0.01)
            for connection in list(side.connections):
                connection.transport.abort()
        # Those that never shook hands are nobody's; the last may just be coming.
        await asyncio.sleep(0.01)
        for one in accepted:
            one.abort()
        await asyncio.sleep(0)
        for route in rest:
            route.app.close()  # type: ignore[attr-defined]


def _own(served: Served) -> OwnCertificate:
    key = generate_private_key("p256")
    wanted = Wanted(parse_names(["localhost"]), key.public_key(), "server")
    issued = served.authority.issue(wanted, ROOT)
    return OwnCertificate(
        encode_chain(issued.chain),
        encode_private_key(key),
        issued.not_before,
        issued.not_after,
    )
