"""Bundles named in the settings of clients, which a variable would hide."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from tlsmith.errors import FileError
from tlsmith.files import read_file
from tlsmith.local.bundle import Locate

_DEADLINE = 5.0  # seconds
# The variables that hide what git, pip and npm are configured with.
CONFIGURED = frozenset(("GIT_SSL_CAINFO", "PIP_CERT", "npm_config_cafile"))


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
        "npm_config_cafile": _of_npm(home, environ, locate),
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
                return _expanded(value, home)
    return None


def _of_npm(home: str, environ: Mapping[str, str], locate: Locate) -> str | None:
    """Return npm's `cafile`: of the project, the person, then the machine."""
    for place in _npm_places(home, environ, locate):
        value = _npm_cafile(_text(place), home, environ)
        if value is not None:
            return value
    return None


def _npm_places(home: str, environ: Mapping[str, str], locate: Locate) -> Iterator[str]:
    yield ".npmrc"
    yield environ.get("NPM_CONFIG_USERCONFIG") or os.path.join(home, ".npmrc")
    if environ.get("NPM_CONFIG_GLOBALCONFIG"):
        yield environ["NPM_CONFIG_GLOBALCONFIG"]
    # npm's own settings are beside the Node that runs it.
    node = shutil.which("node", path=environ.get("PATH"))
    if node is not None:
        prefix = os.path.dirname(os.path.dirname(os.path.realpath(node)))
        yield os.path.join(environ.get("NPM_CONFIG_PREFIX") or prefix, "etc/npmrc")
    yield locate("/etc/npmrc")
    yield locate("/usr/local/etc/npmrc")


def _npm_cafile(text: bytes, home: str, environ: Mapping[str, str]) -> str | None:
    line = re.search(rb"^[ \t]*cafile[ \t]*=[ \t]*(.+?)[ \t]*\r?$", text, re.MULTILINE)
    if line is None:
        return None
    value = re.sub(
        r"\$\{([^}]+)\}",
        lambda name: environ.get(name[1], name[0]),
        os.fsdecode(line[1]).strip("\"'"),
    )
    return _expanded(value, home)


def _expanded(path: str, home: str) -> str:
    return os.path.join(home, path[2:]) if path.startswith("~/") else path


def _text(path: str) -> bytes:
    with contextlib.suppress(FileError):
        return read_file(path, largest=1 << 20)
    return b""
