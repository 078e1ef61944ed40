"""Journals: where they are, one at a time, and gone when empty."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.errors import FileError, TrustStoreError
from tlsmith.files import read_file
from tlsmith.truststores import install, status, uninstall
from tlsmith.truststores.journal import load_journal
from tlsmith.truststores.places import (
    journal_folder,
    journalled,
    open_journal,
    peek,
    tidy,
)
from truststores.worlds import OTHER_OWNER, OWNER, World, bare_world, root


def test_a_persons_journal_outlives_the_deletion_of_the_ca(nss: World) -> None:
    """It is not below the data folder, whichever that is."""
    state = os.path.join(nss.host.home, ".local/state/tlsmith/trust")
    assert nss.host.user_journal == state
    host = replace(nss.host, environment={"XDG_STATE_HOME": "/state"})
    assert host.user_journal == "/state/tlsmith/trust"
    relative = replace(nss.host, environment={"XDG_STATE_HOME": "state"})
    assert relative.user_journal == state


def test_folders_that_were_made_go_again(tmp_path: Path, nss: World) -> None:
    os.rmdir(os.path.join(nss.host.home, ".local/state"))
    os.rmdir(os.path.join(nss.host.home, ".local"))
    before = nss.state()
    install(nss.stores, [root()], nss.host, OWNER)
    uninstall(nss.remembered(), [], nss.host, OWNER)
    assert nss.state() == before


def test_a_journal_of_another_store_keeps_the_folder(nss: World) -> None:
    install(nss.stores, [root()], nss.host, OWNER)
    store = nss.store
    with open_journal(nss.host, replace(store, place=store.place + "2")) as (new, _):
        assert new.is_empty
    assert len(journalled(nss.host)) == 1
    assert peek(nss.host, store).held


# All that a journal has to have, and one thing wrong with it.
_WHOLE = {"version": 1, "store": "nss", "place": "/p", "since": 1.5, "pending": None}
_WHOLE |= {"base": {}, "left": {}, "roots": []}
_WRONG = [
    json.dumps({**_WHOLE, **wrong})
    for wrong in (
        {"version": 0},
        {"version": "1"},
        {"since": "yesterday"},
        {"pending": 5},
        {"pending": {"action": "install", "fingerprints": None, "since": 1}},
        {"base": [1, 2]},
        {"left": {"/p": {"kind": "file", "colour": "red"}}},
        {"roots": 5},
        {"roots": [{"der": "?", "owners": []}]},
    )
]


def test_that_journal_would_be_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text(json.dumps(_WHOLE))
    assert load_journal(str(tmp_path)) is not None


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", "\xff", *_WRONG])
def test_a_journal_that_cannot_be_read_stops_a_change(nss: World, text: str) -> None:
    install(nss.stores, [root()], nss.host, OWNER)
    path = Path(journal_folder(nss.host, nss.store), "journal.json")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TrustStoreError, match="is damaged") as caught:
        peek(nss.host, nss.store)
    assert caught.value.hint
    (outcome,) = uninstall(nss.stores, [root()], nss.host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "journal-damaged")
    assert [found.state for found in status(nss.stores, [root()])] == ["trusted"]
    assert journalled(nss.host) == []


def test_a_damaged_journal_out_of_the_way_our_root_is_taken_out(nss: World) -> None:
    """As the hint has it."""
    install(nss.stores, [root()], nss.host, OWNER)
    folder = Path(journal_folder(nss.host, nss.store))
    (folder / "journal.json").write_text("damaged")
    folder.rename(nss.folder / "away")
    (outcome,) = uninstall(nss.stores, [root()], nss.host, OWNER)
    assert (outcome.state, outcome.changed) == ("not-trusted", True)


def test_a_newer_journal_is_said_to_be_one(nss: World) -> None:
    install(nss.stores, [root()], nss.host, OWNER)
    path = Path(journal_folder(nss.host, nss.store), "journal.json")
    path.write_text(json.dumps({"version": 2, "whatever": []}))
    (outcome,) = uninstall(nss.stores, [root()], nss.host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "journal-newer")
    assert outcome.hint
    assert path.exists()


def test_a_damaged_copy_leaves_it_to_the_tool(debian: World) -> None:
    install(debian.stores, [root()], debian.host, OWNER)
    folder = Path(journal_folder(debian.host, debian.store))
    facts = json.loads((folder / "journal.json").read_text())
    for entry in facts["base"].values():
        entry.pop("patch", None)
    (folder / "journal.json").write_text(json.dumps(facts))
    for copy in folder.iterdir():
        if copy.name != "journal.json":
            copy.write_bytes(b"damaged")
    (outcome,) = uninstall(debian.remembered(), [root()], debian.host, OWNER)
    assert (outcome.state, outcome.changed) == ("not-trusted", True)
    assert os.listdir(debian.host.path("/var/lib")) == []


def test_two_at_once_wait_for_each_other(nss: World) -> None:
    before = nss.state()
    names = [f"root {number}" for number in range(4)]

    def work(number: int) -> None:
        owner = OWNER if number % 2 else OTHER_OWNER
        outcomes = install(nss.stores, [root(names[number])], nss.host, owner)
        assert [outcome.state for outcome in outcomes] == ["trusted"], outcomes

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o.state for o in status(nss.stores, [root(n) for n in names])] == [
        "trusted"
    ] * 4
    for owner in (OWNER, OTHER_OWNER):
        uninstall(nss.remembered(), [], nss.host, owner)
    assert not any(nss.store.contains(root(name)) for name in names)
    assert nss.state().keys() == before.keys()


def test_a_folder_without_a_journal_is_cleared_away(tmp_path: Path) -> None:
    world = bare_world(tmp_path / "world")
    before = world.state()
    for parent in (world.host.machine_journal, world.host.user_journal):
        os.makedirs(os.path.join(parent, "debian-0/left"))
    tidy(world.host)
    assert world.state() == before


def test_an_empty_folder_of_ours_is_cleared_away(tmp_path: Path) -> None:
    world = bare_world(tmp_path / "world")
    before = world.state()
    os.mkdir(os.path.dirname(world.host.machine_journal))
    tidy(world.host)
    assert world.state() == before


def test_a_place_where_no_journal_can_be_is_named(nss: World) -> None:
    before = nss.state()
    file = Path(nss.host.home, "a file")
    file.touch()
    environment = {**nss.host.environment, "XDG_STATE_HOME": str(file)}
    host = replace(nss.host, environment=environment)
    (outcome,) = install(nss.stores, [root()], host, OWNER)
    file.unlink()
    assert outcome.state == "failed", outcome
    assert "cannot keep a journal" in outcome.message
    assert nss.state() == before


def test_a_file_that_vanishes_meanwhile_is_told_as_it_is(nss: World) -> None:
    def change() -> None:
        with open_journal(nss.host, nss.store):
            read_file("/no/such/file")

    with pytest.raises(FileError, match="no such file"):
        change()
    assert not Path(nss.host.user_journal).exists()
