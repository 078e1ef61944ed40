"""Browsers' databases, with the real certutil."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.truststores import find_stores, install, status, uninstall
from truststores.worlds import OWNER, World, add_database, certutil, nss_world, root


def _put_in(world: World) -> None:
    for outcome in install(world.stores, [root()], world.host, OWNER):
        assert outcome.state == "trusted", outcome


def test_certutil_calls_it_trusted_for_servers(nss: World) -> None:
    _put_in(nss)
    place = f"sql:{nss.store.place}"
    certutil("-V", "-u", "L", "-n", root().label, "-d", place)
    lines = certutil("-L", "-d", place).splitlines()
    assert [line.split()[-1] for line in lines if root().label in line] == ["C,,"]


def test_no_database_is_made_where_no_chromium_is(tmp_path: Path, nss: World) -> None:
    home = tmp_path / "empty"
    (home / ".pki/nssdb").mkdir(parents=True)
    host = replace(nss.host, home=str(home))
    assert find_stores(host, ["nss"]) == []


@pytest.mark.parametrize(
    "place",
    [
        ".local/share/pki/nssdb",
        "snap/chromium/current/.pki/nssdb",
        ".var/app/org.chromium.Chromium/data/pki/nssdb",
        ".mozilla/firefox/abcd.default",
        ".config/mozilla/firefox/abcd.default-release",
        "snap/firefox/common/.mozilla/firefox/abcd.default",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/abcd.default",
        ".var/app/org.mozilla.firefox/config/mozilla/firefox/abcd.default",
    ],
)
def test_every_place_of_browsers_is_found(nss: World, place: str) -> None:
    # The file alone makes it a database to be found; broken ones are named later.
    database = Path(nss.host.home) / place
    database.mkdir(parents=True)
    (database / "cert9.db").touch()
    assert str(database) in [store.place for store in nss.stores]


def test_a_profile_elsewhere_is_found_by_firefoxs_list(nss: World) -> None:
    elsewhere = add_database(nss.folder / "elsewhere/profile")
    firefox = Path(nss.host.home) / ".mozilla/firefox"
    firefox.mkdir(parents=True)
    (firefox / "profiles.ini").write_text(
        f"[Profile0]\nName=x\nIsRelative=0\nPath={elsewhere}\n[General]\nVersion=2\n"
    )
    assert str(elsewhere) in [store.place for store in nss.stores]


@pytest.mark.parametrize(
    "text", ["no section\n", "[Profile0\nPath=\xff", "[A]\nb=%(c\n"]
)
def test_a_broken_list_is_passed_by(nss: World, text: str) -> None:
    firefox = Path(nss.host.home) / ".mozilla/firefox"
    firefox.mkdir(parents=True)
    (firefox / "profiles.ini").write_bytes(text.encode("latin-1"))
    assert len(nss.stores) == 1


def test_one_behind_two_names_counts_once(nss: World) -> None:
    link = Path(nss.host.home) / ".local/share/pki/nssdb"
    link.parent.mkdir(parents=True)
    link.symlink_to(nss.store.place)
    assert len(nss.stores) == 1


def test_a_broken_database_is_named_and_the_rest_done(nss: World) -> None:
    broken = Path(nss.host.home) / ".mozilla/firefox/broken"
    broken.mkdir(parents=True)
    (broken / "cert9.db").write_bytes(b"nothing of the kind" * 500)
    outcomes = install(nss.stores, [root()], nss.host, OWNER)
    by_place = {Path(outcome.place).name: outcome for outcome in outcomes}
    assert by_place["nssdb"].state == "trusted"
    assert by_place["broken"].state == "failed"
    assert "cannot be read" in by_place["broken"].message
    assert (broken / "cert9.db").read_bytes() == b"nothing of the kind" * 500


def test_a_primary_password_is_not_asked_for(nss: World) -> None:
    """And what certutil did before it noticed is undone."""
    place = Path(nss.host.home) / ".mozilla/firefox/guarded"
    place.mkdir(parents=True)
    password = nss.folder / "password"
    password.write_text("a primary password\n")
    certutil("-N", "-d", f"sql:{place}", "-f", str(password))
    before = nss.state()
    store = next(store for store in nss.stores if store.place == str(place))
    (outcome,) = install([store], [root()], nss.host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "wrong-password")
    assert outcome.hint
    assert nss.state() == before


def test_a_root_somebody_distrusts_is_left_alone(nss: World) -> None:
    place = f"sql:{nss.store.place}"
    certutil("-A", "-d", place, "-n", "no", "-t", ",,", given="Root under test")
    before = nss.state()
    assert [found.state for found in status(nss.stores, [root()])] == ["not-trusted"]
    (outcome,) = install(nss.stores, [root()], nss.host, OWNER)
    assert outcome.state == "failed"
    assert "told not to trust" in outcome.message
    assert nss.state() == before


def test_a_database_changed_since_loses_only_our_entry(nss: World) -> None:
    _put_in(nss)
    place = f"sql:{nss.store.place}"
    certutil("-A", "-d", place, "-n", "late", "-t", "C,,", given="late")
    uninstall(nss.remembered(), [root()], nss.host, OWNER)
    listing = certutil("-L", "-d", place)
    assert root().label not in listing
    assert "late" in listing
    assert "mine" in listing


def test_a_database_in_use_is_changed_by_certutil_alone(nss: World) -> None:
    """A file put in its place would be another than the browser writes to."""
    _put_in(nss)
    database = os.path.join(nss.store.place, "cert9.db")
    number = os.stat(database).st_ino
    with open(database, "rb"):
        uninstall(nss.remembered(), [root()], nss.host, OWNER)
    assert os.stat(database).st_ino == number
    assert not nss.store.contains(root())
    assert os.listdir(os.path.join(nss.host.home, ".local/state")) == []


def test_a_locked_database_is_named(nss: World) -> None:
    before = nss.state()
    connection = sqlite3.connect(os.path.join(nss.store.place, "cert9.db"))
    connection.execute("BEGIN EXCLUSIVE")
    (outcome,) = install(nss.stores, [root()], nss.host, OWNER)
    connection.rollback()
    connection.close()
    assert outcome.state == "failed"
    assert "locked" in outcome.message
    assert nss.state() == before


def test_the_old_format_is_read_and_written(tmp_path: Path) -> None:
    world = nss_world(tmp_path / "world", "dbm")
    before = world.state()
    assert [o.state for o in status(world.stores, [root("first")])] == ["trusted"]
    _put_in(world)
    assert [o.state for o in status(world.stores, [root()])] == ["trusted"]
    uninstall(world.remembered(), [root()], world.host, OWNER)
    assert world.state() == before


def test_no_key_of_a_browser_is_kept(nss: World) -> None:
    _put_in(nss)
    journals = Path(nss.host.user_journal)
    kept = [p.name for p in journals.rglob("*") if p.is_file()]
    assert sorted(kept) == [".lock", ".made", "journal.json"]
    assert journals.stat().st_mode & 0o777 == 0o700
