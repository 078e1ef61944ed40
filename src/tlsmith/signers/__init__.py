"""Signers: where the keys of CAs live, and what asks them to sign."""

from tlsmith.signers.base import DEADLINE, CreatedKey, Signer
from tlsmith.signers.encrypted import encrypt_key
from tlsmith.signers.opening import (
    SCHEMES,
    create_key,
    import_key,
    needs_passphrase,
    open_signer,
)
from tlsmith.signers.passphrase import Passphrase, find_passphrase

__all__ = [
    "DEADLINE",
    "SCHEMES",
    "CreatedKey",
    "Passphrase",
    "Signer",
    "create_key",
    "encrypt_key",
    "find_passphrase",
    "import_key",
    "needs_passphrase",
    "open_signer",
]
