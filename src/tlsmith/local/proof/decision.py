"""Which variable or store decides what a client trusts, and what mends it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tlsmith.errors import FileError
from tlsmith.files import read_file
from tlsmith.local.bundle import certificates_at
from tlsmith.local.configured import CONFIGURED, configured_files
from tlsmith.local.proof.client import Client
from tlsmith.local.variables import turns_verification_off

_STORES = {
    "system": "the system's store",
    "own": "roots of its own",
    "java": "Java's keystore",
    "nss": "its NSS database",
    "firefox": "roots of its own and the machine's policies",
}
# These name no file: they have a client read the system's store.
_SWITCHES = (
    "NODE_USE_SYSTEM_CA",
    "NODE_OPTIONS",
    "UV_SYSTEM_CERTS",
    "UV_NATIVE_TLS",
    "DENO_TLS_CA_STORE",
)
# Of the variables that turn verification off, by how they start: who reads them.
_READERS = (
    ("NODE_", ("node", "npm", "deno", "bun")),
    ("npm_", ("npm",)),
    ("NPM_", ("npm",)),
    ("PYTHONHTTPSVERIFY", (" ssl",)),
    ("PIP_", (" pip",)),
    ("UV_", ("uv",)),
    ("GIT_", ("git",)),
    ("PERL_LWP_", ("perl LWP",)),
)
_ENV = 'eval "$(tlsmith env)"'
_FILE_IN_OPTIONS = re.compile(r"-Djavax\.net\.ssl\.trustStore=([^\s'\"]+)")
_FILE_IN_SETTINGS = re.compile(
    r'^\s*(?:curl\.cainfo|openssl\.cafile)\s*=\s*"?([^"\n]+)'
)


class Surroundings(NamedTuple):
    """What there is to decide by.

    Args:
        root: DER.
        environment: the variables that clients are started with.
        trusted: which stores have the root, by family and by place.
    """

    root: bytes
    environment: Mapping[str, str]
    trusted: Mapping[str, bool]


class Decision(NamedTuple):
    """What decides.

    Args:
        variables: that are set, and say which roots are read.
        source: a variable or a store, in words.
        mend: a command; None where the client accepts, or we know of none.
    """

    variables: tuple[str, ...]
    source: str
    mend: str | None = None


def decide(client: Client, accepted: bool, around: Surroundings) -> Decision:
    """Tell what has a client accept, or reject, the certificate."""
    named = dict(_named(client, around.environment))
    if accepted:
        for name, path in named.items():
            if name in _SWITCHES or _has(path, around.root):
                return _by(name, path, around)
        return Decision((), _store(client))
    for name, path in named.items():
        if name not in _SWITCHES:
            return _by(name, path, around)._replace(mend=_ENV)
    return Decision((), _store(client), _mend(client, around))


def mend_unverified(client: Client, around: Surroundings) -> str | None:
    """Return what has a client verify again, where a variable has it not."""
    names = [
        name
        for name, value in around.environment.items()
        if turns_verification_off(name, value) and _reads_switch(client, name)
    ]
    return f"unset {' '.join(sorted(names))}" if names else None


def _reads_switch(client: Client, name: str) -> bool:
    readers = next((who for start, who in _READERS if name.startswith(start)), ())
    return any(who in client.name for who in readers)


def _by(name: str, path: str, around: Surroundings) -> Decision:
    if around.environment.get(name):
        return Decision((name,), name)
    return Decision((), f"its settings, which name {path}")


def _named(client: Client, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return each variable that is set, or hidden by a setting, and what it names."""
    # Settings are files to read, and git to start: only of clients that have some.
    has_settings = not CONFIGURED.isdisjoint(client.variables)
    configured = configured_files(environment) if has_settings else {}
    for name in client.variables:
        value = environment.get(name, "")
        if name == "NODE_OPTIONS":
            value = value if "-ca" in value else ""
        if name == "PHP_INI_SCAN_DIR":
            value = _php_file(value)
        if name.endswith("JAVA_OPTIONS") or name == "JAVA_TOOL_OPTIONS":
            found = _FILE_IN_OPTIONS.search(value)
            value = found[1] if found else ""
        value = value or configured.get(name, "")
        if value:
            yield name, value


def _php_file(folders: str) -> str:
    """Return the file that settings in these folders name, the last of them."""
    named = ""
    for folder in filter(None, folders.split(os.pathsep)):
        with contextlib.suppress(OSError, FileError):
            for name in sorted(os.listdir(folder)):
                text = read_file(os.path.join(folder, name)).decode(errors="replace")
                for line in text.splitlines():
                    found = _FILE_IN_SETTINGS.match(line)
                    named = found[1] if found else named
    return named


def _has(path: str, root: bytes) -> bool:
    """Tell whether a file or folder has the root; a keystore has it in the clear."""
    for place in path.split(os.pathsep):
        with contextlib.suppress(FileError):
            if root in certificates_at(place) or (
                os.path.isfile(place) and root in read_file(place)
            ):
                return True
    return False


def _store(client: Client) -> str:
    return _STORES[client.store]


def _mend(client: Client, around: Surroundings) -> str | None:
    if around.trusted.get(client.place or client.store):
        return None  # it reads something else, and its own words say what
    if client.store == "own":
        if around.trusted.get("env"):
            return f"{_ENV}, or log in again"
        return "tlsmith trust install --env"
    return f"tlsmith trust install --store {client.store}"
