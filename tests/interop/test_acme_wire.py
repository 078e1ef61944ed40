"""The torture suite's client, tried on Pebble: or its mistakes were our server's."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acme_account import Account, post
from acme_csrs import csr
from acme_jose import Signer, b64, flattened
from acme_site import Site
from acme_wire import Answer, Wire
from serving_ca import free_port
from tlsmith import CA

pytestmark = pytest.mark.interop


class PebbleWire(Wire):
    """A wire to a server that need not answer as ours does."""

    def check(self, answer: Answer) -> None:
        """Let be."""


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account of a running Pebble."""
    if shutil.which("pebble") is None:
        pytest.skip("pebble is not installed")
    folder = tmp_path_factory.mktemp("pebble")
    with (
        contextlib.closing(Site()) as site,
        _running(folder, site) as url,
        contextlib.closing(PebbleWire(url, str(folder / "root.pem"))) as wire,
    ):
        yield Account.registered(wire, site)


@contextlib.contextmanager
def _running(folder: Path, site: Site) -> Iterator[str]:
    _own_certificate(folder)
    ports = free_port(), free_port()
    settings = {
        "listenAddress": f"127.0.0.1:{ports[0]}",
        "managementListenAddress": f"127.0.0.1:{ports[1]}",
        "certificate": str(folder / "cert.pem"),
        "privateKey": str(folder / "key.pem"),
        "httpPort": site.http_port,
        "tlsPort": free_port(),
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    # No waiting, and no nonce refused for exercise.
    hurry = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            ["pebble", "-config", folder / "pebble.json", "-dnsserver", site.resolver],
            env=os.environ | hurry,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(ports[0])
        yield f"https://localhost:{ports[0]}/dir"
    finally:
        running.kill()
        running.wait()


def _own_certificate(folder: Path) -> None:
    ca = CA()
    made = ca.issue("localhost")
    ca.root_pem.write(folder / "root.pem")
    made.chain_pem.write(folder / "cert.pem")
    made.key_pem.write(folder / "key.pem")


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return
        time.sleep(0.05)
    raise AssertionError("pebble does not listen")


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "RS256"])
def test_it_signs_as_another_server_verifies(pebble: Account, alg: str) -> None:
    account = Account.registered(pebble.wire, pebble.site, Signer(alg))
    order = account.issued("a.test", "*.b.test", "127.0.0.1")
    assert len(order.chain) > 500


def test_it_revokes_by_account_and_by_key(pebble: Account) -> None:
    key = Signer()
    url = pebble.wire.url("revokeCert")
    by_account = pebble.issued("c.test").der
    answer = pebble.post(url, {"certificate": b64(by_account), "reason": 1})
    assert answer.status == 200, answer
    order = pebble.ready("d.test")
    assert order.finalize(csr("d.test", key=key.key)).status == 200
    order.settled()
    answer = post(pebble.wire, key, url, {"certificate": b64(order.der)})
    assert answer.status == 200, answer


def test_it_gives_an_account_another_key(pebble: Account) -> None:
    account = Account.registered(pebble.wire, pebble.site)
    new, url = Signer("ES384"), pebble.wire.url("keyChange")
    change = {"account": account.url, "oldKey": account.key.jwk}
    header = {"alg": new.alg, "jwk": new.jwk, "url": url}
    inner = flattened(header, json.dumps(change).encode(), new)
    assert account.post(url, inner).status == 200
    account.key = new
    assert account.get(account.url)["status"] == "valid"


def test_it_finds_out_what_is_wrong(pebble: Account) -> None:
    wire = pebble.wire
    nonce = wire.fresh()
    assert pebble.post(pebble.url, nonce=nonce).status == 200
    again = pebble.post(pebble.url, nonce=nonce)
    assert (again.status, again.type) == (400, "badNonce")
    other = pebble.post(pebble.url, signer=Signer())
    assert (other.status, other.type) == (400, "malformed")
    order = pebble.order("e.test")
    failed = pebble.fail(order.start["authorizations"][0])
    assert failed["status"] == "invalid"
    early = order.finalize(csr("e.test"))
    assert (early.status, early.type) == (403, "orderNotReady")
    deactivated = pebble.ready("f.test").start["authorizations"][0]
    answer = pebble.post(deactivated, {"status": "deactivated"})
    assert answer.json["status"] == "deactivated"
