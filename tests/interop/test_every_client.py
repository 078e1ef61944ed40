"""Every TLS client on a real machine accepts after install, and none after uninstall.

This is what `tlsmith trust` promises. The clients are Debian's, and those that the npm
registry and PyPI carry; browsers start in a home where they were never started.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from interop.tools import CACHE, debian_13, needs

pytestmark = [
    pytest.mark.interop,
    pytest.mark.privileged,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay an overlay"),
]
_PROGRAM = Path(__file__).with_name("everyone.py")

# As the rows of `tlsmith trust status` are called.
CLIENTS = (
    "curl",
    "wget",
    "openssl s_client",
    "gnutls-cli",
    "git",
    "lynx",
    "node https",
    "node fetch",
    "node https of the day",
    "node fetch of the day",
    "npm",
    "deno",
    "bun",
    "uv",
    "go",
    "ruby",
    "php streams",
    "php curl",
    "perl LWP",
    "perl HTTP::Tiny",
    "cargo",
    "chromium",
    "firefox-esr",
    "Java 17",
    "Python 3.11 ssl",
    "Python 3.13 ssl",
    "Python 3.11 requests",
    "Python 3.11 httpx",
    "Python 3.11 aiohttp",
    "pip old",
    "pip new",
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of one machine, from before to after."""
    needs("unshare", "update-ca-certificates")
    folder = tmp_path_factory.mktemp("everyone")
    entries = [*_path(tmp_path_factory.mktemp("bin")), "/usr/bin", "/bin", "/usr/sbin"]
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, _PROGRAM, folder, *entries],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", "/root/.rustup"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if "mount" in done.stderr and done.returncode:
        pytest.skip(f"no overlay can be laid here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def _path(folder: Path) -> list[str]:
    """Return folders of clients that Debian 12 has not."""
    found = [str(Path(sys.executable).parent)]
    modules = CACHE / "npm/node_modules"
    for name in ("deno", "bun"):
        program = modules / ".bin" / name
        if program.exists():
            (folder / name).symlink_to(program)
    for program in (
        *modules.glob("node/bin/node"),
        *modules.glob("node-linux*/bin/node"),
    ):
        (folder / "of the day").mkdir(exist_ok=True)
        (folder / "of the day/node").symlink_to(program)
        found.append(str(folder / "of the day"))
        break
    new_pip = CACHE / "new-pip/bin"
    if new_pip.exists():
        found.append(str(new_pip))
    words = " ".join(f"'{word}'" for word in debian_13().python)
    (folder / "python3.13").write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    (folder / "python3.13").chmod(0o755)
    return [*found[:1], str(folder), *found[1:]]


def _rows(proofs: list[dict[str, Any]], client: str) -> list[dict[str, Any]]:
    """Return the rows of a client; skip where it is not on this machine."""
    rows = [row for row in proofs if _is_of(client, row["client"])]
    if not rows:
        pytest.skip(f"not on this machine: {client}")
    return rows


def _is_of(client: str, row: str) -> bool:
    if client.endswith("of the day"):
        return (
            row.startswith(client.removesuffix(" of the day")) and "of the day" in row
        )
    if client in ("pip old", "pip new"):
        version = re.search(r" pip (\d+)\.(\d+)", row)
        is_new = version is not None and (int(version[1]), int(version[2])) >= (24, 2)
        return version is not None and is_new == (client == "pip new")
    if client.startswith(("Python", "Java")):
        start, _, rest = client[len("Python ") :].partition(" ")
        if client.startswith("Java"):
            return row.startswith(client)
        return row.startswith(f"Python {start}.") and f" {rest}" in row
    return row == client or (row.startswith(f"{client} (") and "of the day" not in row)


@pytest.mark.parametrize("client", CLIENTS)
def test_it_accepts_after_installing(story: dict[str, Any], client: str) -> None:
    for row in _rows(story["installed"], client):
        assert row["accepted"], row
        assert row["verifies"] is not False, row
        assert row["connected"], row


@pytest.mark.parametrize("client", CLIENTS)
def test_it_rejects_after_uninstalling(story: dict[str, Any], client: str) -> None:
    for row in _rows(story["removed"], client):
        assert not row["accepted"], row
        assert row["mend"].startswith("tlsmith trust install"), row


def test_every_byte_is_as_it_was(story: dict[str, Any]) -> None:
    assert story["differ"] == {}


def test_no_other_client_is_left_out(story: dict[str, Any]) -> None:
    assert [row for row in story["installed"] if not row["good"]] == []
    assert [row for row in story["removed"] if row["accepted"]] == []


def test_on_a_machine_of_ours_nobody_is_missing(story: dict[str, Any]) -> None:
    """`test.sh` installs them all, where it may."""
    if os.environ.get("CI") != "true" or shutil.which("apt-get") is None:
        pytest.skip("not a machine that test.sh has set up")
    rows = [row["client"] for row in story["installed"]]
    missing = [c for c in CLIENTS if not any(_is_of(c, row) for row in rows)]
    assert missing == []
