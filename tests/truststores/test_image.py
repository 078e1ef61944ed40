"""An unpacked image: right from the inside, nothing run, nothing outside touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from chains import certify
from tlsmith.core.keys import generate_private_key
from tlsmith.errors import InputError
from tlsmith.truststores import (
    SystemRunner,
    find_stores,
    image_host,
    install,
    status,
    uninstall,
)
from tlsmith.truststores.keystore import trusted_entries
from truststores.every_world import WORLDS
from truststores.refresh import LAYOUTS, refresh_system
from truststores.system_worlds import (
    bundle_world,
    image_java_world,
    system_world,
)
from truststores.worlds import OWNER, World, encode_jks, need, root, root_pair

IMAGES = [name for name in WORLDS if name.startswith("image ")]
SYSTEMS = [name for name in IMAGES if name.removeprefix("image ") in LAYOUTS]
CERTS = "/etc/ssl/certs"


class _ForbiddenRunner(SystemRunner):
    """Has every tool, and fails the test where one is run."""

    def find(self, tool: str) -> str | None:
        return f"/bin/{tool}"

    def within(self, folder: str, lock: int) -> _ForbiddenRunner:
        return self

    def run(self, *words: object, **_: object) -> None:  # type: ignore[override]
        raise AssertionError(f"{words} was run")


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = WORLDS[request.param](tmp_path / "world")
    return replace(world, host=replace(world.host, runner=_ForbiddenRunner()))


def _put_in(world: World, name: str = "Root under test") -> None:
    for outcome in install(world.stores, [root(name)], world.host, OWNER):
        assert (outcome.state, outcome.changed) == ("trusted", True), outcome


def _take_out(world: World, name: str = "Root under test") -> None:
    roots = [root(name)]
    for outcome in uninstall(world.remembered(), roots, world.host, OWNER):
        assert (outcome.state, outcome.changed) == ("not-trusted", True), outcome


def _times(world: World) -> dict[str, int]:
    """Return when each file of the image was written, and was linked."""
    paths = [p for p in Path(world.host.root).rglob("*") if not p.is_dir()]
    return {str(path): path.lstat().st_mtime_ns for path in paths}


def _dangling(world: World) -> set[str]:
    """Return the links that lead nowhere, as seen from inside."""
    root = world.host.root
    links = [path for path in Path(root).rglob("*") if path.is_symlink()]
    places = {str(p): world.host.path(str(p).removeprefix(root)) for p in links}
    return {link for link, place in places.items() if not os.path.exists(place)}


def test_no_tool_is_run_and_nothing_else_stays(image: World) -> None:
    before, times, dangling = image.state(), _times(image), _dangling(image)
    _put_in(image)
    assert [o.state for o in status(image.stores, [root()])] == ["trusted"]
    assert _dangling(image) == dangling
    inside = {path for path in image.state() if path.startswith("system/")}
    new = {os.path.basename(path) for path in inside if path not in before}
    assert all("tlsmith-" in name or name[8:9] == "." for name in new), new
    assert not any("tlsmith" in path.rpartition("/")[0] for path in inside)
    _take_out(image)
    assert image.state() == before
    assert _times(image) == times


def test_a_copy_elsewhere_is_cleared_without_a_journal(image: World) -> None:
    before = image.state()
    _put_in(image)
    moved = Path(image.host.root).with_name("moved")
    shutil.copytree(image.host.root, moved, symlinks=True)
    copy = replace(image, host=replace(image.host, root=str(moved)))
    _take_out(copy)
    after = {
        path.removeprefix("moved"): what
        for path, what in copy.state().items()
        if path.startswith("moved")
    }
    was = {
        path.removeprefix("system"): what
        for path, what in before.items()
        if path.startswith("system")
    }
    assert after == was


def test_an_image_unpacked_anew_at_the_same_place_starts_afresh(
    image: World,
) -> None:
    """What a journal has of the one before is not put into the new one."""
    kept = Path(image.host.root).with_name("kept")
    shutil.copytree(image.host.root, kept, symlinks=True)
    _put_in(image)
    shutil.rmtree(image.host.root)
    shutil.copytree(kept, image.host.root, symlinks=True)
    for path in Path(image.host.root).rglob("*ca-*"):
        if path.is_file() and path.suffix in (".crt", ".pem"):
            with path.open("ab") as stream:
                stream.write(root_pair("newer").pem)
    before, times = image.state(), _times(image)
    _put_in(image)
    _take_out(image)
    ours = {path for path in image.state() if not path.startswith("home")}
    assert {p: image.state()[p] for p in ours} == {
        p: what for p, what in before.items() if not p.startswith("home")
    }
    assert _times(image) == times


@pytest.mark.parametrize("kind", SYSTEMS)
def test_the_images_own_refresh_keeps_it_and_uninstalling_then_works(
    tmp_path: Path, kind: str
) -> None:
    world = WORLDS[kind](tmp_path / "world")
    before = world.state()
    _put_in(world)
    refresh_system(world.name, world.host.root, inside=True)
    assert [o.state for o in status(world.stores, [root()])] == ["trusted"]
    _take_out(world)
    assert not world.store.contains(root())
    assert _dangling(world) == set()
    refresh_system(world.name, world.host.root, inside=True)
    assert world.state() == before


@pytest.mark.parametrize("kind", SYSTEMS)
def test_what_is_written_is_what_the_systems_tool_would_write(
    tmp_path: Path, kind: str
) -> None:
    """As far as it goes: p11-kit names a root by its subject, and in its own order."""
    world = WORLDS[kind](tmp_path / "world")
    _put_in(world)
    ours = _shape(world)
    refresh_system(world.name, world.host.root, inside=True)
    assert ours == _shape(world)


def _shape(world: World) -> dict[str, object]:
    """Return how many roots each file has, and which hashes there are."""
    found: dict[str, object] = {}
    for path in Path(world.host.root).rglob("*"):
        name = str(path.relative_to(world.host.root))
        if path.is_symlink() and path.name[8:9] == ".":
            place = world.host.path(name)
            found[name] = Path(place).read_bytes().split(b"-----")[2][:400]
        elif path.is_file() and path.suffix == ".bin":
            found[name] = path.stat().st_size
        elif path.is_file() and "bundle" in path.name:
            text = path.read_bytes()
            found[name] = (text.count(b"-----BEGIN"), text.count(b"\n#"))
    return found


@pytest.mark.parametrize("kind", ["image debian", "image alpine", "image rhel"])
def test_openssl_finds_it_from_inside(tmp_path: Path, kind: str) -> None:
    need("openssl")
    world = WORLDS[kind](tmp_path / "world")
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(certify("app.test", generate_private_key(), root_pair()).pem)
    _put_in(world)
    # Links lead where the image has it; laid out here, so that openssl can follow.
    by_hash = world.store.by_hash  # type: ignore[attr-defined]
    folder = tmp_path / "folder"
    folder.mkdir()
    source = Path(world.host.path(by_hash.path))
    for name in os.listdir(source):
        place = world.host.path(f"{by_hash.path}/{name}")
        if os.path.isfile(place):
            shutil.copy(place, folder / name)
    command = ["openssl", "verify", "-no-CAfile", "-no-CAstore", "-CApath"]
    done = subprocess.run([*command, folder, leaf], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["OUTSIDE", "../../../../../../../../OUTSIDE"])
def test_a_link_that_leads_out_of_the_image_leads_nowhere_else(
    tmp_path: Path, target: str
) -> None:
    """As for a process in the image: `/x` and `../x` are below its root."""
    world = system_world(tmp_path / "world", "debian", image=True)
    outside = tmp_path / "outside"
    shutil.copytree(world.host.path(CERTS), outside, symlinks=True)
    before = {p.name: p.lstat().st_mtime_ns for p in outside.iterdir()}
    shutil.rmtree(world.host.path(CERTS))
    where = target.replace("OUTSIDE", str(outside))
    Path(world.host.root, "etc/ssl/certs").symlink_to(where)
    (outcome,) = install(world.stores, [root()], world.host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "tool-missing")
    assert {p.name: p.lstat().st_mtime_ns for p in outside.iterdir()} == before


@pytest.mark.parametrize(
    ("folder", "moved"), [("etc/ssl", "usr/ssl"), ("etc/ssl/certs", "srv/certs")]
)
def test_a_folder_that_is_a_link_inside_is_followed(
    tmp_path: Path, folder: str, moved: str
) -> None:
    world = system_world(tmp_path / "world", "debian", image=True)
    system = Path(world.host.root)
    (system / moved).parent.mkdir(exist_ok=True)
    (system / folder).rename(system / moved)
    (system / folder).symlink_to(f"/{moved}")
    before = world.state()
    _put_in(world)
    assert any("tlsmith-" in p.name for p in (system / moved).rglob("*.pem"))
    _take_out(world)
    assert world.state() == before


def test_a_bundle_that_is_a_device_or_pipe_is_left_alone(tmp_path: Path) -> None:
    world = bundle_world(tmp_path / "world")
    debian = system_world(tmp_path / "debian", "debian", image=True)
    for each in (world, debian):
        bundle = Path(each.host.root, "etc/ssl/certs/ca-certificates.crt")
        bundle.unlink()
        os.mkfifo(bundle)
    assert world.stores == []
    (outcome,) = install(debian.stores, [root()], debian.host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "not-a-file"), outcome


def test_an_image_without_roots_is_told_what_it_lacks(tmp_path: Path) -> None:
    world = system_world(tmp_path / "world", "debian", image=True)
    shutil.rmtree(world.host.path(CERTS))
    before = world.state()
    (outcome,) = install(world.stores, [root()], world.host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "tool-missing")
    assert "ca-certificates" in (outcome.hint or "")
    assert world.state() == before


def test_a_small_image_with_a_bundle_alone_gets_no_links(tmp_path: Path) -> None:
    """As Alpine's base image: the anchor is for the day its tool comes in."""
    world = system_world(tmp_path / "world", "alpine", image=True)
    certs, local = Path(world.host.path(CERTS)), Path(world.host.root, "usr/local")
    for path in certs.iterdir():
        if path.is_symlink():
            path.unlink()
    shutil.rmtree(local)
    before = world.state()
    _put_in(world)
    assert [p.name for p in certs.iterdir()] == ["ca-certificates.crt"]
    assert [p.name for p in local.rglob("*.crt")] == [f"{root().label}.crt"]
    _take_out(world)
    assert world.state() == before


def test_each_bundle_of_an_image_made_from_nothing_once(tmp_path: Path) -> None:
    world = bundle_world(tmp_path / "world")
    system = Path(world.host.root)
    (system / "etc/ssl/cert.pem").symlink_to("certs/ca-certificates.crt")
    other = system / "etc/pki/tls/certs/ca-bundle.crt"
    other.parent.mkdir(parents=True)
    other.write_bytes(root_pair("first").pem.rstrip(b"\n"))
    before = world.state()
    _put_in(world)
    assert len(world.stores) == 2
    assert all(store.contains(root()) for store in world.stores)
    _take_out(world)
    assert world.state() == before


def test_hash_links_of_a_twin_are_numbered_and_left_without_a_gap(
    tmp_path: Path,
) -> None:
    world = system_world(tmp_path / "world", "debian", image=True)
    _put_in(world)
    certs = Path(world.host.path(CERTS))
    (ours,) = (
        p
        for p in certs.iterdir()
        if p.is_symlink() and p.name[8:] == ".0" and "tlsmith" in os.readlink(p)
    )
    twin = ours.with_suffix(".1")
    twin.symlink_to("corporate.pem")
    _take_out(world)
    assert os.readlink(ours) == "corporate.pem"
    assert not twin.is_symlink()


def test_javas_of_an_image_and_not_the_persons(tmp_path: Path) -> None:
    world = image_java_world(tmp_path / "world")
    home = Path(world.host.home)
    mine = home / ".sdkman/candidates/java/9/lib/security/cacerts"
    theirs = Path(
        world.host.root, "root/.sdkman/candidates/java/9/lib/security/cacerts"
    )
    for place in (mine, theirs):
        place.parent.mkdir(parents=True)
        place.write_bytes(encode_jks({"first": root_pair("first").der}))
    host = replace(world.host, environment={"JAVA_HOME": str(mine.parents[2])})
    found = {s.place for s in find_stores(image_host(host.root, host), ["java"])}
    assert found == {str(theirs), world.host.path(f"{CERTS}/java/cacerts")}


def test_a_keystore_keeps_what_was_there_and_java_reads_it(tmp_path: Path) -> None:
    need("keytool")
    world = image_java_world(tmp_path / "world")
    _put_in(world)
    keystore = world.host.path(f"{CERTS}/java/cacerts")
    entries = trusted_entries(Path(keystore).read_bytes()) or {}
    assert list(entries) == ["first", root().label]
    command = ["keytool", "-list", "-keystore", keystore, "-storepass", "changeit"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert root().label in listed
    assert "Your keystore contains 2 entries" in listed


def test_a_keystore_with_a_password_of_its_own_is_named(tmp_path: Path) -> None:
    world = image_java_world(tmp_path / "world")
    environment = {"TLSMITH_JAVA_STOREPASS": "other"}
    host = replace(world.host, environment=environment)
    before = world.state()
    (outcome,) = install(find_stores(host, ["java"]), [root()], host, OWNER)
    assert (outcome.state, outcome.code) == ("failed", "wrong-password")
    assert world.state() == before


def test_pkcs12_takes_this_machines_keytool(tmp_path: Path) -> None:
    """Never the image's own, which may be anything."""
    world = WORLDS["java pkcs12"](tmp_path / "world")
    evil = Path(world.host.root, "usr/lib/jvm/java-9/bin/keytool")
    evil.parent.mkdir()
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    evil.chmod(0o755)
    image = replace(world, host=replace(world.host, image=True))
    before = image.state()
    _put_in(image)
    _take_out(image)
    assert image.state() == before
    assert not (tmp_path / "was-run").exists()


def test_debians_own_copy_for_java_goes_as_well(tmp_path: Path) -> None:
    """The image's hook made it, when a container ran the refresh."""
    world = system_world(tmp_path / "world", "debian", image=True)
    keystore = Path(world.host.root, "etc/ssl/certs/java/cacerts")
    keystore.parent.mkdir()
    keystore.write_bytes(encode_jks({"first": root_pair("first").der}))
    _put_in(world)
    alias = f"debian:{root().label}.pem"
    keystore.write_bytes(
        encode_jks({"first": root_pair("first").der, alias: root().der})
    )
    _take_out(world)
    assert list(trusted_entries(keystore.read_bytes()) or ()) == ["first"]


@pytest.mark.parametrize("what", ["nothing", "a file", "/", "a link to /"])
def test_what_is_no_image_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "a link to /").symlink_to("/")
    folder = "/" if what == "/" else str(tmp_path / what)
    with pytest.raises(InputError) as caught:
        image_host(folder, bundle_world(tmp_path / "world").host)
    assert caught.value.code == "no-image"
    assert caught.value.hint


def test_the_journal_goes_by_the_real_path(tmp_path: Path) -> None:
    world = bundle_world(tmp_path / "world")
    (tmp_path / "link").symlink_to(world.host.root)
    one = image_host(world.host.root, world.host)
    other = image_host(str(tmp_path / "link"), world.host)
    assert one.machine_journal == other.machine_journal
    assert one.machine_journal.startswith(world.host.home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a home away")
def test_root_by_sudo_leaves_nothing_in_the_home_of_who_asked(tmp_path: Path) -> None:
    world = bundle_world(tmp_path / "world")
    os.chown(world.host.home, 1234, 1234)
    asking = replace(world.host, environment={"SUDO_UID": "1234"})
    journal = image_host(world.host.root, asking).machine_journal
    assert not journal.startswith(world.host.home)
