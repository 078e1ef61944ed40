"""What holds for every store, with its own real tool, on a machine of folders."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tlsmith.truststores import (
    Outcome,
    install,
    plan_install,
    plan_uninstall,
    status,
    uninstall,
)
from truststores.worlds import OTHER_OWNER, OWNER, World, root


def _one(outcomes: list[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


def _install(
    world: World, name: str = "Root under test", owner: str = OWNER
) -> Outcome:
    return _one(install(world.stores, [root(name)], world.host, owner))


def test_a_root_is_trusted_after_installing(world: World) -> None:
    assert _one(status(world.stores, [root()])).state == "not-trusted"
    outcome = _install(world)
    assert (outcome.state, outcome.changed) == ("trusted", True), outcome
    assert _one(status(world.stores, [root()])).state == "trusted"


def test_uninstalling_leaves_every_byte_as_it_was(world: World) -> None:
    before = world.state()
    _install(world)
    assert world.state() != before
    outcome = _one(uninstall(world.remembered(), [root()], world.host, OWNER))
    assert (outcome.state, outcome.changed) == ("not-trusted", True), outcome
    assert world.state() == before


def test_a_second_root_in_between_changes_nothing_of_that(world: World) -> None:
    before = world.state()
    _install(world)
    _install(world, "another")
    uninstall(world.remembered(), [], world.host, OWNER)
    assert world.state() == before


def test_one_of_two_roots_goes_alone(world: World) -> None:
    before = world.state()
    _install(world)
    _install(world, "another")
    named = {"journalled_too": False}
    gone = _one(uninstall(world.remembered(), [root()], world.host, OWNER, **named))
    assert (gone.state, gone.changed) == ("not-trusted", True), gone
    assert world.store.contains(root("another"))
    uninstall(world.remembered(), [root("another")], world.host, OWNER, **named)
    assert not world.store.contains(root("another"))
    # Java keeps the order of its entries to itself, and browsers their pages.
    if world.family == "system" and not os.path.exists(world.store.place + "/java"):
        assert world.state() == before


def test_installing_again_changes_nothing(world: World) -> None:
    _install(world)
    before = world.state()
    outcome = _install(world)
    assert (outcome.state, outcome.changed) == ("trusted", False)
    assert world.state() == before


def test_a_root_that_was_there_before_stays(world: World) -> None:
    name = "corporate" if world.family == "system" else "first"
    if world.registry:
        pytest.skip("a folder that is not there has no root")
    before = world.state()
    installed = _install(world, name)
    assert (installed.state, installed.changed) == ("trusted", False)
    left = _one(uninstall(world.remembered(), [root(name)], world.host, OWNER))
    assert (left.state, left.changed) == ("trusted", False)
    assert "somebody else" in left.message
    assert world.state() == before


def test_it_works_after_the_ca_is_gone(world: World) -> None:
    before = world.state()
    _install(world)
    outcome = _one(uninstall(world.remembered(), [], world.host, OWNER))
    assert (outcome.fingerprint, outcome.changed) == (root().fingerprint, True)
    assert world.state() == before


def test_another_owners_root_stays(world: World) -> None:
    _install(world, owner=OTHER_OWNER)
    assert uninstall(world.remembered(), [], world.host, OWNER) == []
    assert world.store.contains(root())


def test_a_root_of_two_owners_stays_for_the_second(world: World) -> None:
    before = world.state()
    _install(world)
    _install(world, owner=OTHER_OWNER)
    left = _one(uninstall(world.remembered(), [root()], world.host, OWNER))
    assert (left.state, left.changed) == ("trusted", False)
    assert OTHER_OWNER in left.message
    uninstall(world.remembered(), [root()], world.host, OTHER_OWNER)
    assert world.state() == before


def test_our_entry_is_known_without_a_journal(world: World) -> None:
    _install(world)
    folder = (
        world.host.machine_journal if world.name != "nss" else world.host.user_journal
    )
    os.rename(folder, os.path.join(world.folder, "lost"))
    outcome = _one(uninstall(world.remembered(), [root()], world.host, OWNER))
    assert (outcome.state, outcome.changed) == ("not-trusted", True)


def test_a_plan_says_what_would_be_done_and_does_nothing(world: World) -> None:
    before = world.state()
    planned = _one(plan_install(world.stores, [root()], world.host))
    assert (planned.state, planned.changed) == ("not-trusted", True)
    assert planned.message.startswith("would ")
    assert world.state() == before
    _install(world)
    after = world.state()
    assert not _one(plan_install(world.stores, [root()], world.host)).changed
    assert _one(plan_uninstall(world.stores, [], world.host, OWNER)).changed
    stranger = plan_uninstall(world.stores, [root()], world.host, OTHER_OWNER)
    assert not _one(stranger).changed
    assert world.state() == after


def test_nothing_to_take_out_is_no_error(world: World) -> None:
    before = world.state()
    stores = world.remembered() or world.stores
    outcome = _one(uninstall(stores, [root()], world.host, OWNER))
    assert (outcome.state, outcome.changed) == ("not-trusted", False)
    assert world.state() == before


@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_tool_that_fails_leaves_the_store_as_it_was(world: World, stage: str) -> None:
    from truststores.runners import FailingRunner

    if world.name == "docker":
        pytest.skip("it has no tool")
    before = world.state()
    tools = world.host.path("/usr/sbin")
    runner = FailingRunner(tools=tools, after=stage == "after")
    host = replace(world.host, runner=runner)
    stores = [replace(store, host=host) for store in world.stores]
    outcome = _one(install(stores, [root()], host, OWNER))
    if world.host.image:  # nothing is run
        assert outcome.state == "trusted", outcome
        return
    assert outcome.state == "failed", outcome
    assert "broken" in outcome.message
    assert world.state() == before


def test_a_missing_tool_is_named(world: World) -> None:
    from truststores.runners import EmptyHandedRunner

    if world.name == "docker":
        pytest.skip("it has no tool")
    before = world.state()
    host = replace(world.host, runner=EmptyHandedRunner())
    stores = [replace(store, host=host) for store in world.stores]
    outcome = _one(install(stores, [root()], host, OWNER))
    if world.host.image:  # none is needed
        assert outcome.state == "trusted", outcome
        return
    assert (outcome.state, outcome.code) == ("failed", "tool-missing"), outcome
    assert outcome.hint
    assert world.state() == before
