"""Every certificate tlsmith can make: each kind of key, each shape, each kind of CA."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from running import environment_of
from tlsmith.core.formats import split_pem

LONG = ".".join(["long" * 12] * 4) + ".test"

# Each shape: its names and options, and the host or address a client would ask for;
# None where no server can have it.
MADE: dict[str, tuple[list[str], str | None]] = {
    "server": (["localhost", "127.0.0.1", "::1"], "localhost"),
    "address-beside": (["localhost", "127.0.0.1", "::1"], "::1"),
    "client": (["app.test", "--client"], "app.test"),
    "e-mail": (["someone@mail.test"], None),
    "e-mail-client": (["someone@mail.test", "--client"], None),
    "uri": (["spiffe://prod.test/web"], None),
    "address": (["10.1.2.3", "fd00::1"], "10.1.2.3"),
    "idn": (["bücher.test", "日本語.test"], "xn--bcher-kva.test"),
    "wildcard": (["*.app.test"], "www.app.test"),
    "long": ([LONG], LONG),
    "long-first": ([LONG, "a.test"], "a.test"),
    "every-name": (
        ["b.test", "me@b.test", "https://b.test/x", "192.168.1.9", "*.c.internal"],
        "x.c.internal",
    ),
    "subject": (["d.test", "--subject", "CN=d.test,O=Acme Ltd,C=DE"], "d.test"),
    "year": (["e.lan", "--days", "397"], "e.lan"),
    "day": (["f.home.arpa", "--days", "1"], "f.home.arpa"),
    "request": (["--csr", "request.csr"], "g.example"),
}
SELF_SIGNED: dict[str, tuple[list[str], str | None]] = {
    "self-signed": (["localhost", "127.0.0.1"], "localhost"),
    "self-signed-ca": (["h.test", "--ca"], "h.test"),
    "self-signed-client": (["i.test", "--client"], "i.test"),
    "self-signed-address": (["192.168.1.20"], "192.168.1.20"),
    "self-signed-e-mail": (["someone@mail.test"], None),
    "self-signed-years": (["j.test", "--days", "825"], "j.test"),
}
SHAPES = (*MADE, *SELF_SIGNED)
# Reading a large RSA key takes a third of a second each time, and what a certificate
# says beside its key is the same for every size: these get the shapes where it differs.
_LARGE = ("rsa3072", "rsa4096")
_SHAPES_OF_LARGE = ("server", "client", "request", "self-signed", "self-signed-ca")

# Runs many commands in one process.
_DRIVER = """
import json, sys
from tlsmith.cli.run import run
for words in json.load(sys.stdin):
    if code := run(words):
        sys.exit(f"{words} ended with {code}")
"""


class Piece(NamedTuple):
    """A certificate on disk, with all that is needed to judge it.

    Args:
        kind: of its key, and of the keys of its CA.
        root: what to trust: PEM; for a self-signed certificate, itself.
        chain: end entity, then intermediate: PEM.
        host: to ask for; None where it is for no host.
    """

    kind: str
    shape: str
    folder: Path
    host: str | None

    @property
    def is_self_signed(self) -> bool:
        return self.shape in SELF_SIGNED

    @property
    def root(self) -> Path:
        return self.chain if self.is_self_signed else self.folder / "root.pem"

    @property
    def chain(self) -> Path:
        return self.folder / f"{self.shape}.pem"

    @property
    def certificate(self) -> Path:
        """The end entity's certificate alone."""
        return self.folder / f"{self.shape}-alone.pem"

    @property
    def intermediate(self) -> Path:
        return self.folder / "intermediate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def ders(self) -> list[bytes]:
        return [der for _, der in split_pem(self.chain.read_bytes())]

    @property
    def purpose(self) -> str:
        """What OpenSSL calls what it is for."""
        if "e-mail" in self.shape:
            return "smimesign"
        return "sslserver"

    def __str__(self) -> str:
        return f"{self.shape} of {self.kind}"


def shapes_of(kind: str) -> tuple[str, ...]:
    """Return the shapes that are made with this kind of key."""
    return _SHAPES_OF_LARGE if kind in _LARGE else SHAPES


def pieces(kind: str, folder: Path) -> list[Piece]:
    """Return every piece of one kind, the folder being where `make_kind` made them."""
    hosts = {**MADE, **SELF_SIGNED}
    return [Piece(kind, shape, folder, hosts[shape][1]) for shape in shapes_of(kind)]


def make_kind(folder: Path, kind: str) -> None:
    """Make a CA with this kind of key, and every certificate of it, in a folder."""
    folder.mkdir(parents=True)
    shapes = shapes_of(kind)
    # The same key throughout: making one for RSA takes long, and tells nothing new.
    key = ["--key-file", "key.pem", "--key", kind]
    commands = [
        ["ca", "init", "--local", "--key", kind],
        ["csr", "g.example", "--csr-file", "request.csr", *key],
    ]
    for shape in shapes:
        words = (MADE | SELF_SIGNED)[shape][0]
        command = "make" if shape in MADE else "self-sign"
        with_key = [] if "--csr" in words else ["--reuse-key", *key]
        files = ["--cert-file", f"{shape}.pem", *with_key, "--json"]
        commands.append([command, *words, *files])
    _run(commands, folder)
    (authority,) = (folder / "tlsmith" / "authorities").iterdir()
    for name in ("root.pem", "intermediate.pem", "intermediate-key.pem"):
        (folder / name).write_bytes((authority / name).read_bytes())
    for shape in shapes:
        first = (folder / f"{shape}.pem").read_text().split("-----END")[0]
        alone = f"{first}-----END CERTIFICATE-----\n"
        (folder / f"{shape}-alone.pem").write_text(alone)


def _run(commands: list[list[str]], folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", _DRIVER],
        input=json.dumps(commands),
        cwd=folder,
        env=environment_of(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
