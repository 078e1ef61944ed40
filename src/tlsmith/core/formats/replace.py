"""What would be lost if a file were replaced: private keys above all."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from tlsmith.core.describe.recognise import recognise
from tlsmith.core.formats.load import KNOWN_KINDS, load_objects
from tlsmith.errors import InputError, PassphraseError

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
# Text that says only what the objects beside it say: what OpenSSL prints with them,
# remarks, and a Secret that is nothing but its certificate and key.
_COMPANION = re.compile(
    r"#.*|Bag Attributes.*|Key Attributes.*|(subject|issuer)\s*=.*|Certificate:"
    r"|Certificate Request:|Certificate Revocation List \(CRL\):"
    r"|---|apiVersion: v1|kind: Secret|metadata:|type: kubernetes\.io/tls|data:"
)
_OF_SECRET = re.compile(r" +(name|namespace|tls\.crt|tls\.key|ca\.crt): \S+")
_INDENTED = re.compile(r"\s+\S.*")
_HEADS = ("Bag Attributes", "Key Attributes", "Certificate")


def keys_held(data: bytes, passphrases: Sequence[bytes] = ()) -> frozenset[bytes]:
    """Return the SubjectPublicKeyInfo of every private key in the bytes of a file.

    Raises:
        PassphraseError: there may be more: something in it cannot be opened.
        InputError: it is damaged, or of no kind we know.
    """
    return frozenset(key.info for key in load_objects(data, passphrases).keys)


def what_is_lost(
    existing: bytes, kept: Collection[bytes] = (), passphrases: Sequence[bytes] = ()
) -> str | None:
    """Return what replacing a file would lose, in words; None where nothing matters.

    Certificates, requests, revocation lists and public keys may be had again; private
    keys may not, nor whatever we do not know.

    Args:
        existing: what is in the file now.
        kept: SubjectPublicKeyInfos of private keys that are kept elsewhere, or written.
        passphrases: to open what is in the file.
    """
    if not existing.strip():
        return None
    besides = _besides_objects(existing)
    if besides is not None:
        return besides
    try:
        held = _keys_in(existing, passphrases)
    except PassphraseError:
        return "a private key that cannot be opened to see whether it is kept"
    except InputError:
        return "something that cannot be read to see whether it is kept"
    return None if held <= set(kept) else "a private key that is nowhere else"


def _besides_objects(existing: bytes) -> str | None:
    found = recognise(existing)
    if not found:
        return "something that is neither certificate nor key"
    if any(
        one.kind not in KNOWN_KINDS and one.label != "EC PARAMETERS" for one in found
    ):
        return "something besides certificates and keys"
    if any(f.code == "trailing-data" for one in found for f in one.findings):
        return "something behind its certificate or key"
    if found[0].encoding in ("der", "binary"):
        return None
    line = _other_text(existing)
    return f"other text, on line {line}" if line else None


def _keys_in(existing: bytes, passphrases: Sequence[bytes]) -> frozenset[bytes]:
    """Return the keys, trying the passphrases and then those everyone uses."""
    try:
        return keys_held(existing, passphrases)
    except PassphraseError:
        if not passphrases:
            raise
        return keys_held(existing)


def _other_text(data: bytes) -> int | None:
    """Return the number of the first line that no object accounts for."""
    text = _PEM_BLOCK.sub(lambda block: b"\n" * block[0].count(b"\n"), data)
    below_head = False
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        if _COMPANION.fullmatch(line.rstrip()):
            below_head = line.startswith(_HEADS)
        elif _OF_SECRET.fullmatch(line.rstrip()):
            continue
        elif not (below_head and _INDENTED.fullmatch(line)):
            return number
    return None
