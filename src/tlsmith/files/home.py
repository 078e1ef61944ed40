"""Where what is local lives."""

import os
import sys


def data_home() -> str:
    """Return the folder below which everything local lives, which may not exist yet.

    `TLSMITH_HOME` if set, else the platform's place for an application's data:
    `$XDG_DATA_HOME/tlsmith` or `~/.local/share/tlsmith`, `~/Library/Application
    Support/tlsmith`, `%LOCALAPPDATA%\\tlsmith`.
    """
    chosen = os.environ.get("TLSMITH_HOME")
    if chosen:
        # Where no shell has read it, as in a Dockerfile, a tilde is still there.
        return os.path.abspath(os.path.expanduser(chosen))
    return os.path.join(user_data_folder(), "tlsmith")


def user_data_folder() -> str:
    """Return the platform's folder for the data of a user's applications."""
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support")
    chosen = os.environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    if os.path.isabs(chosen):
        return chosen
    return os.path.expanduser("~/.local/share")
