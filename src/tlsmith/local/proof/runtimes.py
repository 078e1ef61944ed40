"""Runtimes of which there may be several: each Python with its clients, each Java."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tlsmith.local.proof.client import PROGRAMS, Client, program
from tlsmith.local.proof.tools import OPENSSL
from tlsmith.truststores.java import KEYSTORES

_PATIENCE = 10.0  # seconds that a Python may take to say which it is
_PYTHON = re.compile(r"(?:python3?(?:\.\d+)?|pypy3)(?:\.exe)?")
_PIP = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# Store and variables of each client that a Python may have.
_CLIENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ssl": ("system", OPENSSL),
    "requests": ("own", _PIP[1:]),
    "httpx": ("own", OPENSSL),
    "aiohttp": ("system", OPENSSL),
}
_TRUSTSTORE = (24, 2)  # pip reads the system's store since
_JAVA_QUICKLY = ("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData")


def on_path(
    path: str, wanted: re.Pattern[str], same: Callable[[str], object] = os.path.realpath
) -> list[str]:
    """Return the programs on PATH whose whole name is `wanted`, each once.

    Args:
        same: of two places for which it returns the same, the first is taken.
    """
    found: dict[object, str] = {}
    for folder in path.split(os.pathsep):
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(folder or ".")):
                place = os.path.join(folder, name)
                if wanted.fullmatch(name) and os.access(place, os.X_OK):
                    found.setdefault(same(place), place)
    return list(found.values())


def python_clients(environment: Mapping[str, str]) -> list[Client]:
    """Return the clients of every Python on PATH; of ours, where there is none."""
    # A virtual environment's is a link to the one that made it, and another Python.
    path = environment.get("PATH", "")
    places = on_path(path, _PYTHON, _folder_and_file) or [sys.executable]
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda place: _ask(place, environment), places))
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for place, facts in zip(places, said, strict=True):
        if facts:  # several names may start the same one
            found.setdefault(facts["prefix"], (place, facts))
    return [client for one in found.values() for client in _of_python(*one)]


def _folder_and_file(place: str) -> tuple[str, str]:
    return os.path.realpath(os.path.dirname(place)), os.path.realpath(place)


def java_clients(homes: Iterable[str]) -> list[Client]:
    """Return a client for each Java whose home is given."""
    found: dict[str, str] = {}
    for home in homes:
        java = os.path.join(home, "bin", "java")
        if os.access(java, os.X_OK):
            found.setdefault(os.path.realpath(java), home)
    return [_of_java(java, home) for java, home in found.items()]


def _ask(python: str, environment: Mapping[str, str]) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            [python, "-c", _source("interpreter.py")],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
        facts: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # a shim of a Python that is not there, and the like
    return facts


def _source(name: str) -> str:
    with open(program(name), encoding="utf-8") as stream:
        return stream.read()


def _of_python(python: str, facts: Mapping[str, Any]) -> Iterator[Client]:
    version = facts["version"]
    # Distributions have theirs lead to the system's store.
    is_systems = facts["certifi"].startswith("/etc/")
    for module, (store, variables) in _CLIENTS.items():
        if module in facts["modules"]:
            yield Client(
                f"Python {version} {module}",
                (python, program("fetch.py"), "{url}", module),
                "system" if is_systems else store,
                variables,
                r"(?:certificate verify failed: )(.+?)(?: \(_ssl|$)",
                settings=(("PYTHONDONTWRITEBYTECODE", "1"),),
            )
    if "pip" in facts["modules"]:
        yield _pip(python, version, facts["pip"])


def _pip(python: str, version: str, own_version: str) -> Client:
    words = ("download", "--no-cache-dir", "--retries=0", "--no-deps")
    numbers = tuple(int(n) for n in re.findall(r"\d+", own_version)[:2])
    return Client(
        f"Python {version} pip {own_version}",
        (python, "-m", "pip", *words, "--index-url", "{url}", "tlsmith-proof"),
        "system" if numbers >= _TRUSTSTORE else "own",
        _PIP,
        r"certificate verify failed: (.+?)(?: \(_ssl|'|$)",
        settings=(
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ("PIP_NO_INPUT", "1"),
            ("PIP_EXTRA_INDEX_URL", ""),
            ("PIP_FIND_LINKS", ""),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ),
    )


def _of_java(java: str, home: str) -> Client:
    release = ""
    with contextlib.suppress(OSError), open(os.path.join(home, "release")) as stream:
        found = re.search(r'JAVA_VERSION="([^"]+)"', stream.read())
        release = f" {found[1]}" if found else ""
    places = (os.path.join(home, inside) for inside in KEYSTORES)
    return Client(
        f"Java{release}",
        (java, *_JAVA_QUICKLY, "-cp", PROGRAMS, "Fetch", "{url}"),
        "java",
        ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"),
        r"Exception: (?:\(\w+\) )?(.+?)(?:: sun\.|\n|$)",
        place=next((os.path.realpath(p) for p in places if os.path.isfile(p)), ""),
    )
