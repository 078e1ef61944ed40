"""`tlsmith run`: one command, with every client in it trusting the local CA."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from tlsmith.cli.env import current_environment
from tlsmith.cli.output import say
from tlsmith.errors import InputError

# As every shell has it.
_CANNOT_RUN, _NOT_FOUND = 126, 127


@click.command(
    "run",
    short_help="Run a command whose clients trust the local CA.",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True},
)
@click.option("--java", is_flag=True, help="Set JAVA_TOOL_OPTIONS too, for Java.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run_command(java: bool, command: tuple[str, ...]) -> int:
    """Run a command whose clients trust the local CA.

    It gets the variables of `tlsmith env`, our terminal, input and output, and its exit
    code is ours. Variables that turn verification off are taken away, and named.

    Exit codes beside the command's own: 126 where it cannot be run, 127 where there is
    no such command, 2 and 3 where tlsmith itself failed before it.

    \b
    Examples:
      tlsmith run -- npm test
      tlsmith run -- python client.py https://localhost:8443
      tlsmith run --java -- mvn verify
    """
    if not command or not command[0]:
        raise InputError(
            "no command to run", code="usage", hint="tlsmith run -- COMMAND ARGUMENT..."
        )
    from tlsmith.local.environment import child_environment

    _, environment = current_environment(java=java)
    for name in environment.switched_off:
        say(f"tlsmith: {name} turns verification off: the command runs without it")
    surroundings = child_environment(environment, os.environ)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    try:
        return _run(command, surroundings)
    except (OSError, ValueError) as error:
        return _report(command[0], error)


if sys.platform == "win32":

    def _run(command: tuple[str, ...], surroundings: Mapping[str, str]) -> int:
        """Run the command and return its exit code."""
        import shutil
        import subprocess

        # Windows looks on our own PATH, and for .exe files alone.
        program = shutil.which(command[0], path=surroundings.get("PATH"))
        words = [program or command[0], *command[1:]]
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the command's
        return subprocess.run(words, env=surroundings, check=False).returncode

else:

    def _run(command: tuple[str, ...], surroundings: Mapping[str, str]) -> NoReturn:
        """Become the command, so that signals and exit code need no passing on."""
        # Python ignores these, and what is ignored stays so in what it becomes: `yes |
        # head` would not end.
        numbers = (signal.SIGPIPE, signal.SIGXFSZ)
        before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
        try:
            os.execvpe(command[0], command, surroundings)  # noqa: S606 -- no shell
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)


def _report(program: str, error: OSError | ValueError) -> int:
    """Say why a command cannot be run, and return the exit code for it."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR):
        if os.path.lexists(program) and os.sep in program:
            say(
                f"tlsmith: cannot run {program!r}: what its first line names is missing"
            )
            return _CANNOT_RUN
        say(f"tlsmith: command not found: {program!r}")
        return _NOT_FOUND
    reason = getattr(error, "strerror", None) or "not a command"
    if number == errno.ENOEXEC:
        reason = "not a program, and no first line that says what runs it"
    say(f"tlsmith: cannot run {program!r}: {reason.lower()}")
    return _CANNOT_RUN
