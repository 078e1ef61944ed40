"""A person's profiles: written between marks, and put back byte for byte."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.truststores import (
    Outcome,
    Root,
    TrustStore,
    environment_stores,
    find_stores,
    install,
    plan_install,
    plan_uninstall,
    status,
    uninstall,
)
from tlsmith.truststores.block import find_block
from truststores.runners import EmptyHandedRunner
from truststores.worlds import OWNER, World, bare_world, root, root_pair

_DYING = Path(__file__).with_name("dying.py")
MARK = "# >>> tlsmith >>>"
CONTENTS = {
    "empty": b"",
    "plain": b"export A=1\n",
    "unended": b"export A=1",
    "windows": b"export A=1\r\nexport B=2\r\n",
    "binary": b"\xff\xfe A='\n\n\n",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A person with a profile, on a machine with systemd and no fish."""
    world = bare_world(tmp_path / "world", "env")
    world = replace(world, host=replace(world.host, runner=EmptyHandedRunner()))
    Path(world.host.path("/usr/lib/systemd/user")).mkdir(parents=True)
    (Path(world.host.home) / ".profile").write_text("export A=1\n")
    return world


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "bundle.pem"
    file.write_bytes(root_pair().pem + root_pair("another").pem)
    return file


def stores_of(world: World, bundle: Path, **more: str) -> list[TrustStore]:
    values = {"SSL_CERT_FILE": str(bundle), **more}
    return environment_stores(world.host, list(values.items()), str(bundle))


def put_in(world: World, bundle: Path, *roots: Root) -> list[Outcome]:
    wanted = roots or (root(),)
    return install(stores_of(world, bundle), wanted, world.host, OWNER)


def take_out(world: World, *roots: Root) -> list[Outcome]:
    return uninstall(world.remembered(), roots or (root(),), world.host, OWNER)


def at_home(world: World, name: str) -> Path:
    return Path(world.host.home) / name


def test_every_file_has_the_variables(world: World, bundle: Path) -> None:
    outcomes = put_in(world, bundle)
    assert {(one.state, one.changed) for one in outcomes} == {("trusted", True)}
    line = f"export SSL_CERT_FILE='{bundle}'"
    assert line in at_home(world, ".profile").read_text().splitlines()
    conf = at_home(world, ".config/environment.d/50-tlsmith.conf").read_text()
    assert f"SSL_CERT_FILE={bundle}" in conf.splitlines()
    assert len(outcomes) == 2


def test_all_is_as_it_was_afterwards(world: World, bundle: Path) -> None:
    before = world.state()
    put_in(world, bundle)
    assert world.state() != before
    assert {one.state for one in take_out(world)} == {"not-trusted"}
    assert world.state() == before


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_file_is_put_back_without_the_journal_too(
    world: World, bundle: Path, content: bytes
) -> None:
    profile = at_home(world, ".profile")
    profile.write_bytes(content)
    put_in(world, bundle)
    assert MARK in profile.read_text(errors="replace")
    os.rename(world.host.user_journal, world.folder / "lost")
    take_out(world)
    assert profile.read_bytes() == content
    assert not at_home(world, ".config/environment.d/50-tlsmith.conf").exists()


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_of_an_edited_file_our_lines_alone_are_taken_out(
    world: World, bundle: Path, content: bytes
) -> None:
    profile = at_home(world, ".profile")
    profile.write_bytes(content)
    put_in(world, bundle)
    profile.write_bytes(b"first=1\n" + profile.read_bytes() + b"last=1\n")
    take_out(world)
    ended = content if content.endswith(b"\n") or not content else content + b"\n"
    assert profile.read_bytes() == b"first=1\n" + ended + b"last=1\n"


def test_a_new_file_that_was_edited_stays(world: World, bundle: Path) -> None:
    profile = at_home(world, ".profile")
    profile.unlink()
    put_in(world, bundle)
    with profile.open("a") as stream:
        stream.write("mine=1\n")
    take_out(world)
    assert profile.read_text() == "mine=1\n"


def test_a_folder_that_others_use_by_now_stays(world: World, bundle: Path) -> None:
    put_in(world, bundle)
    at_home(world, ".config/other").write_text("")
    take_out(world)
    assert at_home(world, ".config/other").exists()
    assert not at_home(world, ".config/environment.d/50-tlsmith.conf").exists()


def test_links_are_followed_and_permissions_kept(world: World, bundle: Path) -> None:
    profile = at_home(world, ".profile")
    target = at_home(world, "dotfiles/profile")
    target.parent.mkdir()
    profile.rename(target)
    profile.symlink_to("dotfiles/profile")
    target.chmod(0o660)
    before = world.state()
    put_in(world, bundle)
    assert profile.is_symlink()
    assert MARK in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o660
    take_out(world)
    assert world.state() == before


def test_two_names_of_one_file_are_one(world: World, bundle: Path) -> None:
    at_home(world, ".bash_profile").symlink_to(".profile")
    assert len(put_in(world, bundle)) == 2
    assert at_home(world, ".profile").read_text().count(MARK) == 1


def test_bash_and_zsh_and_fish_have_theirs(world: World, bundle: Path) -> None:
    for name in (".bash_profile", ".bash_login", ".zshenv"):
        at_home(world, name).write_text("")
    at_home(world, ".config/fish").mkdir(parents=True)
    names = {
        os.path.relpath(one.place, world.host.home) for one in put_in(world, bundle)
    }
    assert names == {
        ".profile",
        ".bash_profile",
        ".bash_login",
        ".zshenv",
        ".config/fish/conf.d/tlsmith.fish",
        ".config/environment.d/50-tlsmith.conf",
    }


def test_settings_may_be_elsewhere(world: World, bundle: Path) -> None:
    elsewhere = {"XDG_CONFIG_HOME": at_home(world, "settings"), "ZDOTDIR": world.folder}
    (world.folder / ".zshenv").write_text("")
    environment = {name: str(path) for name, path in elsewhere.items()}
    other = replace(world, host=replace(world.host, environment=environment))
    places = {one.place for one in put_in(other, bundle)}
    assert str(world.folder / ".zshenv") in places
    assert at_home(world, "settings/environment.d/50-tlsmith.conf").exists()
    before = {**other.state()}
    assert before
    take_out(other)
    assert not at_home(world, "settings").exists()


def test_a_read_only_file_is_named_and_the_rest_done(
    world: World, bundle: Path
) -> None:
    profile = at_home(world, ".profile")
    profile.chmod(0o444)
    first, second = put_in(world, bundle)
    assert (first.state, first.code) == ("failed", "read-only")
    assert str(profile) in first.message
    assert second.state == "trusted"
    assert profile.read_text() == "export A=1\n"


def test_what_is_no_file_is_named(world: World, bundle: Path) -> None:
    at_home(world, ".profile").unlink()
    at_home(world, ".profile").mkdir()
    first, _ = put_in(world, bundle)
    assert first.state == "failed"
    at_home(world, ".profile").rmdir()
    at_home(world, ".profile").symlink_to("/dev/null")
    first, _ = put_in(world, bundle)
    assert "is not a file" in first.message


def test_a_folder_in_the_way_is_named(world: World, bundle: Path) -> None:
    at_home(world, ".config").write_text("a file")
    outcomes = put_in(world, bundle)
    assert [one.state for one in outcomes] == ["trusted", "failed"]


def test_part_of_a_block_is_left_alone(world: World, bundle: Path) -> None:
    put_in(world, bundle)
    profile = at_home(world, ".profile")
    broken = profile.read_text().replace("# <<< tlsmith <<<\n", "")
    profile.write_text(broken)
    states = {one.place: one for one in take_out(world)}
    outcome = states[str(profile)]
    assert outcome.state == "failed"
    assert "only part" in outcome.message
    assert profile.read_text() == broken


@pytest.mark.parametrize(
    "text",
    [
        f"{MARK} {{}}\n# <<< tlsmith <<<\n",
        f"{MARK} {{not json}}\n# <<< tlsmith <<<\n",
        "# <<< tlsmith <<<\n",
        f"{MARK}\n",
    ],
)
def test_a_block_that_was_changed_is_told_from_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"missing|changed"):
        find_block(text)
    assert find_block("nothing\n") is None


def test_a_second_root_shares_the_block(world: World, bundle: Path) -> None:
    before = world.state()
    put_in(world, bundle)
    put_in(world, bundle, root("another"))
    profile = at_home(world, ".profile").read_text()
    assert profile.count(MARK) == 1
    assert root().fingerprint in profile
    assert root("another").fingerprint in profile
    named = {"journalled_too": False}
    uninstall(world.remembered(), [root()], world.host, OWNER, **named)
    profile = at_home(world, ".profile").read_text()
    assert root().fingerprint not in profile
    assert "SSL_CERT_FILE" in profile
    take_out(world, root("another"))
    assert world.state() == before


def test_other_variables_take_the_place_of_ours(world: World, bundle: Path) -> None:
    before = world.state()
    put_in(world, bundle)
    assert not any(one.changed for one in put_in(world, bundle))
    newer = install(
        stores_of(world, bundle, PIP_CERT="/p"), [root()], world.host, OWNER
    )
    assert all(one.changed for one in newer)
    text = at_home(world, ".profile").read_text()
    assert "export PIP_CERT='/p'" in text
    assert text.count("SSL_CERT_FILE") == 1
    take_out(world)
    assert world.state() == before


def test_a_bundle_without_the_root_is_not_trusted(world: World, bundle: Path) -> None:
    bundle.write_bytes(root_pair("another").pem)
    for outcome in put_in(world, bundle):
        assert (outcome.state, outcome.code) == ("failed", "install-not-verified")
    assert MARK not in at_home(world, ".profile").read_text()


def test_it_is_looked_at_only_once_something_is_there(
    world: World, bundle: Path
) -> None:
    assert find_stores(world.host, ["env"]) == []
    put_in(world, bundle)
    stores = find_stores(world.host)
    assert {store.name for store in stores} == {"env"}
    assert {one.state for one in status(stores, [root()])} == {"trusted"}
    # Without variables to set, what a block has is kept.
    again = install(stores, [root("another")], world.host, OWNER)
    assert {one.state for one in again} == {"trusted"}
    assert f"'{bundle}'" in at_home(world, ".profile").read_text()
    bundle.unlink()
    assert {one.state for one in status(stores, [root()])} == {"not-trusted"}


def test_a_plan_changes_nothing(world: World, bundle: Path) -> None:
    before = world.state()
    planned = plan_install(environment_stores(world.host), [root()], world.host)
    assert all("set variables in" in one.message for one in planned)
    assert world.state() == before
    put_in(world, bundle)
    after = world.state()
    assert all(
        one.changed
        for one in plan_uninstall(world.remembered(), [root()], world.host, OWNER)
    )
    assert world.state() == after


def test_shells_set_nothing_where_the_bundle_is_gone(
    world: World, bundle: Path
) -> None:
    put_in(world, bundle)
    ask = ["sh", "-c", '. ./.profile; echo "$A$SSL_CERT_FILE"']
    run = {"cwd": world.host.home, "env": {"PATH": os.environ["PATH"]}}
    assert subprocess.check_output(ask, **run).decode() == f"1{bundle}\n"  # type: ignore[call-overload]
    bundle.unlink()
    assert subprocess.check_output(ask, **run).decode() == "1\n"  # type: ignore[call-overload]


@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize(
    "count",
    [
        n if n in (3, 8) else pytest.param(n, marks=pytest.mark.slow)
        for n in range(1, 26)
    ],
)
def test_killed_at_any_point_it_is_undone(
    world: World, bundle: Path, verb: str, count: int
) -> None:
    before = world.state()
    if verb == "uninstall":
        put_in(world, bundle)
    tests = str(Path(__file__).parents[1])
    system, home = world.host.root, world.host.home
    done = subprocess.run(
        [sys.executable, str(_DYING), verb, "env", system, home, str(count)],
        input=root().der,
        env={**os.environ, "PYTHONPATH": tests, "DYING_BUNDLE": str(bundle)},
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL)
    for outcome in take_out(world):
        assert outcome.state == "not-trusted", outcome
    assert world.state() == before
