from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import PublicFormat

from core.describe.forge import codes, facts, look
from core.describe.samples import OPENSSH, SECRET, pem_of, private, public, ssh_blob
from strategies import key_of_kind
from tlsmith.core.describe.openssh import MAGIC

ED = key_of_kind("ed25519")


def string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def openssh(*parts: bytes) -> bytes:
    return pem_of(MAGIC + b"".join(parts), "OPENSSH PRIVATE KEY")


def test_the_fingerprint_is_the_one_that_ssh_keygen_shows() -> None:
    digest = hashlib.sha256(ssh_blob(ED)).digest()
    shown = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    assert facts(private(ED, OPENSSH))["ssh_fingerprint"] == shown


def test_an_encrypted_key_is_named_by_its_public_half() -> None:
    """Its public half is never encrypted; this one is made up by hand."""
    data = openssh(
        string(b"aes256-ctr"),
        string(b"bcrypt"),
        string(string(b"salt") + b"\0\0\0\x10"),
        b"\0\0\0\1",
        string(ssh_blob(ED)),
        string(bytes(64)),
    )
    report = look(data, passphrases=[SECRET])
    found = report.facts()["objects"][0]
    assert found["encrypted"] is True
    assert found["encryption"] == "aes256-ctr, key derived with bcrypt"
    assert found["text"] == "Ed25519"
    assert codes(report) == ["openssh-format"]


@pytest.mark.parametrize(
    "data",
    [
        pem_of(b"something else", "OPENSSH PRIVATE KEY"),
        openssh(),
        openssh(string(b"none"), string(b"none"), string(b""), b"\0\0\0\0"),
        openssh(string(b"none"), b"\xff\xff\xff\xff"),
    ],
)
def test_what_is_no_openssh_key_is_told_of(data: bytes) -> None:
    assert codes(look(data)) == ["bad-openssh-key"]


def test_a_private_part_that_is_cut_short_is_told_of() -> None:
    head = [string(b"none"), string(b"none"), string(b""), b"\0\0\0\1"]
    whole = [*head, string(ssh_blob(ED))]
    assert "truncated" in codes(look(openssh(*whole)))
    assert "truncated" in codes(look(openssh(*whole, b"\0\0\0\x50x")))


def test_a_kind_we_do_not_read_is_named() -> None:
    blob = string(b"ssh-xmss@openssh.com") + string(bytes(32))
    report = look(b"ssh-xmss@openssh.com " + base64.b64encode(blob) + b" me")
    found = report.facts()["objects"][0]
    assert found["text"] == "ssh-xmss@openssh.com"
    assert found["comment"] == "me"
    assert "unsupported-key" in codes(report)


def test_a_blob_that_is_broken_is_told_of() -> None:
    blob = string(b"ssh-ed25519") + string(b"short")
    report = look(b"ssh-ed25519 " + base64.b64encode(blob))
    assert "unsupported-key" in codes(report)
    assert codes(look(public(ED, PublicFormat.OpenSSH))) == ["openssh-format"]
