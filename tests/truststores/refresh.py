"""What each distribution's tool makes of its roots, for machines made of folders.

In the order, names and links of the real ones.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Where a distribution has its roots.

    Args:
        bundles: files of PEM, and of OpenSSL's trusted PEM where they end in trust.crt.
        prefix: of links to each root beside the bundle.
        folders: with a file for each root and links by hash.
        links: a folder of links by hash to the first of those, and to where they lead.
        efi: a list of roots for firmware.
    """

    tool: str
    shipped: str
    anchors: str
    bundles: Sequence[str]
    prefix: str | None = None
    folders: Sequence[str] = ()
    links: tuple[str, str] | None = None
    efi: str = ""


LAYOUTS = {
    "debian": Layout(
        "update-ca-certificates",
        "/usr/share/ca-certificates/m",
        "/usr/local/share/ca-certificates",
        ("/etc/ssl/certs/ca-certificates.crt",),
        prefix="",
    ),
    "alpine": Layout(
        "update-ca-certificates",
        "/usr/share/ca-certificates/m",
        "/usr/local/share/ca-certificates",
        ("/etc/ssl/certs/ca-certificates.crt",),
        prefix="ca-cert-",
    ),
    "rhel": Layout(
        "update-ca-trust",
        "/usr/share/pki/ca-trust-source",
        "/etc/pki/ca-trust/source/anchors",
        tuple(
            f"/etc/pki/ca-trust/extracted/{name}"
            for name in (
                "pem/tls-ca-bundle.pem",
                "pem/email-ca-bundle.pem",
                "pem/objsign-ca-bundle.pem",
                "openssl/ca-bundle.trust.crt",
            )
        ),
        folders=("/etc/pki/ca-trust/extracted/pem/directory-hash",),
        links=(
            "/etc/pki/tls/certs",
            "/etc/pki/ca-trust/extracted/pem/directory-hash/",
        ),
        efi="/etc/pki/ca-trust/extracted/edk2/cacerts.bin",
    ),
    "arch": Layout(
        "trust",
        "/usr/share/ca-certificates/trust-source",
        "/etc/ca-certificates/trust-source/anchors",
        tuple(
            f"/etc/ca-certificates/extracted/{name}"
            for name in (
                "tls-ca-bundle.pem",
                "email-ca-bundle.pem",
                "objsign-ca-bundle.pem",
                "ca-bundle.trust.crt",
            )
        ),
        folders=("/etc/ca-certificates/extracted/cadir",),
        links=("/etc/ssl/certs", "../../ca-certificates/extracted/cadir/"),
        efi="/etc/ca-certificates/extracted/edk2-cacerts.bin",
    ),
    "suse": Layout(
        "update-ca-certificates",
        "/usr/share/pki/trust/anchors",
        "/etc/pki/trust/anchors",
        ("/var/lib/ca-certificates/ca-bundle.pem",),
        folders=("/var/lib/ca-certificates/pem", "/var/lib/ca-certificates/openssl"),
    ),
}


def refresh_system(name: str, system: str, inside: bool = False) -> None:
    """Make everything anew from the roots below `system`.

    Args:
        inside: links hold paths as they are seen from inside of it.
    """
    start = "" if inside else system
    layout = LAYOUTS[name]
    roots = {}
    for folder in (layout.shipped, layout.anchors):
        for file in sorted(os.listdir(system + folder)):
            with open(f"{system}{folder}/{file}", "rb") as stream:
                roots[f"{folder}/{file}"] = stream.read()
    for path in layout.bundles:
        blocks = [_block(path, pem, layout) for pem in roots.values()]
        between = b"" if layout.prefix is not None else b"\n"
        _write(system + path, between.join(blocks))
    if layout.prefix is not None:
        _link_each(system, layout, roots, start)
    for folder in layout.folders:
        _fill(system + folder, roots)
    if layout.links is not None:
        _link_hashes(system, layout, start)
    if layout.efi:
        _write(system + layout.efi, b"".join(_efi(der(pem)) for pem in roots.values()))


def der(pem: bytes) -> bytes:
    """Return the certificate in one PEM block."""
    return base64.b64decode(pem.split(b"-----")[2])


def _block(path: str, pem: bytes, layout: Layout) -> bytes:
    """Return what a bundle has of a root: p11-kit puts its name above."""
    if layout.prefix is not None:
        return pem
    name = f"# {_common_name(pem)}\n".encode()
    if not path.endswith("trust.crt"):
        return name + pem
    alias = _common_name(pem).encode()
    aux = bytes((0x30, len(alias) + 2, 0x0C, len(alias))) + alias
    text = base64.b64encode(der(pem) + aux)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    begin, end = b"BEGIN TRUSTED CERTIFICATE", b"END TRUSTED CERTIFICATE"
    return b"\n".join((name + b"-----%s-----" % begin, *lines, b"-----%s-----\n" % end))


def _common_name(pem: bytes) -> str:
    return der(pem).partition(b"\x55\x04\x03")[2].partition(b"0")[0][2:].decode()


def _link_each(
    system: str, layout: Layout, roots: dict[str, bytes], start: str
) -> None:
    folder = system + os.path.dirname(layout.bundles[0])
    for name in os.listdir(folder):
        if os.path.islink(f"{folder}/{name}"):
            os.unlink(f"{folder}/{name}")
    for path in roots:
        name = os.path.basename(path).removesuffix(".crt")
        os.symlink(start + path, f"{folder}/{layout.prefix}{name}.pem")
    _rehash(folder, {p: f"{layout.prefix}{_stem(p)}.pem" for p in roots}, roots)


def _fill(folder: str, roots: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    names = {
        p: _common_name(pem).replace(" ", "_") + ".pem" for p, pem in roots.items()
    }
    for path, name in names.items():
        _write(f"{folder}/{name}", roots[path])
    _rehash(folder, names, roots)
    os.chmod(folder, 0o555)  # noqa: S103 -- as p11-kit does


def _rehash(folder: str, names: dict[str, str], roots: dict[str, bytes]) -> None:
    for path, name in names.items():
        number = 0
        start = f"{folder}/{_hash(roots[path])}"
        while os.path.lexists(f"{start}.{number}"):
            number += 1
        os.symlink(name, f"{start}.{number}")


def _hash(pem: bytes) -> str:
    command = ["openssl", "x509", "-noout", "-subject_hash"]
    done = subprocess.run(command, input=pem, capture_output=True, check=True)
    return done.stdout.decode().strip()


def _link_hashes(system: str, layout: Layout, start: str) -> None:
    assert layout.links is not None
    folder, target = system + layout.links[0], layout.links[1]
    if target.startswith("/"):
        target = start + target
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.unlink(f"{folder}/{name}")
    for name in os.listdir(system + layout.folders[0]):
        os.symlink(target + name, f"{folder}/{name}")


def _efi(certificate: bytes) -> bytes:
    kind = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")
    owner = bytes.fromhex("503bdddc05f4fd4396bebd33b1734776")
    size = len(owner) + len(certificate)
    sizes = b"".join(n.to_bytes(4, "little") for n in (size + 28, 0, size))
    return kind + sizes + owner + certificate


def _stem(path: str) -> str:
    return os.path.basename(path).removesuffix(".crt")


def _write(path: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.new", "wb") as stream:
        stream.write(data)
    os.replace(f"{path}.new", path)
