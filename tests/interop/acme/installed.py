"""Where the clients are: on PATH, or where install.sh of this folder put them."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from interop.tools import CACHE

VENV = CACHE / "acme"
NPM = CACHE / "npm" / "node_modules"
# Clients of a newer Debian, unpacked.
UNPACKED = CACHE / "acme-debian" / "usr"
_PLACES = (VENV / "bin", UNPACKED / "bin")
_ON_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def program(name: str) -> str:
    """Return the path of a client; skip the test where it is not installed."""
    # Caddy's and lego's of Debian 12 are years old: newer ones go first.
    places = ":".join([*map(str, _PLACES), _ON_PATH])
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"{name} is not installed: see tests/interop/acme/install.sh")
    return found


def npm_package(name: str) -> str:
    """Return the folder of a package from npm; skip the test where it is not there."""
    if shutil.which("node") is None or not (NPM / name).exists():
        pytest.skip(f"{name} of npm is not installed")
    return str(NPM / name)


def python_package(name: str) -> str:
    """Return the clients' Python; skip the test where it has not the package."""
    python = VENV / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{name} is not installed: see tests/interop/acme/install.sh")
    found = subprocess.run([python, "-c", f"import {name}"], check=False)
    if found.returncode:
        pytest.skip(f"{name} is not installed in {VENV.name}")
    return str(python)
