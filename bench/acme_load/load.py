"""Load: clients at work for some seconds, and what was measured meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from .account import Account, encode_base64url
from .client import Client, Directory, Tally, Work
from .loop import Loop
from .responder import name_for

# So long, and a server has not answered anybody, before it is given up.
_STUCK = 3.0
# Not measured, at the beginning: connections, accounts, caches that fill.
WARM = 1.0


Meter = Callable[[], tuple[float, float]]


@dataclass(frozen=True)
class Measured:
    """What clients saw in the seconds that were measured.

    Args:
        server: seconds of CPU of the server, its database included.
        database: of the database alone.
        client: seconds of CPU of the clients and their network.
    """

    orders: int
    seconds: float
    latencies: list[float]
    server: float
    database: float
    client: float
    errors: Counter[str]
    counts: Counter[str]

    @property
    def rate(self) -> float:
        return self.orders / self.seconds

    @property
    def server_each(self) -> float:
        """Milliseconds of the server's CPU an order."""
        return self.server / max(self.orders, 1) * 1e3

    @property
    def database_each(self) -> float:
        return self.database / max(self.orders, 1) * 1e3

    @property
    def client_each(self) -> float:
        return self.client / max(self.orders, 1) * 1e3

    def percentile(self, share: int) -> float:
        """Return the milliseconds that `share` of a hundred orders were done within."""
        if len(self.latencies) < 2:
            return float("nan")
        return statistics.quantiles(self.latencies, n=100)[share - 1] * 1e3


class StuckError(Exception):
    """The server answers nobody any more."""


class Load:
    """Orders for one server, of accounts that the server comes to know."""

    def __init__(
        self, loop: Loop, directory: Directory, accounts: list[Account]
    ) -> None:
        self._loop, self._directory, self._accounts = loop, directory, accounts
        self._numbers = itertools.count()
        self.patience = 0.05

    def run(
        self, clients: int, seconds: float, meter: Meter, expected: int
    ) -> Measured:
        """Place orders, as many as there is time for.

        Args:
            meter: returns the seconds of CPU of the server, and of its database.
            expected: so many orders are prepared before.
        """
        tally = Tally()
        self._stopping = False
        with self._at_work(clients, self._prepared(expected), tally):
            self._pass(WARM, tally)
            before, spent, began = meter(), time.process_time(), time.perf_counter()
            counted = tally.counts.copy()
            self._pass(seconds, tally)
            after, client = meter(), time.process_time() - spent
            ended = time.perf_counter()
            counts = tally.counts - counted
        within = [took for when, took in tally.finished if began < when <= ended]
        server, database = (
            late - early for late, early in zip(after, before, strict=True)
        )
        return Measured(
            len(within),
            ended - began,
            within,
            server + database,
            database,
            client,
            tally.errors,
            counts,
        )

    def place(self, number: int, clients: int) -> Tally:
        """Place a number of orders."""
        tally = Tally()
        self._stopping = False
        work = itertools.islice(self._prepared(number), number)
        with self._at_work(clients, work, tally) as running:
            self._run(lambda: any(one.busy for one in running), tally)
        return tally

    @contextlib.contextmanager
    def _at_work(
        self, clients: int, work: Iterator[Work], tally: Tally
    ) -> Iterator[list[Client]]:
        """Have clients, which at last end the orders they have begun.

        What each got last is looked at.

        Raises:
            StuckError: the server answers nobody.
        """
        running: list[Client] = []
        try:
            for _ in range(clients):
                one = Client(self._loop, self._directory, work, tally, self.patience)
                running.append(one)
            yield running
            self._stopping = True
            self._run(lambda: any(one.busy for one in running), tally)
        except ConnectionRefusedError as error:
            raise StuckError from error
        finally:
            for one in running:
                one.close()
        for one in running:
            if one.certificate is not None:
                _judge(*one.certificate)

    def _pass(self, seconds: float, tally: Tally) -> None:
        until = time.perf_counter() + seconds
        self._run(lambda: time.perf_counter() < until, tally)

    def _run(self, wanted: Callable[[], bool], tally: Tally) -> None:
        """Let clients work while it is wanted.

        Raises:
            StuckError: nothing was answered for a while.
        """
        seen, since = -1, time.perf_counter()

        def going_on() -> bool:
            nonlocal seen, since
            if tally.answers != seen:
                seen, since = tally.answers, time.perf_counter()
            elif time.perf_counter() - since > _STUCK:
                raise StuckError
            return wanted()

        self._loop.run_while(going_on)

    def _prepared(self, expected: int) -> Iterator[Work]:
        """Return orders to be placed: so many are made before, further ones are not."""
        made = iter([self._work() for _ in range(expected)])

        def handed() -> Iterator[Work]:
            while not self._stopping:
                yield next(made, None) or self._work()

        return handed()

    def _work(self) -> Work:
        number = next(self._numbers)
        account = self._accounts[number % len(self._accounts)]
        return Work(number, account, _csr(name_for(number, account)))


def _csr(name: str) -> str:
    """Return a finalize request's payload, with a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    request = builder.add_extension(names, critical=True).sign(key, SHA256())
    csr = encode_base64url(request.public_bytes(Encoding.DER))
    return encode_base64url(f'{{"csr":"{csr}"}}'.encode("ascii"))


def _judge(work: Work, chain: bytes) -> None:
    """Assert that a certificate is the one ordered, and signed by the next one."""
    certificate, issuer = x509.load_pem_x509_certificates(chain)[:2]
    certificate.verify_directly_issued_by(issuer)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    wanted = [name_for(work.number, work.account)]
    assert names.value.get_values_for_type(x509.DNSName) == wanted
