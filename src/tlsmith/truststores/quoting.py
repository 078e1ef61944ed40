"""Variables, as each kind of shell and file wants them written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tlsmith.errors import InputError

# What no reader of such files takes for anything but itself.
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
# PowerShell ends a string at these as well.
_SINGLE_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
SHELLS = ("sh", "fish", "powershell", "dotenv", "github", "systemd")


def assignments(values: Mapping[str, str], shell: str) -> str:
    """Return lines that set variables, each ended.

    Args:
        shell: one of SHELLS; "systemd" is a file of environment.d.

    Raises:
        InputError: a value cannot be written there.
    """
    write = _WRITERS[shell]
    return "".join(f"{write(name, value)}\n" for name, value in values.items())


def powershell_quoted(value: str) -> str:
    """Return a string as PowerShell reads it literally."""
    return "'" + _SINGLE_QUOTES.sub(r"\1\1", value) + "'"


def _sh(name: str, value: str) -> str:
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    return f"$env:{name} = {powershell_quoted(value)}"


def _dotenv(name: str, value: str) -> str:
    """Quote only what must be: `docker run --env-file` takes quotes literally."""
    _refuse_line_breaks(name, value)
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    if "'" not in value:
        return f"{name}='{value}'"
    return f'{name}="{_escaped(value, "$")}"'


def _github(name: str, value: str) -> str:
    _refuse_line_breaks(name, value)
    return f"{name}={value}"


def _systemd(name: str, value: str) -> str:
    """As environment.d(5) reads it: quotes are taken off, then variables put in."""
    _refuse_line_breaks(name, value)
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    return f'{name}="{_escaped(value).replace("$", "$$")}"'


def _escaped(value: str, more: str = "") -> str:
    return re.sub(f'([\\\\"`{re.escape(more)}])', r"\\\1", value)


def _refuse_line_breaks(name: str, value: str) -> None:
    if "\n" in value or "\r" in value:
        raise InputError(
            f"{name} would have a line break in it, which such a file cannot hold",
            hint="set TLSMITH_HOME to a folder without one in its name",
        )


_WRITERS = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
    "github": _github,
    "systemd": _systemd,
}
