"""`tlsmith trust`, on a person's own stores; the system's are only looked at."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from chains import family
from running import TLSMITH, Done, environment_of, tlsmith, tlsmith_here
from truststores.worlds import add_database, certutil, need, root_pair


@pytest.fixture
def database(home: Path) -> Path:
    """A browser's database at home."""
    need("certutil")
    return add_database(home / ".pki/nssdb")


def _trust(verb: str, *words: str) -> Done:
    return tlsmith_here("trust", verb, "--store", "nss", *words)


def _listing(database: Path) -> str:
    return certutil("-L", "-d", f"sql:{database}")


def test_install_makes_the_ca_and_says_what_comes_next(database: Path) -> None:
    done = _trust("install")
    assert done.code == 0, done
    assert done.out.split() == ["nss", "~/.pki/nssdb", "trusted", "added"]
    assert "made the local CA" in done.err
    assert "tlsmith trust status" in done.err
    assert "tlsmith-" in _listing(database)


def test_the_second_install_changes_nothing_and_says_so(database: Path) -> None:
    _trust("install")
    before = (database / "cert9.db").read_bytes()
    done = _trust("install")
    assert done.code == 0
    assert "nothing was changed" in done.err
    assert (database / "cert9.db").read_bytes() == before


def test_uninstall_leaves_the_files_as_they_were(database: Path, home: Path) -> None:
    before = {path: path.read_bytes() for path in database.iterdir()}
    _trust("install")
    done = _trust("uninstall")
    assert done.code == 0
    assert "taken out" in done.out
    assert {path: path.read_bytes() for path in database.iterdir()} == before
    assert not (home / ".local").exists()
    again = _trust("uninstall")
    assert (again.code, again.out.strip().endswith("was not there")) == (0, True)
    assert "nothing was changed" in again.err


def test_uninstall_works_after_the_ca_was_deleted(database: Path, home: Path) -> None:
    _trust("install")
    subprocess.run(["rm", "-r", str(home / "tlsmith")], check=True)
    assert _trust("uninstall").code == 0
    assert "tlsmith-" not in _listing(database)
    assert not (home / "tlsmith").exists()


def test_an_earlier_cas_root_is_taken_out_with_the_rest(database: Path) -> None:
    _trust("install")
    tlsmith_here("ca", "init", "--local", "--replace")
    _trust("install")
    assert _listing(database).count("tlsmith-") == 2
    status = _trust("status", "--no-proof")
    assert "an earlier CA's root" in status.out
    done = _trust("uninstall")
    assert (done.code, done.out.count("taken out")) == (0, 2)
    assert done.out.count("root ") == 2
    assert "tlsmith-" not in _listing(database)


def test_a_dry_run_tells_and_does_nothing(database: Path, home: Path) -> None:
    before = {path: path.read_bytes() for path in database.iterdir()}
    done = _trust("install", "--dry-run")
    assert done.code == 0
    assert "would add the root of the local CA, which is made first" in done.out
    assert not (home / "tlsmith").exists()
    tlsmith_here("ca", "init", "--local")
    assert "with certutil" in _trust("install", "--dry-run").out
    assert {path: path.read_bytes() for path in database.iterdir()} == before
    _trust("install")
    assert "would take it out" in _trust("uninstall", "--dry-run").out
    assert "tlsmith-" in _listing(database)


def test_json_has_every_outcome(database: Path) -> None:
    facts = _trust("install", "--json").facts
    assert facts["changed"] is True
    assert facts["command"] is None
    (store,) = facts["stores"]
    assert (store["store"], store["place"]) == ("nss", str(database))
    assert (store["state"], store["changed"]) == ("trusted", True)
    assert len(store["root"]) == 64
    (removed,) = _trust("uninstall", "--json").facts["stores"]
    assert (removed["state"], removed["changed"]) == ("not-trusted", True)


def test_another_root_can_be_given(database: Path, folder: Path) -> None:
    (folder / "root.pem").write_bytes(root_pair().pem + root_pair().key_pem)
    done = _trust("install", "--root", "root.pem")
    assert done.code == 0
    assert "warning: 'root.pem' holds a private key as well" in done.err
    assert "can vouch for every name" in done.err
    assert "tlsmith trust status --root root.pem" in done.err
    status = _trust("status", "--root", "root.pem")
    assert (status.code, "Everything here trusts it." in status.out) == (0, True)
    _trust("install")
    assert _trust("uninstall", "--root", "root.pem").code == 0
    assert _listing(database).count("tlsmith-") == 1, "the local CA's stays"


def test_what_is_no_root_is_refused_with_every_reason(
    database: Path, folder: Path
) -> None:
    (folder / "leaf.pem").write_bytes(family().leaf.pem)
    before = (database / "cert9.db").read_bytes()
    done = _trust("install", "--root", "leaf.pem", "--json")
    assert done.code == 2
    assert len(done.error["reasons"]) == 2
    assert (database / "cert9.db").read_bytes() == before
    (folder / "key.pem").write_bytes(family().root.key_pem)
    assert _trust("install", "--root", "key.pem").code == 2
    assert _trust("install", "--root", "missing.pem").code == 3


def test_unknown_stores_are_refused_before_anything_is_made(home: Path) -> None:
    done = tlsmith_here("trust", "install", "--store", "nope")
    assert done.code == 2
    assert "no trust store is called 'nope'" in done.err
    assert "nss" in done.err
    assert not (home / "tlsmith").exists()


def test_a_store_that_is_not_here_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where there is a Chromium, its database would be made.
    monkeypatch.setenv("PATH", str(tmp_path))
    done = _trust("install")
    assert (done.code, "not on this machine" in done.out) == (3, True)
    assert _trust("uninstall").code == 0


def test_a_broken_store_is_named_and_the_rest_done(database: Path, home: Path) -> None:
    broken = home / ".mozilla/firefox/broken"
    broken.mkdir(parents=True)
    (broken / "cert9.db").write_bytes(b"nothing of the kind" * 99)
    done = _trust("install")
    assert done.code == 3
    assert "1 could not be done; the rest is done" in done.err
    assert "hint: close the browser" in done.out
    assert "tlsmith-" in _listing(database)
    assert _trust("status", "--no-proof").code == 1


def test_status_before_there_is_a_ca(database: Path, home: Path) -> None:
    done = _trust("status")
    assert done.code == 1
    assert "There is no local CA yet. Next: tlsmith make localhost" in done.out
    assert _trust("status", "--json").facts["authority"] is None
    assert not (home / "tlsmith").exists()


def test_status_tells_the_ca_its_stores_and_certificates(
    database: Path, folder: Path
) -> None:
    tlsmith_here("make", "app.test", "a.app.test", "b.app.test")
    done = _trust("status", "--no-proof")
    assert done.code == 1
    assert "may sign    localhost, test" in done.out
    assert "not trusted" in done.out
    assert "app.test, a.app.test and 1 more" in done.out
    assert "(198 days)" in done.out or "(199 days)" in done.out
    assert "tlsmith trust install" in done.out
    _trust("install")
    done = _trust("status", "--no-proof")
    assert (done.code, "Everything here trusts it." in done.out) == (0, True)
    facts = _trust("status", "--no-proof", "--json").facts
    assert facts["trusted"] is True
    assert facts["proof"] is None
    assert facts["certificates"][0]["names"] == ["app.test", "a.app.test", "b.app.test"]
    assert facts["certificates"][0]["expired"] is False
    assert facts["authority"]["root_fingerprint_sha256"] == facts["stores"][0]["root"]


def test_status_proves_it_by_clients(
    database: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trust("install")
    rejected = _trust("status")
    assert rejected.code == 1, "the system's store does not have it"
    assert "rejects" in rejected.out
    (exported,) = (home / "tlsmith/authorities").glob("*/root.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(exported))
    facts = _trust("status", "--json").facts
    by_name = {proof["client"]: proof for proof in facts["proof"]}
    python = next(by_name[name] for name in by_name if name.startswith("Python"))
    assert python["accepted"] is True
    assert python["decided_by"] == ["SSL_CERT_FILE"]
    assert "by SSL_CERT_FILE" in _trust("status").out


def test_status_of_every_store_changes_nothing(home: Path) -> None:
    before = sorted(home.rglob("*"))
    done = tlsmith_here("trust", "status", "--json")
    assert done.code == 1
    assert all(row["state"] == "not-trusted" for row in done.facts["stores"])
    assert sorted(home.rglob("*")) == before


def test_a_damaged_ca_is_one_clear_error(database: Path, home: Path) -> None:
    _trust("install")
    (key,) = (home / "tlsmith/authorities").glob("*/intermediate-key.pem")
    key.write_text("damaged")
    done = _trust("status")
    assert done.code == 2
    assert "is damaged" in done.err


def test_the_real_command_works_without_a_terminal(database: Path) -> None:
    assert tlsmith("trust", "install", "--store", "nss").code == 0
    done = tlsmith("trust", "status", "--store", "nss", "--no-proof", "--json")
    assert json.loads(done.out)["trusted"] is True


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_status_that_is_ended_ends_its_clients(home: Path, name: str) -> None:
    environment = environment_of(home)
    tlsmith("make", "localhost", folder=home, environment=environment)
    scratch = home / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [TLSMITH, "trust", "status"],
        env={**environment, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 30
    while not list(scratch.glob("tlsmith-client-*")) and time.monotonic() < until:
        time.sleep(0.02)
    # A second one, from somebody who does not wait, changes nothing.
    for _ in range(2):
        process.send_signal(getattr(signal, name))
        time.sleep(0.1)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, b"interrupted" in said) == (3, True), said
    assert list(scratch.iterdir()) == []
    found = subprocess.run(
        ["pgrep", "-f", str(scratch)], capture_output=True, check=False
    )
    assert found.stdout == b""
