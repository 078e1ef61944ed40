"""The file of a root that is carried away: its encrypted key, its certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.formats import encode_chain, encode_pem, load_private_key, split_pem
from tlsmith.core.issuer import Issuer
from tlsmith.errors import InputError, PassphraseError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

_CERTIFICATE, _CRL = "CERTIFICATE", "X509 CRL"


class RootFile(NamedTuple):
    """A root with its key.

    Args:
        certificate: DER.
        crl: its first CRL, DER, where the file has one.
    """

    certificate: bytes
    key: PrivateKey
    crl: bytes | None = None

    def __repr__(self) -> str:
        return "RootFile()"

    @property
    def issuer(self) -> Issuer:
        """What signs with it.

        Raises:
            NotACAError, KeyMismatchError: certificate and key are not a CA's.
        """
        return Issuer(self.certificate, self.key)

    def encode(self, passphrase: bytes) -> bytes:
        """Return the file, PEM, its key encrypted.

        Raises:
            PassphraseError: the passphrase is empty.
        """
        from tlsmith.signers import encrypt_key

        crl = encode_pem(_CRL, self.crl) if self.crl else b""
        return (
            encrypt_key(self.key, passphrase) + encode_chain([self.certificate]) + crl
        )


def parse_root_file(data: bytes, passphrase: bytes, source: str) -> RootFile:
    """Return the root in the bytes of a file that holds its key and certificate.

    Args:
        source: of the file, for messages.

    Raises:
        PassphraseError: the passphrase does not open it.
        InputError: the key or the certificate is not in it.
        NotACAError, KeyMismatchError: they are not a CA's.
    """
    blocks = split_pem(data)
    certificates = [der for label, der in blocks if label == _CERTIFICATE]
    if not certificates:
        raise InputError(
            f"{source!r} holds no certificate beside the root's key",
            code="no-root-certificate",
            hint="put the root's certificate behind its key: cat root-key.pem root.pem",
        )
    # One kept without a passphrase is a root all the same.
    secret = passphrase if b"ENCRYPTED" in data else None
    try:
        key = load_private_key(data, secret)
    except PassphraseError as error:
        raise PassphraseError(
            f"the passphrase does not open the root's key in {source!r}",
            code=error.code,
            hint="give the root's, which may be another than the service's",
        ) from error
    crls = [der for label, der in blocks if label == _CRL]
    root = RootFile(certificates[0], key, crls[0] if crls else None)
    _ = root.issuer
    return root
