"""The folder of the local CAs: made, listed, cleared, and what is wrong with it."""

from __future__ import annotations

import os

from tlsmith.errors import FileError, InputError

# Starts the folder of a CA that is being made: nobody has seen it yet.
UNFINISHED = ".new-"


def authority_folder(home: str, name: str = "") -> str:
    """Return the folder of a CA below `home`, or that of all of them."""
    return os.path.join(home, "authorities", name) if name else f"{home}/authorities"


def folder_names(home: str) -> list[str]:
    """Return the names of the folders of all CAs below `home`, unfinished ones too.

    Raises:
        FileError: they cannot be listed.
    """
    try:
        return sorted(os.listdir(authority_folder(home)))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise home_error(home, error) from error


def make_home(home: str) -> None:
    """Make the folder, and those above it, for nobody else to write in.

    Raises:
        FileError: it cannot be made.
    """
    try:
        parent = os.path.dirname(home)
        if parent and not os.path.isdir(parent):
            make_home(parent)
        os.makedirs(home, mode=0o700, exist_ok=True)
    except OSError as error:
        raise home_error(home, error) from error


def remove_folder(path: str) -> None:
    """Remove a folder of ours that may or may not be there."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def home_error(home: str, error: OSError) -> FileError:
    """Return the error to raise for `error`, met in the folder of the local CAs."""
    reason = (error.strerror or str(error)).lower()
    return FileError(
        f"cannot keep the local CA in {home!r}: {reason}",
        path=home,
        code="home-not-writable",
        hint="set TLSMITH_HOME to a folder of yours that can be written",
    )


def damaged(message: str) -> InputError:
    """Return the error to raise for a CA that is not whole."""
    return InputError(
        message,
        code="local-ca-damaged",
        hint="make a new one: tlsmith ca init --local --replace",
    )
