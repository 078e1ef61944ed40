"""Java's keystores, with the real keytool."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.truststores import find_stores, install, status, uninstall
from tlsmith.truststores.keytool import PASSWORD_VARIABLE
from truststores.worlds import OWNER, World, encode_jks, java_world, root, root_pair


def _listing(keystore: str) -> str:
    command = ["keytool", "-list", "-keystore", keystore, "-storepass", "changeit"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def test_java_reads_what_was_installed(java: World) -> None:
    install(java.stores, [root()], java.host, OWNER)
    listing = _listing(java.store.place)
    assert root().label in listing
    assert root().fingerprint.upper() in listing.replace(":", "")


@pytest.mark.parametrize("kind", ["pkcs12", "hidden"])
def test_pkcs12_keystores_stay_what_they_are(tmp_path: Path, kind: str) -> None:
    world = java_world(tmp_path / "world", kind)
    before = world.state()
    (installed,) = install(world.stores, [root()], world.host, OWNER)
    assert installed.state == "trusted", installed
    assert (root().der in Path(world.store.place).read_bytes()) == (kind == "pkcs12")
    (removed,) = uninstall(world.remembered(), [root()], world.host, OWNER)
    assert removed.state == "not-trusted", removed
    assert world.state() == before


def test_the_system_stores_entry_is_not_taken_for_ours(java: World) -> None:
    entries = {f"debian:{root().label}.pem": root().der}
    Path(java.store.place).write_bytes(encode_jks(entries))
    before = java.state()
    (left,) = uninstall(java.remembered(), [root()], java.host, OWNER)
    assert (left.state, left.changed) == ("trusted", False)
    assert java.state() == before


def test_permissions_stay(java: World) -> None:
    os.chmod(java.store.place, 0o640)
    install(java.stores, [root()], java.host, OWNER)
    assert os.stat(java.store.place).st_mode & 0o777 == 0o640


def test_javas_that_share_a_keystore_count_once(java: World) -> None:
    for name in ("java-10", "java-11"):
        home = Path(java.host.path(f"/usr/lib/jvm/{name}/lib/security"))
        home.mkdir(parents=True)
        (home / "cacerts").symlink_to(java.store.place)
    assert len(java.stores) == 1


def test_java_8_has_it_one_folder_further_down(java: World) -> None:
    home = Path(java.host.path("/usr/lib/jvm/java-8/jre/lib/security"))
    home.mkdir(parents=True)
    shutil.copy(java.store.place, home)
    assert next(store.place for store in java.stores) == str(home / "cacerts")
    assert len(java.stores) == 2


def test_a_java_of_a_persons_own_is_theirs(java: World) -> None:
    home = Path(java.host.home) / ".sdkman/candidates/java/21/lib/security"
    home.mkdir(parents=True)
    shutil.copy(java.store.place, home)
    shares = {store.place: store.machine_wide for store in java.stores}
    assert sorted(shares.values()) == [False, True]
    assert shares[str(home / "cacerts")] is False


def test_java_home_is_looked_at(java: World, tmp_path: Path) -> None:
    home = tmp_path / "somewhere/lib/security"
    home.mkdir(parents=True)
    shutil.copy(java.store.place, home)
    environment = {"JAVA_HOME": str(tmp_path / "somewhere")}
    host = replace(java.host, environment=environment)
    assert str(home / "cacerts") in [s.place for s in find_stores(host, ["java"])]


def test_a_keystore_with_its_own_password(java: World) -> None:
    keystore = java.store.place
    os.remove(keystore)
    certificate = java.folder / "first.pem"
    certificate.write_bytes(root_pair("first").pem)
    subprocess.run(
        [
            *("keytool", "-importcert", "-noprompt", "-alias", "first"),
            *("-file", str(certificate), "-keystore", keystore),
            *("-storetype", "PKCS12", "-storepass", "our own secret"),
        ],
        check=True,
        capture_output=True,
    )
    before = java.state()
    (refused,) = install(java.stores, [root()], java.host, OWNER)
    assert (refused.state, refused.code) == ("failed", "wrong-password")
    assert PASSWORD_VARIABLE in (refused.hint or "")
    assert java.state() == before
    environment = {PASSWORD_VARIABLE: "our own secret"}
    host = replace(java.host, environment=environment)
    stores = [replace(store, host=host) for store in java.stores]
    (done,) = install(stores, [root()], host, OWNER)
    assert done.state == "trusted", done
    assert [found.state for found in status(stores, [root()])] == ["trusted"]


def test_keytool_judges_the_password_of_a_jks(java: World) -> None:
    environment = {PASSWORD_VARIABLE: "not this one"}
    host = replace(java.host, environment=environment)
    stores = [replace(store, host=host) for store in java.stores]
    (refused,) = install(stores, [root()], host, OWNER)
    assert (refused.state, refused.code) == ("failed", "wrong-password")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"nothing of the kind", "no keystore"),
        (b"", "is empty"),
        (encode_jks({})[:20], "no keystore"),
        (encode_jks({"a": b"a" * 99})[:100], "keytool could not"),
        (b"\x30\x82", "keytool could not"),
    ],
)
def test_what_is_no_keystore_is_named(java: World, data: bytes, said: str) -> None:
    Path(java.store.place).write_bytes(data)
    before = java.state()
    (refused,) = install(java.stores, [root()], java.host, OWNER)
    assert refused.state == "failed"
    assert said in refused.message
    assert "Exception" not in (refused.hint or "Exception")
    assert java.state() == before


def test_a_folder_in_the_place_of_a_keystore_is_named(java: World) -> None:
    place = Path(java.store.place)
    place.unlink()
    place.mkdir()
    (refused,) = install(java.stores, [root()], java.host, OWNER)
    assert (refused.state, refused.changed) == ("failed", False)
    assert "is a directory" in refused.message


def test_a_keystore_another_changed_loses_only_our_entry(java: World) -> None:
    install(java.stores, [root()], java.host, OWNER)
    entries = {"theirs": root_pair("theirs").der, root().label: root().der}
    Path(java.store.place).write_bytes(encode_jks(entries))
    uninstall(java.remembered(), [root()], java.host, OWNER)
    assert root().label not in _listing(java.store.place)
    assert "theirs" in _listing(java.store.place)


def test_a_java_that_is_gone_is_forgotten(java: World) -> None:
    install(java.stores, [root()], java.host, OWNER)
    shutil.rmtree(java.host.path("/usr/lib/jvm"))
    (outcome,) = uninstall(java.remembered(), [root()], java.host, OWNER)
    assert (outcome.state, outcome.message) == ("not-trusted", "the store is gone")
    assert os.listdir(java.host.path("/var/lib")) == []
