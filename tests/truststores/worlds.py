"""Machines made of folders, each with one kind of trust store, and its real tool."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from chains import Pair, certify
from tlsmith.core.keys import generate_private_key
from tlsmith.truststores import (
    Host,
    Root,
    SystemRunner,
    TrustStore,
    find_stores,
    parse_registry,
    registry_stores,
)
from truststores.runners import WorldRunner

OWNER, OTHER_OWNER = "/home/one/tlsmith", "/home/two/tlsmith"

# What Debian's hook for Java does: it adds, and never takes out.
_HOOK = """\
#!{python} -P
import base64, sys
sys.path.insert(0, {tests!r})
from truststores.worlds import encode_jks
from tlsmith.truststores.keystore import trusted_entries
place = {place!r}
entries = trusted_entries(open(place, "rb").read())
for line in sys.stdin:
    path = line[1:].strip()
    if line.startswith("+"):
        text = open(path).read().split("-----")[2]
        entries["debian:" + path.rpartition("/")[2].lower()] = base64.b64decode(text)
with open(place, "wb") as stream:
    stream.write(encode_jks(dict(reversed(entries.items()))))
"""


def root_pair(name: str = "Root under test") -> Pair:
    """Return a root certificate and its key, the same each time."""
    return _root_pair(name)


@cache
def _root_pair(name: str) -> Pair:
    return certify(name, generate_private_key(), ca=True)


def root(name: str = "Root under test") -> Root:
    """Return a root, the same each time."""
    return Root(root_pair(name).der)


def encode_jks(entries: Mapping[str, bytes]) -> bytes:
    """Return a JKS keystore with trusted certificates, its password "changeit"."""
    body = struct.pack(">4sII", b"\xfe\xed\xfe\xed", 2, len(entries))
    for alias, der in entries.items():
        name = alias.encode()
        body += struct.pack(">IH", 2, len(name)) + name + struct.pack(">Q", 1)
        body += struct.pack(">H", 5) + b"X.509" + struct.pack(">I", len(der)) + der
    secret = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
    return body + hashlib.sha1(secret + body).digest()  # noqa: S324 -- the format's


@dataclass(frozen=True)
class World:
    """A machine below a folder of its own.

    Args:
        registry: the one whose folder is to be made; empty for none.
    """

    folder: Path
    host: Host
    name: str
    registry: str = ""

    @property
    def stores(self) -> list[TrustStore]:
        if self.registry:
            return registry_stores(self.host, parse_registry(self.registry))
        return find_stores(self.host, [self.name])

    @property
    def family(self) -> str:
        return self.store.family

    @property
    def store(self) -> TrustStore:
        (store,) = self.stores
        return store

    def remembered(self) -> list[TrustStore]:
        """Return the stores as uninstalling finds them."""
        return find_stores(self.host, [self.name], remembered=True)

    def state(self) -> dict[str, str]:
        """Return every path there is, with its kind, permissions and contents."""
        return {
            str(path.relative_to(self.folder)): _describe(path)
            for path in sorted(self.folder.rglob("*"))
        }


def _describe(path: Path) -> str:
    status = path.lstat()
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    mode = oct(stat.S_IMODE(status.st_mode))
    if path.is_dir():
        return f"folder {mode}"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"file {mode} {status.st_uid}:{status.st_gid} {digest}"


def need(*tools: str) -> None:
    """Skip the test where a tool is missing: the machine has no such store then."""
    missing = [tool for tool in tools if SystemRunner().find(tool) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")


def bare_world(folder: Path, name: str = "debian") -> World:
    """Return a machine without any store."""
    system, home = folder / "system", folder / "home"
    (system / "var/lib").mkdir(parents=True)
    (home / ".local/state").mkdir(parents=True)
    environment = {"PATH": os.environ["PATH"]}
    host = Host(WorldRunner(), str(home), str(system), environment)
    return World(folder, host, name)


def debian_world(folder: Path, *, java: bool = False) -> World:
    """Return a Debian with two roots of its own, and one of its administrator."""
    need("update-ca-certificates", "openssl")
    world = bare_world(folder)
    system = folder / "system"
    for place in (
        "etc/ssl/certs",
        "usr/share/ca-certificates/m",
        "etc/ca-certificates",
    ):
        (system / place).mkdir(parents=True)
    local = system / "usr/local/share/ca-certificates"
    local.mkdir(parents=True)
    (system / "etc/debian_version").write_text("12.5\n")
    for name in ("first", "second"):
        place = system / f"usr/share/ca-certificates/m/{name}.crt"
        place.write_bytes(root_pair(name).pem)
    (system / "etc/ca-certificates.conf").write_text("m/first.crt\nm/second.crt\n")
    (local / "corporate.crt").write_bytes(root_pair("corporate").pem)
    if java:
        _add_java_hook(system)
    refresh(world)
    return world


def _add_java_hook(system: Path) -> None:
    keystore = system / "etc/ssl/certs/java/cacerts"
    keystore.parent.mkdir()
    keystore.write_bytes(encode_jks({"own": root_pair("own").der}))
    hook = system / "etc/ca-certificates/update.d/jks-keystore"
    hook.parent.mkdir()
    tests = str(Path(__file__).parents[1])
    hook.write_text(
        _HOOK.format(python=sys.executable, tests=tests, place=str(keystore))
    )
    hook.chmod(0o755)


def refresh(world: World, *options: str) -> None:
    """Run the system's own refresh."""
    at = world.host.path
    tool = SystemRunner().find("update-ca-certificates")
    assert tool is not None
    places = {
        "--certsconf": "/etc/ca-certificates.conf",
        "--certsdir": "/usr/share/ca-certificates",
        "--localcertsdir": "/usr/local/share/ca-certificates",
        "--etccertsdir": "/etc/ssl/certs",
        "--hooksdir": "/etc/ca-certificates/update.d",
    }
    words = [word for option, path in places.items() for word in (option, at(path))]
    subprocess.run([tool, *options, *words], check=True, capture_output=True)


def java_world(folder: Path, kind: str = "jks") -> World:
    """Return a machine with one Java: "jks", "pkcs12", or "hidden" (encrypted)."""
    need("keytool")
    world = bare_world(folder, "java")
    keystore = folder / "system/usr/lib/jvm/java-9/lib/security/cacerts"
    keystore.parent.mkdir(parents=True)
    if kind == "jks":
        keystore.write_bytes(encode_jks({"first": root_pair("first").der}))
    else:
        shutil.copy(_pkcs12(kind), keystore)
    keystore.chmod(0o644)
    return world


@cache
def _pkcs12(kind: str) -> Path:
    """Return a keystore made by Java itself, once for all tests."""
    folder = Path(tempfile.mkdtemp(prefix="tlsmith-test-keystore-"))
    atexit.register(shutil.rmtree, folder)
    certificate, keystore = folder / "first.pem", folder / "cacerts"
    certificate.write_bytes(root_pair("first").pem)
    plain = [
        f"-J-Dkeystore.pkcs12.{what}=NONE"
        for what in ("certProtectionAlgorithm", "macAlgorithm")
    ]
    subprocess.run(
        [
            *("keytool", "-importcert", "-noprompt", "-alias", "first"),
            *("-file", str(certificate), "-keystore", str(keystore)),
            *("-storetype", "PKCS12", "-storepass", "changeit"),
            *(plain if kind == "pkcs12" else ()),
        ],
        check=True,
        capture_output=True,
    )
    return keystore


def nss_world(folder: Path, kind: str = "sql") -> World:
    """Return a person with a Chromium that has one root already."""
    need("certutil")
    world = bare_world(folder, "nss")
    add_database(folder / "home/.pki/nssdb", kind)
    return world


def add_database(place: Path, kind: str = "sql") -> Path:
    """Make an NSS database, with a root that a person put there."""
    place.mkdir(parents=True)
    database = f"{kind}:{place}"
    certutil("-N", "-d", database, "--empty-password")
    certutil("-A", "-d", database, "-n", "mine", "-t", "C,,", given="first")
    return place


def docker_world(folder: Path) -> World:
    """Return a Docker that knows one registry, with a root and a key of its own."""
    world = bare_world(folder, "docker")
    place = Path(world.host.path("/etc/docker/certs.d/localhost:5000"))
    place.mkdir(parents=True)
    (place / "ca.crt").write_bytes(root_pair("first").pem)
    (place / "client.key").write_bytes(b"a key")
    (place / "client.key").chmod(0o600)
    return world


def new_registry_world(folder: Path) -> World:
    """Return a Docker that knows no registry yet."""
    world = bare_world(folder, "docker")
    Path(world.host.path("/etc/docker")).mkdir(parents=True)
    return replace(world, registry="localhost:5000")


def certutil(*words: str, given: str = "first") -> str:
    """Run certutil, with a root on its standard input; return what it printed."""
    ended = subprocess.run(
        ["certutil", *words],
        input=root_pair(given).pem,
        capture_output=True,
        check=True,
    )
    return ended.stdout.decode()
