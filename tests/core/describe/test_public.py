from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import PublicFormat

from core.describe.forge import codes, facts, look, spki
from core.describe.samples import pem_of, public, ssh_blob
from strategies import key_of_kind
from tlsmith.core.describe.keys import fingerprints

RSA, ED = key_of_kind("rsa2048"), key_of_kind("ed25519")


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (PublicFormat.SubjectPublicKeyInfo, "SPKI"),
        (PublicFormat.PKCS1, "PKCS#1 (RSA)"),
        (PublicFormat.OpenSSH, "OpenSSH"),
    ],
)
def test_a_public_key_of_every_form_is_read(form: PublicFormat, name: str) -> None:
    report = look(public(RSA, form))
    found = report.facts()["objects"][0]
    assert found["type"] == "public-key"
    assert (found["format"], found["text"]) == (name, "RSA, 2048 bits")
    inner = found.get("public_key", found)
    assert inner["sha256"] == fingerprints(spki(RSA))["sha256"]


def test_an_ssh2_key_is_read() -> None:
    text = base64.encodebytes(ssh_blob(ED)).decode()
    data = (
        f"---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\n\n{text}"
        "---- END SSH2 PUBLIC KEY ----\n"
    )
    assert facts(data.encode())["text"] == "Ed25519"


def test_what_is_no_public_key_is_told_of() -> None:
    report = look(pem_of(b"\x05\0", "PUBLIC KEY"))
    assert codes(report) == ["not-a-sequence"]


def test_what_follows_a_public_key_is_told_of() -> None:
    assert codes(look(pem_of(spki(ED) + b"xyz", "PUBLIC KEY"))) == ["trailing-data"]
