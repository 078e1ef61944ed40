"""Keys in a PKCS#11 token: made there, used there, never read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tlsmith.errors import FileError, InputError, PassphraseError, SignerError
from tlsmith.signers._module import Module, module_of, words_of
from tlsmith.signers.base import DEADLINE
from tlsmith.signers.passphrase import read_first_line
from tlsmith.signers.pkcs11_keys import (
    asks_each_time,
    find_private_key,
    find_public_key,
    generate_key_pair,
    mechanism_of,
)
from tlsmith.signers.pkcs11_uri import TokenKey, parse_pkcs11_uri
from tlsmith.signers.scheme import (
    Scheme,
    encode_digest_info,
    encode_ecdsa_signature,
    scheme_of,
)

T = TypeVar("T")

# Smart cards take a minute for a long RSA key.
_GENERATION = 120.0
_PARTING = 2.0


class TokenSigner:
    """A signer whose key stays in a token.

    Args:
        passphrase: the PIN, unless the address has a pin-source.
        deadline: seconds that a caller waits for the token.

    Raises:
        PassphraseError: the PIN is wrong or missing.
        SignerError: the module, the token or the key is missing.
        InputError: the address is none of a key.
    """

    def __init__(
        self, uri: str, passphrase: bytes | None = None, *, deadline: float = DEADLINE
    ) -> None:
        self.uri = uri
        self._address = parse_pkcs11_uri(uri)
        self._passphrase = passphrase
        self._deadline = deadline
        self._module = module_of(self._address.module)
        self._generation = -1
        self._key: Any = None
        self._closed = False
        self._refused_pin: str | None = None
        self._pin_each_time: str | None = None
        try:
            self.public_key_info = self._run(self._begin)
            self._scheme = _scheme(self.public_key_info)
        except BaseException:
            self.close()
            raise
        self.algorithm = self._scheme.algorithm
        self._mechanism = mechanism_of(self._scheme)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`.

        Raises:
            SignerError: the token is gone, refuses, or did not answer in time.
        """
        if self._closed:
            raise SignerError(
                f"the signer of the key {self.uri!r} was closed",
                key=self.uri,
                code="signer-closed",
            )
        digest = self._scheme.digest(data)
        try:
            return self._run(lambda: self._signature(digest))
        except (PassphraseError, FileError) as error:
            # Met on logging in again: while running, the key is what is lost.
            raise SignerError(
                error.message, key=self.uri, code=error.code, hint=error.hint
            ) from error

    def close(self) -> None:
        """Leave the token, and log out where no other key is used in it."""
        if self._closed:
            return
        self._closed = True
        self._module.part(id(self), min(self._deadline, _PARTING))
        self._key = None

    def _run(self, work: Callable[[], T]) -> T:
        return self._module.run(
            lambda: self._module.afresh(work), self.uri, self._deadline
        )

    def _begin(self) -> bytes:
        """Log in, find the key, and return its public half."""
        pin = self._current_pin()
        session = self._session(pin)
        self._key = find_private_key(session, self._address)
        self._pin_each_time = pin if asks_each_time(self._key) else None
        info = find_public_key(session, self._address, self._key)
        self._generation = self._module.generation
        return info

    def _current_pin(self) -> str | None:
        pin = _pin(self._address, self._passphrase)
        if pin is not None and pin == self._refused_pin:
            # Asking again and again is what locks a token.
            raise PassphraseError(
                f"the token of the key {self.uri!r} refused the PIN before",
                code="pin-refused",
                hint="correct the PIN; it is not tried again until it is another",
            )
        return pin

    def _session(self, pin: str | None) -> Any:
        try:
            return self._module.login(self._address, pin, id(self))
        except PassphraseError:
            self._refused_pin = pin
            raise

    def _signature(self, digest: bytes) -> bytes:
        if self._generation != self._module.generation:
            self._begin_again()
        if self._scheme.kind.startswith("rsa"):
            digest = encode_digest_info(digest)
        signature: bytes = self._key.sign(
            digest, mechanism=self._mechanism, pin=self._pin_each_time
        )
        if self._scheme.kind.startswith("p"):
            return encode_ecdsa_signature(signature)
        return signature

    def _begin_again(self) -> None:
        if self._begin() != self.public_key_info:
            self._generation = -1
            raise SignerError(
                f"the token holds another key at {self.uri!r} than before",
                key=self.uri,
                code="key-changed",
                hint="put the token back that holds the CA's key",
            )


def create_token_key(
    uri: str, kind: str, passphrase: bytes | None, *, deadline: float = DEADLINE
) -> TokenSigner:
    """Generate a key in a token, from where it cannot be read, and return its signer.

    Raises:
        SignerError: there is one at that address already, or the token cannot do it.
        InputError: the kind is not for tokens.
    """
    address = parse_pkcs11_uri(uri)
    module = module_of(address.module)
    module.run(
        lambda: _generate(module, address, kind, passphrase),
        uri,
        max(deadline, _GENERATION),
    )
    return TokenSigner(uri, passphrase, deadline=deadline)


def _generate(
    module: Module, address: TokenKey, kind: str, passphrase: bytes | None
) -> None:
    from pkcs11.exceptions import PKCS11Error

    user = id(address)
    pin = _pin(address, passphrase)
    session = module.afresh(lambda: module.login(address, pin, user))
    try:
        generate_key_pair(session, address, kind)
    except PKCS11Error as error:
        raise SignerError(
            f"the token cannot make a key of kind {kind} at {address.uri!r}: "
            f"{words_of(error)}",
            key=address.uri,
            code="key-not-made",
            hint="see what it can do: `pkcs11-tool -M`",
        ) from error
    finally:
        module.leave(user)


def _pin(address: TokenKey, passphrase: bytes | None) -> str | None:
    if address.pin_source is not None:
        passphrase = read_first_line(address.pin_source)
    if passphrase is None:
        return None
    if not passphrase:
        raise PassphraseError(
            f"the PIN for the key {address.uri!r} is empty",
            hint="put the PIN in the file that pin-source names, on one line",
        )
    try:
        return passphrase.decode()
    except UnicodeDecodeError as error:
        raise PassphraseError(
            f"the PIN for the key {address.uri!r} is not text (UTF-8)"
        ) from error


def _scheme(info: bytes) -> Scheme:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return scheme_of(load_der_public_key(info))
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "the key in the token is of a kind not supported", code="unsupported-key"
        ) from error
