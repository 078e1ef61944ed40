"""Where the passphrase of a CA's key comes from, never an argument."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tlsmith.errors import PassphraseError
from tlsmith.files import read_file

VARIABLE = "TLSMITH_PASSPHRASE"
FILE_VARIABLE = "TLSMITH_PASSPHRASE_FILE"
CREDENTIAL = "tlsmith-passphrase"
_LARGEST = 64 * 1024


class Passphrase(NamedTuple):
    """A passphrase, and where it was found.

    Args:
        source: in words, such as "file '/etc/tlsmith/passphrase'".
        warning: what is wrong with that place, to be shown; None where nothing is.
    """

    value: bytes
    source: str
    warning: str | None = None

    def __repr__(self) -> str:
        return f"Passphrase(source={self.source!r}, warning={self.warning!r})"


def find_passphrase(
    purpose: str,
    *,
    file: str | None = None,
    environ: Mapping[str, str] | None = None,
    prompt: Callable[[str], bytes] | None = None,
) -> Passphrase:
    """Return the passphrase from the first place that has one.

    In this order: the file given, the variable TLSMITH_PASSPHRASE, the file that
    TLSMITH_PASSPHRASE_FILE names, the systemd credential `tlsmith-passphrase`, the
    prompt. A place that is there and empty is a mistake, not a reason to look further.

    Args:
        purpose: what it opens, such as "the key of the CA 'Example'".
        file: named by the person, as in --passphrase-file.
        environ: the environment; the process's own where it is None.
        prompt: asks a person, given the purpose; None where there is nobody to ask.

    Raises:
        PassphraseError: there is none, or it is empty.
        FileError: its file cannot be read.
    """
    environ = os.environ if environ is None else environ
    if file is not None:
        return _of_file(file)
    if VARIABLE in environ:
        # The bytes as they are, whether or not they are text.
        value = os.fsencode(environ[VARIABLE])
        return _checked(value, f"the variable {VARIABLE}")
    if FILE_VARIABLE in environ:
        return _of_file(environ[FILE_VARIABLE])
    credential = _credential(environ)
    if credential is not None:
        return _checked(read_first_line(credential), f"the credential {CREDENTIAL!r}")
    if prompt is not None:
        return _checked(prompt(purpose), "the prompt")
    raise PassphraseError(
        f"no passphrase for {purpose}",
        code="passphrase-needed",
        hint=f"put it in a file of mode 0600 and name that: --passphrase-file, or "
        f"{FILE_VARIABLE}",
    )


def read_first_line(path: str) -> bytes:
    """Return the first line of a file, without what ends it.

    Raises:
        FileError: it cannot be read.
    """
    first = read_file(path, largest=_LARGEST).split(b"\n", 1)[0]
    return first.removesuffix(b"\r")


def exposure(path: str) -> str | None:
    """Return a warning where other accounts can read a file; None where they cannot.

    A folder above it that they may not enter protects it as well.
    """
    if os.name == "nt":  # its permissions are not in the mode
        return None
    place = os.path.realpath(path)
    mode = os.stat(place).st_mode
    readers = mode & (stat.S_IRGRP | stat.S_IROTH)
    folder, inner = os.path.dirname(place), place
    while readers and folder != inner:
        if not os.stat(folder).st_mode & (stat.S_IXGRP | stat.S_IXOTH):
            return None
        folder, inner = os.path.dirname(folder), folder
    if not readers:
        return None
    who = "every account" if readers & stat.S_IROTH else "its group"
    return f"{who} of this machine can read {path!r}: chmod 600 it"


def _of_file(path: str) -> Passphrase:
    found = _checked(read_first_line(path), f"file {path!r}")
    return found._replace(warning=exposure(path))


def _credential(environ: Mapping[str, str]) -> str | None:
    """Return the path of the systemd credential (systemd.exec, LoadCredential)."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    path = os.path.join(folder, CREDENTIAL)
    return path if os.path.exists(path) else None


def _checked(value: bytes, source: str) -> Passphrase:
    if not value:
        raise PassphraseError(
            f"the passphrase in {source} is empty",
            hint="put the passphrase there, on one line",
        )
    return Passphrase(value, source)
