"""Which key belongs to which certificate, and what happens where none does."""

import pytest

from chains import certify, family, key_of
from tlsmith.core.formats import encode_pem
from tlsmith.core.formats.load import load_objects
from tlsmith.core.formats.objects import Objects
from tlsmith.core.formats.selection import Selection, select
from tlsmith.errors import InputError, KeyMismatchError

ONE, TWO = family(), family("p384", "two.test")


def read(data: bytes, source: str = "'in.pem'") -> Objects:
    return load_objects(data, source=source)


def key_info(selection: Selection) -> bytes | None:
    return selection.key.info if selection.key else None


@pytest.mark.parametrize("to", ["combined", "p12", "k8s-secret", "pkcs8", "key-der"])
def test_the_key_of_the_end_entity_is_found_among_others(to: str) -> None:
    objects = read(TWO.leaf.key_pem + ONE.leaf.key_pem + ONE.pem)
    selection = select(objects, to)
    assert key_info(selection) == ONE.leaf.info
    assert selection.private_key is not None
    assert not selection.warnings


@pytest.mark.parametrize("to", ["combined", "p12", "k8s-secret"])
def test_a_key_of_another_certificate_is_refused_naming_both_files(to: str) -> None:
    objects = read(ONE.pem).plus(read(TWO.leaf.key_pem, "'k.pem'"))
    with pytest.raises(KeyMismatchError) as caught:
        select(objects, to)
    for words in ("'k.pem'", "'in.pem'", "'app.test'"):
        assert words in caught.value.message


def test_a_key_of_an_issuer_is_not_the_end_entitys() -> None:
    with pytest.raises(KeyMismatchError):
        select(read(ONE.pem + ONE.intermediate.key_pem), "p12")


def test_a_key_beside_a_bundle_of_roots_belongs_to_none() -> None:
    objects = read(ONE.root.pem + TWO.root.pem + ONE.leaf.key_pem)
    with pytest.raises(KeyMismatchError, match="no certificate"):
        select(objects, "p12")


@pytest.mark.parametrize("to", ["der", "p7b", "jks-truststore", "chain"])
def test_formats_without_a_key_check_it_only_when_told_to(to: str) -> None:
    objects = read(ONE.pem + TWO.leaf.key_pem)
    assert select(objects, to).ordered.chain
    with pytest.raises(KeyMismatchError):
        select(objects, to, check_key=True)
    assert key_info(select(read(ONE.pem), to, check_key=True)) is None


@pytest.mark.parametrize("to", ["combined", "k8s-secret", "pkcs8", "key-der", "pkcs1"])
def test_formats_that_need_a_key_say_so(to: str) -> None:
    with pytest.raises(InputError, match=r"'in\.pem' has no private key") as caught:
        select(read(ONE.pem), to)
    assert caught.value.code == "no-private-key"
    assert "--key" in str(caught.value.hint)


def test_without_certificates_the_message_does_without_a_name() -> None:
    public = encode_pem("PUBLIC KEY", ONE.leaf.info)
    with pytest.raises(InputError, match="the input has no private key"):
        select(read(public), "pkcs8")


def test_pkcs12_does_without_a_key() -> None:
    assert select(read(ONE.pem), "p12").private_key is None


def test_a_key_alone_needs_no_certificate() -> None:
    assert key_info(select(read(ONE.leaf.key_pem), "pkcs8")) == ONE.leaf.info
    assert key_info(select(read(ONE.leaf.key_pem), "der")) == ONE.leaf.info


def test_a_key_taken_from_beside_another_certificate_is_warned_of() -> None:
    selection = select(read(ONE.pem + TWO.leaf.key_pem), "pkcs8")
    assert key_info(selection) == TWO.leaf.info
    assert "does not belong" in selection.warnings[0]


@pytest.mark.parametrize(
    "pem", [b"", ONE.root.pem + TWO.root.pem], ids=["alone", "beside"]
)
def test_of_several_keys_none_is_guessed(pem: bytes) -> None:
    third = certify("x", key_of("p521"))
    objects = read(pem + ONE.leaf.key_pem + third.key_pem)
    with pytest.raises(InputError, match="2 private keys") as caught:
        select(objects, "pkcs8")
    assert caught.value.code == "several-keys"


def test_a_key_beside_a_bundle_of_roots_may_be_taken_alone() -> None:
    selection = select(read(ONE.root.pem + TWO.root.pem + ONE.leaf.key_pem), "pkcs8")
    assert key_info(selection) == ONE.leaf.info
    assert not selection.warnings
