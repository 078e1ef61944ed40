"""Databases written by step-ca's and Badger's own code, from Debian's packages."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from authority.adoption.worlds import run
from interop.tools import go_program, needs

STEP_PASSPHRASE = "step's own passphrase"
_SOURCES = Path("/usr/share/gocode/src/github.com")

Held = dict[str, dict[bytes, bytes]]


def make_step_ca(folder: Path, kind: str, count: int, end: str) -> Path:
    """Return step-ca's folder.

    Args:
        kind: of its database.
        end: "close", or "crash" for a database that nobody closed.
    """
    needs("go")
    if not (_SOURCES / "smallstep/certificates").is_dir():
        pytest.skip("not on this machine: golang-github-smallstep-certificates-dev")
    folder.mkdir(parents=True)
    program = str(go_program("make_step_ca"))
    more = {"STEPPATH": str(folder), "HOME": str(folder)}
    run(program, kind, str(count), end, more=more)
    return folder


def make_badger(folder: Path, compression: str, count: int, end: str) -> Path:
    """Return the folder of a Badger database that has been through much."""
    needs("go")
    if not (_SOURCES / "dgraph-io/badger").is_dir():
        pytest.skip("not on this machine: golang-github-dgraph-io-badger-dev")
    program = str(go_program("make_badger"))
    cleaned = run(program, str(folder), compression, str(count), end)
    assert int(cleaned) > 0, "no file of the value log was cleaned up"
    return folder


def held_by(path: Path) -> dict[bytes, bytes]:
    """Return what Badger itself read of a database that `make_badger` made."""
    return _decoded(json.loads(path.with_name(f"{path.name}.json").read_bytes()))


def held_by_step(folder: Path) -> Held:
    """Return what step-ca itself read of its database."""
    facts = json.loads((folder / "held.json").read_bytes())
    return {table: _decoded(pairs) for table, pairs in facts.items()}


def _decoded(pairs: dict[str, str]) -> dict[bytes, bytes]:
    return {key.encode(): base64.b64decode(value) for key, value in pairs.items()}
