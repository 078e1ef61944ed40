"""A real Debian, unpacked, and what the real p11-kit makes of our anchors."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chains import certify
from running import tlsmith
from tlsmith.core import der
from tlsmith.core.keys import generate_private_key
from tlsmith.truststores import install
from tlsmith.truststores.base import certificates_in
from tlsmith.truststores.keystore import (
    trusted_entries,
    with_entry,
    without_entry,
)
from truststores.system_worlds import system_world
from truststores.worlds import OWNER, World, need, root, root_pair

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can chroot and mount"),
]
_MODULE = Path("/usr/share/p11-kit/modules/p11-kit-trust.module")


def _run(*command: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done
    return done


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Debian with OpenSSL's command and curl."""
    need("debootstrap")
    folder = tmp_path_factory.mktemp("debian") / "rootfs"
    include = "--include=ca-certificates,openssl,curl"
    done = _run(
        *("debootstrap", "--variant=minbase", include, "bookworm", folder), check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no Debian can be had here: {done.stdout.splitlines()[-1:]}")
    return folder


def _state(folder: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for top in ("etc", "usr/local", "usr/share/ca-certificates", "var/lib"):
        for path in (folder / top).rglob("*"):
            status = path.lstat()
            name = str(path.relative_to(folder))
            if path.is_symlink():
                found[name] = os.readlink(path)
            elif path.is_file():
                owner = (status.st_uid, status.st_gid)
                found[name] = (status.st_mode, owner, status.st_mtime_ns)
            else:
                found[name] = status.st_mode
    return found


def _verifies(rootfs: Path, *options: str) -> bool:
    command = ("chroot", rootfs, "openssl", "verify", *options, "/tmp/leaf.pem")
    return _run(*command, check=False).returncode == 0


@pytest.mark.network
def test_a_real_debian_trusts_it_and_goes_on_to(unpacked: Path, home: Path) -> None:
    pem = home / "root.pem"
    pem.write_bytes(root_pair().pem)
    leaf = certify("app.test", generate_private_key(), root_pair())
    (unpacked / "tmp/leaf.pem").write_bytes(leaf.pem)
    before = _state(unpacked)
    ways = [
        ("-no-CAfile", "-no-CAstore", "-CApath", "/etc/ssl/certs"),
        ("-no-CApath", "-no-CAstore", "-CAfile", "/etc/ssl/certs/ca-certificates.crt"),
    ]
    words = ("--root", str(pem), "--dir", str(unpacked))
    assert not any(_verifies(unpacked, *way) for way in ways)
    assert tlsmith("trust", "install", *words).code == 0
    assert all(_verifies(unpacked, *way) for way in ways)
    assert tlsmith("trust", "status", *words).code == 0
    assert tlsmith("trust", "uninstall", *words).code == 0
    assert _state(unpacked) == before
    assert not any(_verifies(unpacked, *way) for way in ways)
    assert tlsmith("trust", "install", *words).code == 0
    _run("chroot", unpacked, "update-ca-certificates", "--fresh")
    assert all(_verifies(unpacked, *way) for way in ways)
    assert tlsmith("trust", "uninstall", *words).code == 0
    assert not any(_verifies(unpacked, *way) for way in ways)
    _run("chroot", unpacked, "update-ca-certificates", "--fresh")
    assert not any(_verifies(unpacked, *way) for way in ways)
    assert not [name for name in _state(unpacked) if "tlsmith" in name]
    assert {n for n, _ in before.items()} == set(_state(unpacked))


@pytest.fixture
def fedora(tmp_path: Path) -> World:
    """An image of Fedora's layout that our root was put into."""
    world = system_world(tmp_path / "world", "rhel", image=True)
    (outcome,) = install(world.stores, [root()], world.host, OWNER)
    assert outcome.state == "trusted", outcome
    return world


def _extract(world: World, folder: Path) -> Path:
    """Have the real p11-kit make every form of the image's anchors, as Fedora does."""
    need("trust", "unshare")
    if not _MODULE.exists():
        pytest.skip("not on this machine: p11-kit's trust module")
    folder.mkdir()
    sources = [
        world.host.path(path)
        for path in ("/etc/pki/ca-trust/source", "/usr/share/pki/ca-trust-source")
    ]
    # p11-kit takes what lies in the second for anchors only in a folder of that name.
    anchors = folder / "source/anchors"
    anchors.mkdir(parents=True)
    for file in (Path(sources[0]) / "anchors", Path(sources[1])):
        for each in file.iterdir():
            shutil.copy(each, anchors)
    module = folder / "module"
    text = _MODULE.read_text().partition("\nx-init-reserved:")[0]
    module.write_text(f"{text}\nx-init-reserved: paths='{folder / 'source'}'\n")
    out = folder / "out"
    out.mkdir()
    script = [f"mount --bind {module} {_MODULE}", f"cd {out}"]
    for form in ("pem-bundle", "java-cacerts", "edk2-cacerts", "pem-directory-hash"):
        script.append(
            f"trust extract --format={form} --filter=ca-anchors --comment "
            f"--purpose=server-auth {form}"
        )
    script.append(
        "trust extract --format=openssl-bundle --filter=certificates --comment trusted"
    )
    done = _run("unshare", "--mount", "sh", "-ec", "\n".join(script), check=False)
    if "mount" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return out


def test_p11_kit_makes_the_same_of_our_anchor(fedora: World, tmp_path: Path) -> None:
    out = _extract(fedora, tmp_path / "p11-kit")
    ours = Path(fedora.host.path("/etc/pki/ca-trust/extracted"))

    def roots(path: Path) -> list[bytes]:
        """Return the certificates, without the name that a trusted one has."""
        found = certificates_in(path.read_bytes())
        return sorted(der.read(one)[0].whole for one in found)

    assert root().der in roots(out / "pem-bundle")
    assert roots(ours / "pem/tls-ca-bundle.pem") == roots(out / "pem-bundle")
    assert roots(ours / "openssl/ca-bundle.trust.crt") == roots(out / "trusted")
    efi, theirs = (ours / "edk2/cacerts.bin"), (out / "edk2-cacerts")
    pieces = [efi.read_bytes(), theirs.read_bytes()]
    kind = pieces[0][:16]
    assert sorted(pieces[0].split(kind)) == sorted(pieces[1].split(kind))
    found = {path.name for path in (ours / "pem/directory-hash").iterdir()}
    by_hash = {name for name in found if name[8:9] == "."}
    assert by_hash <= {path.name for path in (out / "pem-directory-hash").iterdir()}


def test_openssl_reads_our_trusted_block(fedora: World, tmp_path: Path) -> None:
    bundle = fedora.host.path("/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt")
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(certify("app.test", generate_private_key(), root_pair()).pem)
    _run("openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", bundle, leaf)


def test_a_keystore_of_p11_kit_comes_back_to_the_byte(
    fedora: World, tmp_path: Path
) -> None:
    data = (_extract(fedora, tmp_path / "p11-kit") / "java-cacerts").read_bytes()
    assert root().der in (trusted_entries(data) or {}).values()
    new = root("another")
    more = with_entry(data, new.label, new.der, "changeit", 1)
    assert more is not None
    assert (trusted_entries(more) or {})[new.label] == new.der
    assert without_entry(more, new.label, "changeit") == data
    with pytest.raises(ValueError, match="password"):
        with_entry(data, new.label, new.der, "wrong", 1)
