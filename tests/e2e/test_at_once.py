"""Many processes at once: one CA, and pairs that belong together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

import issued
from running import TLSMITH, environment_of, tlsmith_here
from tlsmith.files import data_home
from tlsmith.local import create_authority, inventory


def all_at_once(commands: Sequence[Sequence[str]], home: Path) -> list[str]:
    """Start all commands, wait for all, and return what each printed."""
    started = [
        subprocess.Popen(
            [TLSMITH, *words],
            env=environment_of(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    printed = []
    for process in started:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        printed.append(out)
    return printed


@pytest.mark.parametrize("round_number", range(6))
def test_eight_first_certificates_end_with_one_ca(
    folder: Path, home: Path, round_number: int
) -> None:
    del round_number
    names = [f"n{number}.test" for number in range(8)]
    all_at_once([["make", name, "--json"] for name in names], home)
    place = Path(data_home())
    assert len(os.listdir(place / "authorities")) == 1
    root = tlsmith_here("ca", "export", "--root").out
    for name in names:
        issued.verify(f"{name}.pem", root, name)
        assert issued.belong_together(f"{name}.pem", f"{name}-key.pem")
    assert sorted(record.names[0] for record in inventory(str(place))) == names


def test_one_of_many_has_made_the_ca(folder: Path, home: Path) -> None:
    commands = [["ca", "init", "--local", "--json"] for _ in range(6)]
    printed = all_at_once(commands, home)
    # Each was asked for a CA, found none, or found one that would do; the last stays.
    last = json.loads(tlsmith_here("ca", "show", "--json").out)
    fingerprints = {json.loads(one)["root_fingerprint_sha256"] for one in printed}
    assert last["root_fingerprint_sha256"] in fingerprints
    keys = list(Path(data_home()).rglob("intermediate-key.pem"))
    assert [key.parent for key in keys] == [Path(last["folder"])]


def test_the_same_certificate_made_by_many_is_one_pair(
    folder: Path, home: Path
) -> None:
    assert tlsmith_here("make", "a.test").code == 0
    all_at_once([["make", "a.test"]] * 8, home)
    assert sorted(os.listdir()) == ["a.test-key.pem", "a.test.pem"]
    assert issued.belong_together("a.test.pem", "a.test-key.pem")


def test_a_ca_replaced_meanwhile_leaves_chains_that_hold(
    folder: Path, home: Path
) -> None:
    """Whichever signed, its intermediate is in the chain, and its root is kept."""
    assert tlsmith_here("make", "a.test").code == 0
    replace = [["ca", "init", "--local", "--replace", "--json"]] * 2
    made = [["make", f"n{number}.test"] for number in range(5)]
    all_at_once([*made[:3], *replace, *made[3:]], home)
    roots = [
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in Path(data_home()).rglob("root.pem")
    ]
    for number in range(5):
        leaf, intermediate = issued.chain(f"n{number}.test.pem")
        leaf.verify_directly_issued_by(intermediate)
        assert intermediate.issuer in [root.subject for root in roots]
    assert len(list(Path(data_home()).rglob("intermediate-key.pem"))) == 1


def test_a_ca_replaced_at_the_worst_moment_is_followed(folder: Path) -> None:
    """Just before its key is read, another takes its place, and destroys it."""
    assert tlsmith_here("make", "a.test").code == 0
    child = os.fork()
    if not child:
        replaced: list[bool] = []

        def replace(event: str, arguments: tuple[object, ...]) -> None:
            if (
                event == "open"
                and "intermediate-key" in str(arguments)
                and not replaced
            ):
                replaced.append(True)
                create_authority(data_home(), datetime.now(UTC))

        sys.addaudithook(replace)
        code = tlsmith_here("make", "b.test").code
        os._exit(code if replaced else 99)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    root = tlsmith_here("ca", "export", "--root").out
    issued.verify("b.test.pem", root, "b.test")
