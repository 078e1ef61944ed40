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
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from acme_load import cost, servers
from acme_load.report import cpu_of, percentile_of, print_report, rate_of
from acme_load.servers import Place, Server
from acme_load.subject import ACCOUNTS, Bench, Subject

CLIENTS = (8, 32)
TRACED = 400
CADDY, PEBBLE, TLSMITH = "Caddy", "Pebble", "tlsmith"
WITH_POSTGRESQL = "tlsmith, PostgreSQL"
PAIRS = (
    (TLSMITH, PEBBLE),
    (TLSMITH, CADDY),
    (WITH_POSTGRESQL, TLSMITH),
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
        print_report(subjects, CLIENTS, PAIRS)
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
        subject.load.patience = 0.1
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
            errors = subject.load.place(min(5000, number - begun), 16).errors
            assert not errors, errors
        found = [subject.measure(clients, words.seconds) for _ in range(words.rounds)]
        figures.append((rate_of(found), cpu_of(found), percentile_of(found, 99)))
        rate, server, slow = figures[-1]
        print(
            f"{subject.label:<21}after {number:>8,} orders: {rate:>7,.0f} orders/s"
            f"{server:>7.2f} ms CPU, p99{slow:>7.1f} ms, {subject.memory:>5.0f} MiB"
        )
    ratios = " ".join(
        f"{after / before:.2f}" for before, after in zip(*figures, strict=True)
    )
    print(f"{subject.label:<21}ratios: {ratios}")


if __name__ == "__main__":
    main()
