"""Signing keys: what signs, wherever the private key lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from tlsmith.core.keys import public_key_info, signer_of

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey


class SigningKey(Protocol):
    """A private key that may lie elsewhere: it is asked for signatures alone."""

    @property
    def public_key_info(self) -> bytes:
        """The DER SubjectPublicKeyInfo of its public key."""

    @property
    def algorithm(self) -> bytes:
        """The DER AlgorithmIdentifier of its signatures."""

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        """What returns the signature over some bytes, as certificates hold it."""


def signing_key(key: PrivateKey | SigningKey) -> SigningKey:
    """Return what signs with a private key; a signing key is one already.

    Raises:
        InputError: a key of a kind that cannot sign certificates.
    """
    if hasattr(key, "algorithm"):
        return cast(SigningKey, key)
    return _KeyInMemory(key)


class _KeyInMemory:
    """A private key of this process."""

    __slots__ = ("algorithm", "public_key_info", "sign")

    def __init__(self, key: Any) -> None:
        self.algorithm, self.sign = signer_of(key)
        self.public_key_info = public_key_info(key.public_key())
