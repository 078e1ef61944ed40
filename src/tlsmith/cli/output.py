"""What a person or a program reads: facts on standard output, the rest beside it."""

import json
import sys
from typing import Any

from tlsmith.errors import FileError


def emit(text: str) -> None:
    """Print what was asked for, on standard output."""
    _write(text.rstrip("\n") + "\n")


def emit_json(facts: Any, *, indent: int | None = 2, at_once: bool = True) -> None:
    """Print facts for a program, on standard output.

    What a terminal obeys is escaped, which JSON allows anywhere in a string.

    Args:
        at_once: else when there is enough, for thousands of lines a second.
    """
    text = json.dumps(facts, indent=indent, ensure_ascii=False, default=str)
    if not text.isascii() or "\x7f" in text:
        from tlsmith.core.describe.plain import safe_json

        text = safe_json(text)
    _write(text + "\n", at_once=at_once)


def say(text: str) -> None:
    """Tell the person something, on standard error.

    A file's name may hold what a terminal obeys: it is shown, and not obeyed.
    """
    lines = text.rstrip("\n").split("\n")
    if not all(line.isprintable() for line in lines):
        from tlsmith.core.describe.plain import safe

        lines = [safe(line) for line in lines]
    sys.stderr.write("\n".join(lines) + "\n")


def counted(number: int, one: str, several: str) -> str:
    """Return a number and what it is of: "1 entry", "2 entries"."""
    return f"{number:,} {one if number == 1 else several}"


def standard_or(path: str) -> str:
    """Return the path to write to, where `-` is standard output."""
    return "/dev/stdout" if path == "-" else path


def warn(text: str) -> None:
    """Warn the person of something that is allowed, on standard error."""
    say(f"warning: {text}")


def is_somebody_there() -> bool:
    """Tell whether there is a person to ask, who sees the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _write(text: str, *, at_once: bool = True) -> None:
    try:
        sys.stdout.write(text)
        if at_once:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot write to standard output: {reason}", path="/dev/stdout"
        ) from error
