"""Collect the private keys that packages carry, as the hashes of core/seen_keys.

    .venv/bin/python tests/vectors/collect_seen_keys.py FOLDER...

FOLDER holds packages (wheels, source archives, npm's tarballs, Debian's .deb) and
folders of files. What was put there for the list of today is in
src/tlsmith/core/seen_keys/README.md.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import tarfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    pkcs12,
)

from tlsmith.core.key_hash import key_hash
from tlsmith.core.keys import check_public_key, public_key_info
from tlsmith.core.seen_keys.lookup import SIZE
from tlsmith.errors import InputError

TARGET = Path(__file__).parents[2] / "src/tlsmith/core/seen_keys/hashes.py"
LARGEST, LARGEST_ARCHIVE = 4 << 20, 64 << 20
ARCHIVES = (".whl", ".zip", ".jar", ".gz", ".tgz", ".xz", ".bz2", ".tar", ".deb")
# Of keys in text, the armour of other kinds ("TESTING KEY") and escaped lines too.
PEM = re.compile(
    rb"-----BEGIN ((?:[A-Z0-9]+ )*(?:PRIVATE|TESTING) KEY)-----"
    rb"(.{40,20000}?)-----END \1-----",
    re.DOTALL,
)
# What a source text has around each line: quotes, a plus between blanks, comment signs.
AROUND = re.compile(
    rb"""^[\s"'`#*|>]*(?:(?://|\+)\s+)?["'`]?|["'`]?\s+\+\s*$|[\s"'`,;\\|]+$"""
)
JWK = re.compile(rb"\{[^{}]{20,6000}\}", re.DOTALL)
MEMBER = re.compile(
    r"""["']?(\w+)["']?\s*(?::|=>)\s*((?:["'][\w=-]*["']\s*[+\\]?\s*)+)"""
)
PASSPHRASES = (
    None,
    b"password",
    b"test",
    b"secret",
    b"changeit",
    b"123456",
    b"passw0rd",
)
CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder, and in the archives there."""
    for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if each.is_file() and not each.is_symlink():
            yield from unpacked(each.name, each.read_bytes(), 2)


def unpacked(name: str, data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """Yield a file, or what an archive holds, and archives in that."""
    if depth and name.endswith(ARCHIVES):
        try:
            for inner, content in members(name, data):
                yield from unpacked(inner, content, depth - 1)
            return
        except (
            OSError,
            subprocess.CalledProcessError,
            tarfile.TarError,
            zipfile.BadZipFile,
            EOFError,
        ):
            pass
    if len(data) <= LARGEST:
        yield name, data


def members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if name.endswith((".whl", ".zip", ".jar")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.file_size <= LARGEST_ARCHIVE:
                    yield info.filename, archive.read(info)
        return
    if name.endswith(".deb"):
        command = ["dpkg-deb", "--fsys-tarfile", "/dev/stdin"]
        data = subprocess.run(
            command, input=data, capture_output=True, check=True
        ).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            fits = member.isfile() and member.size <= LARGEST_ARCHIVE
            stream = tar.extractfile(member) if fits else None
            if stream is not None:
                yield member.name, stream.read()


def private_keys(name: str, data: bytes) -> Iterator[Any]:
    """Yield the private keys in a file, in whatever form."""
    for found in PEM.finditer(data):
        yield from from_pem(found[1], found[2])
    if b'"d"' in data or b"'d'" in data or b"d:" in data:
        for block in JWK.finditer(data):
            yield from from_jwk(block[0].decode("utf-8", "replace"))
    if name.endswith("-rfc-example.key"):  # public halves, in badkeys' tests
        yield load_pem_public_key(data)
    if name.endswith("sign.input"):  # RFC 8032's vectors, and a thousand more
        for line in data.split():
            seed = bytes.fromhex(line[:64].decode())
            yield ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    elif data[:1] == b"\x30" and len(data) < 20000:
        yield from from_der(data)


def from_pem(label: bytes, text: bytes) -> Iterator[Any]:
    label = label.replace(b"TESTING", b"PRIVATE")
    text = re.sub(rb"\\[rn]", b"\n", text)
    lines = [AROUND.sub(b"", line) for line in text.split(b"\n")]
    pem = b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (
        label,
        b"\n".join(lines).strip(),
        label,
    )
    for passphrase in PASSPHRASES:
        try:
            load = load_ssh_private_key if b"OPENSSH" in label else load_pem_private_key
            yield load(pem, passphrase)
            return
        except TypeError:  # encrypted, or not
            continue
        except Exception:  # noqa: S112 -- bad on purpose, many of them
            continue


def from_der(data: bytes) -> Iterator[Any]:
    for passphrase in PASSPHRASES:
        try:
            yield load_der_private_key(data, passphrase)
            return
        except Exception:  # noqa: S110
            pass
        try:
            key = pkcs12.load_key_and_certificates(data, passphrase)[0]
        except Exception:  # noqa: S112
            continue
        if key is not None:
            yield key
            return


def from_jwk(text: str) -> Iterator[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        # A literal of Python or JavaScript, its values maybe in several pieces.
        pieces = MEMBER.findall(text)
        found = {key: re.sub(r"[^\w-]", "", value) for key, value in pieces}
    try:
        number = {
            key: int.from_bytes(base64.urlsafe_b64decode(str(found[key]) + "=="))
            for key in ("d", "n", "e")
            if key in found
        }
        if "n" in number and "d" in number:
            p, q = rsa.rsa_recover_prime_factors(number["n"], number["e"], number["d"])
            yield rsa.RSAPublicNumbers(number["e"], p * q)
        elif found.get("crv") in CURVES:
            yield ec.derive_private_key(number["d"], CURVES[found["crv"]])
        elif found.get("crv") == "Ed25519":
            seed = number["d"].to_bytes(32, "big")
            yield ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError):
        return


# RFC 6979 A.2.5 to A.2.7.
RFC_6979 = {
    "P-256": "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
    "P-384": "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
    "96D5724E4C70A825F872C9EA60D2EDF5",
    "P-521": "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
    "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
}


def of_standards() -> Iterator[Any]:
    """Yield keys of RFCs, and those whose private half is the first anyone tries."""
    for name, curve in CURVES.items():
        yield ec.derive_private_key(int(RFC_6979[name], 16), curve)
        for number in range(1, 257):
            yield ec.derive_private_key(number, curve)
    seeds = [bytes([octet]) * 32 for octet in range(256)]
    seeds += [bytes(range(first, first + 32)) for first in range(2)]
    for seed in seeds:
        yield ed25519.Ed25519PrivateKey.from_private_bytes(seed)


def hash_of(key: Any) -> bytes | None:
    """Return the hash of a key's public half, None where we refuse it anyhow."""
    try:
        public = key if hasattr(key, "verify") else key.public_key()
        check_public_key(public)
        return key_hash(public_key_info(public))[:SIZE]
    except (InputError, ValueError, AttributeError):
        return None


def main(folders: list[str]) -> None:
    warnings.simplefilter("ignore")
    found = {digest for key in of_standards() if (digest := hash_of(key))}
    print(f"{len(found)} of standards")
    for folder in folders:
        for path in sorted(Path(folder).iterdir()):
            kinds: Counter[str] = Counter()
            for name, data in files(path):
                for key in private_keys(name, data):
                    digest = hash_of(key)
                    if digest and digest not in found:
                        found.add(digest)
                        kinds[type(key).__name__] += 1
            print(path.name, sum(kinds.values()), dict(kinds), flush=True)
    text = base64.b85encode(b"".join(sorted(found))).decode()
    lines = "\n".join(text[at : at + 80] for at in range(0, len(text), 80))
    TARGET.write_text(
        f'"""The {len(found)} keys that README.md beside this tells of."""\n\n'
        f'HASHES = """\n{lines}\n"""\n',
        encoding="utf-8",
    )
    print(len(found), "keys,", TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
