"""Fixtures for tests of TLS clients and servers; `-p no:tlsmith` leaves them out.

Nothing of tlsmith is imported before a test asks for a fixture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import ssl
    from http.server import BaseHTTPRequestHandler

    import tlsmith

# As tlsmith.BAD_KINDS, which would have to be imported.
_BAD_KINDS = (
    "expired",
    "not_yet_valid",
    "wrong_host",
    "untrusted",
    "self_signed",
    "revoked",
    "missing_intermediate",
    "wrong_usage",
    "bad_signature",
    "common_name_only",
)


@pytest.fixture(scope="session")
def tls_names() -> tuple[str, ...]:
    """Names of the server: localhost, 127.0.0.1, ::1. Override it for others."""
    return ("localhost", "127.0.0.1", "::1")


@pytest.fixture(scope="session")
def tls_ca() -> tlsmith.CA:
    """A CA in memory (tlsmith.CA), the same for the whole session."""
    import tlsmith

    return tlsmith.CA()


@pytest.fixture(scope="session")
def tls_certificate(
    tls_ca: tlsmith.CA, tls_names: tuple[str, ...]
) -> tlsmith.Certificate:
    """A certificate of tls_ca for tls_names, with its key."""
    return tls_ca.issue(*tls_names)


@pytest.fixture(scope="session")
def tls_client_certificate(tls_ca: tlsmith.CA) -> tlsmith.Certificate:
    """A client's certificate of tls_ca, with its key."""
    return tls_ca.issue("client.test", client=True)


@pytest.fixture(scope="session")
def tls_root_file(tls_ca: tlsmith.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of tls_ca in a PEM file, for clients that take no context."""
    return tls_ca.write_root(tmp_path_factory.mktemp("tlsmith") / "root.pem")


@pytest.fixture
def tls_server_context(tls_certificate: tlsmith.Certificate) -> ssl.SSLContext:
    """A new ssl.SSLContext for a server that presents tls_certificate."""
    return tls_certificate.server_context()


@pytest.fixture
def tls_client_context(tls_ca: tlsmith.CA) -> ssl.SSLContext:
    """A new ssl.SSLContext for a client that trusts tls_ca, and nothing else."""
    return tls_ca.client_context()


@pytest.fixture(scope="session")
def tls_bad_certificates(tls_ca: tlsmith.CA) -> tlsmith.BadCertificates:
    """Makes what clients must refuse: tls_bad_certificates.expired() and its kin."""
    return tls_ca.bad


@pytest.fixture(params=_BAD_KINDS)
def tls_bad_certificate(
    request: pytest.FixtureRequest,
    tls_bad_certificates: tlsmith.BadCertificates,
    tls_names: tuple[str, ...],
) -> tlsmith.BadCertificate:
    """What clients must refuse: the test runs once for each kind of it."""
    return tls_bad_certificates.make(request.param, *tls_names)


@pytest.fixture
def tls_serve() -> Iterator[Callable[..., tlsmith.Server]]:
    """Serves HTTPS until the test ends: tls_serve(certificate or context)."""
    from tlsmith.api.serving import Answering, serve

    with contextlib.ExitStack() as stack:

        def start(
            certificate: tlsmith.Certificate | ssl.SSLContext,
            handler: type[BaseHTTPRequestHandler] = Answering,
        ) -> tlsmith.Server:
            return stack.enter_context(serve(certificate, handler))

        yield start


@pytest.fixture
def tls_server(
    tls_serve: Callable[..., Any], tls_server_context: ssl.SSLContext
) -> tlsmith.Server:
    """An HTTPS server at localhost, on a port that was free: tls_server.url."""
    server: tlsmith.Server = tls_serve(tls_server_context)
    return server
