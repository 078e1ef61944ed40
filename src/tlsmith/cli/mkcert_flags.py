"""mkcert's flags, read as Go's `flag` package reads them.

One hyphen or two; `-flag=value` or `-flag value`, for a boolean `-flag` or
`-flag=false`; the first word that is no flag ends them, and so does `--`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tlsmith.errors import InputError

_STRINGS = ("csr", "cert-file", "key-file", "p12-file")
_BOOLEANS = (
    "install",
    "uninstall",
    "pkcs12",
    "ecdsa",
    "client",
    "help",
    "CAROOT",
    "version",
)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


class Flags(NamedTuple):
    """What the words say; a file that is not given is empty.

    Args:
        asks_usage: `-h`, which mkcert has no flag for.
        names: what follows the flags.
    """

    install: bool = False
    uninstall: bool = False
    pkcs12: bool = False
    ecdsa: bool = False
    client: bool = False
    help: bool = False
    caroot: bool = False
    version: bool = False
    csr: str = ""
    cert_file: str = ""
    key_file: str = ""
    p12_file: str = ""
    asks_usage: bool = False
    names: tuple[str, ...] = ()


def parse_flags(words: Sequence[str]) -> Flags:
    """Return what `words` say.

    Raises:
        InputError: a flag that does not exist, has no value or one it does not take.
    """
    given: dict[str, bool | str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = _split(word)
        if name in _BOOLEANS:
            given[_field(name)] = _boolean(name, value) if equals else True
        elif name in _STRINGS:
            if not equals and not rest:
                raise _usage_error(f"flag needs an argument: -{name}")
            given[_field(name)] = value if equals else rest.pop(0)
        elif name == "h":
            return Flags(asks_usage=True)
        else:
            raise _usage_error(f"flag provided but not defined: -{name}")
    return Flags(**given, names=tuple(rest))  # type: ignore[arg-type]


def _split(word: str) -> tuple[str, str, str]:
    name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
    if not name or name.startswith("-"):
        raise _usage_error(f"bad flag syntax: {word}")
    return name, equals, value


def _boolean(name: str, value: str) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise _usage_error(f"{value!r} is neither true nor false, for -{name}")


def _field(name: str) -> str:
    return name.replace("-", "_").lower()


def _usage_error(message: str) -> InputError:
    return InputError(message, code="usage", hint="see `tlsmith mkcert -help`")
