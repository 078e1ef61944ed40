"""What was measured, in words: medians of turns, and ratios."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Sequence

from .load import Measured
from .subject import Subject


def print_report(
    subjects: Sequence[Subject],
    levels: Sequence[int],
    pairs: Sequence[tuple[str, str]],
) -> None:
    """Print a table for each number of clients.

    Args:
        pairs: of labels, of which the first is told as a share of the second.
    """
    print(f"medians, taken in turns; {os.cpu_count()} cores")
    for clients in levels:
        print(
            f"\n{clients} clients{'orders/s':>22}{'server':>10}{'of it DB':>10}"
            f"{'clients':>10}{'quotient':>10}{'cores':>7}{'p50':>9}{'p99':>10}"
            f"{'polls':>7}  errors"
        )
        for subject in subjects:
            _print_row(subject.label, subject.results[clients])
        _print_ratios({one.label: one.results[clients] for one in subjects}, pairs)
    print()
    for subject in subjects:
        stuck = ""
        if subject.stuck:
            waits = (f"{subject.patience(one) * 1e3:.0f} ms" for one in levels)
            stuck = (
                f", got stuck {subject.stuck} times; polled every {', '.join(waits)}"
            )
        print(f"{subject.label:<21}{subject.memory:>7.0f} MiB at most{stuck}")


def _print_row(label: str, found: list[Measured]) -> None:
    rate, server, client = rate_of(found), cpu_of(found), _median(found, "client_each")
    polls = _sum(found, "polls") / max(sum(one.orders for one in found), 1)
    errors = sum((one.errors for one in found), Counter())
    errors["bad nonces"] = _sum(found, "bad nonces")
    listed = ", ".join(f"{number} {kind}" for kind, number in (+errors).items())
    print(
        f"{label:<21}{rate:>11,.0f}{server:>7.2f} ms"
        f"{_median(found, 'database_each'):>7.2f} ms{client:>7.2f} ms"
        f"{_quotient(found):>10.2f}{rate * (server + client) / 1e3:>7.2f}"
        f"{percentile_of(found, 50):>6.1f} ms{percentile_of(found, 99):>7.1f} ms"
        f"{polls:>7.1f}  {listed or 'none'}"
    )


def _quotient(found: Sequence[Measured]) -> float:
    """Return the server's CPU as a multiple of the clients'.

    Both work at the same time on the same cores: of one server, this repeats within a
    few percent however busy the machine is otherwise, which milliseconds do not.
    """
    return statistics.median(one.server / one.client for one in found)


def _print_ratios(
    results: dict[str, list[Measured]], pairs: Sequence[tuple[str, str]]
) -> None:
    for label, other in pairs:
        if label in results and other in results:
            ours, theirs = results[label], results[other]
            print(
                f"{label} of {other}: {rate_of(ours) / rate_of(theirs):.2f} of its "
                f"orders/s, {cpu_of(ours) / cpu_of(theirs):.2f} of its CPU"
            )


def rate_of(found: Sequence[Measured]) -> float:
    """Return the orders a second."""
    return _median(found, "rate")


def cpu_of(found: Sequence[Measured]) -> float:
    """Return the milliseconds of the server's CPU an order."""
    return _median(found, "server_each")


def percentile_of(found: Sequence[Measured], share: int) -> float:
    """Return the milliseconds that `share` of a hundred orders were done within."""
    return statistics.median(one.percentile(share) for one in found)


def _median(found: Sequence[Measured], name: str) -> float:
    values: list[float] = [getattr(one, name) for one in found]
    return statistics.median(values)


def _sum(found: Sequence[Measured], name: str) -> int:
    return sum(one.counts[name] for one in found)
