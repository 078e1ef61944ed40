"""What docs/authority.md says to type does what it says, OpenSSL as its judge."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from e2e.test_ceremony import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the page is for a shell")

PAGE = Path(__file__).parents[2] / "docs/authority.md"


def _blocks() -> list[str]:
    found = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(), re.M | re.DOTALL)
    assert len(found) >= 5
    return [block.replace("\\\n", " ") for block in found]


def test_five_minutes_end_with_a_verified_certificate(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "one")
    lines = [line[2:] for line in _blocks()[0].splitlines() if line[:2] == "$ "]
    said = machine.run("set -e\n" + "\n".join(lines))
    assert "www.pem: OK" in said
    assert "www.pem: OK" in _blocks()[0]


def test_the_air_gap_and_its_crls(tmp_path: Path) -> None:
    """Every file is on both machines at once: only these are read."""
    apart, server = Machine(tmp_path / "apart"), Machine(tmp_path / "ca")
    pages = [block for block in _blocks() if "apart$" in block]
    assert len(pages) == 3
    ran = []
    for line in "\n".join(pages).splitlines():
        where, dollar, command = line.partition("$ ")
        if not dollar:
            continue
        command = command.strip()
        here, there = (apart, server) if where.strip() == "apart" else (server, apart)
        for path in here.folder.parent.parent.glob("*/work/*"):
            if path.suffix in (".csr", ".pem", ".crl", ".txt"):
                (here.folder / path.name).write_bytes(path.read_bytes())
        if "--previous root.crl" in command and not ran.count("first"):
            ran.append("first")
            _first_crl(apart)
        if "sign-crl" in command and (apart.folder / "next.crl").exists():
            (apart.folder / "next.crl").replace(apart.folder / "root.crl")
        if "--revoke intermediate.pem" in command:
            answer = (apart.folder / "answer.pem").read_bytes()
            (apart.folder / "intermediate.pem").write_bytes(answer)
        ran.append(command.split()[2])
        assert here.run(command) is not None
        assert there.folder.exists()
    assert ran.count("sign-crl") == 3
    assert "revoked" in server.run("tlsmith ca show --store sqlite:///ca.db")


def _first_crl(apart: Machine) -> None:
    """Take the first CRL out of the root's file."""
    text = (apart.folder / "root.key").read_text()
    begin = text.index("-----BEGIN X509 CRL-----")
    (apart.folder / "root.crl").write_text(text[begin:])


def test_keeping_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "one")
    machine.run(
        "tlsmith ca init --name Acme --store sqlite:///ca.db --root-key-file root.key"
    )
    block = next(one for one in _blocks() if "ca backup" in one)
    lines = [line[2:] for line in block.splitlines() if line[:2] == "$ "]
    assert len(lines) == 3
    machine.run(lines[0].replace("/backup/", ""))
    machine.run("rm ca.db*")
    machine.run(lines[1].replace("/backup/", ""))
    assert "as they were written" in machine.run(lines[2])
