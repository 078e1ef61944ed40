"""Who signed a certificate or a CRL, whatever the kind of key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, NameOID

from chains import family
from tlsmith.core import der
from tlsmith.core.crl import CRLParameters, sign_crl
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import KINDS, generate_private_key, public_key_info
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority
from tlsmith.core.signed import verify_signed_by
from tlsmith.core.subject import distinguished_name
from tlsmith.errors import InputError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SPAN = NOW, NOW + timedelta(days=9)


def _root(kind: str) -> tuple[bytes, Issuer]:
    key = generate_private_key(kind)
    parameters = certificate_authority(distinguished_name((COMMON_NAME, "R")), SPAN)
    certificate = self_issue(parameters, key).der
    return certificate, Issuer(certificate, key)


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "rsa4096"])
def test_every_kind_of_key(kind: str) -> None:
    certificate, issuer = _root(kind)
    crl = sign_crl(issuer, CRLParameters(1, *SPAN), ())
    other = public_key_info(generate_private_key(kind).public_key())
    for signed in (certificate, crl):
        verify_signed_by(signed, issuer.view.public_key_info, "it")
        with pytest.raises(InputError, match="does not hold: it is another key's"):
            verify_signed_by(signed, other, "it")


@pytest.mark.parametrize("place", [-1, 40, 120])
def test_a_changed_byte_shows(place: int) -> None:
    certificate, issuer = _root("p256")
    changed = bytearray(certificate)
    changed[place] ^= 1
    with pytest.raises(InputError):
        verify_signed_by(bytes(changed), issuer.view.public_key_info, "it")


def test_a_key_of_another_kind_did_not_sign_it() -> None:
    certificate, _ = _root("p256")
    other = public_key_info(generate_private_key("ed25519").public_key())
    with pytest.raises(InputError) as caught:
        verify_signed_by(certificate, other, "it")
    assert caught.value.code == "bad-signature"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30", b"nonsense", b"\x30\x00", der.sequence(der.sequence())],
)
def test_what_is_nothing_signed_is_refused(data: bytes) -> None:
    _, issuer = _root("p256")
    with pytest.raises(InputError):
        verify_signed_by(data, issuer.view.public_key_info, "it")


def test_what_follows_the_end_is_refused() -> None:
    certificate, issuer = _root("p256")
    with pytest.raises(InputError, match="it cannot be read"):
        verify_signed_by(certificate + b"\0", issuer.view.public_key_info, "it")


def test_md5_proves_nothing() -> None:
    """Signed by OpenSSL of old; here its algorithm is written into a good one."""
    key = generate_private_key("rsa2048")
    name = Name([NameAttribute(NameOID.COMMON_NAME, "R")])
    made = (
        CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[arg-type]
        .serial_number(1)
        .not_valid_before(SPAN[0])
        .not_valid_after(SPAN[1])
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    from cryptography.hazmat.primitives.serialization import Encoding

    data = made.public_bytes(Encoding.DER)
    sha256 = der.object_identifier("1.2.840.113549.1.1.11")
    md5 = der.object_identifier("1.2.840.113549.1.1.4")
    assert len(sha256) == len(md5)
    forged = data.replace(sha256, md5)
    with pytest.raises(InputError, match="proves nothing"):
        verify_signed_by(forged, public_key_info(key.public_key()), "it")


def test_signatures_of_the_library_hold() -> None:
    one = family()
    info = public_key_info(one.root.key.public_key())
    verify_signed_by(one.intermediate.der, info, "it")
