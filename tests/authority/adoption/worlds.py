"""CAs made by the tools themselves, and how each test looks at them."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tlsmith.authority.adoption import AdoptedCA, read_ca

PASSPHRASE = "a passphrase"
VECTORS = Path(__file__).parent / "vectors"
NOW = datetime(2026, 6, 1, tzinfo=UTC)

OPENSSL_CONFIG = """\
[ ca ]
default_ca = CA_default # the one
[ CA_default ]
dir = .
database = $dir/index.txt
serial = $dir/serial
crlnumber = ${dir}/crlnumber
new_certs_dir = $dir/newcerts
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
default_md = sha256
default_days = 365
default_crl_days = 30
policy = any
utf8 = yes
x509_extensions = leaf
crl_extensions = on_crl
[ any ]
commonName = supplied
organizationName = optional
[ leaf ]
basicConstraints = CA:FALSE
[ nothing ]
[ on_crl ]
authorityKeyIdentifier = keyid
"""


class World(NamedTuple):
    """A CA to adopt.

    Args:
        passphrase: of its keys.
    """

    kind: str
    path: Path
    passphrase: str = PASSPHRASE

    def read(self, now: datetime | None = None) -> AdoptedCA:
        """Adopt it."""
        asked: list[str] = []
        return read_ca(
            str(self.path),
            passphrase=answering(self.passphrase, asked),
            now=now or datetime.now(UTC),
        )


def answering(
    passphrase: str, asked: list[str] | None = None
) -> Callable[[str], bytes]:
    """Return who answers with one passphrase, and notes what was asked for."""

    def answer(what: str) -> bytes:
        if asked is not None:
            asked.append(what)
        return passphrase.encode()

    return answer


def nobody(what: str) -> bytes:
    """Fail where a passphrase is asked for that should not be needed."""
    raise AssertionError(what)


def run(
    *words: str, folder: Path | None = None, more: Mapping[str, str] | None = None
) -> str:
    """Run a tool, which must succeed, and return what it printed."""
    done = subprocess.run(
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(more or {})},
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return all that a folder is: names, modes, times of change, contents."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        facts = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (
            facts.st_mode,
            facts.st_mtime_ns,
            facts.st_ctime_ns,
            facts.st_ino,
            content,
        )
    return found


class OpenSSLCA:
    """A CA kept by the real `openssl ca`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "openssl.cnf").write_text(OPENSSL_CONFIG)
        for name in ("newcerts", "private"):
            (folder / name).mkdir()
        (folder / "index.txt").touch()
        (folder / "serial").write_text("0FFE\n")
        (folder / "crlnumber").write_text("1F\n")
        run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "7300"),
            *("-passout", f"pass:{PASSPHRASE}", "-subj", "/CN=An OpenSSL root"),
            *("-keyout", "private/cakey.pem", "-out", "cacert.pem"),
            folder=folder,
        )
        run("openssl", "genrsa", "-out", "leaf.key", "2048", folder=folder)

    def issue(self, subject: str, *more: str) -> str:
        """Issue a certificate, and return its serial number in hexadecimal."""
        request = ("openssl", "req", "-new", "-utf8", "-key", "leaf.key")
        run(*request, "-subj", subject, "-out", "csr.pem", folder=self.folder)
        self._ca("-in", "csr.pem", "-out", "last.pem", *more)
        shown = ("openssl", "x509", "-in", "last.pem", "-noout", "-serial")
        return run(*shown, folder=self.folder).strip().partition("=")[2]

    def revoke(self, serial_number: str, *more: str) -> None:
        self._ca("-revoke", f"newcerts/{serial_number}.pem", *more)

    def generate_crl(self, *more: str) -> None:
        """Write `crl.pem`, the CRL that `openssl ca -gencrl` makes."""
        self._ca("-gencrl", "-out", "crl.pem", *more)

    def update(self) -> None:
        """Have it note which certificates have expired."""
        self._ca("-updatedb")

    def _ca(self, *words: str) -> None:
        openssl = ("openssl", "ca", "-config", "openssl.cnf", "-batch")
        run(*openssl, "-passin", f"pass:{PASSPHRASE}", *words, folder=self.folder)


def easy_rsa(folder: Path, *words: str, name: str = "") -> None:
    """Run easy-rsa on the `pki` in a folder.

    Args:
        name: of a CA to be made.
    """
    more = {
        "EASYRSA": "/usr/share/easy-rsa",
        "EASYRSA_PKI": str(folder / "pki"),
        "EASYRSA_BATCH": "1",
        "EASYRSA_PASSIN": f"pass:{PASSPHRASE}",
        "HOME": str(folder),
    }
    if name:
        more |= {"EASYRSA_REQ_CN": name, "EASYRSA_PASSOUT": f"pass:{PASSPHRASE}"}
    run("/usr/share/easy-rsa/easyrsa", *words, folder=folder, more=more)


def make_easy_rsa(folder: Path) -> Path:
    """Return the folder of a CA by easy-rsa 3, with one certificate of each fate."""
    folder.mkdir(parents=True)
    easy_rsa(folder, "init-pki")
    easy_rsa(folder, "build-ca", name="An easy-rsa root")
    for name in ("good.test", "bob", "carol"):
        easy_rsa(folder, "build-server-full", name, "nopass")
    easy_rsa(folder, "revoke", "bob", "keyCompromise")
    easy_rsa(folder, "revoke", "carol")
    easy_rsa(folder, "gen-crl")
    return folder


def unpack(name: str, folder: Path) -> Path:
    """Return the folder in which a vector was unpacked."""
    with tarfile.open(VECTORS / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder
