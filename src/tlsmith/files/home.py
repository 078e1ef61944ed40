"""Where what is local lives."""

import os
import sys

from tlsmith.errors import FileError


def data_home() -> str:
    """Return the folder below which everything local lives, which may not exist yet.

    `TLSMITH_HOME` if set, else the platform's place for an application's data:
    `$XDG_DATA_HOME/tlsmith` or `~/.local/share/tlsmith`, `~/Library/Application
    Support/tlsmith`, `%LOCALAPPDATA%\\tlsmith`.

    Raises:
        FileError: it cannot be told.
    """
    chosen = os.environ.get("TLSMITH_HOME")
    if chosen:
        # Where no shell has read it, as in a Dockerfile, a tilde is still there.
        chosen = os.path.expanduser(chosen)
        try:
            return os.path.abspath(chosen)
        except FileNotFoundError as error:
            raise FileError(
                f"TLSMITH_HOME is {chosen!r}, and the folder we are in is gone",
                path=chosen,
                code="file-not-found",
                hint="set TLSMITH_HOME to the whole path, or go to another folder",
            ) from error
    return os.path.abspath(os.path.join(user_data_folder(), "tlsmith"))


def user_data_folder() -> str:
    """Return the platform's folder for the data of a user's applications.

    Raises:
        FileError: this user has no home.
    """
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support")
    chosen = os.environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    if os.path.isabs(chosen):
        return chosen
    folder = os.path.expanduser("~/.local/share")
    if folder.startswith("~"):  # as in a container, for a user nobody has heard of
        raise FileError(
            "there is no home folder: HOME is not set, and this user has none",
            path=folder,
            code="no-home",
            hint="set TLSMITH_HOME to a folder of yours that can be written",
        )
    return folder
