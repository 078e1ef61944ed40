"""What every signer offers, wherever its key lives."""

from __future__ import annotations

from typing import NamedTuple, Protocol

# A caller waits at most this long for a token or a service that does not answer.
DEADLINE = 10.0


class Signer(Protocol):
    """A CA's key that can be asked to sign, and not be read.

    Args:
        uri: the address of the key, kept in the database; no secret is in it.
        public_key_info: DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
        algorithm: DER AlgorithmIdentifier of the signatures (RFC 5280 4.1.1.2).
    """

    @property
    def uri(self) -> str: ...

    @property
    def public_key_info(self) -> bytes: ...

    @property
    def algorithm(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, as certificates hold it.

        Any number of threads may ask at once.

        Raises:
            SignerError: the key cannot be reached, or did not answer in time; the next
                call after it is back works.
        """
        ...

    def close(self) -> None:
        """Let go of the key; signing afterwards is refused."""
        ...


class CreatedKey(NamedTuple):
    """A key just made or adopted.

    Args:
        signer: signs with it; its `uri` is the address to keep, which may say more
            than the one asked for.
        material: the encrypted key as PEM, where the database is to hold it; else None.
    """

    signer: Signer
    material: bytes | None
