"""The folder everything local lives in, as a command finds it."""

import os

from tlsmith.cli.output import warn
from tlsmith.files import data_home


def safe_home() -> str:
    """Return the folder, with a warning where others could put a CA of theirs in it."""
    home = data_home()
    try:
        mode = os.stat(home).st_mode
    except OSError:
        return home
    if os.name != "nt" and mode & 0o022:
        warn(
            f"others can write in {home!r}, and so put a CA of theirs in place of "
            f"yours: chmod go-w {home}"
        )
    return home
