"""What is the matter with a file or folder of roots that a variable names."""

from __future__ import annotations

import os
import re
import stat

_LARGEST = 64 << 20
_CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+|.*\.(?:pem|crt|cer)", re.IGNORECASE)
MISSING = "there is no such file"
UNREADABLE = "it cannot be read"
EMPTY = "nothing is in it"
NO_CERTIFICATE = "no PEM certificate is in it"
OPEN = "everybody may write to it"


def state_of_file(path: str) -> str:
    """What is the matter with a file of roots; nothing if nothing is."""
    try:
        facts = os.stat(path)
    except OSError as error:
        lost = isinstance(error, FileNotFoundError | NotADirectoryError)
        return MISSING if lost else UNREADABLE
    if not stat.S_ISREG(facts.st_mode):
        return NO_CERTIFICATE
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST)
    except OSError:
        return UNREADABLE
    if not data.strip():
        return EMPTY
    if _CERTIFICATE.search(data) is None:
        return NO_CERTIFICATE
    return OPEN if _is_open(path, facts) else ""


def state_of_folder(path: str) -> str:
    """What is the matter with a folder of roots; nothing if nothing is."""
    try:
        facts = os.stat(path)
        names = os.listdir(path)
    except OSError as error:
        lost = isinstance(error, FileNotFoundError | NotADirectoryError)
        return MISSING if lost else UNREADABLE
    if not any(map(_HASHED.fullmatch, names)):
        return NO_CERTIFICATE if names else EMPTY
    # Whoever may add a file here adds a root: a sticky bit does not keep them from it.
    return OPEN if _everybody_writes(facts) else ""


def _is_open(path: str, facts: os.stat_result) -> bool:
    """Whether everybody may change a file, or put another in its place."""
    if _everybody_writes(facts):
        return True
    folder = os.stat(os.path.dirname(os.path.realpath(path)))
    return _everybody_writes(folder) and not folder.st_mode & stat.S_ISVTX


def _everybody_writes(facts: os.stat_result) -> bool:
    return os.name == "posix" and bool(facts.st_mode & stat.S_IWOTH)
