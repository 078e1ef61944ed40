"""The order of things, and who may do them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mounts import fill, mounted
from tlsmith.truststores import Completed, SystemRunner, install, uninstall
from tlsmith.truststores.base import Host, certificates_in
from truststores.worlds import OWNER, World, debian_world, root, root_pair


class _Interrupted(SystemRunner):
    """Is interrupted while the tool is at work, as by ^C."""

    def run(self, *arguments: object, **more: object) -> Completed:
        super().run(*arguments, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    def within(self, folder: str, lock: int) -> _Interrupted:
        return self


def test_an_interruption_undoes_what_was_begun(nss: World) -> None:
    before = nss.state()
    host = replace(nss.host, runner=_Interrupted())
    stores = [replace(store, host=host) for store in nss.stores]
    with pytest.raises(KeyboardInterrupt):
        install(stores, [root()], host, OWNER)
    assert nss.state() == before


def test_several_roots_are_one_change(debian: World) -> None:
    before = debian.state()
    roots = [root("one"), root("two"), root("corporate")]
    outcomes = install(debian.stores, roots, debian.host, OWNER)
    assert [(o.state, o.changed) for o in outcomes] == [
        ("trusted", True),
        ("trusted", True),
        ("trusted", False),
    ]
    uninstall(debian.remembered(), [], debian.host, OWNER)
    assert debian.state() == before


def test_the_last_change_is_undone_first(debian_with_java: World) -> None:
    """Two stores that share a file: each finds it as it left it."""
    from tlsmith.truststores import find_stores

    world = debian_with_java
    shared = os.path.join(world.store.place, "java/cacerts")
    home = world.host.path("/usr/lib/jvm/java/lib/security")
    os.makedirs(home)
    os.symlink(shared, os.path.join(home, "cacerts"))
    before = world.state()
    for name in ("java", "debian"):
        install(find_stores(world.host, [name]), [root(name)], world.host, OWNER)
    uninstall(find_stores(world.host, remembered=True), [], world.host, OWNER)
    assert world.state() == before


def test_root_by_sudo_leaves_a_persons_own_stores_to_them(nss: World) -> None:
    before = nss.state()
    owner = str(os.stat(nss.host.home).st_uid + 4000)
    os.chown(nss.host.home, int(owner), -1)
    host = replace(nss.host, environment={"SUDO_UID": owner})
    stores = [replace(store, host=host) for store in nss.stores]
    (outcome,) = install(stores, [root()], host, OWNER)
    os.chown(nss.host.home, os.getuid(), -1)
    assert outcome.state == "failed"
    assert outcome.hint == "run the same without sudo"
    assert nss.state() == before


@pytest.mark.parametrize("variable", ["", "0", "77"])
def test_root_at_home_is_no_guest(nss: World, variable: str) -> None:
    host = replace(nss.host, environment={"SUDO_UID": variable})
    assert not host.is_sudo_at_users_home


def test_files_that_vanish_are_told_not_thrown(nss: World) -> None:
    stores = nss.stores
    os.remove(os.path.join(stores[0].place, "cert9.db"))
    (outcome,) = install(stores, [root()], nss.host, OWNER)
    assert outcome.state == "failed"


def test_paths_of_a_host_are_below_its_root(nss: World) -> None:
    host = Host(SystemRunner(), "/home/me", "/rootfs")
    assert host.path("/etc/x") == "/rootfs/etc/x"
    assert host.machine_journal == "/rootfs/var/lib/tlsmith/trust"
    assert not host.is_at_home("/home/meanwhile/x")


def test_certificates_are_found_among_anything() -> None:
    pair = root_pair()
    text = (
        b"words\n" + pair.pem.replace(b"\n", b"\r\n") + b"-----BEGIN CERTIFICATE-----"
    )
    broken = b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"
    assert certificates_in(text) == [pair.der]
    assert certificates_in(broken + pair.pem) == [pair.der]
    assert certificates_in(pair.der) == [pair.der]
    assert certificates_in(b"words") == []


@pytest.mark.privileged
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
@pytest.mark.parametrize("free", range(0, 80 * 1024, 4096))
def test_a_full_disk_leaves_nothing_half_done(tmp_path: Path, free: int) -> None:
    """Journal, tool, or the hook of Java, which writes what it can and says nothing."""
    disk = tmp_path / "disk"
    with mounted(disk, "size=2m"):
        debian = debian_world(disk / "world", java=True)
        before = debian.state()
        fill(disk, free=free)
        (outcome,) = install(debian.stores, [root()], debian.host, OWNER)
        if outcome.state == "failed":
            assert "space" in f"{outcome.message} {outcome.hint}", outcome
            assert debian.state() == before
        assert os.stat(disk / "filler").st_size
        (disk / "filler").unlink()
        (outcome,) = install(debian.stores, [root()], debian.host, OWNER)
        assert outcome.state == "trusted"
        uninstall(debian.stores, [root()], debian.host, OWNER)
        assert debian.state() == before
