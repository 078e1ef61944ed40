"""The start of every `tlsmith` command, and the end: errors and exit codes."""

from __future__ import annotations

import os
import sys

from tlsmith.cli.commands import overview

TYPE_CHECKING = False  # as type checkers read it; importing typing takes 8 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

CLEAN, FINDINGS, USAGE, FAILURE = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_missing_streams()
    try:
        code = _answer_at_once(words)
        if code is None:
            from tlsmith.cli.run import run

            code = run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has left, as `head` does: no error of ours.
        _write_nowhere()
        code = CLEAN
    except OSError as error:
        _write_nowhere()
        reason = (error.strerror or str(error)).lower()
        sys.stderr.write(f"tlsmith: cannot write to standard output: {reason}\n")
        code = FAILURE
    except KeyboardInterrupt:
        sys.stderr.write("tlsmith: interrupted\n")
        code = FAILURE
    sys.exit(code)


def _open_missing_streams() -> None:
    """Have the three standard streams, where whoever started us closed one.

    Else the next file opened, such as a key's, would get the number of one.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            stream = open(descriptor, "w" if number else "r", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)


def _write_nowhere() -> None:
    """Let what is still to be written to standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answer_at_once(words: Sequence[str]) -> int | None:
    """Answer what needs no command: help and version."""
    if list(words) in ([], ["--help"], ["-h"]):
        sys.stdout.write(overview())
        return CLEAN
    if list(words) == ["--version"]:
        from tlsmith import __version__

        sys.stdout.write(f"tlsmith {__version__}\n")
        return CLEAN
    return None
