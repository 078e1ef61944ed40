"""Keys in a cloud's key service, behind the little that every one of them offers."""

from __future__ import annotations

from typing import Protocol

from tlsmith.errors import SignerError
from tlsmith.signers.scheme import Scheme, scheme_of


class KeyService(Protocol):
    """One key in a cloud: what a provider has to be able to do.

    What a provider's library raises is a SignerError when it leaves here, and no call
    takes longer than the deadline that it was made with.
    """

    @property
    def uri(self) -> str:
        """The address of the key, as exact as the provider can say it."""
        ...

    def public_key(self) -> bytes:
        """Return the DER SubjectPublicKeyInfo."""
        ...

    def sign_digest(self, digest: bytes, scheme: Scheme) -> bytes:
        """Return the signature over a digest, as certificates hold it."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class KMSSigner:
    """A signer whose key stays in a cloud's key service.

    Raises:
        SignerError: the service cannot be reached, or refuses.
        InputError: the key is of a kind that it cannot sign certificates with.
    """

    def __init__(self, service: KeyService) -> None:
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        self._service = service
        self._closed = False
        self.public_key_info = service.public_key()
        self._scheme = scheme_of(load_der_public_key(self.public_key_info))
        self.algorithm = self._scheme.algorithm

    @property
    def uri(self) -> str:
        """The address of the key."""
        return self._service.uri

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`; only its digest leaves this machine.

        Raises:
            SignerError: the service cannot be reached, or refuses.
        """
        if self._closed:
            raise SignerError(
                f"the signer of the key {self.uri!r} was closed",
                key=self.uri,
                code="signer-closed",
            )
        return self._service.sign_digest(self._scheme.digest(data), self._scheme)

    def close(self) -> None:
        """Let go of the service."""
        self._closed = True
        self._service.close()
