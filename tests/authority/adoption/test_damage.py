"""Any file of any CA damaged: one clear error or the CA, and never a traceback."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from authority.adoption.step_worlds import STEP_PASSPHRASE
from authority.adoption.worlds import NOW, World, answering, unpack
from chains import family, revocation_list
from tlsmith.authority.adoption import AdoptedCA, read_ca
from tlsmith.core.formats import encode_pem, encode_pkcs12
from tlsmith.errors import TLSmithError


def _spoil(path: Path, chance: random.Random) -> None:
    """Flip a bit, cut the end off, put nonsense in, or take everything away."""
    data = bytearray(path.read_bytes())
    way = chance.randrange(5)
    at = chance.randrange(len(data) + 1)
    if way == 0:
        data = bytearray()
    elif way == 1:
        del data[at:]
    elif way == 2:
        data[at:at] = chance.randbytes(chance.randrange(1, 40))
    elif data:
        data[at % len(data)] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def _pem_folder(folder: Path) -> Path:
    one = family()
    (folder / "ca.pem").write_bytes(one.root.pem + one.intermediate.pem)
    (folder / "ca.key").write_bytes(one.intermediate.key_pem)
    (folder / "leaf.pem").write_bytes(one.leaf.pem)
    crl = encode_pem("X509 CRL", revocation_list(one.intermediate))
    (folder / "list.crl").write_bytes(crl)
    return folder


def _pkcs12(folder: Path) -> Path:
    one = family()
    data = encode_pkcs12(
        one.intermediate.key,
        [one.intermediate.der, one.root.der],
        passphrase=STEP_PASSPHRASE.encode(),
        name="ca",
    )
    (folder / "ca.p12").write_bytes(data)
    return folder / "ca.p12"


def _caddy(folder: Path) -> Path:
    one = family()
    place = folder / "pki/authorities/local"
    place.mkdir(parents=True)
    for role, pair in (("root", one.root), ("intermediate", one.intermediate)):
        (place / f"{role}.crt").write_bytes(pair.pem)
        (place / f"{role}.key").write_bytes(pair.key_pem)
    site = folder / "certificates/local/app.test"
    site.mkdir(parents=True)
    (site / "app.test.crt").write_bytes(one.leaf.pem + one.intermediate.pem)
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "pem": _pem_folder,
    "pkcs12": _pkcs12,
    "caddy": _caddy,
    "step-ca-badgerv2": lambda folder: unpack("step-ca-badgerv2", folder) / "step",
    "step-ca-bbolt": lambda folder: unpack("step-ca-bbolt", folder) / "step",
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("seed", range(25))
def test_damage_is_never_a_traceback(tmp_path: Path, maker: str, seed: int) -> None:
    path = MAKERS[maker](tmp_path)
    _damage_and_read(path, tmp_path, seed)


@pytest.mark.interop
@pytest.mark.parametrize("seed", range(25))
def test_nor_of_openssl(openssl_world: World, tmp_path: Path, seed: int) -> None:
    shutil.copytree(openssl_world.path, tmp_path / "ca")
    for name in ("newcerts", "leaf.key", "last.pem", "csr.pem"):  # more of the rest
        if (tmp_path / "ca" / name).is_file():
            (tmp_path / "ca" / name).unlink()
    _damage_and_read(tmp_path / "ca", tmp_path, seed, openssl_world.passphrase)


def _damage_and_read(
    path: Path, folder: Path, seed: int, passphrase: str = STEP_PASSPHRASE
) -> None:
    chance = random.Random(seed)  # noqa: S311 -- the same each time
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    _spoil(chance.choice(files), chance)
    found: AdoptedCA | TLSmithError
    try:
        found = read_ca(str(path), passphrase=answering(passphrase), now=NOW)
    except TLSmithError as error:
        found = error
    if isinstance(found, TLSmithError):
        assert found.message
        assert passphrase not in str(found)
    else:
        assert found.certificates
