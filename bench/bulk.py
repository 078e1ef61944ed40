"""Many certificates stored durably by one command, against `openssl ca`.

    .venv/bin/python bench/bulk.py [FOLDER]

`tlsmith cert issue --from-csv` with public keys that are there already, JSON to a file;
`openssl ca -infiles` with requests, which waits for no disk; and the least that such
work can take: a signature of the library's each, and a row with its indexes in SQLite,
2,000 to a commit. FOLDER is where the stores lie: a disk of its own speed.
"""

from __future__ import annotations

import base64
import csv
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CERTIFICATES = 40_000
# Of `openssl ca`, which takes a hundred times as long for each.
REQUESTS = 2_000
BATCH = 2_000
ROUNDS = 3
TLSMITH = Path(sys.executable).with_name("tlsmith")

_CONFIGURATION = """\
[ca]
default_ca = one
[one]
dir = {folder}
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca-key.pem
default_md = sha256
default_days = 90
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        _prepare(folder)
        works: dict[str, tuple[int, Callable[[], None]]] = {
            "signature and row alone": (CERTIFICATES, lambda: _limit(folder)),
            "cert issue --from-csv": (CERTIFICATES, lambda: _tlsmith(folder)),
            "openssl ca -infiles": (REQUESTS, lambda: _openssl(folder)),
        }
        rates: dict[str, list[float]] = {work: [] for work in works}
        for work in [*works] * ROUNDS:
            number, run = works[work]
            begun = time.perf_counter()
            run()
            rates[work].append(number / (time.perf_counter() - begun))
    _print({work: statistics.median(measured) for work, measured in rates.items()})


def _print(rates: dict[str, float]) -> None:
    openssl = rates["openssl ca -infiles"]
    print(f"certificates a second, P-256, median of {ROUNDS}, in turns")
    for work, rate in rates.items():
        print(f"{work:<26}{rate:>8,.0f}/s {rate / openssl:>8.1f} of openssl")
    print("aim: cert issue --from-csv 6,000/s")


def _prepare(folder: Path) -> None:
    (folder / "pass").write_text("a passphrase for a benchmark\n")
    subprocess.run(
        [
            TLSMITH, "ca", "init", "--name", "Bench", "--store",
            f"sqlite:///{folder}/empty.db", "--root-key-file", folder / "root.key",
            "--passphrase-file", folder / "pass", "--base-url", "http://pki.test",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with (folder / "rows.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["names", "public_key"])
        for number in range(CERTIFICATES):
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
            info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            text = base64.b64encode(info).decode()
            rows.writerow([f"host-{number}.bench.test", text])
    _prepare_openssl(folder)


def _prepare_openssl(folder: Path) -> None:
    (folder / "requests").mkdir()
    for number in range(REQUESTS):
        name = f"host-{number}.bench.test"
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(subject)
            .add_extension(names, False)
            .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        )
        path = folder / "requests" / f"{number}.pem"
        path.write_bytes(request.public_bytes(Encoding.PEM))
    (folder / "ca.cnf").write_text(_CONFIGURATION.format(folder=folder))
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=bench",
            "-keyout", folder / "ca-key.pem", "-out", folder / "ca.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


def _tlsmith(folder: Path) -> None:
    """A new store each time, as it was after `ca init`."""
    for old in folder.glob("store.db*"):
        old.unlink()
    (folder / "store.db").write_bytes((folder / "empty.db").read_bytes())
    with (folder / "out.json").open("wb") as out:
        subprocess.run(
            [
                TLSMITH, "cert", "issue", "--store", f"sqlite:///{folder}/store.db",
                "--passphrase-file", folder / "pass",
                "--from-csv", folder / "rows.csv", "--json",
            ],
            check=True,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    with (folder / "out.json").open("rb") as out:
        assert sum(1 for _ in out) == CERTIFICATES


def _openssl(folder: Path) -> None:
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    requests = sorted((folder / "requests").iterdir())
    subprocess.run(
        [
            "openssl", "ca", "-config", folder / "ca.cnf", "-batch", "-notext",
            "-out", os.devnull, "-infiles", *requests,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    assert (folder / "index.txt").read_text().count("\n") == REQUESTS


def _limit(folder: Path) -> None:
    for old in folder.glob("limit.db*"):
        old.unlink()
    store = sqlite3.connect(folder / "limit.db", isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = FULL")
    store.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, serial BLOB, name, der)")
    store.execute("CREATE INDEX serials ON rows (serial)")
    store.execute("CREATE INDEX names ON rows (name)")
    key, ecdsa = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    for first in range(0, CERTIFICATES, BATCH):
        rows = []
        for number in range(first, first + BATCH):
            signature = key.sign(b"x" * 600, ecdsa)
            name = f"host-{number}.bench.test"
            rows.append((number, os.urandom(20), name, b"x" * 600 + signature))
        store.execute("BEGIN")
        store.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", rows)
        store.execute("COMMIT")
    store.close()


if __name__ == "__main__":
    main()
