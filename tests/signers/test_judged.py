"""Chains whose roots have their key in each of the places, judged by OpenSSL."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interop.tools import needs
from signers.emulator import Emulator
from signers.tokens import PIN, Tokens, uri
from tlsmith.core.formats.pem import encode_pem
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, end_entity
from tlsmith.core.subject import distinguished_name
from tlsmith.signers import Signer, create_key, open_signer

pytestmark = pytest.mark.interop

SECRET = b"correct horse"
NOW = datetime.now(UTC).replace(microsecond=0)
SPAN = (NOW - timedelta(hours=1), NOW + timedelta(days=1))


def accepted(signer: Signer, folder: Path, kind: str) -> None:
    """Have OpenSSL judge a root of this key, and a certificate below it."""
    needs("openssl")
    subject = distinguished_name((COMMON_NAME, "Judged CA"))
    root = Issuer(self_issue(certificate_authority(subject, SPAN), signer).der, signer)
    leaf = root.issue(
        end_entity(parse_names(["judged.test"]), "p256", SPAN),
        generate_private_key().public_key(),
    )
    for name, der in (("root", root.certificate), ("leaf", leaf.der)):
        (folder / f"{name}.pem").write_bytes(encode_pem("CERTIFICATE", der))
    checks = ("-x509_strict", "-check_ss_sig", "-verify_hostname", "judged.test")
    done = subprocess.run(
        ["openssl", "verify", *checks, "-CAfile", "root.pem", "leaf.pem"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "leaf.pem: OK\n", done.stderr
    told = subprocess.run(
        ["openssl", "x509", "-in", "root.pem", "-noout", "-text"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ALGORITHMS[kind] in told.stdout


ALGORITHMS = {
    "p256": "ecdsa-with-SHA256",
    "p384": "ecdsa-with-SHA384",
    "p521": "ecdsa-with-SHA512",
    "ed25519": "ED25519",
    "rsa3072": "sha256WithRSAEncryption",
}


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_openssl_accepts_a_root_in_a_file(tmp_path: Path, kind: str) -> None:
    create_key(f"file:{tmp_path / 'key.pem'}", kind, SECRET)
    signer = open_signer(f"file:{tmp_path / 'key.pem'}", passphrase=SECRET)
    accepted(signer, tmp_path, kind)


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_openssl_accepts_a_root_in_the_database(tmp_path: Path, kind: str) -> None:
    material = create_key("store:", kind, SECRET).material
    signer = open_signer("store:", passphrase=SECRET, material=material)
    accepted(signer, tmp_path, kind)


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_openssl_accepts_a_root_in_a_token(
    tokens: Tokens, tmp_path: Path, kind: str
) -> None:
    signer = create_key(uri(), kind, PIN).signer
    accepted(signer, tmp_path, kind)
    signer.close()


@pytest.mark.parametrize("kind", [kind for kind in ALGORITHMS if kind != "ed25519"])
def test_openssl_accepts_a_root_in_a_cloud(
    kms: Emulator, tmp_path: Path, kind: str
) -> None:
    signer = create_key(kms.uri(), kind).signer
    accepted(signer, tmp_path, kind)
    signer.close()
