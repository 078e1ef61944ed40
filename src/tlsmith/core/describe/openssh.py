"""OpenSSH keys: named, so that nobody wonders why a web server refuses them."""

from __future__ import annotations

import base64
import hashlib

from tlsmith.core.describe.described import Described
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.guard import attempt
from tlsmith.core.describe.keys import read_public_key

MAGIC = b"openssh-key-v1\0"


def describe_openssh_private(described: Described) -> Described:
    """Read the part of an OpenSSH private key that is never encrypted.

    The format is that of OpenSSH's PROTOCOL.key: the public key stands in front.
    """
    data = described.found.content
    fields = _Fields(data, len(MAGIC) if data.startswith(MAGIC) else len(data))
    cipher, derivation, _ = fields.next(), fields.next(), fields.next()
    count = fields.number()
    blob = fields.next()
    if not blob or count < 1:
        message = "the OpenSSH key is cut short, or is none"
        described.add(PROBLEM, "bad-openssh-key", message)
        return described
    described.facts["encrypted"] = cipher != b"none"
    if cipher != b"none":
        words = f"{_text(cipher)}, key derived with {_text(derivation)}"
        described.facts["encryption"] = words
    if not fields.next() or fields.offset > len(data):
        message = "the OpenSSH key is cut short: its private part is not whole"
        described.add(PROBLEM, "truncated", message)
    _read_blob(described, blob)
    message = (
        "TLS servers do not read this format; a copy in theirs is made by "
        "ssh-keygen -p -m PKCS8 -f FILE"
    )
    described.add(WARNING, "openssh-format", message)
    return described


def describe_openssh_public(found: Found) -> Described:
    """Return the facts of an OpenSSH public key."""
    described = Described(found, {"format": "OpenSSH", "comment": found.entry})
    _read_blob(described, found.content)
    described.add(NOTE, "openssh-format", "an SSH key; TLS has no use for this format")
    return described


def _read_blob(described: Described, blob: bytes) -> None:
    fields = _Fields(blob, 0)
    kind = fields.next()
    described.facts["algorithm"] = described.facts["text"] = _text(kind)
    digest = base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()
    described.facts["ssh_fingerprint"] = f"SHA256:{digest}"
    line = kind + b" " + base64.b64encode(blob)
    spki, error = attempt(lambda: _public_info(line))
    if error is not None:
        message = f"an SSH key of kind {_text(kind)}, which is not read here"
        described.add(NOTE, "unsupported-key", message)
        return
    dissection = Dissection(spki)
    public = read_public_key(dissection, dissection.outer("subjectPublicKeyInfo"))
    described.spki = spki
    described.facts |= {"text": public["text"], "public_key": public}


def _public_info(line: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_ssh_public_key,
    )

    key = load_ssh_public_key(line)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(octets: bytes) -> str:
    return octets[:80].decode("ascii", "replace")


class _Fields:
    """Reads strings with their lengths in front (RFC 4251 section 5)."""

    def __init__(self, data: bytes, offset: int) -> None:
        self.data = data
        self.offset = offset

    def number(self) -> int:
        value = int.from_bytes(self.data[self.offset : self.offset + 4], "big")
        self.offset += 4
        return value

    def next(self) -> bytes:
        """Return the next string; one that is cut short ends beyond the data."""
        size = self.number()
        value = self.data[self.offset : self.offset + size]
        self.offset += size
        return value
