"""PKCS#12, PKCS#7 and keystores: everything in them comes out."""

import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    NoEncryption,
    pkcs12,
)

from chains import IN_PKCS12, Pair, certify, family, key_of
from keystores import certificate_entry, cover, key_entry, keystore, plain_key
from tlsmith.core import der
from tlsmith.core.formats import (
    encode_java_truststore,
    encode_pkcs7,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.formats.containers import load_keystore, load_pkcs7, load_pkcs12
from tlsmith.core.formats.objects import Objects
from tlsmith.core.formats.pkcs12_mldsa import encode_pkcs12_by_hand
from tlsmith.errors import InputError, PassphraseError

DATA = der.object_identifier("1.2.840.113549.1.7.1")
SHROUDED_KEY_BAG = der.object_identifier("1.2.840.113549.1.12.10.1.2")


def ders(objects: Objects) -> list[bytes]:
    return [one.der for one in objects.certificates]


def infos(objects: Objects) -> list[bytes]:
    return [one.info for one in objects.keys]


def without_passphrase(pair: Pair) -> bytes:
    """PKCS#12 without encryption and without a hash over it."""
    data: bytes = pkcs12.serialize_key_and_certificates(
        b"x", pair.key, pair.certificate, None, NoEncryption()
    )
    return data


def with_another_key(data: bytes, key: Any, passphrase: bytes) -> bytes:
    """PKCS#12 with one more key in a bag of its own; its hash is left out.

    The library then reads it as long as nothing else is encrypted.
    """
    pfx, _ = der.read(data)
    version, safe, *_hash = der.children(pfx.content)
    contents = der.read(
        der.read(list(der.children(safe.content))[1].content)[0].content
    )
    shrouded = encode_private_key(key, passphrase, der=True)
    bag = der.sequence(SHROUDED_KEY_BAG, der.context(0, shrouded, constructed=True))
    more = der.sequence(
        DATA, der.context(0, der.octet_string(der.sequence(bag)), constructed=True)
    )
    together = der.sequence(contents[0].content, more)
    octets = der.context(0, der.octet_string(together), constructed=True)
    return der.sequence(version.whole, der.sequence(DATA, octets))


@pytest.mark.parametrize(
    ("kind", "legacy"),
    [(kind, False) for kind in (*IN_PKCS12, "ml-dsa-87")]
    + [(kind, True) for kind in IN_PKCS12],
)
def test_pkcs12_gives_key_and_chain(kind: str, legacy: bool) -> None:
    one = family(kind)
    data = encode_pkcs12(
        one.leaf.key, one.ders, passphrase=b"secret", name="Wéb", legacy=legacy
    )
    objects = load_pkcs12(data, [b"wrong", b"secret"], "x")
    assert ders(objects) == one.ders
    assert infos(objects) == [one.leaf.info]
    assert objects.certificates[0].alias == "Wéb"
    assert objects.certificates[1].alias is None
    assert objects.keys[0].was_encrypted


def test_pkcs12_with_the_passphrase_everyone_knows_needs_none() -> None:
    one = family()
    data = encode_pkcs12(one.leaf.key, one.ders, passphrase=b"changeit", name="x")
    (key,) = load_pkcs12(data, [], "x").keys
    assert not key.was_encrypted


def test_pkcs12_without_a_passphrase_is_read() -> None:
    assert infos(load_pkcs12(without_passphrase(family().leaf), [], "x")) == [
        family().leaf.info
    ]


def test_a_truststore_gives_its_names() -> None:
    one = family()
    data = encode_java_truststore(one.ders, b"changeit", ["a", "b", "c"])
    objects = load_pkcs12(data, [], "x")
    assert [c.alias for c in objects.certificates] == ["a", "b", "c"]
    assert not objects.keys


def test_pkcs12_that_was_changed_is_not_believed() -> None:
    """Its hash is wrong, though what is in it still opens."""
    one = family()
    data = encode_pkcs12(one.leaf.key, one.ders, passphrase=b"secret", name="x")
    pfx, _ = der.read(data)
    version, safe, mac = der.children(pfx.content)
    digest, *rest = der.children(mac.content)
    algorithm, _ = der.children(digest.content)
    other = der.sequence(algorithm.whole, der.octet_string(bytes(32)))
    changed = der.sequence(other, *(part.whole for part in rest))
    with pytest.raises(PassphraseError):
        load_pkcs12(der.sequence(version.whole, safe.whole, changed), [b"secret"], "x")


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-44"])
@pytest.mark.parametrize("passphrase", [b"\xff\xfe", b"x" * 2000])
def test_a_passphrase_of_any_octets_is_just_wrong(kind: str, passphrase: bytes) -> None:
    one = family(kind)
    data = encode_pkcs12(one.leaf.key, one.ders, passphrase=b"secret", name="x")
    with pytest.raises(InputError, match="PKCS#12 in x"):
        load_pkcs12(data, [passphrase], "x")


def test_an_ml_dsa_key_that_cannot_be_read_says_why() -> None:
    one = family("ml-dsa-44")
    algorithm = der.sequence(der.object_identifier("2.16.840.1.101.3.4.3.17"))
    expanded = der.octet_string(der.octet_string(bytes(2560)))
    info = der.sequence(der.integer(0), algorithm, expanded)
    data = encode_pkcs12_by_hand(info, one.ders, passphrase=b"changeit", name="x")
    with pytest.raises(InputError, match=r"PKCS#12 in x: .* no seed"):
        load_pkcs12(data, [], "x")


def test_a_wrong_passphrase_of_a_key_alone_is_said_to_be_wrong() -> None:
    key = encode_private_key(key_of("p256"), b"secret", der=True)
    bag = der.sequence(SHROUDED_KEY_BAG, der.context(0, key, constructed=True))
    safe = der.sequence(content_info(der.sequence(bag)))
    data = der.sequence(der.integer(3), content_info(safe))
    assert len(load_pkcs12(data, [b"secret"], "x").keys) == 1
    with pytest.raises(PassphraseError):
        load_pkcs12(data, [b"wrong"], "x")


def content_info(content: bytes) -> bytes:
    octets = der.context(0, der.octet_string(content), constructed=True)
    return der.sequence(DATA, octets)


def test_every_key_of_pkcs12_is_found() -> None:
    one = family()
    other = key_of("ed25519")
    data = with_another_key(without_passphrase(one.leaf), other, b"changeit")
    found = set(infos(load_pkcs12(data, [b"changeit"], "x")))
    assert len(found) == 2
    assert one.leaf.info in found


def test_pkcs12_in_ber_is_read() -> None:
    pfx, _ = der.read(without_passphrase(family().leaf))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        objects = load_pkcs12(b"0\x80" + pfx.content + b"\0\0", [], "x")
    assert infos(objects) == [family().leaf.info]


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-44"])
@pytest.mark.parametrize(
    ("passphrases", "code"),
    [([], "passphrase-needed"), ([b"wrong"], "bad-passphrase")],
)
def test_pkcs12_that_does_not_open_says_which_file(
    kind: str, passphrases: list[bytes], code: str
) -> None:
    one = family(kind)
    data = encode_pkcs12(one.leaf.key, one.ders, passphrase=b"secret", name="x")
    with pytest.raises(PassphraseError, match=r"in 'app\.p12'") as caught:
        load_pkcs12(data, passphrases, "'app.p12'")
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b"0\x00", der.sequence(der.integer(3))])
def test_damaged_pkcs12_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match="PKCS#12 in x"):
        load_pkcs12(data, [], "x")


def test_pkcs12_that_would_take_for_ever_is_refused() -> None:
    data = without_passphrase(family().leaf)
    pfx, _ = der.read(data)
    slow = der.sequence(der.octet_string(b"salt"), der.integer(2**31))
    with pytest.raises(InputError) as caught:
        load_pkcs12(der.sequence(pfx.content, slow), [], "x")
    assert caught.value.code == "too-many-rounds"


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-65", "rsa2048"])
def test_pkcs7_gives_its_certificates(kind: str) -> None:
    one = family(kind)
    objects = load_pkcs7(encode_pkcs7(one.ders, der=True), "x")
    assert set(ders(objects)) == set(one.ders)


@pytest.mark.parametrize("data", [b"", b"0\x00", b"hello"])
def test_damaged_pkcs7_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match="PKCS#7 in x"):
        load_pkcs7(data, "x")


def test_a_keystore_gives_keys_chains_and_names() -> None:
    one = family()
    data = keystore(
        key_entry("web", cover(plain_key("p256"), "secret"), one.ders[:2]),
        certificate_entry("root", one.root.der),
        passphrase="secret",
    )
    objects = load_keystore(data, [b"wrong", b"secret"], "x")
    assert ders(objects) == one.ders
    assert [c.alias for c in objects.certificates] == ["web", "web", "root"]
    assert infos(objects) == [one.leaf.info]
    assert objects.keys[0].was_encrypted
    assert not objects.notes


def test_a_truststore_is_read_without_its_passphrase_and_says_so() -> None:
    data = keystore(certificate_entry("a", family().root.der), passphrase="secret")
    objects = load_keystore(data, [], "x")
    assert ders(objects) == [family().root.der]
    assert "not checked" in objects.notes[0]


def test_a_keystore_with_the_usual_passphrase_needs_none() -> None:
    one = family()
    data = keystore(key_entry("web", cover(plain_key("p256")), one.ders))
    (key,) = load_keystore(data, [], "x").keys
    assert not key.was_encrypted


@pytest.mark.parametrize(
    ("passphrases", "code"),
    [([], "passphrase-needed"), ([b"wrong"], "bad-passphrase")],
)
def test_a_keystore_with_keys_needs_its_passphrase(
    passphrases: list[bytes], code: str
) -> None:
    entry = key_entry("web", cover(plain_key("p256"), "secret"), [])
    with pytest.raises(PassphraseError, match="keystore in x") as caught:
        load_keystore(keystore(entry, passphrase="secret"), passphrases, "x")
    assert caught.value.code == code


def test_a_wrong_passphrase_of_a_truststore_is_not_passed_over() -> None:
    data = keystore(certificate_entry("a", family().root.der))
    with pytest.raises(PassphraseError):
        load_keystore(data, [b"wrong"], "x")


def test_a_certificate_that_is_none_is_an_error() -> None:
    with pytest.raises(InputError, match="certificate in x"):
        load_keystore(keystore(certificate_entry("a", b"0\x00")), [], "x")


def test_a_version_nobody_knows_is_an_error_in_pkcs7_too() -> None:
    pair = certify("x", key_of("p256"), ca=True)
    data = encode_pkcs7([pair.der], der=True)
    version = der.context(0, der.integer(2), constructed=True)
    wrong = der.context(0, der.integer(66), constructed=True)
    with pytest.raises(InputError):
        load_pkcs7(data.replace(version, wrong, 1), "x")
