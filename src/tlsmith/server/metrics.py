"""Metrics for Prometheus: what every worker counts, summed by whichever is asked.

With several workers the counts of each are in a memory-mapped file in a private
folder; what the store knows is read when somebody asks.
"""

from __future__ import annotations

import os
import threading
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith import __version__
from tlsmith.server.ports import Figures

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter
    from prometheus_client.metrics_core import Metric

# Where the workers' files are; read by prometheus_client when it is imported.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Sources(NamedTuple):
    """What is read when somebody asks for the metrics.

    Args:
        figures: of the store; may take its time.
        ready: every check with whether it holds.
        not_after: of the server's own certificate.
    """

    figures: Callable[[], Figures]
    ready: Callable[[], Mapping[str, bool]]
    not_after: Callable[[], datetime]


# What is counted: the metric, what it says, by what it is told apart.
_COUNTERS = {
    "requests": (
        "tlsmith_http_requests",
        "Requests that were answered.",
        ("side", "route", "status"),
    ),
    "refused": (
        "tlsmith_http_refused",
        "Connections and requests refused for breaking a limit.",
        ("side", "why"),
    ),
    "ocsp": (
        "tlsmith_ocsp_answers",
        "OCSP answers by the status they give.",
        ("status",),
    ),
    "issued": (
        "tlsmith_certificates_issued",
        "Certificates issued.",
        ("profile",),
    ),
    "revoked": (
        "tlsmith_certificates_revoked",
        "Certificates revoked.",
        ("reason",),
    ),
    "signer-error": (
        "tlsmith_signer_errors",
        "Signatures that the CA's key could not make.",
        ("signer",),
    ),
    "acme-step": (
        "tlsmith_acme_steps",
        "ACME requests that were done, by what they asked for.",
        ("step",),
    ),
    "acme-validation": (
        "tlsmith_acme_validations",
        "Attempts at challenges, by how they ended.",
        ("type", "outcome"),
    ),
    "acme-problem": (
        "tlsmith_acme_problems",
        "ACME requests that were refused, by the problem's type.",
        ("type",),
    ),
}
_EVENTS = (
    "requests",
    "issued",
    "revoked",
    "signer-error",
    "acme-step",
    "acme-validation",
    "acme-problem",
)


class Metrics:
    """Everything this process counts; it is a `Meter` for the authority."""

    def __init__(self) -> None:
        from prometheus_client import (
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
            disable_created_metrics,
        )

        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._folder = os.environ.get(FOLDER_VARIABLE)
        counters = {
            key: Counter(*words, registry=registry) for key, words in _COUNTERS.items()
        }
        self.requests = counters["requests"]
        self.refused = counters["refused"]
        self.ocsp = counters["ocsp"]
        self._events = {key: counters[key] for key in _EVENTS}
        # By event and label, until somebody asks: the library's counters take ten calls
        # for each. Not where there are several workers: counts outlive each of them.
        self._counts: Counts[tuple[str, str]] = Counts()
        self._lock = threading.Lock()
        self._children: dict[tuple[str, str], Counter] = {}
        self.seconds = Histogram(
            "tlsmith_http_request_seconds",
            "Time from request to response on the HTTPS side.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.connections = Gauge(
            "tlsmith_http_connections",
            "Open connections.",
            ("side",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._commit_rows = Histogram(
            "tlsmith_store_commit_rows",
            "Rows that one commit made durable.",
            buckets=_ROWS,
            registry=registry,
        )

    def count(self, event: str, label: str, amount: int = 1) -> None:
        """Count an event; words of a label are labels of their own."""
        if self._folder is None:
            with self._lock:
                self._counts[event, label] += amount
        else:
            self._counter(event, label).inc(amount)

    def _counter(self, event: str, label: str) -> Counter:
        found = self._children.get((event, label))
        if found is None:
            found = self._events[event].labels(*label.split())
            self._children[event, label] = found
        return found

    def _flush(self) -> None:
        """Hand over what was counted since the last time."""
        with self._lock:
            counts, self._counts = self._counts, Counts()
        for (event, label), amount in counts.items():
            self._counter(event, label).inc(amount)

    def measure(self, what: str, value: float) -> None:
        """Note a value of the authority."""
        {"commit-rows": self._commit_rows}[what].observe(value)

    def render(self, sources: Sources) -> bytes:
        """Return the metrics of all workers as text; may wait for the store."""
        from prometheus_client import CollectorRegistry, generate_latest

        self._flush()
        own = CollectorRegistry()
        own.register(_AtThisMoment(sources))
        return generate_latest(self._counted()) + generate_latest(own)

    def _counted(self) -> CollectorRegistry:
        if self._folder is None:
            return self._registry
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        every = CollectorRegistry()
        MultiProcessCollector(every, self._folder)  # type: ignore[no-untyped-call]
        return every


def forget_worker(process: int) -> None:
    """Take the gauges of a worker that is gone out of the sum; its counts stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process)  # type: ignore[no-untyped-call]


class _AtThisMoment:
    """What is not counted but so at this moment."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> list[Metric]:
        """Return nothing: the registry would ask for the values otherwise."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        def gauge(
            name: str, about: str, label: str, values: Mapping[str, float]
        ) -> Metric:
            family = GaugeMetricFamily(name, about, labels=[label] if label else None)
            for value, number in values.items():
                family.add_metric([value] if label else [], number)
            return family

        sources = self._sources
        figures = sources.figures()
        crls = {crl.name: crl for crl in figures.crls}
        yield gauge("tlsmith_build_info", "Version.", "version", {__version__: 1})
        yield gauge(
            "tlsmith_ready",
            "Whether a check of /readyz holds.",
            "check",
            sources.ready(),
        )
        yield gauge(
            "tlsmith_tls_certificate_not_after_seconds",
            "End of the server's own certificate, Unix time.",
            "",
            {"": sources.not_after().timestamp()},
        )
        yield gauge(
            "tlsmith_store_bytes", "Size of the store.", "", {"": figures.store_bytes}
        )
        yield gauge(
            "tlsmith_crl_number",
            "Number of the newest CRL.",
            "crl",
            {name: crl.number for name, crl in crls.items()},
        )
        yield gauge(
            "tlsmith_crl_this_update_seconds",
            "When the newest CRL was made, Unix time.",
            "crl",
            {name: crl.this_update.timestamp() for name, crl in crls.items()},
        )
        yield gauge(
            "tlsmith_crl_next_update_seconds",
            "When the newest CRL ends, Unix time.",
            "crl",
            {name: crl.next_update.timestamp() for name, crl in crls.items()},
        )
