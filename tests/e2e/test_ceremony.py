"""A root ceremony as it is printed, on two machines with only files between them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from running import TLSMITH, environment_of, tlsmith

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for a shell")

# The one medium that goes between: nothing else does.
CARRIED = ("intermediate.csr", "answer.pem", "root.pem")


class Machine:
    """A computer: its own home, its own folder, its own passphrase."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "work"
        self.folder.mkdir(parents=True)
        secret = place / "passphrase"
        secret.write_text(f"six words of {place.name}\n")
        secret.chmod(0o600)
        programs = str(Path(TLSMITH).parent)
        self.environment = environment_of(
            place,
            PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
            TLSMITH_PASSPHRASE_FILE=str(secret),
        )

    def run(self, command: str) -> str:
        """Run a command of the script in a shell; return all that it said."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout + done.stderr


def _steps(script: str) -> list[tuple[bool, str]]:
    """Return each command of ours, and whether it is for the server."""
    found, at_server = [], False
    for part in re.split(r"^(?=## )", script, flags=re.MULTILINE):
        at_server = "(at the server)" in part.partition("\n")[0]
        for block in re.findall(r"^```\n(.*?)\n```$", part, re.MULTILINE | re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(at_server, line) for line in lines if line.startswith("tlsmith")]
    return found


def _fingerprints(text: str) -> set[str]:
    """Return every SHA-256 that was printed in groups of four."""
    group = r"[0-9A-F]{4}"
    half = rf"{group}(?: {group}){{7}}"
    pairs = re.findall(rf"({half})\n\s+({half})", text)
    return {f"{first} {second}" for first, second in pairs}


def test_the_script_does_what_it_says(tmp_path: Path) -> None:
    apart, server = Machine(tmp_path / "apart"), Machine(tmp_path / "server")
    done = tlsmith(
        *("ca", "ceremony", "--name", "Example & Söhne", "--store", "sqlite:///ca.db"),
        *("--base-url", "http://pki.example", "--day", "2026-12-01"),
        environment=apart.environment,
    )
    assert done.code == 0, done.err
    steps = _steps(done.out)
    said: dict[bool, str] = {True: "", False: ""}
    for at_server, command in steps:
        here, there = (server, apart) if at_server else (apart, server)
        for name in CARRIED:
            if (there.folder / name).exists():
                shutil.copy(there.folder / name, here.folder / name)
        said[at_server] += here.run(command)
    assert len(steps) >= 8
    # What is read aloud on one side is on the screen of the other: the key of the
    # request, the root, the intermediate.
    assert len(_fingerprints(said[True]) & _fingerprints(said[False])) == 3
    assert not list(server.folder.glob("*key*"))
    server.run("tlsmith cert issue a.example --store sqlite:///ca.db")
    server.run("openssl verify -CAfile root.pem -untrusted a.example.pem a.example.pem")


def test_a_crl_goes_the_same_way(tmp_path: Path) -> None:
    apart, server = Machine(tmp_path / "apart"), Machine(tmp_path / "server")
    store = "--store sqlite:///ca.db"
    apart.run("tlsmith ca init --root-only --name Example --root-key-file root.key")
    server.run(f"tlsmith ca init --offline-root --name Example {store}")
    server.run(f"tlsmith ca export --csr {store} > ../../apart/work/i.csr")
    key = "--root-key-file root.key"
    apart.run(
        f"tlsmith ca sign-intermediate i.csr {key} --out ../../server/work/answer.pem"
    )
    server.run(f"tlsmith ca import answer.pem {store}")
    server.run(f"tlsmith cert issue a.test {store}")
    server.run(f"tlsmith ca export --chain {store} > ../../apart/work/chain.pem")
    apart.run(
        f"tlsmith ca sign-crl {key} --revoke chain.pem --reason cACompromise "
        "--out ../../server/work/root.crl"
    )
    said = server.run(f"tlsmith ca import root.crl {store}")
    assert "was revoked: it issues no more" in said
    refused = tlsmith(
        *("cert", "issue", "b.test", *store.split()),
        folder=server.folder,
        environment=server.environment,
    )
    assert refused.code != 0
    assert "no CA that issues" in refused.err
    # OpenSSL, given both CRLs, finds the intermediate revoked.
    server.run(f"tlsmith crl export --pem --out a.crl {store}")
    server.run(f"tlsmith ca export --root {store} > root.pem")
    done = subprocess.run(
        [
            *("openssl", "verify", "-crl_check_all", "-CAfile", "root.pem"),
            *("-CRLfile", "root.crl", "-CRLfile", "a.crl"),
            *("-untrusted", "a.test.pem", "a.test.pem"),
        ],
        cwd=server.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "certificate revoked" in done.stdout + done.stderr
    # And the CA goes on with a new one, below the same root.
    server.run(f"tlsmith ca rotate --request {store}")
    server.run(f"tlsmith ca export --csr {store} > ../../apart/work/i2.csr")
    apart.run(
        f"tlsmith ca sign-intermediate i2.csr {key} --out ../../server/work/answer.pem"
    )
    server.run(f"tlsmith ca import answer.pem {store}")
    server.run(f"tlsmith cert issue b.test {store}")
    server.run("openssl verify -CAfile root.pem -untrusted b.test.pem b.test.pem")
