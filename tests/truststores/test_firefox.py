"""Firefox's policies, and what it copies from them into profiles."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.truststores import (
    Outcome,
    find_stores,
    install,
    plan_install,
    status,
    uninstall,
)
from truststores.runners import WorldRunner
from truststores.worlds import (
    OWNER,
    World,
    add_database,
    bare_world,
    certutil,
    need,
    root,
    root_pair,
)

_POLICIES = "etc/firefox/policies/policies.json"


@pytest.fixture
def fresh(tmp_path: Path) -> World:
    """A machine with Firefox, and a person who never started it."""
    world = bare_world(tmp_path / "world", "firefox")
    Path(world.host.path("/etc")).mkdir()
    runner = WorldRunner(browser="firefox-esr")
    return replace(world, host=replace(world.host, runner=runner))


def _put_in(world: World, name: str = "Root under test") -> Outcome:
    (outcome,) = install(world.stores, [root(name)], world.host, OWNER)
    return outcome


def _take_out(world: World) -> Outcome:
    (outcome,) = uninstall(world.remembered(), [root()], world.host, OWNER)
    return outcome


def _write(world: World, policies: object, place: str = _POLICIES) -> Path:
    path = Path(world.host.root) / place
    path.parent.mkdir(parents=True, exist_ok=True)
    text = policies if isinstance(policies, str) else json.dumps(policies, indent=4)
    path.write_text(text)
    return path


def _installed(world: World) -> list[str]:
    path = Path(world.host.root) / _POLICIES
    found = json.loads(path.read_text())["policies"]["Certificates"]["Install"]
    assert isinstance(found, list)
    return found


def test_the_policies_name_a_file_that_everybody_can_read(fresh: World) -> None:
    assert _put_in(fresh).state == "trusted"
    (named,) = _installed(fresh)
    assert Path(named).read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    for path in (named, fresh.store.place):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    assert status(fresh.stores, [root()])[0].state == "trusted"


def test_nothing_of_it_stays(fresh: World) -> None:
    before = fresh.state()
    _put_in(fresh)
    _put_in(fresh, "another")
    assert len(_installed(fresh)) == 2
    assert {o.state for o in uninstall(fresh.remembered(), [], fresh.host, OWNER)} == {
        "not-trusted"
    }
    assert fresh.state() == before


def test_what_is_there_is_kept_and_comes_back_to_the_byte(fresh: World) -> None:
    own = {
        "policies": {
            "DisableTelemetry": True,
            "Certificates": {"Install": ["/theirs.pem"], "ImportEnterpriseRoots": True},
        }
    }
    _write(fresh, own)
    before = fresh.state()
    _put_in(fresh)
    assert _installed(fresh)[0] == "/theirs.pem"
    assert len(_installed(fresh)) == 2
    assert _take_out(fresh).state == "not-trusted"
    assert fresh.state() == before


def test_what_another_changed_since_is_kept(fresh: World) -> None:
    _put_in(fresh)
    path = Path(fresh.store.place)
    changed = json.loads(path.read_text())
    changed["policies"]["DisableTelemetry"] = True
    path.write_text(json.dumps(changed))
    assert _take_out(fresh).state == "not-trusted"
    assert json.loads(path.read_text()) == {"policies": {"DisableTelemetry": True}}
    assert list(path.parent.iterdir()) == [path]


def test_it_is_taken_out_without_a_journal(fresh: World) -> None:
    before = fresh.state()
    _put_in(fresh)
    os.rename(fresh.host.machine_journal, os.path.join(fresh.folder, "lost"))
    assert _take_out(fresh).changed
    journals = {p for p in fresh.state() if p.startswith(("lost", "system/var/lib/t"))}
    assert fresh.state().keys() - journals == before.keys()


def test_the_distributions_policies_are_not_hidden(fresh: World) -> None:
    """A file in /etc would keep Firefox from reading these."""
    place = "usr/lib/firefox-esr/distribution/policies.json"
    theirs = _write(fresh, {"policies": {"DisableTelemetry": True}}, place)
    before = fresh.state()
    outcome = _put_in(fresh)
    assert outcome.place == str(theirs)
    assert json.loads(theirs.read_text())["policies"]["DisableTelemetry"] is True
    assert not Path(fresh.host.path("/etc/firefox")).exists()
    _take_out(fresh)
    assert fresh.state() == before


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"policies": []}',
        '{"policies": {"Certificates": 1}}',
        '{"policies": {"Certificates": {"Install": "x"}}}',
    ],
)
def test_policies_that_nobody_can_read_are_left(fresh: World, text: str) -> None:
    _write(fresh, text)
    before = fresh.state()
    outcome = _put_in(fresh)
    assert outcome.state == "failed"
    assert "cannot be understood" in outcome.message
    assert outcome.hint
    assert fresh.state() == before
    assert status(fresh.stores, [root()])[0].state == "not-trusted"


def test_a_person_with_a_profile_needs_no_policy(fresh: World) -> None:
    profile = Path(fresh.host.home) / ".mozilla/firefox/abc.default"
    profile.mkdir(parents=True)
    (profile / "cert9.db").touch()
    (profile.parent / "profiles.ini").write_text("[Profile0]\nPath=abc.default\n")
    assert fresh.stores == []


def test_without_firefox_there_is_no_such_store(tmp_path: Path) -> None:
    world = bare_world(tmp_path / "world", "firefox")
    assert find_stores(world.host, ["firefox"]) == []


def test_a_dry_run_changes_nothing(fresh: World) -> None:
    before = fresh.state()
    (planned,) = plan_install(fresh.stores, [root()], fresh.host)
    assert (planned.changed, "policies.json" in planned.message) == (True, True)
    assert fresh.state() == before


def test_copies_in_profiles_go_too_and_nothing_else(fresh: World) -> None:
    need("certutil")
    _put_in(fresh)
    profile = Path(fresh.host.home) / ".config/mozilla/firefox/abc.default"
    place = f"sql:{add_database(profile)}"
    # As Firefox does at its start: under the name that the certificate has.
    certutil("-A", "-t", "CT,C,", "-n", "Root under test", "-d", place, given=_NAME)
    assert _take_out(fresh).state == "not-trusted"
    listing = certutil("-L", "-d", place)
    assert "Root under test" not in listing
    assert "mine" in listing


_NAME = "Root under test"


def test_copies_of_a_root_that_another_put_there_stay(fresh: World) -> None:
    need("certutil")
    profile = Path(fresh.host.home) / ".config/mozilla/firefox/abc.default"
    place = f"sql:{add_database(profile)}"
    uninstall(fresh.remembered(), [root("first")], fresh.host, OWNER)
    assert "mine" in certutil("-L", "-d", place)


def test_what_cannot_be_taken_out_is_told_and_done_next_time(fresh: World) -> None:
    need("certutil")
    _put_in(fresh)
    profile = Path(fresh.host.home) / ".config/mozilla/firefox/abc.default"
    add_database(profile)
    certutil("-A", "-t", "CT,C,", "-n", "x", "-d", f"sql:{profile}", given=_NAME)
    kept = (profile / "cert9.db").read_bytes()
    (profile / "cert9.db").write_bytes(b"broken" * 999)
    outcome = _take_out(fresh)
    assert (outcome.state, outcome.hint is not None) == ("failed", True)
    (profile / "cert9.db").write_bytes(kept)
    assert _take_out(fresh).state == "not-trusted"
    assert "x " not in certutil("-L", "-d", f"sql:{profile}")


def test_the_file_holds_the_root_and_no_key(fresh: World) -> None:
    _put_in(fresh)
    (named,) = _installed(fresh)
    assert Path(named).read_bytes().split() == root_pair().pem.split()
