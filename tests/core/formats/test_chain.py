"""Certificates in order, whatever order they came in."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from chains import EVERY_KIND, START, Pair, certify, family, key_of
from tlsmith.core import der
from tlsmith.core.formats.chain import (
    Ordered,
    is_ca,
    is_self_signed,
    order_certificates,
    public_info,
)
from tlsmith.core.formats.parsed import held_certificate
from tlsmith.core.keys import generate_private_key, signer_of


def order(ders: Sequence[bytes], *keys: bytes) -> Ordered:
    return order_certificates([held_certificate(one, "x") for one in ders], keys)


def chain(ordered: Ordered) -> list[bytes]:
    return [one.der for one in ordered.chain]


def others(ordered: Ordered) -> list[bytes]:
    return [one.der for one in ordered.others]


@given(st.permutations([0, 1, 2]))
def test_a_jumbled_chain_is_put_in_order(places: list[int]) -> None:
    one = family()
    ordered = order([one.ders[place] for place in places])
    assert chain(ordered) == one.ders
    assert ordered.has_root
    assert [c.der for c in ordered.without_root] == one.ders[:2]
    assert not ordered.others


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_of_key_is_put_in_order(kind: str) -> None:
    root = certify("Root", key_of(kind), ca=True)
    leaf = certify("app.test", key_of("p256"), root)
    assert chain(order([root.der, leaf.der])) == [leaf.der, root.der]
    assert is_self_signed(root.certificate)
    assert not is_self_signed(leaf.certificate)


def test_without_its_root_a_chain_is_kept_whole() -> None:
    one = family()
    ordered = order([one.intermediate.der, one.leaf.der])
    assert not ordered.has_root
    assert [c.der for c in ordered.without_root] == one.ders[:2]


def test_a_certificate_that_signed_itself_is_a_chain_of_one() -> None:
    alone = certify("localhost", key_of("p256"))
    ordered = order([alone.der])
    assert ordered.has_root
    assert [c.der for c in ordered.without_root] == [alone.der]


def test_the_same_name_is_not_enough_to_be_an_issuer() -> None:
    one = family()
    impostor = certify("Root of app.test", generate_private_key(), ca=True)
    ordered = order([impostor.der, one.leaf.der, one.intermediate.der])
    assert chain(ordered) == one.ders[:2]
    assert others(ordered) == [impostor.der]


def test_a_bundle_of_roots_is_left_as_it_came() -> None:
    roots = [certify(f"Root {n}", generate_private_key(), ca=True) for n in "cab"]
    ordered = order([root.der for root in roots])
    assert chain(ordered) == []
    assert [c.der for c in ordered.all] == [root.der for root in roots]
    assert not ordered.has_root
    assert ordered.without_root == ()


def test_of_a_ca_chain_the_lowest_comes_first() -> None:
    one = family()
    ordered = order([one.root.der, one.intermediate.der])
    assert chain(ordered) == [one.intermediate.der, one.root.der]


def test_of_two_servers_the_first_is_taken() -> None:
    one, two = family(), family("p384", "two.test")
    ordered = order([one.root.der, two.leaf.der, one.leaf.der, one.intermediate.der])
    assert chain(ordered) == [two.leaf.der]
    assert others(ordered) == [one.root.der, one.leaf.der, one.intermediate.der]


def test_the_key_says_which_of_two_servers_is_meant() -> None:
    one, two = family(), family("p384", "two.test")
    ordered = order([two.leaf.der, *one.ders], one.leaf.info)
    assert chain(ordered) == one.ders
    assert others(ordered) == [two.leaf.der]


def test_of_two_certificates_with_one_key_the_newer_is_taken() -> None:
    one = family()
    newer = certify(
        "app.test", one.leaf.key, one.intermediate, start=START + timedelta(days=1)
    )
    ordered = order([one.leaf.der, newer.der, one.intermediate.der], one.leaf.info)
    assert chain(ordered) == [newer.der, one.intermediate.der]
    assert others(ordered) == [one.leaf.der]


def test_a_key_of_an_issuer_does_not_make_it_the_end_entity() -> None:
    one = family()
    assert chain(order(one.ders, one.root.info)) == one.ders


def test_a_cross_signed_issuer_is_preferred_to_a_root_for_old_clients() -> None:
    old = certify("Old root", generate_private_key(), ca=True)
    new = certify("New root", generate_private_key(), ca=True)
    crossed = certify("New root", new.key, old, ca=True)
    leaf = certify("app.test", key_of("p256"), new)
    for ders in itertools.permutations([new.der, crossed.der, leaf.der, old.der]):
        ordered = order(ders)
        assert chain(ordered) == [leaf.der, crossed.der, old.der]
        assert others(ordered) == [new.der]


def test_issuers_that_signed_each_other_end() -> None:
    one = certify("One", generate_private_key(), ca=True)
    two = certify("Two", generate_private_key(), ca=True)
    by_two = certify("One", one.key, two, ca=True)
    by_one = certify("Two", two.key, one, ca=True)
    leaf = certify("app.test", key_of("p256"), one)
    ordered = order([by_one.der, by_two.der, leaf.der])
    assert chain(ordered) == [leaf.der, by_two.der, by_one.der]


def version_1(issuer: Pair | None = None) -> x509.Certificate:
    """A certificate of version 1, which has no extensions."""
    pair = certify("x", key_of("p256"), issuer, extensions=False)
    tbs, algorithm, _ = der.children(der.read(pair.der)[0].content)
    _version, *fields = der.children(tbs.content)
    old = der.sequence(*(field.whole for field in fields))
    _, sign = signer_of(pair.key if issuer is None else issuer.key)
    signature = der.bit_string(sign(old))
    return x509.load_der_x509_certificate(der.sequence(old, algorithm.whole, signature))


def test_a_root_of_version_1_is_a_ca() -> None:
    assert version_1().version == x509.Version.v1
    assert is_ca(version_1())
    assert not is_ca(version_1(family().root))


def test_a_certificate_without_extensions_is_no_cas() -> None:
    assert not is_ca(certify("x", key_of("p256"), extensions=False).certificate)


def test_extensions_that_cannot_be_read_make_no_ca() -> None:
    root = certify("x", key_of("p256"), ca=True)
    assert is_ca(root.certificate)
    constraints = bytes.fromhex("300f0603551d130101ff040530030101ff")
    spoilt = root.der.replace(constraints, constraints[:-1] + b"\x01")
    assert spoilt != root.der
    assert not is_ca(x509.load_der_x509_certificate(spoilt))


def test_a_key_of_a_kind_nobody_knows_is_none() -> None:
    leaf = family().leaf
    assert public_info(leaf.certificate) == leaf.info
    curve = der.object_identifier("1.2.840.10045.3.1.7")
    other = der.object_identifier("1.2.840.10045.3.1.5")
    spoilt = leaf.certificate.public_bytes(Encoding.DER).replace(curve, other)
    assert public_info(x509.load_der_x509_certificate(spoilt)) is None


def old_certificate(kind: str, oid: str, digest: hashes.HashAlgorithm) -> bytes:
    """A certificate signed by its own key with a hash that nobody uses any more."""
    pair = certify("Old root", key_of(kind), ca=True)
    now_used = "1.2.840.113549.1.1.11" if kind == "rsa2048" else "1.2.840.10045.4.3.2"
    current, old = der.object_identifier(now_used), der.object_identifier(oid)
    tbs, algorithm, _ = der.children(der.read(pair.der)[0].content)
    fields = (
        der.sequence(field.content.replace(current, old))
        if field.content.startswith(current)
        else field.whole
        for field in der.children(tbs.content)
    )
    signed = der.sequence(*fields)
    rsa_way = (padding.PKCS1v15(), digest) if kind == "rsa2048" else (ec.ECDSA(digest),)
    signature = der.bit_string(pair.key.sign(signed, *rsa_way))
    named = der.sequence(algorithm.content.replace(current, old))
    return der.sequence(signed, named, signature)


@pytest.mark.parametrize(
    ("kind", "oid", "digest"),
    [
        ("rsa2048", "1.2.840.113549.1.1.5", hashes.SHA1()),  # noqa: S303
        ("rsa2048", "1.2.840.113549.1.1.4", hashes.MD5()),  # noqa: S303
        ("p256", "1.2.840.10045.4.1", hashes.SHA1()),  # noqa: S303
    ],
)
def test_roots_older_than_sha256_are_known_as_roots(
    kind: str, oid: str, digest: hashes.HashAlgorithm
) -> None:
    old = old_certificate(kind, oid, digest)
    assert is_self_signed(x509.load_der_x509_certificate(old))
    spoilt = bytearray(old)
    spoilt[-1] ^= 1
    assert not is_self_signed(x509.load_der_x509_certificate(bytes(spoilt)))
    leaf = certify("app.test", key_of("p384"), Pair(_load(old), key_of(kind)))
    assert chain(order([old, leaf.der])) == [leaf.der, old]


def _load(data: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(data)


@pytest.mark.parametrize("kind", ["p384", "ed25519", "rsa2048"])
def test_a_key_of_another_kind_signed_nothing(kind: str) -> None:
    one = family()
    impostor = certify("Root of app.test", key_of(kind), ca=True)
    assert chain(order([impostor.der, *one.ders])) == one.ders
