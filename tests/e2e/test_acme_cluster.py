"""ACME on several replicas and workers: any of them answers, any may be killed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import postgres
from acme_account import Account, Order
from acme_csrs import csr
from acme_site import Site
from acme_wire import Answer, Wire
from interop.tools import needs
from serving_ca import Replica, ServedCA, free_port
from tlsmith.authority.audit_check import check_audit
from tlsmith.storage import open_storage
from tlsmith.storage.acme.orders import latest_orders
from tlsmith.storage.certificates import by_id

pytestmark = pytest.mark.slow

_PATIENCE = 40
KILLS = int(os.environ.get("TLSMITH_ACME_KILLS", "4"))


class Restless(Wire):
    """Asks by a new connection each time: whichever replica or worker is next."""

    def _exchange(
        self, method: str, url: str, path: str, body: bytes | None, headers: Any
    ) -> Answer:
        try:
            return super()._exchange(method, url, path, body, headers)
        finally:
            self._close()


class Direct(Wire):
    """Asks one replica for what all have in common."""

    def __init__(self, directory_url: str, root: str, port: int) -> None:
        self._port = port
        super().__init__(directory_url, root)

    def _connection(self) -> http.client.HTTPSConnection:
        found: http.client.HTTPSConnection | None
        if (found := getattr(self._connections, "one", None)) is None:
            found = http.client.HTTPSConnection(
                "localhost", self._port, timeout=30, context=self._context
            )
            self._connections.one = found
            self._opened.append(found)
        return found


class Cluster(NamedTuple):
    """Replicas behind a load balancer, or workers behind one port."""

    ca: ServedCA
    replicas: list[Replica]
    site: Any
    base: str
    wires: list[Wire]

    def wire(self, replica: Replica | None = None) -> Wire:
        """The way to one replica, or to whichever is next."""
        place = f"{self.base}/acme/directory", self.ca.path("root.pem")
        made: Wire
        if replica is None:
            made = Restless(*place)
        else:
            made = Direct(*place, replica.https_port)
        self.wires.append(made)
        return made

    def close(self) -> None:
        for wire in self.wires:
            wire.close()

    def account(self) -> Account:
        return Account.registered(self.wire(), self.site)

    def at(self, account: Account, replica: Replica) -> Account:
        """The same account, which asks one replica alone."""
        return Account(self.wire(replica), self.site, account.key, account.url)


class SlowSite:
    """A host that answers a challenge when it is let to."""

    def __init__(self, names: Site) -> None:
        self.resolver = names.resolver
        self.answers = threading.Event()
        self.asked = threading.Event()
        self.thumbprint = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.set()
                if not site.answers.wait(_PATIENCE):
                    return
                token = self.path.rpartition("/")[2]
                body = f"{token}.{site.thumbprint}".encode()
                with contextlib.suppress(OSError):  # who asked may be dead by now
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._web.daemon_threads = True
        threading.Thread(target=self._web.serve_forever, args=[0.05]).start()
        self.http_port = int(self._web.server_address[1])

    def close(self) -> None:
        self.answers.set()
        self._web.shutdown()
        self._web.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def slow_site(site: Site) -> Iterator[SlowSite]:
    made = SlowSite(site)
    yield made
    made.close()


def options(ca: ServedCA, site: Any, base: str) -> list[str]:
    """What every replica is started with."""
    config = ca.folder / "serve.toml"
    config.write_text(f'base_url = "{base}"\n[acme]\ntimeout = "2s"\n')
    return [
        *("--config", str(config)),
        *("--acme-http-port", str(site.http_port)),
        *("--acme-allow", "127.0.0.0/8"),
        *("--acme-resolver", site.resolver),
    ]


@contextlib.contextmanager
def balanced(folder: Path, port: int, replicas: list[Replica]) -> Iterator[None]:
    """Run HAProxy before replicas: each connection goes to the next."""
    needs("haproxy")
    servers = "\n".join(
        f"    server r{number} 127.0.0.1:{one.https_port} check inter 100ms fall 1"
        for number, one in enumerate(replicas)
    )
    (folder / "haproxy.cfg").write_text(
        f"""
defaults
    mode tcp
    option redispatch
    retries 3
    timeout client 30s
    timeout server 30s
    timeout connect 5s
listen acme
    bind 127.0.0.1:{port}
    balance roundrobin
{servers}
"""
    )
    server = subprocess.Popen(
        ["haproxy", "-f", f"{folder}/haproxy.cfg"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 5).close()
                break
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def two_replicas(folder: Path, server: postgres.Server, site: Any) -> Iterator[Cluster]:
    """Serve by two replicas on PostgreSQL."""
    ca = ServedCA(folder, server.new_database())
    ca.init()
    port = free_port()
    base = f"https://localhost:{port}"
    more = options(ca, site, base)
    with (
        ca.served(*more) as one,
        ca.served(*more, http_port=free_port()) as other,
        balanced(folder, port, [one, other]),
    ):
        with contextlib.closing(Cluster(ca, [one, other], site, base, [])) as cluster:
            cluster.wire()
            yield cluster
        for replica in (one, other):
            assert "Traceback" not in replica.log(), replica.log()


@contextlib.contextmanager
def two_workers(folder: Path, site: Any) -> Iterator[Cluster]:
    """Serve by two workers on SQLite."""
    ca = ServedCA(folder)
    ca.init()
    replica = Replica(ca, (), ca.http_port)
    more = [*options(ca, site, replica.url), "--workers", "2"]
    replica._more = more
    try:
        replica.start()
        with contextlib.closing(
            Cluster(ca, [replica], site, replica.url, [])
        ) as cluster:
            yield cluster
        assert "Traceback" not in replica.log(), replica.log()
    finally:
        replica.kill()


@pytest.fixture(params=["workers", "replicas"])
def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, site: Site
) -> Iterator[Cluster]:
    if request.param == "workers":
        with two_workers(tmp_path, site) as made:
            yield made
        return
    server: postgres.Server = request.getfixturevalue("durable_postgres")
    with two_replicas(tmp_path, server, site) as made:
        yield made


def test_any_request_goes_anywhere(cluster: Cluster) -> None:
    """Orders of several accounts at once, each request to the next replica."""

    def orders(number: int) -> list[str]:
        account = cluster.account()
        made = [account.issued(f"{number}-{one}.test") for one in range(5)]
        return [one.chain for one in made]

    with ThreadPoolExecutor(4) as threads:
        chains = [chain for some in threads.map(orders, range(4)) for chain in some]
    assert len(set(chains)) == 20
    assert len(issued_for(cluster)) == 20


def test_a_nonce_is_used_once_wherever(cluster: Cluster) -> None:
    account = cluster.account()
    for _ in range(6):
        nonce = account.wire.fresh()
        answers = [account.post(account.url, None, nonce=nonce) for _ in range(4)]
        assert [one.status for one in answers] == [200, 400, 400, 400]
        assert {one.type for one in answers[1:]} == {"badNonce"}


def test_a_nonce_of_one_replica_is_redeemed_at_the_other_and_at_none_again(
    tmp_path: Path, durable_postgres: postgres.Server, site: Site
) -> None:
    with two_replicas(tmp_path, durable_postgres, site) as cluster:
        account = cluster.account()
        one, other = (cluster.at(account, each) for each in cluster.replicas)
        nonce = one.wire.fresh()
        assert other.post(account.url, None, nonce=nonce).status == 200
        for each in (one, other):
            answer = each.post(account.url, None, nonce=nonce)
            assert (answer.status, answer.type) == (400, "badNonce")
        # A replica that starts anew knows it, too, and what it gave out still holds.
        again, kept = cluster.replicas[1], other.wire.fresh()
        again.kill()
        again.start()
        other = cluster.at(account, again)
        assert other.post(account.url, None, nonce=nonce).type == "badNonce"
        assert one.post(account.url, None, nonce=kept).status == 200
        assert other.post(account.url, None, nonce=kept).type == "badNonce"


def test_a_database_that_hangs_holds_up_acme_alone(
    tmp_path: Path, durable_postgres: postgres.Server, site: Site
) -> None:
    with two_replicas(tmp_path, durable_postgres, site) as cluster:
        replica = cluster.replicas[0]
        account = cluster.at(cluster.account(), replica)
        account.issued("before.test")
        ca = cluster.ca
        facts = ca.works("ca", "show", "--store", ca.store, "--json").facts
        crl = f"http://127.0.0.1:{replica.http_port}/crl/{facts[-1]['slug']}.crl"
        with urllib.request.urlopen(crl, timeout=5) as response:
            assert response.read()
        waits = []
        with ThreadPoolExecutor(4) as threads:
            with durable_postgres.hanging():
                asked = [
                    threads.submit(account.order, f"{one}.test") for one in range(4)
                ]
                for _ in range(12):
                    begun = time.monotonic()
                    with urllib.request.urlopen(crl, timeout=5) as response:
                        assert response.read()
                    waits.append(time.monotonic() - begun)
                    time.sleep(0.2)
            for one in asked:
                one.exception(_PATIENCE)
        # The event loop waits once for a moment, and then no more.
        assert sum(waits) < 6
        account.issued("after.test")


def begin_and_kill(cluster: Cluster) -> tuple[Account, Order, dict[str, Any]]:
    """Have a replica validate, and kill it at that; return what the other is asked."""
    account = cluster.account()
    cluster.site.thumbprint = account.key.thumbprint
    first, second = cluster.replicas
    one, other = cluster.at(account, first), cluster.at(account, second)
    order = one.order("slow.test")
    challenge = one.challenge(order.start["authorizations"][0])
    answer = one.post(challenge["url"], {})
    assert answer.json["status"] == "processing", answer
    assert cluster.site.asked.is_set()
    first.kill()
    cluster.site.answers.set()
    return other, Order(other, order.url, order.start, order.names), challenge


def test_a_replica_killed_at_a_validation_is_taken_over_from(
    tmp_path: Path, durable_postgres: postgres.Server, slow_site: SlowSite
) -> None:
    with two_replicas(tmp_path, durable_postgres, slow_site) as cluster:
        other, order, _ = begin_and_kill(cluster)
        assert order.now["status"] == "pending"
        deadline = time.monotonic() + _PATIENCE
        while order.now["status"] == "pending" and time.monotonic() < deadline:
            time.sleep(0.2)
        assert order.now["status"] == "ready"
        assert order.finalize(csr("slow.test")).status == 200
        assert order.now["status"] == "valid"
        assert other.post(order.now["certificate"]).status == 200


def test_asked_again_the_other_validates_at_once(
    tmp_path: Path, durable_postgres: postgres.Server, slow_site: SlowSite
) -> None:
    with two_replicas(tmp_path, durable_postgres, slow_site) as cluster:
        other, order, challenge = begin_and_kill(cluster)
        began = time.monotonic()
        answer = other.post(challenge["url"], {})
        assert answer.json["status"] == "valid", answer
        assert time.monotonic() - began < 2
        assert order.now["status"] == "ready"


class Told:
    """What clients were told that a kill may not undo."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.valid: list[str] = []
        self.lock = threading.Lock()


def work_until(cluster: Cluster, over: threading.Event, told: Told, who: int) -> None:
    """Order and finalize over and over, whoever is killed meanwhile."""
    account = cluster.account()
    number = 0
    while not over.is_set():
        number += 1
        with contextlib.suppress(
            OSError, http.client.HTTPException, AssertionError, json.JSONDecodeError
        ):
            order = account.ready(f"{who}-{number}.test")
            with told.lock:
                told.made.append(order.url)
            answer = order.finalize(csr(f"{who}-{number}.test"))
            if answer.status == 200 and answer.json["status"] == "valid":
                with told.lock:
                    told.valid.append(order.url)


def issued_for(cluster: Cluster) -> Counter[str]:
    """How many certificates each order got, as the audit log has it."""
    with (
        contextlib.closing(open_storage(cluster.ca.store)) as storage,
        storage.read() as connection,
    ):
        rows = connection.all(
            "SELECT detail FROM audit WHERE action = 'certificate.issue'"
        )
        checked = check_audit(connection)
    assert checked.faults == ()
    details = [json.loads(row[0]) for row in rows]
    return Counter(one["order"] for one in details if "order" in one)


# http.client leaves the socket of a handshake that is cut off to the collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_kills_lose_nothing_that_was_told_and_issue_nothing_twice(
    cluster: Cluster,
) -> None:
    told, over = Told(), threading.Event()
    workers = [
        threading.Thread(target=work_until, args=(cluster, over, told, who))
        for who in range(4)
    ]
    for worker in workers:
        worker.start()
    try:
        for kill in range(KILLS):
            before = len(told.valid)
            deadline = time.monotonic() + _PATIENCE
            while len(told.valid) < before + 4:
                assert time.monotonic() < deadline, "nothing is issued any more"
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.1))  # noqa: S311 -- an instant, no secret
            replica = cluster.replicas[kill % len(cluster.replicas)]
            replica.kill()
            replica.start()
    finally:
        over.set()
        for worker in workers:
            worker.join(_PATIENCE)
    assert len(told.valid) >= 4 * KILLS
    hold_against_the_store(cluster, told)


def hold_against_the_store(cluster: Cluster, told: Told) -> None:
    issued = issued_for(cluster)
    assert set(issued.values()) == {1}
    with (
        contextlib.closing(open_storage(cluster.ca.store)) as storage,
        storage.read() as connection,
    ):
        orders = {one.id: one for one in latest_orders(connection, limit=100_000)}
        for url in told.valid:
            order = orders[url.rpartition("/")[2]]
            assert order.status == "valid"
            record = by_id(connection, order.certificate_id or 0)
            assert record.names == tuple(value for _, value in order.identifiers)
            assert record.requester == f"acme:{order.account_id}"
    # Every certificate is some order's, and every valid order has one.
    valid = {one.id for one in orders.values() if one.status == "valid"}
    assert set(issued) == valid
    certificates = [one.certificate_id for one in orders.values() if one.id in valid]
    assert len(set(certificates)) == len(certificates)
