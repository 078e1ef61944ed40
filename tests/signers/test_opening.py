"""From addresses to signers: what each needs, and what is loaded for it."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.errors import InputError
from tlsmith.signers import SCHEMES, needs_passphrase
from tlsmith.signers.awskms import parse_awskms_uri
from tlsmith.signers.encrypted import path_of

URIS = {
    "store": "store:",
    "file": "file:/root-key.pem",
    "pkcs11": "pkcs11:object=root?module-path=/m.so",
    "awskms": "awskms:///key",
}


def test_every_scheme_says_whether_it_needs_a_passphrase() -> None:
    assert set(URIS) == set(SCHEMES)
    needed = {name for name, uri in URIS.items() if needs_passphrase(uri)}
    assert needed == {"store", "file", "pkcs11"}
    assert not needs_passphrase(URIS["pkcs11"] + "&pin-source=/etc/pin")
    with pytest.raises(InputError):
        needs_passphrase("nonsense")


@given(st.sampled_from(SCHEMES), st.text("/?&;=:%[]@#\0azАé\udcff 0", max_size=40))
def test_whatever_is_written_is_opened_or_refused(scheme: str, rest: str) -> None:
    for work in (needs_passphrase, _addressed):
        with contextlib.suppress(InputError):
            work(f"{scheme}:{rest}")


def _addressed(uri: str) -> object:
    """Read all that an address says, and go nowhere."""
    if uri.startswith("awskms:"):
        return parse_awskms_uri(uri)
    return path_of(uri) if uri.startswith("file:") else None


def _run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_nothing_is_loaded_before_it_is_used() -> None:
    loaded = _run("import sys, tlsmith.signers; print(*sys.modules)").split()
    heavy = {"pkcs11", "boto3", "botocore", "cryptography", "threading", "hashlib"}
    assert heavy & set(loaded) == set()


@pytest.mark.parametrize(
    ("absent", "uri", "extra"),
    [("pkcs11", URIS["pkcs11"], "pkcs11"), ("boto3", URIS["awskms"], "kms")],
)
def test_a_missing_extra_is_named(absent: str, uri: str, extra: str) -> None:
    code = f"""
import sys
sys.modules[{absent!r}] = None
from tlsmith.errors import MissingExtraError
from tlsmith.signers import create_key, open_signer
for work in (open_signer, lambda uri: create_key(uri, "p256")):
    try:
        work({uri!r} if work is open_signer else {uri!r}.replace("///key", "///"))
    except MissingExtraError as error:
        print(error.extra, error.hint)
"""
    assert _run(code) == "\n".join([f"{extra} pip install 'tlsmith[{extra}]'"] * 2)
