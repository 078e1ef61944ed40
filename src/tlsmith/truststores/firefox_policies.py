"""The policies that Firefox reads: which file, and the certificates it names."""

from __future__ import annotations

import contextlib
import glob
import json
import os
from collections.abc import Sequence
from typing import Any

from tlsmith.errors import FileError
from tlsmith.files import read_file, write_file
from tlsmith.truststores.base import Host

FOLDER = "/etc/firefox/policies"
# Read only where the one above is not there, so that this must not be made then.
_DISTRIBUTIONS = ("/usr/lib*/firefox*/distribution", "/opt/firefox*/distribution")
_FILE = "policies.json"


def policies_file(host: Host) -> str:
    """Return the file of policies that Firefox reads, or would."""
    system = os.path.join(host.path(FOLDER), _FILE)
    if os.path.exists(system):
        return system
    for pattern in _DISTRIBUTIONS:
        for folder in sorted(glob.glob(host.path(pattern))):
            if os.path.exists(os.path.join(folder, _FILE)):
                return os.path.join(os.path.realpath(folder), _FILE)
    return system


def named_certificates(path: str) -> list[str]:
    """Return the files that policies have imported.

    Raises:
        FileError: the policies cannot be read.
        ValueError: they cannot be understood.
    """
    certificates = _document(path).get("policies", {}).get("Certificates", {})
    found = certificates.get("Install", [])
    if not isinstance(found, list):
        raise ValueError("Install is not a list")
    return [name for name in found if isinstance(name, str)]


def name_certificates(path: str, files: Sequence[str]) -> None:
    """Have the policies in a file import these, and keep all else they say.

    Raises:
        FileError: the policies cannot be read or written.
        ValueError: they cannot be understood.
    """
    document = _document(path)
    policies = dict(document.get("policies", {}))
    certificates = dict(policies.get("Certificates", {}))
    _set(certificates, "Install", list(dict.fromkeys(files)))
    _set(policies, "Certificates", certificates)
    text = json.dumps({**document, "policies": policies}, indent=2, ensure_ascii=False)
    write_file(path, text.encode() + b"\n")
    os.chmod(path, 0o644)  # Firefox runs as whoever starts it


def says_nothing(path: str) -> bool:
    """Tell whether there is a file of policies with none in it."""
    with contextlib.suppress(FileError, ValueError):
        return os.path.exists(path) and not any(_document(path).values())
    return False


def _set(facts: dict[str, Any], name: str, value: Any) -> None:
    facts.pop(name, None)
    if value:
        facts[name] = value


def _document(path: str) -> dict[str, Any]:
    try:
        found = json.loads(read_file(path))
    except FileError as error:
        if error.code == "file-not-found":
            return {}
        raise
    policies = found.get("policies", {}) if isinstance(found, dict) else None
    if not isinstance(policies, dict):
        raise ValueError("policies is not an object")
    if not isinstance(policies.get("Certificates", {}), dict):
        raise ValueError("Certificates is not an object")
    return dict(found)
