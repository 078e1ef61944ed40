"""ACME: orders a second and CPU an order, of `tlsmith serve`, Pebble and Caddy.

Clients and the network they live in are below `acme_load`: 32 accounts with ES256
keys, an order for each of ever new names, http-01 that is really looked up and asked
for, a P-256 CSR, the certificate downloaded. What counts is the CPU time of the
server's processes; the clients' is shown beside it, since both share the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from acme_load import cost, servers
from acme_load.load import Load, Measured, StuckError
from acme_load.loop import Loop
from acme_load.responder import Resolver, Responder
from acme_load.servers import Place, Server

ACCOUNTS, CLIENTS = 32, (8, 32)
# How long a client waits before it asks again for what was not ready, in seconds for
# each client that there is. Pebble 2.4 deadlocks if polled fast, so a server that has
# got stuck is started again, and waited for twice as long.
PATIENCE = 0.0004
TRACED = 400
CADDY, PEBBLE, TLSMITH = "Caddy", "Pebble", "tlsmith"
WITH_POSTGRESQL = "tlsmith, PostgreSQL"


class Subject:
    """A server that is measured, and started again when it has got stuck.

    Args:
        start: starts it in a new folder, below the words given.
    """

    def __init__(self, label: str, start: Callable[..., Server], bench: Bench) -> None:
        self.label, self._start, self._bench = label, start, bench
        self.results: dict[int, list[Measured]] = {}
        self.stuck = 0
        self.patience: Counter[int] = Counter()
        self.memory = 0.0
        self._running = contextlib.ExitStack()
        self.begin()

    def begin(self, *wrap: str | Path) -> None:
        """Start the server, anew if it runs."""
        self._running.close()
        self.server = self._start(self._bench.place(self._running, wrap))
        responder = self._bench.responder
        accounts = [responder.new_account() for _ in range(ACCOUNTS)]
        self.load = Load(self._bench.loop, self.server.directory, accounts)

    def end(self) -> None:
        self._running.close()

    def measure(self, clients: int, seconds: float) -> Measured:
        while True:
            self.load.patience = PATIENCE * 2 ** self.patience[clients] * clients
            try:
                found = self.load.run(clients, seconds, self._cpu, self._expected())
            except StuckError:
                self.stuck += 1
                self.patience[clients] += 1
                self.begin()
            else:
                self.results.setdefault(clients, []).append(found)
                self.memory = cost.peak_memory(*self.server.processes)
                return found

    def _cpu(self) -> tuple[float, float]:
        return cost.cpu(*self.server.processes), cost.cpu(*self.server.database)

    def _expected(self) -> int:
        """Return how many orders to prepare: some more than there were last time."""
        seen = [one.orders for found in self.results.values() for one in found]
        return max(seen, default=1000) * 3 // 2


class Bench:
    """What all subjects share: the network, and folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.loop = Loop()
        self._resolver = Resolver(self.loop)
        self.responder = Responder(self.loop)

    def place(
        self, running: contextlib.ExitStack, wrap: Sequence[str | Path] = ()
    ) -> Place:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        folder.chmod(0o755)
        return Place(
            folder, self._resolver.address, self.responder.port, running, tuple(wrap)
        )


def main() -> None:
    words = _arguments()
    # Pauses of the clients would look like the server's.
    gc.disable()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        bench = Bench(Path(name))
        subjects = []
        for label, start in _starts(words.only, running):
            subject = Subject(label, start, bench)
            running.callback(subject.end)
            subjects.append(subject)
        if words.drift:
            for subject in subjects:
                _drift(subject, words)
            return
        for _ in range(words.rounds):
            for clients in CLIENTS:
                for subject in subjects:
                    subject.measure(clients, words.seconds)
        _print(subjects, words)
        for subject in subjects:
            _print_syncs(subject)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--only", action="append", help="a server, by its label")
    parser.add_argument(
        "--drift", type=int, default=0, metavar="ORDERS",
        help="measure before and after so many orders instead",
    )  # fmt: skip
    return parser.parse_args()


def _starts(
    only: list[str] | None, running: contextlib.ExitStack
) -> Iterator[tuple[str, Callable[..., Server]]]:
    """Return what there is to be started; say what is not."""
    wanted = only or [CADDY, PEBBLE, TLSMITH, WITH_POSTGRESQL]
    tools = {
        CADDY: os.geteuid() == 0 and servers.CADDY.exists(),
        PEBBLE: bool(shutil.which("pebble")),
    }
    starts = {CADDY: servers.caddy, PEBBLE: servers.pebble, TLSMITH: servers.tlsmith}
    for label in wanted:
        if not tools.get(label, True):
            print(f"left out: {label}, which needs its program (and Caddy root)")
        elif label == WITH_POSTGRESQL:
            yield label, _on_postgresql(running)
        else:
            yield label, starts[label]


def _on_postgresql(running: contextlib.ExitStack) -> Callable[[Place], Server]:
    """Start PostgreSQL, and return what starts two workers on a new database there."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import postgres

    database = running.enter_context(postgres.server(durable=True))
    first = (database.folder / "data" / "postmaster.pid").read_text().split()[0]

    def start(place: Place) -> Server:
        store = database.new_database()
        return servers.tlsmith_on(place, store, 2, (int(first),))

    return start


def _print(subjects: list[Subject], words: argparse.Namespace) -> None:
    cores = os.cpu_count() or 1
    print(
        f"medians of {words.rounds} times {words.seconds:g} s, in turns; {cores} cores"
    )
    for clients in CLIENTS:
        print(
            f"\n{clients} clients{'orders/s':>22}{'server':>10}{'of it DB':>10}"
            f"{'clients':>10}{'cores':>7}{'p50':>9}{'p99':>10}{'polls':>7}  errors"
        )
        for subject in subjects:
            _print_row(subject.label, subject.results[clients])
        _print_ratios({one.label: one.results[clients] for one in subjects})
    print()
    for subject in subjects:
        stuck = f", got stuck {subject.stuck} times" if subject.stuck else ""
        print(f"{subject.label:<21}{subject.memory:>7.0f} MiB at most{stuck}")


def _print_row(label: str, found: list[Measured]) -> None:
    rate, server, client = _rate(found), _server(found), _median(found, "client_each")
    polls = _sum(found, "polls") / max(sum(one.orders for one in found), 1)
    errors = sum((one.errors for one in found), Counter())
    errors["bad nonces"] = _sum(found, "bad nonces")
    listed = ", ".join(f"{number} {kind}" for kind, number in (+errors).items())
    print(
        f"{label:<21}{rate:>11,.0f}{server:>7.2f} ms"
        f"{_median(found, 'database_each'):>7.2f} ms{client:>7.2f} ms"
        f"{rate * (server + client) / 1e3:>7.2f}"
        f"{_percentile(found, 50):>6.1f} ms{_percentile(found, 99):>7.1f} ms"
        f"{polls:>7.1f}  {listed or 'none'}"
    )


def _print_ratios(results: dict[str, list[Measured]]) -> None:
    for label in (TLSMITH, WITH_POSTGRESQL):
        others = (PEBBLE, CADDY, *([TLSMITH] if label == WITH_POSTGRESQL else []))
        for other in others:
            if label in results and other in results:
                ours, theirs = results[label], results[other]
                print(
                    f"{label} of {other}: {_rate(ours) / _rate(theirs):.2f} of its "
                    f"orders/s, {_server(ours) / _server(theirs):.2f} of its CPU"
                )


def _print_syncs(subject: Subject) -> None:
    """Start the server once more, and count its waits for the disk."""
    if not shutil.which("strace"):
        print("not counted: waits for the disk, which needs strace")
        return
    clients = CLIENTS[0]
    with tempfile.NamedTemporaryFile() as file, contextlib.ExitStack() as tracing:
        trace = Path(file.name)
        if subject.server.database:
            subject.begin()
            processes = cost.trees(subject.server.database)
            tracing.enter_context(servers.watched(processes, trace))
        else:
            subject.begin(*servers.traced(trace))
        subject.load.place(ACCOUNTS * 2, clients)
        before = cost.count_syncs(trace)
        finished = len(subject.load.place(TRACED, clients).finished)
        each = (cost.count_syncs(trace) - before) / finished
    print(f"{subject.label:<21}{each:>7.1f} fsyncs an order, {clients} clients")


def _drift(subject: Subject, words: argparse.Namespace) -> None:
    """Print what a number of orders changes."""
    clients, figures = CLIENTS[0], []
    for number in (0, words.drift):
        for begun in range(0, number, 5000):
            subject.load.place(min(5000, number - begun), 16)
        found = [subject.measure(clients, words.seconds) for _ in range(words.rounds)]
        figures.append((_rate(found), _server(found), _percentile(found, 99)))
        rate, server, slow = figures[-1]
        print(
            f"{subject.label:<21}after {number:>8,} orders: {rate:>7,.0f} orders/s"
            f"{server:>7.2f} ms CPU, p99{slow:>7.1f} ms, {subject.memory:>5.0f} MiB"
        )
    ratios = " ".join(
        f"{after / before:.2f}" for before, after in zip(*figures, strict=True)
    )
    print(f"{subject.label:<21}ratios: {ratios}")


def _rate(found: list[Measured]) -> float:
    return _median(found, "rate")


def _server(found: list[Measured]) -> float:
    return _median(found, "server_each")


def _percentile(found: list[Measured], share: int) -> float:
    return statistics.median(one.percentile(share) for one in found)


def _median(found: list[Measured], name: str) -> float:
    values: list[float] = [getattr(one, name) for one in found]
    return statistics.median(values)


def _sum(found: list[Measured], name: str) -> int:
    return sum(one.counts[name] for one in found)


if __name__ == "__main__":
    main()
