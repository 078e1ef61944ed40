"""A CRL of a million entries, and one more: against `openssl ca -gencrl`.

Each row is a process of its own, so that its memory can be told. OpenSSL keeps a line
for each certificate and reads them all; tlsmith keeps entries as they are encoded. The
row "from the same lines" encodes each, as is done once, when it is revoked.
"""

from __future__ import annotations

import datetime
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ENTRIES = 1_000_000
ROUNDS = 3
NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
WEEK = datetime.timedelta(days=7)

_CONFIGURATION = """\
[ca]
default_ca = one
[one]
database = {folder}/index.txt
certificate = {folder}/ca.pem
private_key = {folder}/ca-key.pem
crlnumber = {folder}/crlnumber
default_md = sha256
default_crl_days = 7
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid
"""


class Run(NamedTuple):
    """One process: how long it took, and the most memory it had."""

    seconds: float
    mebibytes: float


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        program = [sys.executable, __file__]
        openssl = ["openssl", "ca", "-config", f"{folder}/ca.cnf", "-gencrl"]
        works = {
            "openssl ca -gencrl": [*openssl, "-out", f"{folder}/theirs.pem"],
            "tlsmith, entries as kept": [*program, "kept", name],
            "tlsmith, from the same lines": [*program, "lines", name],
            "tlsmith, one more": [*program, "more", name],
            "starting Python, and the CA": [*program, "nothing", name],
        }
        runs: dict[str, list[Run]] = {work: [] for work in works}
        for work in [*works] * ROUNDS:
            runs[work].append(_run(works[work]))
        _check(folder)
    _print(runs)


def _print(runs: dict[str, list[Run]]) -> None:
    first = statistics.median(run.seconds for run in runs["openssl ca -gencrl"])
    print(f"a CRL of {ENTRIES:,} entries, median of {ROUNDS}, in turns")
    for work, of_work in runs.items():
        seconds = statistics.median(run.seconds for run in of_work)
        memory = max(run.mebibytes for run in of_work)
        ratio = f"{seconds / first:.3f}"
        print(f"{work:<30}{seconds:>8.2f} s{ratio:>8} of openssl{memory:>6.0f} MiB")
    print("aim: entries as kept 0.1 of openssl and 300 MiB; one more in 0.3 s")


def _run(command: list[str]) -> Run:
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.stderr.read().decode() if process.stderr else "failed")
    return Run(seconds, usage.ru_maxrss / 1024)


def _prepare(folder: Path) -> None:
    from tlsmith.core.crl import RevokedEntry, encode_entry
    from tlsmith.core.formats import encode_pem, encode_private_key
    from tlsmith.core.issuer import self_issue
    from tlsmith.core.keys import generate_private_key
    from tlsmith.core.oid import COMMON_NAME
    from tlsmith.core.profiles import certificate_authority, validity
    from tlsmith.core.subject import distinguished_name

    key = generate_private_key()
    span = validity(NOW, 3650, longest=3650)
    name = distinguished_name((COMMON_NAME, "bench"))
    root = self_issue(certificate_authority(name, span), key).der
    (folder / "ca.pem").write_bytes(encode_pem("CERTIFICATE", root))
    (folder / "ca-key.pem").write_bytes(encode_private_key(key))
    (folder / "ca.cnf").write_text(_CONFIGURATION.format(folder=folder))
    (folder / "crlnumber").write_text("01\n")
    with (
        (folder / "index.txt").open("w") as lines,
        (folder / "entries").open("wb") as kept,
    ):
        for number in range(ENTRIES):
            # In the order that OpenSSL brings them into.
            serial = (1 << 23 | number) << 128 | secrets.randbits(128)
            moment = NOW - datetime.timedelta(seconds=number)
            when = f"{moment:%y%m%d%H%M%SZ}"
            lines.write(
                f"R\t361101000000Z\t{when},keyCompromise\t{serial:038X}\tunknown"
                f"\t/CN=host-{number}.example.com\n"
            )
            kept.write(encode_entry(RevokedEntry(serial, moment, "keyCompromise")))
    # In a process of its own: what this one needs would be counted for those it starts.
    _run([sys.executable, __file__, "kept", str(folder)])


def _check(folder: Path) -> None:
    """Both list the same, byte for byte, and OpenSSL takes ours."""
    from tlsmith.core.crl import joined_entries, view_crl
    from tlsmith.core.formats import split_pem

    ((_, theirs),) = split_pem((folder / "theirs.pem").read_bytes())
    entries = joined_entries(theirs)
    assert view_crl(theirs).entry_count == ENTRIES
    for name in ("kept.der", "lines.der"):
        assert joined_entries((folder / name).read_bytes()) == entries
        words = ["openssl", "crl", "-inform", "DER", "-in", folder / name, "-noout"]
        subprocess.run([*words, "-CAfile", folder / "ca.pem"], check=True)


def _write_with(folder: Path, work: str) -> None:
    """Do one work, as a process of its own."""
    from tlsmith.core.crl import (
        CRLParameters,
        RevokedEntry,
        encode_entry,
        joined_entries,
        sign_crl,
    )
    from tlsmith.core.formats import load_private_key, split_pem
    from tlsmith.core.issuer import Issuer

    ((_, certificate),) = split_pem((folder / "ca.pem").read_bytes())
    key = load_private_key((folder / "ca-key.pem").read_bytes())
    issuer = Issuer(certificate, key)
    if work == "nothing":
        return
    entries = b""
    if work == "kept":
        entries = (folder / "entries").read_bytes()
    elif work == "lines":
        entries = _from_lines(folder / "index.txt")
    else:
        entries = joined_entries((folder / "kept.der").read_bytes())
        entries += encode_entry(RevokedEntry(5, NOW, "superseded"))
    crl = sign_crl(issuer, CRLParameters(2, NOW, NOW + WEEK), entries)
    del entries
    (folder / f"{work}.der").write_bytes(crl)


def _from_lines(path: Path) -> bytes:
    from tlsmith.core.crl import RevokedEntry, encode_entry

    def read() -> Iterator[bytes]:
        with path.open() as lines:
            for line in lines:
                _, _, revoked, serial, _, _ = line.split("\t")
                when, _, reason = revoked.partition(",")
                numbers = [int(when[at : at + 2]) for at in range(0, 12, 2)]
                year, *rest = numbers
                moment = datetime.datetime(2000 + year, *rest, tzinfo=datetime.UTC)
                yield encode_entry(RevokedEntry(int(serial, 16), moment, reason))

    return b"".join(read())


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _write_with(Path(sys.argv[2]), sys.argv[1])
    else:
        main()
