"""Folders of registries: which there are, whose they are, and what is left of them."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tlsmith.errors import InputError, TrustStoreError
from tlsmith.local import ensure_authority
from tlsmith.truststores import (
    Host,
    Root,
    SystemRunner,
    find_stores,
    install,
    parse_registry,
    plan_install,
    registry_stores,
    status,
    uninstall,
)
from truststores.worlds import (
    OTHER_OWNER,
    OWNER,
    bare_world,
    docker_world,
    new_registry_world,
    root,
    root_pair,
)


class _Tools(SystemRunner):
    """Finds these tools and no others."""

    tools: tuple[str, ...] = ()

    def find(self, tool: str) -> str | None:
        return tool if tool in self.tools else None


def _host(folder: Path, *tools: str, there: tuple[str, ...] = ()) -> Host:
    host = bare_world(folder).host
    runner = _Tools()
    object.__setattr__(runner, "tools", tools)
    for place in there:
        at = host.path(place) if place.startswith("/") else host.at_home(place)
        os.makedirs(at)
    return replace(host, runner=runner)


def _places(host: Host, registry: str = "localhost:5000") -> list[str]:
    folder = os.path.dirname(host.root)
    stores = registry_stores(host, parse_registry(registry))
    return [os.path.relpath(store.place, folder) for store in stores]


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("localhost:5000", "localhost:5000"),
        ("registry.test", "registry.test"),
        ("Registry.TEST:443", "registry.test:443"),
        ("10.0.0.7:5000", "10.0.0.7:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("my_registry:80", "my_registry:80"),
    ],
)
def test_a_registry_is_a_host_with_or_without_a_port(text: str, registry: str) -> None:
    assert str(parse_registry(text)) == registry


@pytest.mark.parametrize(
    "text",
    [
        *("", "..", "../..", "a/b", "/etc", "localhost/..", "a\\b", "a b", "a\0b"),
        *("localhost:", "localhost:0", "localhost:65536", "localhost:5000/x", "::1"),
        *("https://localhost", "*.test", "me@a.test", "localhost:5000:1", "[..]:1"),
        *("a\n", "..:5000", ".:80"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a registry") as caught:
        parse_registry(text)
    assert "localhost:5000" in (caught.value.hint or "")


def test_dockers_folder_is_everybodys_where_its_daemon_is(tmp_path: Path) -> None:
    assert _places(_host(tmp_path / "a", "dockerd")) == [
        "system/etc/docker/certs.d/localhost:5000"
    ]
    host = _host(tmp_path / "b", there=("/etc/docker", ".config/docker"))
    assert _places(host) == ["system/etc/docker/certs.d/localhost:5000"]


def test_else_it_is_the_persons(tmp_path: Path) -> None:
    rootless = _host(tmp_path / "a", there=(".config/docker",))
    assert _places(rootless) == ["home/.config/docker/certs.d/localhost:5000"]
    elsewhere = replace(rootless, environment={"XDG_CONFIG_HOME": rootless.at_home()})
    (tmp_path / "a/home/docker").mkdir()
    assert _places(elsewhere) == ["home/docker/certs.d/localhost:5000"]
    desktop = _host(tmp_path / "b", there=(".docker/desktop",))
    assert _places(desktop) == ["home/.docker/certs.d/localhost:5000"]
    on_a_mac = replace(_host(tmp_path / "c", there=(".docker",)), platform="darwin")
    assert _places(on_a_mac) == ["home/.docker/certs.d/localhost:5000"]


def test_windows_leaves_out_the_colon(tmp_path: Path) -> None:
    host = replace(_host(tmp_path, there=(".docker",)), platform="win32")
    (place,) = _places(host)
    assert place == "home/.docker/certs.d/localhost5000"
    (store,) = registry_stores(host, parse_registry("localhost:5000"))
    (outcome,) = install([store], [_local_root()], host, OWNER)
    assert outcome.changed, outcome
    (found,) = find_stores(host, ["docker"])
    assert found.can_use(_local_root())


@pytest.mark.parametrize("tool", ["podman", "skopeo", "buildah"])
def test_podman_and_its_kin_read_the_persons(tmp_path: Path, tool: str) -> None:
    place = "home/.config/containers/certs.d/localhost:5000"
    assert _places(_host(tmp_path, tool)) == [place]


def test_they_read_dockers_and_one_of_theirs_is_not_hidden(tmp_path: Path) -> None:
    host = _host(tmp_path / "a", "podman", "dockerd")
    assert _places(host) == ["system/etc/docker/certs.d/localhost:5000"]
    there = ("/etc/containers/certs.d/localhost:5000",)
    host = _host(tmp_path / "b", "podman", there=there)
    assert _places(host) == ["system/etc/containers/certs.d/localhost:5000"]


def test_without_a_container_tool_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrustStoreError, match="no container tool") as caught:
        _places(_host(tmp_path))
    assert "podman" in (caught.value.hint or "")


@cache
def _local_root() -> Root:
    """Return a local CA's root, which may vouch for development names only."""
    with tempfile.TemporaryDirectory() as folder:
        authority, _ = ensure_authority(folder, datetime.now(UTC))
        return Root(authority.root)


def test_a_registry_the_root_cannot_vouch_for_is_left_out(tmp_path: Path) -> None:
    world = docker_world(tmp_path / "world")
    foreign = Path(world.host.path("/etc/docker/certs.d/registry.example.com"))
    foreign.mkdir()
    (foreign.parent / "not a registry").mkdir()
    before, local = world.state(), _local_root()
    found = status(world.stores, [local])
    assert [os.path.basename(one.place) for one in found] == ["localhost:5000"]
    planned = plan_install(world.stores, [local], world.host)
    assert [os.path.basename(one.place) for one in planned] == ["localhost:5000"]
    (outcome,) = install(world.stores, [local], world.host, OWNER)
    assert outcome.changed
    assert list(foreign.iterdir()) == []
    uninstall(world.remembered(), [], world.host, OWNER)
    assert world.state() == before
    unlimited = status(world.stores, [root()])
    assert len(unlimited) == 2  # a folder that no registry can be called like is none


def test_our_file_is_beside_theirs(tmp_path: Path) -> None:
    world = docker_world(tmp_path / "world")
    install(world.stores, [root()], world.host, OWNER)
    place = Path(world.store.place)
    ours = place / f"tlsmith-{root().fingerprint[:16]}.crt"
    assert ours.stat().st_mode & 0o777 == 0o644
    assert ours.read_bytes() == root_pair().pem
    assert (place / "ca.crt").read_bytes() == root_pair("first").pem


def test_only_pem_called_crt_counts(tmp_path: Path) -> None:
    world = docker_world(tmp_path / "world")
    place = Path(world.store.place)
    (place / "other.pem").write_bytes(root_pair().pem)
    (place / "der.crt").write_bytes(root().der)
    (place / "folder.crt").mkdir()
    assert not world.store.contains(root())
    (place / "several.crt").write_bytes(root_pair("first").pem + root_pair().pem)
    assert world.store.contains(root())


def test_a_folder_is_readable_whatever_the_umask_is(tmp_path: Path) -> None:
    world = new_registry_world(tmp_path / "world")
    os.umask(0o077)
    install(world.stores, [root()], world.host, OWNER)
    place = Path(world.host.path("/etc/docker/certs.d/localhost:5000"))
    assert place.stat().st_mode & 0o777 == 0o755
    assert place.parent.stat().st_mode & 0o777 == 0o755


def test_what_somebody_else_put_in_our_folder_stays(tmp_path: Path) -> None:
    world = new_registry_world(tmp_path / "world")
    install(world.stores, [root()], world.host, OWNER)
    place = Path(world.store.place)
    (place / "client.cert").write_bytes(b"theirs")
    uninstall(world.remembered(), [root()], world.host, OWNER)
    assert [path.name for path in place.iterdir()] == ["client.cert"]


def test_two_registries_share_the_folders_above(tmp_path: Path) -> None:
    world = new_registry_world(tmp_path / "world")
    before = world.state()
    other = replace(world, registry="127.0.0.1:5001")
    install(world.stores, [root()], world.host, OWNER)
    install(other.stores, [root()], world.host, OWNER)
    gone = uninstall(world.remembered(), [], world.host, OWNER)
    assert [one.changed for one in gone] == [True, True]
    assert world.state() == before


def test_the_second_of_two_owners_is_the_last(tmp_path: Path) -> None:
    world = new_registry_world(tmp_path / "world")
    before = world.state()
    install(world.stores, [root()], world.host, OWNER)
    install(world.stores, [root()], world.host, OTHER_OWNER)
    uninstall(world.remembered(), [], world.host, OWNER)
    assert world.store.contains(root())
    uninstall(world.remembered(), [], world.host, OTHER_OWNER)
    assert world.state() == before
