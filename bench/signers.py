"""Signatures a second of each signer, against the library's own with the same key."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tlsmith.signers import create_key

ROUNDS = 5
SECONDS = 0.4
DATA = os.urandom(600)  # about what a TBSCertificate has
SECRET = b"bench"
LABEL_AND_PINS = ("--label", "ca", "--pin", "1234", "--so-pin", "1234")
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
EMULATOR = Path(__file__).parent.parent / "tests" / "signers" / "emulator.py"


def main() -> None:
    with contextlib.ExitStack() as stack:
        works: dict[str, Callable[[bytes], bytes]] = {}
        made = create_key("store:", "p256", SECRET)
        assert made.material is not None
        works["cryptography itself"] = _library(made.material)
        works["store: and file:"] = made.signer.sign
        if os.path.exists(MODULE):
            works["pkcs11: (SoftHSM 2)"] = stack.enter_context(_token())
        works["awskms: (moto, local)"] = stack.enter_context(_kms())
        print(f"P-256, {len(DATA)} bytes, median of {ROUNDS} rounds in turns")
        for threads in (1, 2, 8):
            _report(threads, _measure(works, threads))


def _report(threads: int, rates: dict[str, float]) -> None:
    print(f"\n{threads} thread{'s' if threads > 1 else ''}")
    limit = rates["cryptography itself"]
    for name, rate in rates.items():
        print(
            f"{name:<24}{rate:>9,.0f} a second  {rate / limit:>6.3f} of the library's"
        )


def _measure(
    works: dict[str, Callable[[bytes], bytes]], threads: int
) -> dict[str, float]:
    rates: dict[str, list[float]] = {name: [] for name in works}
    for name in [*works] * ROUNDS:
        rates[name].append(_rate(works[name], threads))
    return {name: statistics.median(values) for name, values in rates.items()}


def _rate(sign: Callable[[bytes], bytes], threads: int) -> float:
    counts = [0] * threads
    start = time.perf_counter()
    end = start + SECONDS

    def work(number: int) -> None:
        while time.perf_counter() < end:
            sign(DATA)
            counts[number] += 1

    workers = [
        threading.Thread(target=work, args=(number,)) for number in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - start)


def _library(material: bytes) -> Callable[[bytes], bytes]:
    key = load_pem_private_key(material, SECRET)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm = ec.ECDSA(hashes.SHA256())
    return lambda data: key.sign(data, algorithm)


@contextlib.contextmanager
def _token() -> Iterator[Callable[[bytes], bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "softhsm2.conf")
        configuration.write_text(f"directories.tokendir = {folder}\n")
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", *LABEL_AND_PINS],
            check=True,
            capture_output=True,
        )
        uri = f"pkcs11:token=ca;object=root?module-path={MODULE}"
        signer = create_key(uri, "p256", b"1234").signer
        yield signer.sign
        signer.close()


@contextlib.contextmanager
def _kms() -> Iterator[Callable[[bytes], bytes]]:
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    with subprocess.Popen(
        [sys.executable, EMULATOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = int(process.stdout.readline())
        uri = f"awskms:///?region=eu-central-1&endpoint=http://127.0.0.1:{port}"
        signer = create_key(uri, "p256").signer
        yield signer.sign
        signer.close()
        process.stdin.close()


if __name__ == "__main__":
    main()
