"""A PostgreSQL that says nothing any more, as in a failover: OCSP goes on meanwhile."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import pytest
from cryptography import x509

import postgres
from serving_ca import ServedCA
from stalling import StallingProxy, stalling_proxy
from tlsmith.core.ocsp import encode_ocsp_request, make_cert_id
from tlsmith.core.view import view_certificate

pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture
def address() -> Iterator[str]:
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL's server is not installed")
    with postgres.server() as running:
        yield running.new_database()


def through(address: str, proxy: StallingProxy) -> str:
    """The address of a store, behind a proxy."""
    parts = urlsplit(address)
    user = parts.netloc.rpartition("@")[0]
    netloc = f"{user}@127.0.0.1:{proxy.port}" if user else f"127.0.0.1:{proxy.port}"
    return urlunsplit(parts._replace(netloc=netloc))


def path_of(ca: ServedCA, stem: str) -> str:
    leaf, issuer = x509.load_pem_x509_certificates(
        Path(ca.path(f"{stem}.pem")).read_bytes()
    )[:2]
    from cryptography.hazmat.primitives.serialization import Encoding

    view = view_certificate(issuer.public_bytes(Encoding.DER))
    request = encode_ocsp_request([make_cert_id(view, leaf.serial_number)])
    return "/ocsp/" + quote(base64.b64encode(request).decode(), safe="")


def test_a_stalled_store_stops_no_status(address: str, tmp_path: Path) -> None:
    port = urlsplit(address).port
    assert port is not None
    with stalling_proxy(port) as proxy:
        ca = ServedCA(tmp_path, through(address, proxy))
        ca.init()
        ca.issue("web", "web.test")
        path = path_of(ca, "web")
        with (
            ca.served() as replica,
            httpx.Client(
                base_url=f"http://127.0.0.1:{replica.http_port}", timeout=30
            ) as client,
        ):
            assert len(client.get(path).content) > 100
            proxy.stall()
            waits = []
            end = time.monotonic() + 12
            while time.monotonic() < end:
                for asked in (path, "/healthz"):
                    begun = time.monotonic()
                    answer = client.get(asked)
                    waits.append(time.monotonic() - begun)
                    assert answer.status_code == 200
                assert len(client.get(path).content) > 100
                time.sleep(0.1)
            assert max(waits) < 2, sorted(waits)[-5:]
            proxy.go_on()
            deadline = time.monotonic() + 30
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < deadline, replica.log()
                time.sleep(0.2)
            assert replica.stop() == 0
