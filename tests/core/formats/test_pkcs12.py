"""PKCS#12 and Java's truststore: the library reads back what was put in."""

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import pkcs12

from chains import EVERY_KIND, IN_PKCS12, certify, family, key_of
from tlsmith.core import der
from tlsmith.core.formats import encode_java_truststore, encode_pkcs12
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError, PassphraseError

TRIPLE_DES = der.object_identifier("1.2.840.113549.1.12.1.3")
AES_256 = der.object_identifier("2.16.840.1.101.3.4.1.42")
JAVA_TRUSTED = der.object_identifier("2.16.840.1.113894.746875.1.1")


@pytest.mark.parametrize("kind", IN_PKCS12)
@pytest.mark.parametrize("legacy", [False, True])
def test_key_and_chain_come_back(kind: str, legacy: bool) -> None:
    one = family(kind)
    data = encode_pkcs12(
        one.leaf.key, one.ders, passphrase=b"changeit", name="Grüße", legacy=legacy
    )
    read = pkcs12.load_pkcs12(data, b"changeit")
    assert read.cert is not None
    assert read.cert.certificate == one.leaf.certificate
    assert read.cert.friendly_name == "Grüße".encode()
    assert [c.certificate for c in read.additional_certs] == [
        one.intermediate.certificate,
        one.root.certificate,
    ]
    assert public_key_info(read.key.public_key()) == one.leaf.info  # type: ignore
    assert (TRIPLE_DES in data, AES_256 in data) == (legacy, not legacy)


@pytest.mark.parametrize("kind", sorted(set(EVERY_KIND) - set(IN_PKCS12)))
def test_old_clients_do_not_know_the_newest_keys(kind: str) -> None:
    one = family(kind)
    with pytest.raises(InputError, match=f"{kind} does not go into .* for old clients"):
        encode_pkcs12(one.leaf.key, one.ders, passphrase=b"x", name="x", legacy=True)


def test_a_key_that_signs_nothing_does_not_go_in() -> None:
    key = x25519.X25519PrivateKey.generate()
    with pytest.raises(InputError, match="x25519 does not go into PKCS#12") as caught:
        encode_pkcs12(key, [], passphrase=b"x", name="x")
    assert caught.value.code == "unsupported-key"


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_certificates_of_every_kind_go_in_without_a_key(kind: str) -> None:
    one = family(kind)
    data = encode_pkcs12(None, one.ders, passphrase=b"x", name="x")
    read = pkcs12.load_pkcs12(data, b"x")
    found = [c.certificate for c in (read.cert, *read.additional_certs) if c]
    assert found == [p.certificate for p in (one.leaf, one.intermediate, one.root)]


def test_a_key_may_go_alone() -> None:
    data = encode_pkcs12(key_of("p256"), [], passphrase=b"x", name="x")
    assert pkcs12.load_pkcs12(data, b"x").cert is None


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-44"])
def test_an_empty_passphrase_is_refused(kind: str) -> None:
    with pytest.raises(PassphraseError):
        encode_pkcs12(key_of(kind), [], passphrase=b"", name="x")


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-44"])
def test_a_passphrase_that_is_no_text_is_refused_and_not_shown(kind: str) -> None:
    with pytest.raises(PassphraseError, match="not in UTF-8") as caught:
        encode_pkcs12(key_of(kind), [], passphrase=b"geheim\xff", name="x")
    assert caught.value.__cause__ is None
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("legacy", [False, True])
def test_a_truststore_marks_each_certificate_as_trusted(
    kind: str, legacy: bool
) -> None:
    one = family(kind)
    data = encode_java_truststore(one.ders, b"changeit", legacy=legacy)
    read = pkcs12.load_pkcs12(data, b"changeit")
    assert read.key is None
    assert [c.friendly_name for c in read.additional_certs] == [
        b"certificate-0",
        b"certificate-1",
        b"certificate-2",
    ]
    assert (TRIPLE_DES in data) == legacy


def test_names_that_come_twice_are_told_apart_as_java_does() -> None:
    names = ["Root", "root", "root-2"]
    ders = [certify(name, key_of("p256"), ca=True).der for name in names]
    data = encode_java_truststore(ders, b"x", names)
    read = pkcs12.load_pkcs12(data, b"x").additional_certs
    assert [c.friendly_name for c in read] == [b"Root", b"root-2", b"root-2-2"]


def test_a_truststore_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="trust nothing"):
        encode_java_truststore([], b"x")


def test_serial_numbers_that_are_wrong_are_written_without_complaint() -> None:
    root = certify("x", key_of("p256"), ca=True, serial_number=5)
    wrong = root.der.replace(der.integer(5), der.encode(der.INTEGER, b"\x00"), 1)
    assert encode_pkcs12(None, [wrong], passphrase=b"x", name="x")
