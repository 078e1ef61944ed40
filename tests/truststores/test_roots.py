"""What may be made a trusted root."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from chains import END, START, Pair, certify, family
from tlsmith.core.keys import KINDS, generate_private_key
from tlsmith.errors import InputError, ProfileError
from tlsmith.local import ensure_authority
from tlsmith.truststores import Root, check_root, parse_roots

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _reasons(der: bytes, now: datetime = NOW) -> str:
    with pytest.raises(ProfileError, match="cannot be a trusted root") as caught:
        check_root(Root(der), now, "root.pem")
    assert caught.value.hint
    return "; ".join(caught.value.reasons)


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_of_every_kind_is_good(kind: str) -> None:
    good = certify("Good", generate_private_key(kind), ca=True)
    (warning,) = check_root(Root(good.der), NOW, "root.pem")
    assert "every name" in warning


def test_a_constrained_root_is_no_reason_to_warn(home: Any) -> None:
    authority, _ = ensure_authority(str(home / "tlsmith"), datetime.now(UTC))
    assert check_root(Root(authority.root), datetime.now(UTC), "root.pem") == []


def _with_constraints(
    permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None
) -> bytes:
    limits = x509.NameConstraints(permitted, excluded)
    return _signed(generate_private_key(), hashes.SHA256(), limits)


@pytest.mark.parametrize(
    ("permitted", "excluded", "said"),
    [
        ([x509.DNSName("")], None, "every name there is:"),
        (None, [x509.DNSName("a.test")], "every name there is but those it excludes"),
        ([x509.DNSName("a.test")], None, "every IP address"),
    ],
)
def test_constraints_that_hold_it_to_nothing_are_said(
    permitted: Any, excluded: Any, said: str
) -> None:
    root = Root(_with_constraints(permitted, excluded))
    (doubt,) = check_root(root, NOW, "root.pem")
    assert said in doubt


def test_a_signature_of_long_ago_is_said() -> None:
    der = _signed(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    sha_256, md5 = (bytes.fromhex(f"2a864886f70d0101{end}") for end in ("0b", "04"))
    _, doubt = check_root(Root(der.replace(sha_256, md5)), NOW, "r")
    assert "MD5" in doubt


def test_a_leaf_is_refused() -> None:
    assert "no CA:TRUE" in _reasons(family().leaf.der)
    assert "no CA:TRUE" in _reasons(certify("a.test", generate_private_key()).der)


def test_an_intermediate_is_refused_and_its_root_named() -> None:
    reasons = _reasons(family().intermediate.der)
    assert "not self-signed: CN=Root of app.test signed it" in reasons


def test_one_that_only_looks_self_signed_is_refused() -> None:
    own, other = generate_private_key(), generate_private_key()
    issuer = Pair(certify("Same", other, ca=True).certificate, other)
    assert "its own key did not sign it" in _reasons(
        certify("Same", own, issuer, ca=True).der
    )


def test_an_expired_one_is_refused() -> None:
    good = certify("Good", generate_private_key(), ca=True).der
    assert "expired on 2036-01-01" in _reasons(good, END + timedelta(days=1))
    assert "begins only on 2026-01-01" in _reasons(good, START - timedelta(days=1))


def _signed(
    key: Any,
    hash_: Any,
    usage: x509.KeyUsage | x509.NameConstraints | None = None,
    issuer: x509.Name | None = None,
) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "R")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(START)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, hash_).public_bytes(Encoding.DER)


def test_a_short_key_is_refused() -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- that is the point
    assert "1024 bits is too short" in _reasons(_signed(key, hashes.SHA256()))


def test_a_curve_clients_do_not_read_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    assert "secp256k1" in _reasons(_signed(key, hashes.SHA256()))


def test_sha_1_does_not_matter_where_nobody_relies_on_it() -> None:
    """The library signs nothing with it, and does not check what others did."""
    der = _with_sha_1(_signed(rsa.generate_private_key(65537, 2048), hashes.SHA256()))
    assert check_root(Root(der), NOW, "r")
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Other")])
    der = _with_sha_1(
        _signed(rsa.generate_private_key(65537, 2048), hashes.SHA256(), issuer=issuer)
    )
    assert "CN=Other signed it" in _reasons(der)


def _with_sha_1(der: bytes) -> bytes:
    """Return a certificate that calls its signature RSA with SHA-1 (RFC 8017 A.2.4)."""
    sha_256, sha_1 = (bytes.fromhex(f"2a864886f70d0101{end}") for end in ("0b", "05"))
    return der.replace(sha_256, sha_1)


def test_one_that_may_not_sign_is_refused() -> None:
    flags = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    usage = x509.KeyUsage(digital_signature=True, crl_sign=True, **flags)
    reasons = _reasons(
        _signed(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), usage)
    )
    assert "keyUsage" in reasons


def test_every_reason_is_told_at_once() -> None:
    reasons = _reasons(family().leaf.der, END + timedelta(days=1))
    assert reasons.count(";") == 2


def test_pem_der_and_bundles_are_read() -> None:
    one, other = family().root, family(name="b.test").root
    for data in (one.pem, one.der, one.pem * 2):
        assert parse_roots(data, "f") == ([Root(one.der)], [])
    both, _ = parse_roots(one.pem + other.pem, "f")
    assert both == [Root(one.der), Root(other.der)]


def test_a_private_key_beside_it_is_ignored_with_a_warning() -> None:
    root = family().root
    roots, (warning,) = parse_roots(root.key_pem + root.pem, "both.pem")
    assert roots == [Root(root.der)]
    assert "private key" in warning
    assert root.key_pem.split()[3].decode() not in warning


@pytest.mark.parametrize("data", [b"", b"text", family().root.key_pem])
def test_a_file_without_a_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no certificate in 'f'"):
        parse_roots(data, "f")


def test_what_is_no_certificate_inside_is_refused() -> None:
    with pytest.raises(InputError, match="not a certificate"):
        check_root(Root(b"\x30\x03\x02\x01\x01"), NOW, "f")
