"""Private keys: whether bytes are one, of what kind, and which public key it has."""

from __future__ import annotations

import warnings
from contextlib import suppress
from hashlib import sha256
from typing import Any

from tlsmith.errors import InputError
from tlsmith.scan.artefacts.artefact import Key
from tlsmith.scan.artefacts.pem import Block, decoded
from tlsmith.scan.artefacts.shape import INTEGER, declared, elements, is_whole

_LEAST = 40
"""An Ed25519 key in PKCS#8 has 48 bytes; what is shorter is a sample's stub."""
_LARGEST = 64_000
_SLOW = 3000
_COMPUTED = (
    bytes.fromhex("2a8648ce380401"),  # DSA
    bytes.fromhex("2a864886f70d010301"),  # DH, PKCS#3
    bytes.fromhex("2a8648ce3e0201"),  # DH, X9.42
)
_SSH = b"openssh-key-v1\0"
_ENCRYPTED_LABEL = "ENCRYPTED PRIVATE KEY"
_LABELS = frozenset(
    ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY",
     "DH PRIVATE KEY", _ENCRYPTED_LABEL, "OPENSSH PRIVATE KEY",
     "ANY PRIVATE KEY", "SSH2 ENCRYPTED PRIVATE KEY"]
)  # fmt: skip


def key_of_block(block: Block) -> Key | None:
    """The private key that a PEM block holds; None if it is a mere placeholder."""
    if block.label not in _LABELS:
        return None
    data = decoded(block.body)
    if data is None or not _LEAST <= len(data) <= _LARGEST:
        return None
    if data.startswith(_SSH):
        return _ssh_key(data)
    if block.is_encrypted:
        return Key("encrypted-key", "encrypted as OpenSSL once did", _digest(data))
    return key_of(data) or _damaged(data, block.label)


def key_of(data: bytes) -> Key | None:
    """The private key that DER is, encrypted or not; None if it is none."""
    if not _LEAST <= len(data) <= _LARGEST or not is_whole(data):
        return None
    if _is_slow(data):
        return Key("key", "DSA or DH, too large to be used", _digest(data))
    if _is_encrypted(data):
        return Key("encrypted-key", "encrypted, PKCS#8", _digest(data))
    loaded, known = _loaded(data)
    if loaded is not None:
        return known_by(loaded.public_key(), _digest(data))
    return Key("key", "of a kind unknown here", _digest(data)) if known else None


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def known_by(public: Any, digest: str) -> Key:
    """The private key of a public one, which tells what is known of it."""
    from tlsmith.core.key_hash import key_hash
    from tlsmith.core.seen_keys import is_seen

    told = size_of(public)
    info = _info(public)
    if info is None:
        return Key("key", told, digest)
    with suppress(InputError):
        if is_seen(key_hash(info)):
            told += ", published: anyone has it"
    return Key("key", told, digest, _digest(info))


def _loaded(data: bytes) -> tuple[Any, bool]:
    """The key, and whether it is one at all."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Whether its numbers fit together takes longer than reading it.
            return load_der_private_key(
                data, None, unsafe_skip_rsa_key_validation=True
            ), True
    except UnsupportedAlgorithm:
        return None, True
    except Exception:
        # Of a dozen kinds, as many as there are ways to be no key.
        return None, False


def _is_encrypted(data: bytes) -> bool:
    """Whether it is an EncryptedPrivateKeyInfo: of PBES2, or of an older scheme."""
    schemes = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05", b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c")
    return any(scheme in data[:24] for scheme in schemes)


def _is_slow(data: bytes) -> bool:
    """Whether it is a key of which the public half is computed, and takes long."""
    if len(data) < _SLOW:
        return False
    if any(kind in data[:40] for kind in _COMPUTED):
        return True
    _, start, _ = next(elements(data, 0, len(data)))
    tags = [tag for tag, _, _ in elements(data, start, len(data))]
    return tags == [INTEGER] * 6  # DSA as OpenSSL once wrote it


def _damaged(data: bytes, label: str) -> Key | None:
    """A key that is not read, of which most is there: cut short, or changed."""
    size = declared(data)
    if size is None or not size / 2 <= len(data) <= size * 2 or len(set(data)) < 24:
        return None
    kind = "encrypted-key" if label == _ENCRYPTED_LABEL else "key"
    told = "cut short or changed: it decodes, and cannot be read"
    return Key(kind, told, _digest(data), confidence="low")


def _ssh_key(data: bytes) -> Key | None:
    cipher = _string(data, len(_SSH))
    if cipher is None:
        return None
    if cipher != b"none":
        return Key("encrypted-key", "OpenSSH, encrypted", _digest(data))
    at = len(_SSH) + 4 + len(cipher)
    for _ in range(2):  # the derivation and its options
        skipped = _string(data, at)
        if skipped is None:
            return None
        at += 4 + len(skipped)
    public = _string(data, at + 4)
    private = public and _string(data, at + 8 + len(public))
    if not public or not private or len(private) < len(public) // 2:
        return None
    kind = (_string(public, 0) or b"").decode("ascii", "replace")[:40]
    return Key("ssh-key", f"OpenSSH, {kind}", _digest(data), _digest(public))


def _string(data: bytes, at: int) -> bytes | None:
    size = int.from_bytes(data[at : at + 4], "big")
    found = data[at + 4 : at + 4 + size]
    return found if len(data) >= at + 4 and len(found) == size else None


def size_of(key: Any) -> str:
    """The algorithm and the size of a key, as people say them."""
    name = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    curve = getattr(key, "curve", None)
    if curve is not None:
        return f"EC {curve.name}"
    bits = getattr(key, "key_size", None)
    return f"{name} {bits}" if bits else name


def public_of(key: Any) -> str | None:
    """The SHA-256 of a public key (its SubjectPublicKeyInfo), in hexadecimal."""
    info = _info(key)
    return _digest(info) if info else None


def _info(key: Any) -> bytes | None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        told: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # a kind that has no such form
        return None
    return told
