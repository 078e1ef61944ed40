"""Bundles named in the settings of clients, which a variable would hide."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import subprocess
from collections.abc import Mapping

from tlsmith.errors import FileError
from tlsmith.files import read_file
from tlsmith.local.bundle import Locate

_DEADLINE = 5.0  # seconds


def configured_files(
    environ: Mapping[str, str], locate: Locate = str
) -> dict[str, str]:
    """Return, by the variable that would hide it, each bundle that is configured.

    Of git, pip and npm, in the person's own settings and the machine's.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    settings = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    found = {
        "GIT_SSL_CAINFO": _of_git(home, settings, environ, locate),
        "PIP_CERT": _of_pip(home, settings, locate),
        "npm_config_cafile": _of_npm(home, environ),
    }
    return {name: path for name, path in found.items() if path}


def _of_git(
    home: str, settings: str, environ: Mapping[str, str], locate: Locate
) -> str | None:
    places = [
        os.path.join(home, ".gitconfig"),
        os.path.join(settings, "git/config"),
        locate("/etc/gitconfig"),
    ]
    # Starting git takes longer than all the rest: only where there is something.
    if not any(b"sslcainfo" in _text(place).lower() for place in places):
        return None
    command = ["git", "config", "--get", "--type=path", "http.sslCAInfo"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE,
            check=False,
        )
        return os.fsdecode(done.stdout).strip() or None
    return None


def _of_pip(home: str, settings: str, locate: Locate) -> str | None:
    """Return pip's `cert`: the person's own setting wins over the machine's."""
    for place in (
        os.path.join(settings, "pip/pip.conf"),
        os.path.join(home, ".pip/pip.conf"),
        locate("/etc/pip.conf"),
    ):
        parser = configparser.RawConfigParser(strict=False)
        with contextlib.suppress(configparser.Error, UnicodeDecodeError):
            parser.read_string(_text(place).decode())
            value = parser.get("global", "cert", fallback="").strip()
            if value:
                return os.path.expanduser(value)
    return None


def _of_npm(home: str, environ: Mapping[str, str]) -> str | None:
    text = _text(environ.get("NPM_CONFIG_USERCONFIG") or os.path.join(home, ".npmrc"))
    line = re.search(rb"^[ \t]*cafile[ \t]*=[ \t]*(.+?)[ \t]*$", text, re.MULTILINE)
    if line is None:
        return None
    value = os.fsdecode(line[1]).strip("\"'")

    def of_environment(name: re.Match[str]) -> str:
        return environ.get(name[1], name[0])

    return re.sub(r"\$\{([^}]+)\}", of_environment, value).replace("~/", f"{home}/", 1)


def _text(path: str) -> bytes:
    with contextlib.suppress(FileError):
        return read_file(path, largest=1 << 20)
    return b""
