"""From the address of a key to its signer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsmith.core.formats.keyfile import load_private_key
from tlsmith.core.keys import check_public_key, generate_private_key
from tlsmith.errors import FileError, InputError, SignerError
from tlsmith.files import read_file, write_file
from tlsmith.signers.base import DEADLINE, CreatedKey, Signer
from tlsmith.signers.encrypted import (
    EncryptedKeySigner,
    decrypt_signer,
    encrypt_key,
    path_of,
)

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

SCHEMES = ("store", "file", "pkcs11", "awskms")
_LARGEST = 1024 * 1024


def open_signer(
    uri: str,
    *,
    passphrase: bytes | None = None,
    material: bytes | None = None,
    deadline: float = DEADLINE,
) -> Signer:
    """Return the signer of the key that an address names.

    Args:
        passphrase: opens an encrypted key; for a token it is the PIN, unless its
            address has a pin-source; a cloud service takes none.
        material: the encrypted key, PEM, of a `store:` address.
        deadline: seconds a caller waits for a token or a service.

    Raises:
        PassphraseError: the passphrase or PIN is wrong or missing.
        SignerError: the key cannot be reached.
        InputError: the address is none.
        MissingExtraError: what reaches such keys is not installed.
    """
    match scheme_of_address(uri):
        case "store":
            if material is None:
                raise SignerError(
                    f"the database holds no key for {uri!r}",
                    key=uri,
                    code="key-missing",
                    hint="restore the database from a backup",
                )
            return decrypt_signer(uri, material, passphrase)
        case "file":
            return decrypt_signer(uri, _read(uri), passphrase)
        case "pkcs11":
            from tlsmith.signers.pkcs11 import TokenSigner

            return TokenSigner(uri, passphrase, deadline=deadline)
        case _:
            return _open_kms(uri, deadline)


def create_key(
    uri: str,
    kind: str,
    passphrase: bytes | None = None,
    *,
    deadline: float = DEADLINE,
) -> CreatedKey:
    """Make a key where an address says, and return its signer.

    In a token or a cloud service it is made there and cannot be read.

    Args:
        kind: one of `core.keys.KINDS`; tokens and services know fewer.
        passphrase: as for `open_signer`.

    Raises:
        PassphraseError: the passphrase or PIN is wrong or missing.
        SignerError: there is a key already, or it cannot be made.
        InputError: the address is none, or the kind is not for it.
        MissingExtraError: what reaches such keys is not installed.
    """
    match scheme_of_address(uri):
        case "store" | "file":
            return _keep(uri, generate_private_key(kind), passphrase)
        case "pkcs11":
            from tlsmith.signers.pkcs11 import create_token_key

            return CreatedKey(
                create_token_key(uri, kind, passphrase, deadline=deadline), None
            )
        case _:
            from tlsmith.signers.awskms import create_aws_key

            made = create_aws_key(uri, kind, deadline=deadline)
            return CreatedKey(_open_kms(made, deadline), None)


def import_key(
    uri: str,
    private_key: bytes,
    passphrase: bytes | None,
    *,
    old_passphrase: bytes | None = None,
) -> CreatedKey:
    """Adopt a key that exists, into the database or a file.

    Args:
        private_key: PEM or DER, in any form that is read.
        passphrase: encrypts it from now on.
        old_passphrase: opens `private_key`, where it is encrypted.

    Raises:
        PassphraseError: one of the two is wrong or missing.
        InputError: the key is damaged, weak, or of a kind not supported; or the
            address is of a place that keys are made in.
        SignerError: there is a key already.
    """
    if scheme_of_address(uri) not in ("store", "file"):
        raise InputError(
            f"a key cannot be brought to {uri!r}: there keys are made, not adopted",
            code="import-unsupported",
            hint="bring it there with its maker's tool, such as `softhsm2-util "
            "--import` or `pkcs11-tool --write-object`, and use it from there",
        )
    key = load_private_key(private_key, old_passphrase)
    check_public_key(key.public_key())
    return _keep(uri, key, passphrase)


def needs_passphrase(uri: str) -> bool:
    """Tell whether opening a key takes a passphrase or a PIN from whoever opens it.

    Raises:
        InputError: the address is none.
    """
    scheme = scheme_of_address(uri)
    if scheme != "pkcs11":
        return scheme in ("store", "file")
    from tlsmith.signers.pkcs11_uri import parse_pkcs11_uri

    return parse_pkcs11_uri(uri).pin_source is None


def scheme_of_address(uri: str) -> str:
    """Return what stands before the colon: one of `SCHEMES`.

    Raises:
        InputError: it is none of them.
    """
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme not in SCHEMES:
        # Not all of it: who knows what it is.
        raise InputError(
            "the address of a key begins with none of "
            f"{', '.join(f'{each}:' for each in SCHEMES)}",
            code="bad-uri",
            hint="a file's is file:PATH; see docs/signers.md for the others",
        )
    return scheme


def _keep(uri: str, key: PrivateKey, passphrase: bytes | None) -> CreatedKey:
    material = encrypt_key(key, passphrase)
    if scheme_of_address(uri) == "store":
        return CreatedKey(EncryptedKeySigner(uri, key), material)
    path = path_of(uri)
    try:
        write_file(path, material, mode=0o600, exclusive=True)
    except FileError as error:
        raise _lost(uri, error) from error
    return CreatedKey(EncryptedKeySigner(f"file:{path}", key), None)


def _read(uri: str) -> bytes:
    try:
        return read_file(path_of(uri), largest=_LARGEST)
    except FileError as error:
        raise _lost(uri, error) from error


def _lost(uri: str, error: FileError) -> SignerError:
    exists = error.code == "file-exists"
    return SignerError(
        f"the key {uri!r}: {error.message}",
        key=uri,
        code="key-exists" if exists else error.code,
        hint=error.hint,
    )


def _open_kms(uri: str, deadline: float) -> Signer:
    from tlsmith.signers.awskms import AWSKeyService, parse_awskms_uri
    from tlsmith.signers.kms import KMSSigner

    return KMSSigner(AWSKeyService(parse_awskms_uri(uri), deadline=deadline))
