"""How much hashing a file asks for: told whatever way it is written."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from scan_artefacts import Wanted, certificate_pem, kinds_in, pem_of, some_key
from tlsmith.core import der
from tlsmith.scan.artefacts.shape import declared, is_whole, rounds

MANY = 1_000_000_007
ASKED = der.sequence(der.octet_string(b"saltsalt"), der.integer(MANY))
PIECES = [der.octet_string(ASKED[at : at + 3]) for at in range(0, len(ASKED), 3)]
ENOUGH = 1 << 63


def _ber(tag: int, *parts: bytes) -> bytes:
    """An element of no certain length."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def test_an_element_tells_how_long_it_is() -> None:
    assert declared(ASKED) == len(ASKED)
    assert is_whole(ASKED)
    assert not is_whole(ASKED + b"\0")
    assert declared(der.integer(5)) is None
    assert declared(_ber(0x30)) is None
    assert declared(b"") is None


NESTED = {
    "plain": ASKED,
    "in an octet string": der.octet_string(ASKED),
    "deep": der.sequence(der.context(0, der.octet_string(ASKED), constructed=True)),
    "in BER": _ber(0x30, _ber(0xA0, ASKED)),
    "in pieces": _ber(
        0x24, *(der.octet_string(ASKED[n : n + 3]) for n in (0, 3, 6, 9, 12, 15, 18))
    ),
    "in pieces of a certain length": der.encode(
        0x24, der.octet_string(ASKED[:9]), der.octet_string(ASKED[9:])
    ),
    "behind something in pieces": der.sequence(
        _ber(0x24, der.octet_string(b"\x30")), _ber(0x30, ASKED)
    ),
    "behind a long tag": b"\xbf\x81\x01\x00" + ASKED,
    "in an octet string, with more behind it": der.octet_string(ASKED + b"\0\0"),
    "in an octet string, with a tag in the long form": der.octet_string(
        b"\x3f\x10" + ASKED[1:]
    ),
    "with a length in more bytes than it needs": b"\x30\x88"
    + (len(ASKED) - 2).to_bytes(8)
    + ASKED[2:],
}


@pytest.mark.parametrize("name", NESTED)
def test_what_is_asked_for_is_told(name: str) -> None:
    assert rounds(NESTED[name]) == MANY


def test_the_cost_of_scrypt_is_the_product_of_its_numbers() -> None:
    numbers = [der.integer(number) for number in (16384, 8, 16000)]
    asked = der.sequence(der.octet_string(b"salt"), *numbers)
    assert rounds(asked) == 16384 * 8 * 16000


def test_the_length_of_a_key_costs_nothing() -> None:
    numbers = [der.integer(number) for number in (2048, 32)]
    assert rounds(der.sequence(der.octet_string(b"salt"), *numbers)) == 2048


def test_all_that_is_asked_for_is_summed_up() -> None:
    assert rounds(der.sequence(ASKED, der.octet_string(ASKED), ASKED)) == 3 * MANY


def test_what_is_encrypted_asks_for_nothing() -> None:
    """Bytes of a cipher that look like a salt and its rounds by chance."""
    chance = der.octet_string(b"\x91\x07" * 8) + der.integer(MANY)
    assert rounds(der.sequence(der.octet_string(chance))) == 0
    pieces = der.encode(
        0xA0, der.octet_string(chance[:5]), der.octet_string(chance[5:])
    )
    assert rounds(der.sequence(pieces)) == 0


TANGLED = {
    "pieces of pieces": _ber(0x24, der.octet_string(b"a"), _ber(0x24)),
    "the same with lengths": der.encode(0x24, der.encode(0x24, ASKED)),
    "deeper than anybody writes": b"\x30\x80" * 60_000,
    "more than anybody writes": der.integer(3) * 60_000,
}


@pytest.mark.parametrize("name", TANGLED)
def test_what_is_tangled_counts_as_too_much(name: str) -> None:
    begun = time.process_time()
    assert rounds(TANGLED[name]) > ENOUGH
    assert time.process_time() - begun < 2


def test_depth_is_bounded() -> None:
    nested = ASKED
    for _ in range(300):
        nested = der.sequence(nested)
    assert rounds(nested) > ENOUGH


@pytest.mark.interop
@pytest.mark.skipif(not shutil.which("pk12util"), reason="it asks NSS")
@pytest.mark.parametrize("passphrase", ["changeit", "correct horse"])
def test_what_firefox_writes(tmp_path: Path, passphrase: str) -> None:
    """In BER, in 600,000 rounds."""
    store, given = tmp_path / "out.p12", tmp_path / "in.p12"
    (tmp_path / "key").write_text(pem_of(some_key()) + certificate_pem(Wanted()))
    database = ["-d", str(tmp_path), "-K", ""]
    words = [
        ["certutil", "-N", "-d", str(tmp_path), "--empty-password"],
        ["openssl", "pkcs12", "-export", "-in", str(tmp_path / "key"), "-out",
         str(given), "-passout", "pass:a", "-name", "web"],
        ["pk12util", "-i", str(given), "-W", "a", *database],
        ["pk12util", "-o", str(store), "-n", "web", "-W", passphrase, *database],
    ]  # fmt: skip
    for one in words:
        subprocess.run(one, check=True, capture_output=True)
    known = passphrase == "changeit"
    assert store.read_bytes().startswith(b"\x30\x80")
    assert kinds_in(store.read_bytes()) == [
        "keystore-known-passphrase" if known else "keystore-encrypted"
    ]
