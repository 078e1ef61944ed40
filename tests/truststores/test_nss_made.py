"""A database for a Chromium that has not been started yet, and none elsewhere."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.truststores import find_stores, install, plan_install, status, uninstall
from truststores.runners import WorldRunner
from truststores.worlds import (
    OWNER,
    World,
    bare_world,
    certutil,
    need,
    root,
)

NEW, OLD = ".local/share/pki/nssdb", ".pki/nssdb"


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    """A person whose Chromium was never started."""
    need("certutil")
    world = bare_world(tmp_path / "world", "nss")
    return replace(
        world, host=replace(world.host, runner=WorldRunner(browser="chromium"))
    )


def _place(world: World) -> str:
    return os.path.relpath(world.store.place, world.host.home)


def test_it_is_made_where_chromium_makes_it(fresh: World) -> None:
    (planned,) = plan_install(fresh.stores, [root()], fresh.host)
    assert planned.changed
    assert not os.path.exists(planned.place)
    (outcome,) = install(fresh.stores, [root()], fresh.host, OWNER)
    assert (outcome.state, outcome.changed) == ("trusted", True), outcome
    assert _place(fresh) == NEW
    certutil("-V", "-u", "L", "-n", root().label, "-d", f"sql:{outcome.place}")
    assert not os.path.exists(os.path.join(fresh.host.home, ".pki"))
    assert os.stat(outcome.place).st_mode & 0o777 == 0o700


def test_an_old_folder_that_chromium_reads_gets_it(fresh: World) -> None:
    os.makedirs(os.path.join(fresh.host.home, OLD))
    before = fresh.state()
    install(fresh.stores, [root()], fresh.host, OWNER)
    assert _place(fresh) == OLD
    uninstall(fresh.remembered(), [root()], fresh.host, OWNER)
    assert fresh.state() == before


def test_a_persons_own_place_for_data_is_kept_to(fresh: World, tmp_path: Path) -> None:
    host = replace(fresh.host, environment={"XDG_DATA_HOME": str(tmp_path / "data")})
    (store,) = find_stores(host, ["nss"])
    assert store.place == str(tmp_path / "data/pki/nssdb")


def test_nothing_of_it_stays(fresh: World) -> None:
    before = fresh.state()
    install(fresh.stores, [root()], fresh.host, OWNER)
    (outcome,) = uninstall(fresh.remembered(), [root()], fresh.host, OWNER)
    assert (outcome.state, outcome.changed) == ("not-trusted", True), outcome
    assert fresh.state() == before


def test_two_roots_go_one_after_the_other(fresh: World) -> None:
    before = fresh.state()
    for name in ("Root under test", "another"):
        install(fresh.stores, [root(name)], fresh.host, OWNER)
    for name in ("Root under test", "another"):
        uninstall(
            fresh.remembered(),
            [root(name)],
            fresh.host,
            OWNER,
            journalled_too=False,
        )
        assert not any(s.contains(root(name)) for s in fresh.stores)
    left = {p for p in fresh.state() if p not in before}
    assert left <= {f"home/{p}" for p in (".local/share", NEW)} | {
        p for p in left if p.startswith("home/.local/share/pki")
    }


def test_what_chromium_wrote_since_stays(fresh: World) -> None:
    install(fresh.stores, [root()], fresh.host, OWNER)
    place = fresh.store.place
    certutil("-A", "-t", ",,", "-n", "mine", "-d", f"sql:{place}", given="first")
    (outcome,) = uninstall(fresh.remembered(), [root()], fresh.host, OWNER)
    assert outcome.state == "not-trusted", outcome
    listing = certutil("-L", "-d", f"sql:{place}")
    assert "mine" in listing
    assert root().label not in listing


def test_part_of_a_database_is_named_and_left(fresh: World) -> None:
    """certutil would ask for a password, again and again, with nobody there."""
    place = os.path.join(fresh.host.home, OLD)
    os.makedirs(place)
    certutil("-N", "--empty-password", "-d", f"sql:{place}")
    os.remove(os.path.join(place, "cert9.db"))
    before = fresh.state()
    (outcome,) = install(fresh.stores, [root()], fresh.host, OWNER)
    assert outcome.state == "failed"
    assert "key4.db" in outcome.message
    assert outcome.hint
    assert fresh.state() == before


def test_status_makes_nothing(fresh: World) -> None:
    before = fresh.state()
    (outcome,) = status(fresh.stores, [root()])
    assert outcome.state == "not-trusted"
    assert fresh.state() == before


def _new_trust(place: str, der: bytes) -> None:
    """Note trust as PKCS #11 3.2 has it: what Firefox has written since 2025."""
    import hashlib

    with sqlite3.connect(os.path.join(place, "cert9.db")) as database:
        for column in ("a635", "a62c"):
            database.execute(f"ALTER TABLE nssPublic ADD COLUMN {column}")
        database.execute(
            "INSERT INTO nssPublic (id, a0, a635, a62c) VALUES (77, ?, ?, ?)",
            (bytes([0, 0, 0, 11]), hashlib.sha256(der).digest(), bytes([0, 0, 0, 2])),
        )
    database.close()
    with sqlite3.connect(os.path.join(place, "key4.db")) as database:
        name = "sig_cert_0000004d_0000062c"
        database.execute("INSERT INTO metaData (id, item1) VALUES (?, 'x')", (name,))
    database.close()


def _rows(place: str, name: str, sql: str) -> int:
    with sqlite3.connect(os.path.join(place, name)) as database:
        (count,) = database.execute(sql).fetchone()
    database.close()
    return int(count)


def test_trust_as_newer_browsers_note_it_counts(nss: World) -> None:
    place = nss.store.place
    certutil(
        "-A", "-t", ",,", "-n", "by firefox", "-d", f"sql:{place}", given="another"
    )
    assert not nss.store.contains(root("another"))
    _new_trust(place, root("another").der)
    assert nss.store.contains(root("another"))


def test_trust_does_not_outlive_the_certificate(nss: World) -> None:
    install(nss.stores, [root()], nss.host, OWNER)
    place = nss.store.place
    _new_trust(place, root().der)
    uninstall(nss.remembered(), [root()], nss.host, OWNER)
    objects = "SELECT count(*) FROM nssPublic WHERE a0 = x'0000000b'"
    assert _rows(place, "cert9.db", objects) == 0
    signatures = "SELECT count(*) FROM metaData WHERE id LIKE 'sig_cert_0000004d%'"
    assert _rows(place, "key4.db", signatures) == 0
    assert "mine" in certutil("-L", "-d", f"sql:{place}")
