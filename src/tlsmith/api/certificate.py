"""Certificates with their keys, in memory."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.api import contexts
from tlsmith.api.encoded import Encoded
from tlsmith.core import der, oid
from tlsmith.core.formats import (
    encode_chain,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.keys import fingerprint
from tlsmith.core.stem import default_stem
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError
from tlsmith.files import NewFile, write_together

if TYPE_CHECKING:
    from tlsmith.api.ca import CA
    from tlsmith.core.keys import PrivateKey


_UNNAMED = "certificate"
# What Java's tools, and most others, expect where none was agreed on.
USUAL_PASSPHRASE = "changeit"  # noqa: S105 -- no secret


class Paths(NamedTuple):
    """Where the files of a certificate are.

    Args:
        cert_file: the certificate with its chain.
        key_file: its private key, 0600.
    """

    cert_file: Path
    key_file: Path


class Certificate:
    """A certificate, its chain and its private key; `CA.issue` makes them.

    Args:
        chain: DER, end entity first, without the root.
        key: None where it belongs to someone else's request.
    """

    def __init__(self, chain: Sequence[bytes], key: PrivateKey | None) -> None:
        self._chain = tuple(chain)
        self._key = key

    def __repr__(self) -> str:
        names = ", ".join(self.names) or "no name"
        until = f"{self.not_after:%Y-%m-%d %H:%M:%S}"
        return f"<{type(self).__name__} for {names}, until {until}>"

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificate and those above it, without the root, DER."""
        return self._chain

    @property
    def private_key(self) -> PrivateKey:
        """The private key, as the library cryptography has it.

        Raises:
            InputError: the certificate was made from a request, without the key.
        """
        if self._key is None:
            raise InputError(
                f"the private key of {self!r} is not here",
                code="no-private-key",
                hint="it was made from a request: whoever made that has the key",
            )
        return self._key

    @property
    def names(self) -> tuple[str, ...]:
        """The subjectAltName: what clients compare the host with."""
        return tuple(name.value for name in self._view.names)

    @property
    def not_before(self) -> datetime:
        """The first second of its validity, in UTC."""
        return self._view.not_before

    @property
    def not_after(self) -> datetime:
        """The last second of its validity, in UTC."""
        return self._view.not_after

    @property
    def serial_number(self) -> int:
        """Its serial number (RFC 5280 section 4.1.2.2)."""
        return self._view.serial_number

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, hexadecimal, as clients pin it."""
        return fingerprint(self._chain[0])

    @property
    def der(self) -> Encoded:
        """The certificate alone, DER."""
        return Encoded(self._chain[0], ending=".der")

    @property
    def pem(self) -> Encoded:
        """The certificate alone, PEM."""
        return Encoded(encode_chain(self._chain[:1]))

    @property
    def chain_pem(self) -> Encoded:
        """The certificate and its chain, PEM: what servers are configured with."""
        return Encoded(encode_chain(self._chain))

    @property
    def key_pem(self) -> Encoded:
        """The private key, PKCS#8, PEM.

        Raises:
            InputError: the certificate was made from a request, without the key.
        """
        return Encoded(encode_private_key(self.private_key), secret=True)

    @property
    def combined_pem(self) -> Encoded:
        """The private key, the certificate and its chain in one, PEM."""
        return Encoded(self.key_pem + self.chain_pem, secret=True)

    def encrypted_key_pem(self, passphrase: str | bytes) -> Encoded:
        """Return the private key, PKCS#8, encrypted (PBES2, AES-256), PEM.

        Raises:
            InputError: the passphrase is empty, or the key is not here.
        """
        data = encode_private_key(self.private_key, as_bytes(passphrase))
        return Encoded(data, secret=True)

    def p12(
        self, passphrase: str | bytes = USUAL_PASSPHRASE, *, legacy: bool = False
    ) -> Encoded:
        """Return key, certificate and chain as PKCS#12.

        Args:
            legacy: encrypted with 3DES and SHA-1, for clients older than about 2019.

        Raises:
            InputError: the passphrase is empty, the key is not here, or is of a kind
                that PKCS#12 is not written for.
        """
        data = encode_pkcs12(
            self.private_key,
            self._chain,
            passphrase=as_bytes(passphrase),
            name=self.names[0] if self.names else _UNNAMED,
            legacy=legacy,
        )
        return Encoded(data, secret=True, ending=".p12")

    def write(self, folder: str | os.PathLike[str], stem: str | None = None) -> Paths:
        """Write certificate with chain, and key, to two files; return where they are.

        Args:
            folder: made where it is missing.
            stem: what the names begin with; by default as `tlsmith make` has it:
                `localhost+2.pem`, `localhost+2-key.pem`.

        Raises:
            FileError: the folder cannot be written; nothing was changed.
            InputError: the key is not here.
        """
        stem = self._stem if stem is None else stem
        paths = Paths(Path(folder, f"{stem}.pem"), Path(folder, f"{stem}-key.pem"))
        with contextlib.suppress(OSError):  # writing says what is wrong with it
            os.makedirs(folder, exist_ok=True)
        write_together(
            [
                NewFile(str(paths.key_file), self.key_pem, secret=True),
                NewFile(str(paths.cert_file), self.chain_pem),
            ]
        )
        return paths

    def server_context(self, *, client_ca: CA | None = None) -> ssl.SSLContext:
        """Return a new context for a server that presents this certificate.

        Args:
            client_ca: demand a certificate of clients, and one of this CA.

        Raises:
            InputError: the key is not here, or Python's OpenSSL cannot use it.
        """
        context = contexts.server_context(self._chain, self.private_key)
        if client_ca is not None:
            client_ca.trust(context)
            context.verify_mode = ssl.VerifyMode.CERT_REQUIRED
        return context

    def configure(self, context: contexts.Context) -> None:
        """Have a context, Python's or pyOpenSSL's, present this certificate.

        Raises:
            InputError: it is no TLS context, or its OpenSSL cannot use the key.
        """
        contexts.present(context, self._chain, self.private_key)

    @cached_property
    def _view(self) -> CertificateView:
        return view_certificate(self._chain[0])

    @property
    def _stem(self) -> str:
        names = self._view.names
        if not names:
            return _UNNAMED
        return default_stem(names, client=self._is_for_clients)

    @property
    def _is_for_clients(self) -> bool:
        usages = self._view.extensions.get(
            der.object_identifier(oid.EXTENDED_KEY_USAGE), (False, b"")
        )[1]
        return der.object_identifier(oid.CLIENT_AUTH) in usages


def as_bytes(passphrase: str | bytes) -> bytes:
    """Return a passphrase as files are encrypted with it: text is UTF-8."""
    return passphrase.encode() if isinstance(passphrase, str) else passphrase
