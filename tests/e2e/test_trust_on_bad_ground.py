"""Stores that are broken, locked, full or not ours: named, skipped, the rest done."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.machines import SOMEBODY, Machine
from running import Done
from truststores.worlds import add_database, encode_jks, need, root_pair

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay an overlay"),
]
STORES = ("--store", "nss", "--store", "java")
SYSTEM = (*STORES, "--store", "system")
BROKEN = ".mozilla/firefox/second"
JAVA = ".sdkman/candidates/java/one/lib/security/cacerts"
JOURNALS = ".local/state/tlsmith/trust"
Spoil = Callable[[Machine], None]


@pytest.fixture
def machine() -> Iterator[Machine]:
    """This machine, and a home with two browsers and a Java."""
    need("certutil", "keytool", "update-ca-certificates", "unshare", "setpriv")
    # Not pytest's own folder: others may not enter that.
    top = Path(tempfile.mkdtemp(prefix="tlsmith-machine-"))
    top.chmod(0o755)
    layers, home = top / "layers", top / "home"
    layers.mkdir()
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(layers)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        shutil.rmtree(top)
        pytest.skip("nothing can be mounted here")
    try:
        machine = Machine(layers, home)
        if machine.trust("status", "--no-proof", "--store", "nss").code not in (0, 1):
            pytest.skip("no overlay can be laid here")
        add_database(home / ".pki/nssdb")
        add_database(home / BROKEN)
        java = home / JAVA
        java.parent.mkdir(parents=True)
        java.write_bytes(encode_jks({"first": root_pair("first").der}))
        yield machine
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", str(layers)], check=True)
        shutil.rmtree(top)


def _rows(done: Done) -> dict[str, tuple[str, str, str]]:
    """Return for each place of a store its state, message and hint."""
    return {
        row["place"]: (row["state"], row["message"], row["hint"] or "")
        for row in done.facts["stores"]
    }


def _refused(machine: Machine, *places: str, stores: tuple[str, ...] = STORES) -> str:
    """Install with --json: these places alone fail; return what is said of the first.

    Then uninstall, and find everything as it was.
    """
    before = machine.state()
    done = machine.trust("install", *stores, "--json")
    assert done.code == 3, done
    rows = _rows(done)
    failed = {place for place, row in rows.items() if row[0] == "failed"}
    assert failed == {str(machine.home / place) for place in places}, rows
    assert all(row[0] == "trusted" for at, row in rows.items() if at not in failed)
    during = machine.state()
    for place in places:
        at = str(machine.home / place)
        assert _below(during, at) == _below(before, at)
    state, message, hint = rows[str(machine.home / places[0])]
    assert hint, (state, message)
    machine.trust("uninstall", *stores)
    assert machine.state() == before
    return f"{message}\n{hint}"


def _below(state: dict[str, str], top: str) -> dict[str, str]:
    return {path: said for path, said in state.items() if path.startswith(top)}


# Databases of browsers ------------------------------------------------------------


def _garbage(home: Path) -> None:
    (home / BROKEN / "cert9.db").write_bytes(b"nothing of the kind" * 99)


def _empty(home: Path) -> None:
    (home / BROKEN / "cert9.db").write_bytes(b"")


def _cut_short(home: Path) -> None:
    path = home / BROKEN / "cert9.db"
    path.write_bytes(path.read_bytes()[:5000])


def _keys_are_garbage(home: Path) -> None:
    (home / BROKEN / "key4.db").write_bytes(b"nothing of the kind" * 99)


def _primary_password(home: Path) -> None:
    shutil.rmtree(home / BROKEN)
    (home / BROKEN).mkdir()
    words = ["certutil", "-N", "-d", f"sql:{home / BROKEN}", "-f", "/dev/stdin"]
    subprocess.run(words, input=b"a password\n", check=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_garbage, "not a database"),
        (_empty, "cannot be read"),
        (_cut_short, "malformed"),
        (_keys_are_garbage, "certutil could not"),
        (_primary_password, "primary password"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(
    machine: Machine, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(machine.home)
    assert said in _refused(machine, BROKEN)


_HOLD = """\
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute(f"BEGIN {sys.argv[2]}")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["EXCLUSIVE", "IMMEDIATE"])
def test_a_database_another_program_has_locked_is_named(
    machine: Machine, kind: str
) -> None:
    # A process of its own: ours would lose the lock by reading the file.
    path = machine.home / BROKEN / "cert9.db"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, path, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        assert "close the browser" in _refused(machine, BROKEN)
        holder.communicate()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# Keystores ------------------------------------------------------------------------


def _own_password(path: Path) -> None:
    words = ["keytool", "-storepasswd", "-keystore", str(path)]
    words += ["-storepass", "changeit", "-new", "another"]
    subprocess.run(words, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_own_password, "TLSMITH_JAVA_STOREPASS"),
        (lambda path: path.write_bytes(b"nothing of the kind"), "no keystore"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "keytool could not"),
    ],
)
def test_a_keystore_that_cannot_be_used_is_named(
    machine: Machine, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(machine.home / JAVA)
    assert said in _refused(machine, JAVA)


def test_a_wrong_password_is_named_and_never_shown(machine: Machine) -> None:
    before = machine.state()
    done = machine.trust("install", *STORES, TLSMITH_JAVA_STOREPASS="quite wrong")
    assert done.code == 3
    assert "has a password of its own" in done.out
    assert "quite wrong" not in done.out + done.err
    machine.trust("uninstall", *STORES)
    assert machine.state() == before


# Rights ---------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["files", "folders"])
def test_what_is_read_only_at_home_needs_no_root(machine: Machine, what: str) -> None:
    """Root's own home is another: the command for it would change nothing here."""
    database, java = machine.home / BROKEN, machine.home / JAVA
    subprocess.run(["chown", "-R", str(SOMEBODY), machine.home], check=True)
    places = [database / "cert9.db", java]
    if what == "folders":
        places = [database, java.parent]
    for place in places:
        place.chmod(0o500 if what == "folders" else 0o400)
    before = machine.state()
    done = machine.trust("install", *SYSTEM, user=SOMEBODY)
    assert done.code == 3
    for place in places:
        assert f"hint: chmod u+w {place}" in done.out
    (command,) = (line for line in done.err.splitlines() if "TLSMITH_HOME=" in line)
    assert "--store debian --store java" in command
    assert "nss" not in command
    assert "trusted     added" in done.out, "the other browser is done"
    machine.trust("uninstall", *SYSTEM, user=SOMEBODY)
    assert machine.state() == before


def test_where_no_journal_can_be_kept_nothing_is_changed(machine: Machine) -> None:
    (machine.home / ".local").write_text("not a folder")
    before = machine.state()
    done = machine.trust("install", *STORES)
    assert done.code == 3
    assert "cannot keep a journal" in done.out
    assert _below(machine.state(), str(machine.home)) == _below(
        before, str(machine.home)
    )
    assert machine.trust("uninstall", *STORES).code == 0
    assert machine.state() == before


@pytest.mark.parametrize("place", ["/etc", "/usr/local", "/var"])
def test_a_system_that_is_read_only_is_named(machine: Machine, place: str) -> None:
    before = machine.state()
    mount = [f"mount -o remount,ro,bind {place}"]
    done = machine.trust("install", *SYSTEM, "--json", before=mount)
    rows = _rows(done)
    assert (done.code, done.facts["command"]) == (3, None), "root could not either"
    state, message, hint = rows["/etc/ssl/certs"]
    assert (state, "read-only file system" in message, bool(hint)) == (
        "failed",
        True,
        True,
    )
    assert rows[str(machine.home / JAVA)][0] == "trusted"
    assert rows[str(machine.home / BROKEN)][0] == "trusted"
    machine.trust("uninstall", *SYSTEM)
    assert machine.state() == before


# Tools ----------------------------------------------------------------------------


def test_missing_tools_are_named_with_their_packages(machine: Machine) -> None:
    before = machine.state()
    hidden = ["mount --bind /dev/null /usr/sbin/update-ca-certificates"]
    done = machine.trust("install", *SYSTEM, before=hidden, PATH="/nowhere")
    assert done.code == 3
    for said in (
        "install the package ca-certificates",
        "install the package libnss3-tools",
        "keytool is not installed",
    ):
        assert said in done.out
    machine.trust("uninstall", *SYSTEM)
    assert machine.state() == before


def test_a_tool_that_fails_half_way_is_undone(machine: Machine) -> None:
    before = machine.state()
    failing = [
        "printf '%s\\n' '#!/bin/sh' 'rm /etc/ssl/certs/*.crt' 'echo out of luck >&2'"
        " 'exit 4' > /var/failing",
        "chmod +x /var/failing",
        "mount --bind /var/failing /usr/sbin/update-ca-certificates",
    ]
    done = machine.trust("install", "--store", "system", "--json", before=failing)
    (row,) = _rows(done).values()
    assert (done.code, row[0], "out of luck" in row[1]) == (3, "failed", True)
    assert machine.state() == before


def test_a_tool_finds_its_own_tools_whatever_our_path_is(machine: Machine) -> None:
    """update-ca-certificates is a script, as a job of cron may start it."""
    before = machine.state()
    words = ("--store", "system")
    assert machine.trust("install", *words, PATH="/nowhere").code == 0
    assert machine.trust("uninstall", *words, PATH="/nowhere").code == 0
    assert machine.state() == before


# Journals -------------------------------------------------------------------------


def _as_json(path: Path, **changed: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("{cut sho"), "move it away"),
        (lambda path: path.write_bytes(b""), "move it away"),
        (lambda path: _as_json(path, roots=5), "move it away"),
        (lambda path: _as_json(path, version=2), "newer tlsmith"),
        (_a_folder, "move it away"),
    ],
)
def test_a_journal_that_cannot_be_read_is_left_alone(
    machine: Machine, spoil: Callable[[Path], None], said: str
) -> None:
    clean = machine.state()
    assert machine.trust("install", *STORES).code == 0
    (folder,) = (
        path.parent
        for path in (machine.home / JOURNALS).glob("nss-*/journal.json")
        if BROKEN in path.read_text()
    )
    spoil(folder / "journal.json")
    spoilt = {**_below(machine.state(), str(machine.home / BROKEN))}
    for verb in ("install", "uninstall"):
        done = machine.trust(verb, *STORES, "--json")
        rows = _rows(done)
        state, message, hint = rows.pop(str(machine.home / BROKEN))
        assert (done.code, state) == (3, "failed")
        assert said in message + hint
        assert {row[0] for row in rows.values()} == {
            "trusted" if verb == "install" else "not-trusted"
        }
    assert _below(machine.state(), str(machine.home / BROKEN)) == spoilt
    # As the hint has it, our root can be taken out without.
    shutil.rmtree(folder)
    assert machine.trust("uninstall", *STORES).code == 0
    left = {path for path, said in machine.state().items() if clean.get(path) != said}
    assert {Path(path).parent for path in left} <= {machine.home / BROKEN}


# Space ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["64k", "256k", "400k", "500k"])
def test_a_full_disk_leaves_nothing_half_done(machine: Machine, size: str) -> None:
    before = machine.state()
    _resize(machine.layers, size)
    done = machine.trust("install", *SYSTEM, "--json")
    rows = _rows(done)
    assert done.code == 3, rows
    failed = {place for place, row in rows.items() if row[0] == "failed"}
    assert failed
    for place in failed:
        assert "space" in "".join(rows[place][1:]), rows[place]
    # What did not fail is whole, Java's keystore too: its tools still read it.
    listing = machine.trust("status", "--no-proof", *SYSTEM, "--json").facts["stores"]
    for row in listing:
        wanted = "not-trusted" if row["place"] in failed else "trusted"
        assert (row["place"], row["state"]) == (row["place"], wanted)
    _resize(machine.layers, "50m")
    assert machine.trust("uninstall", *SYSTEM).code == 0
    assert machine.state() == before
    assert machine.trust("install", *SYSTEM).code == 0


def _resize(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)
