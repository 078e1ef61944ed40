"""Debian's system store, with the real `update-ca-certificates`."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from chains import certify
from tlsmith.core.keys import generate_private_key
from tlsmith.truststores import Completed, SystemRunner, install, status, uninstall
from tlsmith.truststores.debian import DebianStore
from tlsmith.truststores.keystore import trusted_entries
from truststores.worlds import (
    OWNER,
    World,
    bare_world,
    encode_jks,
    need,
    refresh,
    root,
    root_pair,
)

LOCAL = "/usr/local/share/ca-certificates"
CERTS = "/etc/ssl/certs"
JAVA = "/etc/ssl/certs/java/cacerts"


def _put_in(world: World, name: str = "Root under test") -> None:
    (outcome,) = install(world.stores, [root(name)], world.host, OWNER)
    assert outcome.state == "trusted", outcome


def _take_out(world: World) -> None:
    (outcome,) = uninstall(world.remembered(), [root()], world.host, OWNER)
    assert outcome.state == "not-trusted", outcome


def _names(world: World, folder: str) -> set[str]:
    return set(os.listdir(world.host.path(folder)))


def _aliases(world: World) -> set[str]:
    entries = trusted_entries(Path(world.host.path(JAVA)).read_bytes())
    assert entries is not None
    return set(entries)


def test_other_systems_have_no_such_store(tmp_path: Path) -> None:
    assert DebianStore.detect(bare_world(tmp_path / "world").host) == []


def test_openssl_finds_the_root_by_its_hash(debian: World, tmp_path: Path) -> None:
    certificate = tmp_path / "leaf.pem"
    leaf = certify("app.test", generate_private_key(), root_pair())
    certificate.write_bytes(leaf.pem)
    command = ["openssl", "verify", "-no-CAfile", "-no-CAstore", "-CApath"]
    command += [debian.host.path(CERTS), str(certificate)]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    _put_in(debian)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_everybody_can_read_it_whatever_the_umask(debian: World) -> None:
    before = os.umask(0o077)
    try:
        os.remove(debian.host.path(f"{LOCAL}/corporate.crt"))
        os.rmdir(debian.host.path(LOCAL))
        _put_in(debian)
    finally:
        os.umask(before)
    file = Path(debian.host.path(LOCAL)) / f"{root().label}.crt"
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.parent.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_was_not_there_goes_again(debian: World) -> None:
    os.remove(debian.host.path(f"{LOCAL}/corporate.crt"))
    os.rmdir(debian.host.path(LOCAL))
    refresh(debian, "--fresh")
    before = debian.state()
    _put_in(debian)
    _take_out(debian)
    assert debian.state() == before


def test_a_fresh_refresh_in_between_is_undone_as_well(debian_with_java: World) -> None:
    before = debian_with_java.state()
    _put_in(debian_with_java)
    refresh(debian_with_java, "--fresh")
    _take_out(debian_with_java)
    assert debian_with_java.state() == before


def test_what_the_refresh_mended_by_the_way_is_put_back(debian: World) -> None:
    """A file where a link should be, and a link that leads nowhere."""
    link = Path(debian.host.path(f"{CERTS}/corporate.pem"))
    link.unlink()
    link.write_bytes(root_pair("corporate").pem)
    link.with_name("nowhere.pem").symlink_to("/nowhere")
    before = debian.state()
    _put_in(debian)
    assert link.is_symlink()
    _take_out(debian)
    assert debian.state() == before


def test_javas_copy_goes_though_its_hook_leaves_it(debian_with_java: World) -> None:
    _put_in(debian_with_java)
    alias = f"debian:{root().label}.pem"
    assert alias in _aliases(debian_with_java)
    _take_out(debian_with_java)
    assert alias not in _aliases(debian_with_java)


def test_a_root_another_added_since_stays(debian_with_java: World) -> None:
    need("keytool")
    world = debian_with_java
    _put_in(world)
    late = Path(world.host.path(f"{LOCAL}/late.crt"))
    late.write_bytes(root_pair("late").pem)
    refresh(world)
    _take_out(world)
    assert [o.state for o in status(world.stores, [root("late")])] == ["trusted"]
    assert "debian:late.pem" in _aliases(world)
    assert not [alias for alias in _aliases(world) if "tlsmith" in alias]
    assert not [n for n in _names(world, CERTS) if "tlsmith" in n]
    assert not [p for p in Path(world.host.path(CERTS)).iterdir() if not p.exists()]
    assert _names(world, "/var/lib") == set()


def test_a_java_store_made_anew_since_loses_only_our_entry(
    debian_with_java: World,
) -> None:
    """As after an upgrade of Java."""
    need("keytool")
    _put_in(debian_with_java)
    alias = f"debian:{root().label}.pem"
    entries = {"new": root_pair("new").der, alias: root().der}
    Path(debian_with_java.host.path(JAVA)).write_bytes(encode_jks(entries))
    _take_out(debian_with_java)
    assert _aliases(debian_with_java) == {"new"}


def test_links_by_hash_are_left_without_a_gap(debian: World) -> None:
    """OpenSSL stops at the first number that is missing."""
    twin = certify("Root under test", generate_private_key(), ca=True)
    _put_in(debian)
    Path(debian.host.path(f"{LOCAL}/a-twin.crt")).write_bytes(twin.pem)
    refresh(debian)
    hashes = {n for n in _names(debian, CERTS) if n.endswith(".1")}
    assert len(hashes) == 1, "the two have one hash"
    _take_out(debian)
    (start,) = (name.removesuffix(".1") for name in hashes)
    assert os.readlink(debian.host.path(f"{CERTS}/{start}.0")) == "a-twin.pem"
    assert not os.path.lexists(debian.host.path(f"{CERTS}/{start}.1"))


def test_what_a_killed_refresh_left_is_not_added_to(debian: World) -> None:
    _put_in(debian)
    refresh(debian)
    new = Path(debian.host.path(f"{CERTS}/ca-certificates.crt.new"))
    new.write_bytes(root_pair("stray").pem)
    debian.store.remove([root()])
    bundle = Path(debian.host.path(f"{CERTS}/ca-certificates.crt")).read_bytes()
    assert root_pair("stray").pem not in bundle
    assert not new.exists()


class _Deaf(SystemRunner):
    """Says that all went well, and did nothing."""

    def run(self, *_: object, **__: object) -> Completed:
        return Completed(0, "done")

    def within(self, folder: str, lock: int) -> _Deaf:
        return self


def test_a_refresh_that_does_nothing_is_noticed_and_undone(debian: World) -> None:
    before = debian.state()
    host = replace(debian.host, runner=_Deaf())
    stores = [replace(store, host=host) for store in debian.stores]
    (outcome,) = install(stores, [root()], host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "install-not-verified")
    assert debian.state() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_root_it_says_so_and_does_nothing(debian: World) -> None:
    before = debian.state()
    for folder in (debian.folder, *debian.folder.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        (outcome,) = install(debian.stores, [root()], debian.host, OWNER)
        os._exit(0 if outcome.state == "needs-root" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert debian.state() == before
