"""Certificates and keys in order, and what a person is told of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from authority.adoption.worlds import NOW, run
from chains import END, START, Pair, family
from interop.tools import needs
from tlsmith.authority.adoption.arrange import Arranged, arrange
from tlsmith.authority.adoption.opening import read_certificates
from tlsmith.core.formats.objects import HeldCertificate, HeldKey
from tlsmith.core.formats.parsed import held_certificate, held_key
from tlsmith.core.keys import generate_private_key
from tlsmith.errors import InputError, KeyMismatchError, NotACAError


def _held(pair: Pair, source: str = "'ca.pem'") -> HeldCertificate:
    return held_certificate(pair.der, source)


def _key(pair: Pair, source: str = "'ca.key'") -> HeldKey:
    return held_key(pair.key, source)


def _arranged(
    *pairs: Pair, keys: tuple[Pair, ...] = (), now: datetime = NOW
) -> Arranged:
    return arrange([_held(pair) for pair in pairs], [_key(pair) for pair in keys], now)


@given(st.permutations(["root", "intermediate", "leaf"]))
def test_any_order_becomes_root_first(order: list[str]) -> None:
    one = family()
    pairs = [getattr(one, name) for name in order]
    arranged = _arranged(*pairs, keys=(one.intermediate,))
    assert [ca.certificate for ca in arranged.authorities] == [
        one.root.der,
        one.intermediate.der,
    ]
    assert arranged.authorities[0].private_key is None
    assert arranged.authorities[1].private_key is one.intermediate.key


def test_an_intermediate_without_its_root_says_whose_is_missing() -> None:
    one = family()
    arranged = _arranged(one.intermediate, keys=(one.intermediate,))
    assert [ca.role for ca in arranged.authorities] == ["intermediate"]
    assert any("'CN=Root of app.test'" in note for note in arranged.notes)


def test_two_roots_of_one_name_and_two_keys_are_refused() -> None:
    first, second = (_root("Same") for _ in range(2))
    with pytest.raises(InputError, match="two roots have the name 'CN=Same'") as caught:
        _arranged(first, second, keys=(first,))
    assert caught.value.code == "two-roots"


def test_a_root_that_was_renewed_counts_once_and_longest() -> None:
    older = _root("Renewed", end=START + timedelta(days=100))
    newer = _root("Renewed", key=older.key)
    arranged = _arranged(older, newer, keys=(older,))
    assert [ca.certificate for ca in arranged.authorities] == [newer.der]
    assert any("two certificates of one key" in note for note in arranged.notes)


def test_a_root_of_others_is_left_out_and_told() -> None:
    one, other = family(), family(name="other.test")
    arranged = _arranged(one.root, other.root, keys=(one.root,))
    assert [ca.certificate for ca in arranged.authorities] == [one.root.der]
    assert any("'CN=Root of other.test'" in note for note in arranged.notes)


def test_one_key_too_many_is_left_out_and_told() -> None:
    one, other = family(), family(name="other.test")
    arranged = arrange(
        [_held(one.root)], [_key(one.root), _key(other.root, "'other.key'")], NOW
    )
    assert any("'other.key' belongs to none" in note for note in arranged.notes)


def test_only_a_key_of_another_is_refused() -> None:
    with pytest.raises(KeyMismatchError, match="does not belong"):
        _arranged(family().root, keys=(family(name="other.test").root,))


def test_no_certificate_is_refused() -> None:
    with pytest.raises(NotACAError, match="there are none"):
        _arranged()


def test_cas_that_signed_each_other_are_refused() -> None:
    first, second = generate_private_key(), generate_private_key()
    one = _signed("One", first, Pair(_root("Two", key=second).certificate, second))
    two = _signed("Two", second, one)
    with pytest.raises(InputError, match="in a circle"):
        _arranged(one, two, keys=(one,))


def test_a_chain_of_one_name_that_another_key_signed_is_none() -> None:
    real, false = _root("Twin"), _root("Twin")
    below = _signed("Below", generate_private_key(), false)
    arranged = _arranged(real, below, keys=(below,))
    assert [ca.certificate for ca in arranged.authorities] == [below.der]


def test_expired_and_not_yet_valid_are_told() -> None:
    root = family().root
    late = _arranged(root, keys=(root,), now=END + timedelta(days=1))
    assert any("expired on 2036-01-01" in note for note in late.notes)
    early = _arranged(root, keys=(root,), now=START - timedelta(days=1))
    assert any("valid only from 2026-01-01" in note for note in early.notes)


def test_nothing_is_told_of_a_sound_ca() -> None:
    one = family()
    pairs = (one.root, one.intermediate)
    assert _arranged(*pairs, keys=pairs).notes == ()


def test_weak_keys_are_told() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505
    root = _root("Weak", key=weak)
    assert any("1024 bits" in note for note in _arranged(root, keys=(root,)).notes)
    unusual = _root("Curve", key=ec.generate_private_key(ec.SECP256K1()))
    notes = _arranged(unusual, keys=(unusual,)).notes
    assert any("secp256k1" in note for note in notes)


@pytest.mark.interop
def test_a_broken_hash_is_told_of_intermediates_alone(tmp_path: Path) -> None:
    """Our library makes none such; openssl does, as it did for years."""
    needs("openssl")
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1")
    for name, more in (
        ("Old", ()),
        ("Older", ("-CA", "Old.pem", "-CAkey", "Old.key")),
    ):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "3650")
        run(*request, "-subj", f"/CN={name}", *files, *more, folder=tmp_path)
    both = (tmp_path / "Old.pem").read_bytes() + (tmp_path / "Older.pem").read_bytes()
    arranged = arrange(read_certificates(both, "old.pem"), [], datetime.now(UTC))
    assert [ca.role for ca in arranged.authorities] == ["root", "intermediate"]
    assert [note for note in arranged.notes if "SHA1" in note] == [
        "the intermediate 'CN=Older' is signed with SHA1, which clients refuse"
    ]


def _root(name: str, **how: Any) -> Pair:
    key = how.pop("key", None) or generate_private_key()
    return _signed(name, key, None, **how)


def _signed(
    name: str,
    key: Any,
    issuer: Pair | None,
    *,
    end: datetime = END,
) -> Pair:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
    )
    signer = issuer.key if issuer else key
    return Pair(builder.sign(signer, hashes.SHA256()), key)
