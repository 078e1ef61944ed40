"""Which system it is: exactly one store for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tlsmith.truststores import find_stores
from tlsmith.truststores.systems import advice, os_release, system_of
from truststores.worlds import World, bare_world

# ID and ID_LIKE as each system's own os-release has them.
_SYSTEMS = [
    ("debian", "ID=debian"),
    ("debian", "ID=ubuntu\nID_LIKE=debian"),
    ("debian", 'ID=linuxmint\nID_LIKE="ubuntu debian"'),
    ("debian", "ID=kali\nID_LIKE=debian"),
    ("debian", "ID=raspbian\nID_LIKE=debian"),
    ("debian", 'ID=pop\nID_LIKE="ubuntu debian"'),
    ("rhel", "ID=fedora"),
    ("rhel", 'ID="rhel"\nID_LIKE="fedora"'),
    ("rhel", 'ID="centos"\nID_LIKE="rhel fedora"'),
    ("rhel", 'ID="rocky"\nID_LIKE="rhel centos fedora"'),
    ("rhel", 'ID="almalinux"\nID_LIKE="rhel centos fedora"'),
    ("rhel", 'ID="amzn"\nID_LIKE="fedora"'),
    ("rhel", 'ID="ol"\nID_LIKE="fedora"'),
    ("rhel", "ID=azurelinux"),
    ("arch", "ID=arch"),
    ("arch", "ID=manjaro\nID_LIKE=arch"),
    ("arch", "ID=endeavouros\nID_LIKE='arch'"),
    ("suse", 'ID="opensuse-leap"\nID_LIKE="suse opensuse"'),
    ("suse", 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"'),
    ("suse", 'ID="sles"\nID_LIKE="suse"'),
    ("alpine", "ID=alpine"),
    ("alpine", "ID=postmarketos\nID_LIKE=alpine"),
    ("alpine", "ID=wolfi"),
    ("alpine", "ID=chainguard"),
    (None, "ID=nixos"),
    (None, "ID=void"),
    (None, 'ID="gentoo"'),
]


def _world(tmp_path: Path, release: str) -> World:
    world = bare_world(tmp_path / "world")
    place = Path(world.host.root, "etc/os-release")
    place.parent.mkdir()
    place.write_text(release + "\n")
    return world


@pytest.mark.parametrize(("name", "release"), _SYSTEMS)
def test_a_system_and_its_kin_have_one_store(
    tmp_path: Path, name: str | None, release: str
) -> None:
    host = _world(tmp_path, f"# a comment\nNAME='it's broken\n{release}").host
    assert system_of(host) == name
    found = [store.name for store in find_stores(host, ["system"])]
    assert found == ([] if name is None else [name])


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("debian", "etc/debian_version"),
        ("alpine", "etc/alpine-release"),
        ("rhel", "etc/pki/ca-trust/source"),
        ("arch", "etc/ca-certificates/trust-source"),
        ("suse", "etc/pki/trust"),
    ],
)
def test_its_folders_tell_where_it_does_not_say(
    tmp_path: Path, name: str, sign: str
) -> None:
    world = bare_world(tmp_path / "world")
    assert system_of(world.host) is None
    Path(world.host.root, sign).mkdir(parents=True)
    assert system_of(world.host) == name


def test_a_system_that_is_not_known_is_named_with_what_to_do(tmp_path: Path) -> None:
    host = _world(tmp_path, 'ID=nixos\nPRETTY_NAME="NixOS 26.05"').host
    found = advice(host)
    assert found is not None
    assert found[0] == "NixOS 26.05"
    assert "security.pki.certificateFiles" in found[1]
    assert advice(_world(tmp_path / "other", "ID=debian").host) is None
    unknown = advice(_world(tmp_path / "third", "ID=plan9").host)
    assert unknown is not None
    assert unknown[0] == "plan9"


def test_an_images_link_to_its_release_is_its_own(tmp_path: Path) -> None:
    world = bare_world(tmp_path / "world")
    system = Path(world.host.root)
    (system / "usr/lib").mkdir(parents=True)
    (system / "usr/lib/os-release").write_text("ID=alpine\n")
    (system / "etc").mkdir()
    (system / "etc/os-release").symlink_to("/usr/lib/os-release")
    assert os_release(replace(world.host, image=True)) == {"ID": "alpine"}


def test_a_release_that_is_no_file_says_nothing(tmp_path: Path) -> None:
    world = bare_world(tmp_path / "world")
    Path(world.host.root, "etc/os-release").mkdir(parents=True)
    assert os_release(world.host) == {}
