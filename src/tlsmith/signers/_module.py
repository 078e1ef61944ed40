"""A PKCS#11 module: loaded once, logged in to once for each token.

All of it but `module_of` and `run` is for the module's own thread: the binding calls
`C_Initialize` without arguments, which promises the module one thread only (PKCS #11
v3.0 section 5.4).
"""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tlsmith.errors import MissingExtraError, PassphraseError, SignerError
from tlsmith.signers._worker import NoAnswerError, Worker

if TYPE_CHECKING:
    from tlsmith.signers.pkcs11_uri import TokenKey

T = TypeVar("T")


class Login(NamedTuple):
    """A session with a token, logged in, and who uses it.

    Args:
        users: the signers of keys in it: the last to leave logs out.
    """

    session: Any
    pin: str | None
    users: set[int]


class Module:
    """A module in this process, and its sessions.

    Args:
        generation: counts how often it was started: what an earlier one gave out,
            sessions and keys, is void.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.generation = 0
        self._process = os.getpid()
        self._library: Any = None
        self._logins: dict[tuple[int, bytes], Login] = {}
        self._worker = Worker(f"pkcs11 {os.path.basename(path)}")

    def run(self, work: Callable[[], T], key: str, seconds: float) -> T:
        """Return what `work` returns, called in the module's thread.

        Raises:
            SignerError: it did not return in time, or the module failed.
        """
        from pkcs11.exceptions import PKCS11Error

        try:
            return self._worker.run(work, seconds)
        except NoAnswerError as error:
            raise SignerError(
                f"the token of the key {key!r} did not answer in {seconds:g} seconds",
                key=key,
                code="signer-timeout",
                hint="see whether the token, or the service behind it, is up",
            ) from error
        except PKCS11Error as error:
            raise SignerError(
                f"the token of the key {key!r} refused: {words_of(error)}",
                key=key,
                hint="see whether the token is there: `pkcs11-tool -L`",
            ) from error

    def part(self, user: int, seconds: float) -> None:
        """Have `user` leave, at once or once a token that hangs has come to itself."""

        def work() -> None:
            self.check_process()
            self.leave(user)

        parting = self._worker.post(work)
        with contextlib.suppress(TimeoutError):
            parting.result(seconds)

    def check_process(self) -> None:
        """Start anew in a forked process: sessions are not inherited (section 5.4)."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self.restart()

    def afresh(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; where it fails, restart and try once more.

        A token that was away is seen by some modules only when they start.
        """
        from pkcs11.exceptions import PKCS11Error

        self.check_process()
        try:
            return work()
        except (PKCS11Error, SignerError):
            self.restart()
            return work()

    def restart(self) -> None:
        """End the module, sessions and all: it starts when it is next asked."""
        from pkcs11.exceptions import PKCS11Error

        self.generation += 1
        self._logins.clear()
        if self._library is not None:
            # It may be what the module objects to: a token gone, a fork.
            with contextlib.suppress(PKCS11Error):
                self._library.finalize()
        self._library = None

    def login(self, address: TokenKey, pin: str | None, user: int) -> Any:
        """Return a session with the token that an address names.

        Raises:
            PassphraseError: the PIN is wrong or missing.
            SignerError: there is no such token, or more than one.
        """
        token = self._token(address)
        place = (token.slot.slot_id, token.serial)
        login = self._logins.get(place)
        if login is None:
            login = Login(_open(token, address, pin), pin, set())
            self._logins[place] = login
        elif not hmac.compare_digest((login.pin or "").encode(), (pin or "").encode()):
            raise _wrong_pin(address)
        login.users.add(user)
        return login.session

    def leave(self, user: int) -> None:
        """Log out of what only `user` was logged in to; stop a module nobody uses."""
        from pkcs11.exceptions import PKCS11Error

        for place, login in list(self._logins.items()):
            login.users.discard(user)
            if not login.users:
                del self._logins[place]
                with contextlib.suppress(PKCS11Error):
                    login.session.close()
        if not self._logins:
            self.restart()

    def _token(self, address: TokenKey) -> Any:
        found = [token for token in self._tokens(address.uri) if _fits(token, address)]
        if len(found) == 1:
            return found[0]
        problem = "more than one token fits" if found else "there is no token for"
        raise SignerError(
            f"{problem} the key {address.uri!r}",
            key=address.uri,
            code="token-ambiguous" if found else "token-missing",
            hint="say more of the token, such as serial="
            if found
            else "see which tokens there are: `pkcs11-tool -L`",
        )

    def _tokens(self, key: str) -> list[Any]:
        from pkcs11 import TokenFlag, TokenNotPresent, TokenNotRecognised

        tokens = []
        for slot in self._loaded(key).get_slots(token_present=True):
            with contextlib.suppress(TokenNotPresent, TokenNotRecognised):
                tokens.append(slot.get_token())
        # SoftHSM always offers one more, for a token to be.
        return [each for each in tokens if each.flags & TokenFlag.TOKEN_INITIALIZED]

    def _loaded(self, key: str) -> Any:
        import pkcs11

        if self._library is None:
            if not os.path.isfile(self.path):
                raise SignerError(
                    f"the PKCS#11 module {self.path!r} is missing",
                    key=key,
                    code="module-missing",
                    hint="install it, or correct module-path in the key's address",
                )
            try:
                self._library = pkcs11.lib(self.path)
            except (pkcs11.PKCS11Error, RuntimeError) as error:
                raise SignerError(
                    f"the PKCS#11 module {self.path!r} cannot be started: "
                    f"{words_of(error)}",
                    key=key,
                    code="module-failed",
                    hint="see whether `pkcs11-tool --module PATH -L` can use it",
                ) from error
        return self._library


def module_of(path: str) -> Module:
    """Return the module at `path`, the same one for every key behind it.

    Raises:
        MissingExtraError: the extra `pkcs11` is not installed.
    """
    try:
        import pkcs11  # noqa: F401 -- to know that it is there
    except ImportError as error:
        raise MissingExtraError("pkcs11", needed_for="a key in a token") from error
    place = os.path.realpath(path)
    # No lock, which a fork would copy held: two threads at once keep the first's.
    return _modules.get(place) or _modules.setdefault(place, Module(path))


_modules: dict[str, Module] = {}


def words_of(error: Exception) -> str:
    """Return what a module's answer means: "pin incorrect", of `PinIncorrect`."""
    if str(error):
        return str(error)
    name = type(error).__name__
    spaced = "".join(
        f" {letter.lower()}"
        if letter.isupper() and not name[at - 1 : at].isupper()
        else letter
        for at, letter in enumerate(name)
    )
    return spaced.strip()


def _fits(token: Any, address: TokenKey) -> bool:
    wanted = (
        (address.token, token.label),
        (address.manufacturer, token.manufacturer_id),
        (address.model, token.model),
        (address.serial, token.serial.decode("ascii", "replace")),
        (address.slot_id, token.slot.slot_id),
    )
    return all(asked is None or asked == found for asked, found in wanted)


def _open(token: Any, address: TokenKey, pin: str | None) -> Any:
    import pkcs11

    if pin is None and token.flags & pkcs11.TokenFlag.LOGIN_REQUIRED:
        raise PassphraseError(
            f"the key {address.uri!r} needs the token's PIN, and none was given",
            code="passphrase-needed",
            hint="add pin-source=file:PATH to it, or give the PIN as the passphrase",
        )
    try:
        return token.open(user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:  # by other users of the module in this process
        return token.open()
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
        raise _wrong_pin(address) from error
    except pkcs11.PinLocked as error:
        raise PassphraseError(
            f"the token of the key {address.uri!r} is locked: the PIN was wrong too "
            "often",
            code="pin-locked",
            hint="its security officer can set a new PIN",
        ) from error


def _wrong_pin(address: TokenKey) -> PassphraseError:
    return PassphraseError(
        f"the PIN does not open the token of the key {address.uri!r}",
        hint="check the PIN; some tokens lock after a few wrong ones",
    )
