"""Weak keys: a real sample of each kind is refused, and no sound key is."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from strategies import key_of_kind
from tlsmith.core.blocklist import NO_KEYS, load_blocklist
from tlsmith.core.key_hash import key_hash, rsa_numbers, split_key_info
from tlsmith.core.keys import KINDS, public_key_info
from tlsmith.core.weak_keys import judge_key, judge_rsa
from tlsmith.errors import InputError

SAMPLES = Path(__file__).parents[1] / "vectors" / "weak_keys"
RANDOM = random.Random(20171016)  # noqa: S311 -- the same primes each time


def sample(name: str) -> Any:
    """A key of badkeys' own tests: see README.md beside them."""
    data = (SAMPLES / name).read_bytes()
    if b"PRIVATE" in data:
        return load_pem_private_key(data, None).public_key()
    return load_pem_public_key(data)


def is_prime(number: int) -> bool:
    """Miller and Rabin's test, to 20 random bases."""
    if any(number % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23)):
        return False
    twos = (number - 1 & -(number - 1)).bit_length() - 1
    for _ in range(20):
        power = pow(RANDOM.randrange(2, number - 1), number - 1 >> twos, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def next_prime(number: int) -> int:
    number |= 1
    while not is_prime(number):
        number += 2
    return number


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_key_is_not_refused(kind: str) -> None:
    public = key_of_kind(kind).public_key()
    assert judge_key(public) == []
    assert judge_key(public, public_key_info(public)) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rsa-fermat-pkcs8.key", "close together"),
        ("rsa-roca.key", "CVE-2017-15361"),
        ("rsa-smallfactors-valid.key", "a factor below 65536"),
        ("rsa-smallfactors-corrupt.key", "a factor below 65536"),
        ("rsa-large-e.key", "more than 256 bits"),
        ("rsa-small-d.key", "more than 256 bits"),
        ("rsa-pattern.key", "a pattern"),
        ("rsapoly128.key", "a pattern"),
    ],
)
def test_a_sample_of_each_weakness_is_refused(name: str, reason: str) -> None:
    found = judge_key(sample(name))
    assert [each for each in found if reason in each] == found[-1:]


def test_a_sound_sample_is_not_refused() -> None:
    assert judge_key(sample("rsa-ok.key")) == []


def test_short_keys_and_small_exponents_are_refused() -> None:
    short = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505
    assert judge_key(short) == ["an RSA key of 1024 bits is too short to be safe"]
    three = rsa.generate_private_key(3, 2048).public_key()
    assert judge_key(three) == ["the RSA public exponent 3 is too small or even"]


def test_every_reason_is_given() -> None:
    found = judge_rsa(3 * 2**2000, 2**300)
    assert len(found) == 3
    assert judge_rsa(1, 3) == ("a modulus that is none",)


# Factors -----------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2, 3, 257, 65521])
def test_every_small_factor_is_found(factor: int) -> None:
    sound = sample("rsa-ok.key").public_numbers().n
    assert "a factor below 65536" in str(judge_rsa(sound * factor, 65537))
    assert judge_rsa(sound, 65537) == ()
    assert judge_rsa(sound * 65537, 65537) == ()


@pytest.mark.parametrize("gap", [0, 2, 2**480, 2**515])
def test_primes_that_are_close_are_found(gap: int) -> None:
    first = next_prime(RANDOM.getrandbits(1024) | 3 << 1022)
    second = next_prime(first + gap)
    assert "Fermat" in str(judge_rsa(first * second, 65537))


def test_primes_that_are_far_apart_are_not() -> None:
    first = next_prime(RANDOM.getrandbits(1024) | 3 << 1022)
    second = next_prime(first + 2**540)
    assert "Fermat" not in str(judge_rsa(first * second, 65537))


# ROCA --------------------------------------------------------------------------------


def roca_prime(bits: int) -> int:
    """A prime as Infineon's library made them for keys of 2048 bits."""
    primes = [
        number
        for number in range(2, 710)
        if all(number % f for f in range(2, 27))
        or number in (2, 3, 5, 7, 11, 13, 17, 19, 23)
    ]
    product = math.prod(primes[:126])
    while True:
        base = RANDOM.getrandbits(bits - product.bit_length()) | 1 << (
            bits - product.bit_length() - 1
        )
        number = base * product + pow(65537, RANDOM.getrandbits(250), product)
        if number.bit_length() == bits and is_prime(number):
            return number


def test_a_key_made_as_that_chip_made_them_is_refused() -> None:
    modulus = roca_prime(1024) * roca_prime(1024)
    assert judge_rsa(modulus, 65537) == (
        "made by a chip whose keys can be factored (CVE-2017-15361)",
    )


def test_one_such_prime_alone_does_not_make_the_fingerprint() -> None:
    other = next_prime(RANDOM.getrandbits(1024) | 3 << 1022)
    assert judge_rsa(roca_prime(1024) * other, 65537) == ()


@given(st.integers(2**2046, 2**2048))
def test_random_numbers_have_no_fingerprint(number: int) -> None:
    assert not any("CVE-2017" in reason for reason in judge_rsa(number, 65537))


# Points ------------------------------------------------------------------------------


def _double(point: tuple[int, int]) -> tuple[int, int]:
    """Twice a point of edwards25519 (RFC 8032 5.1.4, its affine form)."""
    field = 2**255 - 19
    curve = -121665 * pow(121666, -1, field)
    x, y = point
    product = curve * x * x * y * y
    return (
        2 * x * y * pow(1 + product, -1, field) % field,
        (y * y + x * x) * pow(1 - product, -1, field) % field,
    )


def _x_of(y: int) -> int:
    field = 2**255 - 19
    curve = -121665 * pow(121666, -1, field)
    square = (y * y - 1) * pow(curve * y * y + 1, -1, field) % field
    root = pow(square, (field + 3) // 8, field)
    if root * root % field != square:
        root = root * pow(2, (field - 1) // 4, field) % field
    assert root * root % field == square
    return root


def _small_order_heights() -> list[int]:
    field = 2**255 - 19
    eight = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    return [0, 1, field - 1, eight, field - eight]


@pytest.mark.parametrize("y", _small_order_heights())
@pytest.mark.parametrize("sign", [0, 1])
def test_points_of_small_order_are_refused_however_written(y: int, sign: int) -> None:
    point = (_x_of(y), y)
    for _ in range(3):
        point = _double(point)
    assert point == (0, 1), "eight times the point is nothing"
    field = 2**255 - 19
    for height in (y, y + field):
        if height < 1 << 255:
            data = (height | sign << 255).to_bytes(32, "little")
            key = ed25519.Ed25519PublicKey.from_public_bytes(data)
            assert any("small order" in reason for reason in judge_key(key))


def test_anything_verifies_with_a_key_of_small_order() -> None:
    """Why they are refused: a signature without a private key."""
    neutral = ed25519.Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little"))
    neutral.verify((1).to_bytes(32, "little") + bytes(32), b"whatever")


# Keys that others know ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["ec-p256-rfc-example.key", "ed25519-rfc-example.key"])
def test_a_key_of_a_standard_is_refused(name: str) -> None:
    assert "its private key is public" in str(judge_key(sample(name)))


def _jwk(name: str) -> Any:
    found = json.loads((SAMPLES / name).read_bytes())
    octets = {
        key: base64.urlsafe_b64decode(found[key] + "==")
        for key in "xyne"
        if key in found
    }
    number = {key: int.from_bytes(value, "big") for key, value in octets.items()}
    if found["kty"] == "RSA":
        return rsa.RSAPublicNumbers(number["e"], number["n"]).public_key()
    if found["kty"] == "OKP":
        return ed25519.Ed25519PublicKey.from_public_bytes(octets["x"])
    curve = ec.SECP256R1()
    return ec.EllipticCurvePublicNumbers(number["x"], number["y"], curve).public_key()


@pytest.mark.parametrize(
    "name",
    [
        "jwk-ecp256-rfc7517.json",
        "jwk-ed25519-rfc8037.json",
        "jwk-rsa-rfc7517.json",
    ],
)
def test_a_json_web_key_of_a_standard_is_refused(name: str) -> None:
    assert "its private key is public" in str(judge_key(_jwk(name)))


@pytest.mark.parametrize("number", [1, 2, 256])
def test_the_first_private_keys_anyone_tries_are_refused(number: int) -> None:
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        public = ec.derive_private_key(number, curve).public_key()
        assert "its private key is public" in str(judge_key(public))


def test_a_key_of_the_tests_of_python_is_refused() -> None:
    """Of the test suite that comes with the interpreter, where it does."""
    import test

    folder = Path(test.__path__[0])
    files = [path for path in folder.rglob("*keycert*.pem") if path.is_file()]
    if not files:
        pytest.skip("this Python comes without its test suite")
    for path in files:
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except TypeError:
            key = load_pem_private_key(path.read_bytes(), b"somepass")
        assert judge_key(key.public_key()), path.name


def test_the_list_of_what_was_seen_is_small() -> None:
    from tlsmith.core.seen_keys import hashes

    assert Path(hashes.__file__).stat().st_size < 200_000


# Lists of the operator's own ---------------------------------------------------------

DEBIAN = "rsa-debianweak.key"


def _debian_line(key: Any, folder: Path) -> str:
    """What openssl-blacklist's own instructions say a key's line is."""
    path = folder / "key.pem"
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "rsa", "-pubin", "-noout", "-modulus", "-in", str(path)]
    modulus = subprocess.run(command, capture_output=True, check=True).stdout
    return hashlib.sha1(modulus).hexdigest()[20:]  # noqa: S324


@pytest.mark.interop
def test_a_debian_weak_key_is_on_the_list_in_debians_form(tmp_path: Path) -> None:
    key = sample(DEBIAN)
    line = _debian_line(key, tmp_path)
    blocklist = load_blocklist(f"# openssl-blacklist\n\n{line.upper()}  # x\n".encode())
    assert judge_key(key, blocklist=blocklist) == [
        "it is on the list of compromised keys"
    ]
    for kind in ("rsa2048", "p384", "ed25519"):
        assert judge_key(key_of_kind(kind).public_key(), blocklist=blocklist) == []


def test_a_list_of_hashes_of_keys_is_read() -> None:
    key = key_of_kind("p384").public_key()
    info = public_key_info(key)
    blocklist = load_blocklist(hashlib.sha256(info).hexdigest().encode())
    assert judge_key(key, blocklist=blocklist) == [
        "it is on the list of compromised keys"
    ]
    assert judge_key(key_of_kind("p256").public_key(), blocklist=blocklist) == []


def _badkeys_hash(key: Any) -> bytes:
    """As badkeys' BLOCKLISTFORMAT.md describes it, from the library's numbers."""
    if isinstance(key, rsa.RSAPublicKey):
        number = key.public_numbers().n
    elif isinstance(key, ec.EllipticCurvePublicKey):
        number = key.public_numbers().x
    else:
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        number = int.from_bytes(raw, "big")
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return hashlib.sha256(octets).digest()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "ml-" not in kind])
def test_the_hash_of_a_key_is_the_one_badkeys_has(kind: str) -> None:
    key = key_of_kind(kind).public_key()
    assert key_hash(public_key_info(key)) == _badkeys_hash(key)


@given(st.integers(1, 2**255))
def test_the_hash_of_a_point_is_of_its_coordinate_without_leading_zeros(
    number: int,
) -> None:
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    assert key_hash(public_key_info(public)) == _badkeys_hash(public)


def test_a_point_has_one_hash_compressed_or_not() -> None:
    key = key_of_kind("p384").public_key()
    short = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm, _ = split_key_info(public_key_info(key))
    assert algorithm
    from tlsmith.core import der

    head = next(der.children(der.only(public_key_info(key), 0x30).content)).whole
    assert key_hash(der.sequence(head, der.bit_string(short))) == _badkeys_hash(key)


def test_the_blocklist_of_badkeys_is_read() -> None:
    keys = [key_of_kind(kind).public_key() for kind in ("p256", "rsa2048", "ed25519")]
    keys.append(sample(DEBIAN))
    others = [hashlib.sha256(bytes([number])).digest() for number in range(100)]
    hashes = [*map(_badkeys_hash, keys), *others]
    records = b"".join(sorted(digest[:15] + b"\x03" for digest in hashes))
    blocklist = load_blocklist(records)
    for key in keys:
        assert judge_key(key, blocklist=blocklist) == [
            "it is on the list of compromised keys"
        ]
    assert judge_key(key_of_kind("p384").public_key(), blocklist=blocklist) == []


def test_lists_come_together() -> None:
    one, two = (hashlib.sha256(bytes([number])).digest() for number in range(2))
    both = load_blocklist(one.hex().encode()) | load_blocklist(two.hex()[:20].encode())
    both |= load_blocklist(b"\xff" * 16)
    assert both.key_infos == {one}
    assert both.moduli == {two[:10]}
    assert both.records == (b"\xff" * 16,)
    assert load_blocklist(b"") == NO_KEYS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"# x\n\nabc\n", "line 3"),
        (b"0" * 40, "line 1"),
        (b"\xff" * 17, "not a list"),
        (b"\xff" * 16 + b"\xfe" * 16, "not a list"),
        ("ключ".encode(), "not a list"),
    ],
)
def test_a_list_that_is_none_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        load_blocklist(data)
    assert caught.value.code == "bad-blocklist"


@pytest.mark.parametrize("data", [b"", b"\x30\0", b"\x30\x02\5\0"])
def test_what_is_no_key_has_no_hash(data: bytes) -> None:
    with pytest.raises(InputError):
        key_hash(data)


def test_what_is_no_rsa_key_has_no_numbers() -> None:
    with pytest.raises(InputError, match="not an RSAPublicKey"):
        rsa_numbers(b"\x30\0")
