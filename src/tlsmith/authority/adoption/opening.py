"""Certificates and keys read from files, with passphrases asked for when needed."""

from __future__ import annotations

from collections.abc import Callable

from tlsmith.core.formats import load_private_key
from tlsmith.core.formats.load import load_objects
from tlsmith.core.formats.objects import HeldCertificate, HeldKey, Objects
from tlsmith.core.formats.parsed import held_key
from tlsmith.errors import InputError, PassphraseError

Ask = Callable[[str], bytes]


class Passphrases:
    """Those given so far, and a way to ask for another.

    One that opened a key is tried on the next before anyone is asked again: the keys
    of a root and its intermediate often share theirs.

    Args:
        ask: returns the passphrase of what it is told, such as "the private key in F".
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: list[bytes] = []

    def offer(self, passphrase: bytes) -> None:
        """Add one to try that was found beside the keys."""
        self._known.append(passphrase)

    def open_key(self, data: bytes, source: str) -> HeldKey:
        """Return the private key in the bytes of a file.

        Raises:
            PassphraseError: the one that was given does not open it.
            InputError: there is no key in it, or a damaged one.
        """
        try:
            return self._open_key(data, source)
        except PassphraseError as error:
            raise PassphraseError(
                f"{source!r}: {error.message}", code=error.code, hint=error.hint
            ) from error
        except InputError as error:
            raise InputError(
                f"{source!r}: {error.message}", code=error.code, hint=error.hint
            ) from error

    def _open_key(self, data: bytes, source: str) -> HeldKey:
        for known in (None, *self._known):
            try:
                key = load_private_key(data, known)
            except PassphraseError:
                continue
            return held_key(key, repr(source), was_encrypted=known is not None)
        given = self._ask(f"the private key in {source!r}")
        key = load_private_key(data, given)
        self._known.append(given)
        return held_key(key, repr(source), was_encrypted=True)

    def open_objects(self, data: bytes, source: str) -> Objects:
        """Return all that is in a file of any format.

        Raises:
            PassphraseError: the one that was given does not open it.
            InputError: nothing in it is known, or something is damaged.
        """
        for known in ((), *((one,) for one in self._known)):
            try:
                return load_objects(data, known, source=repr(source))
            except PassphraseError:
                continue
        given = self._ask(f"what is encrypted in {source!r}")
        objects = load_objects(data, (given,), source=repr(source))
        self._known.append(given)
        return objects


def read_certificates(data: bytes, source: str) -> tuple[HeldCertificate, ...]:
    """Return the certificates in a file, at least one.

    Raises:
        InputError: there is none, or one is damaged.
    """
    found = load_objects(data, source=repr(source)).certificates
    if not found:
        raise InputError(
            f"there is no certificate in {source!r}",
            hint="see what it is with `tlsmith show`",
        )
    return found
