"""What only root may do: the command for it, and one question."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tlsmith.cli.entry import FAILURE
from tlsmith.cli.output import is_somebody_there
from tlsmith.files import data_home
from tlsmith.truststores import Host
from tlsmith.truststores.quoting import assignments, powershell_quoted

# What decides which Javas there are, and is lost on the way to root.
_KEPT = ("JAVA_HOME",)
# What everybody could read among the arguments. sudo can be asked to hand it on.
_SECRET = "TLSMITH_JAVA_STOREPASS"  # noqa: S105 -- its name


@dataclass(frozen=True)
class RootCommand:
    """A command to run as root.

    Args:
        words: it, with what makes it run as root; empty where nothing here does.
        text: it, for a person to type.
        title: what to say of it.
    """

    words: tuple[str, ...]
    text: str
    title: str = "What needs root"


def root_command(
    verb: str,
    stores: Sequence[str],
    host: Host,
    *,
    root_file: str | None = None,
    directory: str | None = None,
    more: Sequence[str] = (),
) -> RootCommand:
    """Return the command that does `verb` for `stores`, for the same CA or root.

    Args:
        directory: of an image instead of this machine.
        more: further options.
    """
    words = ["trust", verb]
    for store in stores:
        words += ["--store", store]
    for option, path in (("--root", root_file), ("--dir", directory)):
        if path is not None:
            words += [option, os.path.abspath(path)]
    words += more
    return as_root(words, {}, host)


def as_root(
    words: Sequence[str], variables: Mapping[str, str], host: Host
) -> RootCommand:
    """Return the command that runs `tlsmith` with these words as root.

    Variables go by way of `env`: sudo drops them, and may not be told to keep them.

    Args:
        variables: set beside those that say where the CA and its Javas are.
    """
    kept = {n: host.environment[n] for n in _KEPT if n in host.environment}
    settings = {"TLSMITH_HOME": data_home(), **kept, **variables}
    if host.platform == "win32":
        return _as_administrator([*_program(), *words], settings)
    command = ["env", *(f"{name}={value}" for name, value in settings.items())]
    command += [*_program(), *words]
    for tool in ("sudo", "doas"):
        if shutil.which(tool):
            is_handed_on = tool == "sudo" and _SECRET in host.environment
            whole = [tool, *[f"--preserve-env={_SECRET}"] * is_handed_on, *command]
            return RootCommand(tuple(whole), shlex.join(whole))
    return RootCommand((), f"su -c {shlex.quote(shlex.join(command))}")


def _as_administrator(words: Sequence[str], settings: Mapping[str, str]) -> RootCommand:
    """Return what to type where Windows asks for an administrator's consent.

    Nothing here can run it: what starts elevated has a window of its own.
    """
    lines = assignments(settings, "powershell").splitlines()
    call = " ".join(["&", *map(powershell_quoted, words)])
    return RootCommand(
        (),
        "; ".join([*lines, call]),
        "What needs an administrator's rights, in a PowerShell started as one",
    )


def offer(command: RootCommand, *, yes: bool = False) -> int:
    """Ask once whether to run a command as root, where there is somebody to ask.

    Returns its exit code; that of a failure where it was not run.

    Args:
        yes: whether the answer is known; a password may still be asked for.
    """
    if not command.words or not is_somebody_there():
        return FAILURE
    import subprocess

    import click

    if not yes and not click.confirm("Run it now?", default=True, err=True):
        return FAILURE
    return subprocess.run(command.words, check=False).returncode


def _program() -> list[str]:
    """Return how to start tlsmith from any folder, with any PATH."""
    started = shutil.which(sys.argv[0])
    if started is not None and os.path.basename(started).startswith("tlsmith"):
        return [os.path.abspath(started)]
    return [sys.executable, "-m", "tlsmith"]
