"""A store with millions of certificates beside an empty one.

    .venv/bin/python bench/store.py [NUMBER] [URL]

Fills a store (SQLite in a temporary folder unless URL says otherwise) with NUMBER
certificates, 10 million by default, then issues, searches and starts on it and on an
empty one in turn, and prints the ratios. The filling takes minutes and some 20 GB.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from authorities import ADMINISTRATOR, PASSPHRASE, Clock, TestCA, wanted_for
from tlsmith.authority.serials import next_serial_number
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import NewCertificate, insert_certificate
from tlsmith.storage.search import Search

BATCH = 20_000
ISSUED = 3_000
ROUNDS = 5


def fill(ca: TestCA, number: int) -> None:
    """Put in certificates as they would be after years: random, in order of time."""
    random = Random(1)  # noqa: S311 -- the same filling each time
    template = ca.issue("template.example.test").chain[0]
    now = datetime.now(UTC).replace(microsecond=0)
    begun = now - timedelta(days=365 * 3)
    for first in range(0, number, BATCH):
        moment = begun + (now - begun) * (first / number)
        with ca.authority.storage.write() as transaction:
            for one in range(first, min(first + BATCH, number)):
                insert_certificate(transaction, row(ca, one, moment, template, random))
                serial = f"{one:x}"
                append(
                    transaction, Act("token:ci", "certificate.issue", serial, {}), now
                )
        if first % 500_000 == 0:
            print(f"  {first:,} filled", file=sys.stderr)


def row(
    ca: TestCA, number: int, moment: datetime, template: bytes, random: Random
) -> NewCertificate:
    digest = random.randbytes(32)
    return NewCertificate(
        authority_id=2,
        serial_number=next_serial_number(int(moment.timestamp())),
        certificate=template[:-32] + digest,
        key_hash=sha256(digest).digest(),
        names=(f"host-{random.randrange(1 << 40):x}.zone{number % 97}.example.test",),
        not_before=moment,
        not_after=moment + timedelta(days=90),
        issued_at=moment,
        profile="server",
        requester=f"token:{number % 5}",
    )


def rate(ca: TestCA, wanted: list[object]) -> float:
    begun = time.perf_counter()
    results = list(ca.authority.issue_many(wanted, ADMINISTRATOR))  # type: ignore[arg-type]
    assert len(results) == len(wanted)
    return len(results) / (time.perf_counter() - begun)


def searches(ca: TestCA) -> dict[str, Search]:
    middle = ca.authority.find(Search(), after=str(max(2, count(ca) // 2)), limit=1)
    record = middle.records[0]
    assert record.certificate is not None
    now = datetime.now(UTC)
    return {
        "newest": Search(),
        "serial number": Search(serial_number=record.serial_number),
        "fingerprint": Search(fingerprint=sha256(record.certificate).digest()),
        "unknown fingerprint": Search(fingerprint=bytes(32)),
        "name": Search(name=record.names[0]),
        "below a domain": Search(name=".zone7.example.test"),
        "unknown domain": Search(name=".nowhere.test"),
        "requester": Search(requester="token:3"),
        "unknown profile": Search(profile="none"),
        "revoked": Search(status="revoked"),
        "requester and below a domain": Search(
            requester="token:3", name=".zone8.example.test"
        ),
        "expires within 30 days": Search(
            expires_after=now, expires_before=now + timedelta(days=30)
        ),
    }


def count(ca: TestCA) -> int:
    with ca.authority.storage.read() as connection:
        row = connection.one("SELECT certificates FROM head")
    return int(row[0]) if row else 0


def milliseconds(ca: TestCA, search: Search) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ca.authority.find(search)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def start_seconds(url: str) -> float:
    """Return how long a command on the store takes, from nothing."""
    command = [sys.executable, "-m", "tlsmith", "cert", "list", "--store", url]
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    number = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        (Path(folder) / "pass").write_bytes(PASSPHRASE)
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/full.db"
        clock = Clock(datetime.now(UTC))
        empty = TestCA(f"sqlite:///{folder}/empty.db", clock)
        full = TestCA(url, clock)
        begun = time.perf_counter()
        fill(full, number)
        print(f"filled with {number:,} in {time.perf_counter() - begun:.0f} s")
        print(f"store: {full.authority.storage.size() / 1e9:.1f} GB")
        wanted = [wanted_for(f"new-{one}.example.test") for one in range(ISSUED)]
        rates: dict[str, list[float]] = {"empty": [], "full": []}
        for _ in range(ROUNDS):
            rates["empty"].append(rate(empty, wanted))  # type: ignore[arg-type]
            rates["full"].append(rate(full, wanted))  # type: ignore[arg-type]
        before, after = (statistics.median(rates[name]) for name in ("empty", "full"))
        print(f"issued a second: empty {before:,.0f}, full {after:,.0f}: ", end="")
        print(f"ratio {after / before:.2f}")
        for name, search in searches(full).items():
            print(f"page, {name}: {milliseconds(full, search):.1f} ms")
        print(f"start to first page: {start_seconds(url):.2f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory of this process: {peak:.0f} MiB")
        empty.close()
        full.close()


if __name__ == "__main__":
    main()
