"""Keys: every kind there is, what is refused, and what signing with them gives."""

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from strategies import key_of_kind
from tlsmith.core import der, keys
from tlsmith.core.keys import (
    DEFAULT_KIND,
    KINDS,
    check_public_key,
    fingerprint,
    generate_private_key,
    key_identifier,
    kind_of,
    public_key_info,
    signer_of,
)
from tlsmith.errors import InputError


def _rsa(modulus: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_of_the_kind_asked_for(kind: str) -> None:
    key = key_of_kind(kind)
    assert kind_of(key) == kind
    assert kind_of(key.public_key()) == kind
    check_public_key(key.public_key())


def test_the_default_is_p256_and_every_key_is_new() -> None:
    assert DEFAULT_KIND in KINDS
    one, other = generate_private_key(), generate_private_key()
    assert kind_of(one) == "p256"
    assert public_key_info(one.public_key()) != public_key_info(other.public_key())


@pytest.mark.parametrize("kind", ["", "P256", "rsa", "rsa1024", "ed448", "p256 "])
def test_another_kind_is_refused_with_those_there_are(kind: str) -> None:
    with pytest.raises(InputError, match="no kind of key") as caught:
        generate_private_key(kind)
    assert "ml-dsa-65" in str(caught.value.hint)


@pytest.mark.parametrize("kind", KINDS)
def test_the_public_key_is_written_as_the_library_reads_it(kind: str) -> None:
    public = key_of_kind(kind).public_key()
    assert load_der_public_key(public_key_info(public)) == public


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_identifier_is_method_1_of_rfc_5280(kind: str) -> None:
    public = key_of_kind(kind).public_key()
    expected = x509.SubjectKeyIdentifier.from_public_key(public).digest
    assert key_identifier(public_key_info(public)) == expected


@pytest.mark.parametrize("info", ["", "3000", "30030500", "3004300003", "0400"])
def test_what_is_no_public_key_has_no_identifier(info: str) -> None:
    with pytest.raises(InputError):
        key_identifier(bytes.fromhex(info))


def test_a_fingerprint_is_the_sha_256() -> None:
    assert fingerprint(b"abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_the_signature_algorithm_has_the_parameters_its_rfc_says(kind: str) -> None:
    algorithm, _ = signer_of(key_of_kind(kind))
    _, *parameters = der.children(der.only(algorithm, der.SEQUENCE).content)
    # RFC 4055: NULL for RSA. RFC 5758, 8410, 9881: none for the others.
    expected = [b"\x05\x00"] if kind.startswith("rsa") else []
    assert [parameter.whole for parameter in parameters] == expected


FOREIGN: list[tuple[Any, str]] = [
    (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    (ec.generate_private_key(ec.BrainpoolP256R1()), "brainpoolP256r1"),
    (ed448.Ed448PrivateKey.generate(), "ed448"),
    (x25519.X25519PrivateKey.generate(), "x25519"),
]


@pytest.mark.parametrize(("key", "kind"), FOREIGN, ids=[kind for _, kind in FOREIGN])
def test_a_key_that_clients_do_not_take_is_named_and_refused(
    key: Any, kind: str
) -> None:
    assert kind_of(key) == kind
    assert kind_of(key.public_key()) == kind
    with pytest.raises(InputError, match=f"kind {kind}") as caught:
        check_public_key(key.public_key())
    assert caught.value.code == "unsupported-key"
    with pytest.raises(InputError, match=f"kind {kind} cannot sign"):
        signer_of(key)


def test_dsa_is_named_and_refused() -> None:
    # Numbers alone: making DSA parameters takes seconds.
    parameters = dsa.DSAParameterNumbers(p=2**2047 + 1, q=2**255 + 1, g=2)
    public = dsa.DSAPublicNumbers(y=4, parameter_numbers=parameters).public_key()
    assert kind_of(public) == "dsa"
    with pytest.raises(InputError, match="kind dsa"):
        check_public_key(public)


def test_what_is_no_key_is_named_by_its_type() -> None:
    assert kind_of(3) == "int"


MODULUS = key_of_kind("rsa2048").public_key().public_numbers().n  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("key", "what", "code"),
    [
        (_rsa((1 << 1023) + 1), "1024 bits is too short", "weak-key"),
        (_rsa((1 << 2046) + 1), "2047 bits is too short", "weak-key"),
        (_rsa((1 << 2048) + 1), "2049 bits is one that clients", "unsupported-key"),
        (_rsa((1 << 16391) + 1), "16392 bits is one that", "unsupported-key"),
        (_rsa(MODULUS, 3), "exponent 3 is too small", "weak-key"),
        (_rsa(MODULUS - 1), "modulus is even", "weak-key"),
    ],
)
def test_an_rsa_key_that_is_weak_or_odd_is_refused(
    key: rsa.RSAPublicKey, what: str, code: str
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        check_public_key(key)
    assert caught.value.code == code


def test_rsa_keys_of_other_good_sizes_are_taken() -> None:
    check_public_key(_rsa((1 << 16383) + 1))
    check_public_key(_rsa((1 << 2055) + 1))
    assert kind_of(_rsa((1 << 2055) + 1)) == "rsa2056"


def test_every_kind_has_a_way_to_sign() -> None:
    for kind in KINDS:
        algorithm, sign = signer_of(key_of_kind(kind))
        assert sign(b"x") != b"x"
        assert algorithm[0] == der.SEQUENCE


def test_the_info_is_what_the_library_calls_subject_public_key_info() -> None:
    public = key_of_kind("ed25519").public_key()
    assert public_key_info(public) == public.public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    assert keys.KINDS[0] == "p256"
