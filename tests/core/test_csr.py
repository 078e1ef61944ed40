"""Requests: what we make others read, what others make we judge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import key_of_kind, keys, mangled, name_lists
from tlsmith.core import der
from tlsmith.core.csr import encode_request, parse_request, request_hash
from tlsmith.core.keys import KINDS, public_key_info
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.subject import EMPTY, distinguished_name, subject_for
from tlsmith.errors import InputError, ProfileError

NAMES = parse_names(["a.test", "10.0.0.1"])
P256 = key_of_kind("p256")
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505


def a_request(
    *names: x509.GeneralName,
    key: Any = P256,
    common_names: tuple[str, ...] = (),
    digest: Any = "usual",
) -> bytes:
    """A request as another tool makes it."""
    subject = [
        x509.NameAttribute(x509.NameOID.COMMON_NAME, common) for common in common_names
    ]
    builder = x509.CertificateSigningRequestBuilder(x509.Name(subject))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    digest = request_hash(key) if digest == "usual" else digest
    return builder.sign(key, digest).public_bytes(Encoding.DER)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_of_every_kind_of_key_is_read_back(kind: str) -> None:
    key = key_of_kind(kind)
    data = encode_request(NAMES, key, subject=subject_for(NAMES))
    found = parse_request(data)
    assert found.names == NAMES
    assert public_key_info(found.public_key) == public_key_info(key.public_key())


@given(name_lists, keys, st.booleans(), st.booleans())
def test_parsing_a_request_undoes_encoding_it(
    names: tuple[GeneralName, ...], key: Any, client: bool, bare: bool
) -> None:
    subject = EMPTY if bare else distinguished_name((COMMON_NAME, "x"))
    data = encode_request(names, key, subject=subject, client=client)
    assert parse_request(data).names == names
    request = x509.load_der_x509_csr(data)
    assert request.is_signature_valid
    assert request.subject.public_bytes() == subject
    alternative = request.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert alternative.critical == bare
    usages = [found.oid for found in request.extensions]
    assert (x509.ExtensionOID.EXTENDED_KEY_USAGE in usages) == client


def test_pem_is_read_as_der_is() -> None:
    data = encode_request(NAMES, P256, subject=EMPTY)
    pem = x509.load_der_x509_csr(data).public_bytes(Encoding.PEM)
    assert parse_request(pem).names == NAMES
    assert parse_request(b"Some words before it\n" + pem).names == NAMES


def test_names_of_others_come_out_in_our_form_and_once() -> None:
    data = a_request(
        x509.DNSName("A.Test"),
        x509.DNSName("a.test"),
        x509.RFC822Name("Me@A.test"),
        x509.UniformResourceIdentifier("https://A.test/X"),
    )
    assert parse_request(data).names == parse_names(
        ["a.test", "Me@a.test", "https://a.test/X"]
    )


def test_without_names_the_common_name_is_one() -> None:
    """Old tools put the host there alone."""
    assert parse_request(a_request(common_names=("A.test",))).names == parse_names(
        ["a.test"]
    )
    both = a_request(x509.DNSName("b.test"), common_names=("a.test",))
    assert parse_request(both).names == parse_names(["b.test"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (a_request(), "names: there are none"),
        (a_request(common_names=("Acme Ltd",)), "common name: not a DNS name"),
        (a_request(x509.DNSName("a_b.test")), "names: not a DNS name"),
        (a_request(x509.DNSName("")), "names: not a name"),
        (a_request(x509.DNSName("10.0.0.1")), "'10.0.0.1' is put in as a dns name"),
        (a_request(x509.DNSName("me@a.test")), "is put in as a dns name and is none"),
        (a_request(x509.UniformResourceIdentifier("a.test")), "put in as a uri name"),
        (
            a_request(x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))),
            "names: a RegisteredID is not a name we sign",
        ),
        (
            a_request(x509.DNSName("a.test"), key=WEAK),
            "key: an RSA key of 1024 bits",
        ),
        (
            a_request(
                x509.DNSName("a.test"),
                key=ec.generate_private_key(ec.SECP256K1()),
                digest=hashes.SHA256(),
            ),
            "key: a key of kind secp256k1",
        ),
    ],
)
def test_a_request_that_cannot_be_signed_is_told_why(data: bytes, reason: str) -> None:
    with pytest.raises(ProfileError, match="cannot be signed") as caught:
        parse_request(data)
    assert any(reason in found for found in caught.value.reasons)
    assert "tlsmith csr" in str(caught.value.hint)


def test_every_reason_is_given_at_once() -> None:
    data = bytearray(
        a_request(
            x509.DNSName("a_b"), x509.DNSName("a.test"), x509.DNSName("-"), key=WEAK
        )
    )
    data[-1] ^= 1
    with pytest.raises(ProfileError) as caught:
        parse_request(bytes(data))
    kinds = [reason.partition(":")[0] for reason in caught.value.reasons]
    assert kinds == ["signature", "key", "names", "names"]


def test_a_request_signed_with_md5_is_refused_for_that() -> None:
    rsa_key = key_of_kind("rsa2048")
    data = a_request(x509.DNSName("a.test"), key=rsa_key, digest=hashes.SHA256())
    sha256, md5 = (
        der.object_identifier(f"1.2.840.113549.1.1.{last}") for last in (11, 4)
    )
    assert data.count(sha256) == 1
    with pytest.raises(ProfileError) as caught:
        parse_request(data.replace(sha256, md5))
    assert caught.value.reasons == (
        "signature: made with MD5, which proves nothing any more",
    )


def test_a_request_signed_by_another_key_is_refused() -> None:
    one = list(der.children(der.only(a_request(x509.DNSName("a.test")), 0x30).content))
    other_key = key_of_kind("p384")
    other = a_request(x509.DNSName("a.test"), key=other_key, digest=hashes.SHA256())
    two = list(der.children(der.only(other, 0x30).content))
    swapped = der.sequence(one[0].whole, two[1].whole, two[2].whole)
    with pytest.raises(ProfileError) as caught:
        parse_request(swapped)
    assert caught.value.reasons == ("signature: not made with the key in the request",)


def test_a_signature_of_an_unknown_algorithm_is_a_fault_of_the_request() -> None:
    info, _, signature = der.children(
        der.only(a_request(x509.DNSName("a.test")), 0x30).content
    )
    unknown = der.sequence(der.object_identifier("1.2.3.4"))
    data = der.sequence(info.whole, unknown, signature.whole)
    with pytest.raises(ProfileError, match="cannot be signed") as caught:
        parse_request(data)
    assert caught.value.reasons[0].startswith("signature:")


def _with_names(value: bytes) -> bytes:
    """A request, signed, whose subjectAltName holds `value`."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), value)
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    request = builder.add_extension(unknown, False).sign(P256, hashes.SHA256())
    return request.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\4\0",
        der.sequence(der.context(2, b"\xff")),
        der.sequence(der.context(7, b"\1")),
        der.sequence(der.context(3, der.sequence(), constructed=True)),  # x400Address
    ],
    ids=bytes.hex,
)
def test_names_that_cannot_be_read_are_a_fault_of_the_request(value: bytes) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_request(_with_names(value))
    assert caught.value.reasons == (
        "names: the subjectAltName of the request cannot be read",
    )


def _with_field(number: int, field: bytes) -> bytes:
    """A request one of whose fields holds something else."""
    info, *rest = der.children(
        der.only(a_request(x509.DNSName("a.test")), 0x30).content
    )
    fields = [part.whole for part in der.children(info.content)]
    fields[number] = field
    return der.sequence(der.sequence(*fields), *(part.whole for part in rest))


@pytest.mark.parametrize(
    "data",
    [
        _with_field(0, der.integer(7)),  # a version
        _with_field(1, der.sequence(der.sequence())),  # a subject
        _with_field(2, der.sequence()),  # a key
        b"",
        b"nonsense",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        a_request(x509.DNSName("a.test"))[:-3],
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a certification request") as caught:
        parse_request(data)
    assert caught.value.code == "bad-request"


def test_a_certificate_is_no_request() -> None:
    name = x509.Name([])
    when = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, P256.public_key(), 1, when, when)
    certificate = builder.sign(P256, hashes.SHA256())
    for encoding in (Encoding.PEM, Encoding.DER):
        with pytest.raises(InputError, match="not a certification request"):
            parse_request(certificate.public_bytes(encoding))


@settings(max_examples=500)
@given(mangled(encode_request(NAMES, P256, subject=subject_for(NAMES))))
def test_a_mangled_request_fails_but_as_bad_input(data: bytes) -> None:
    try:
        parse_request(data)
    except (InputError, ProfileError):
        return
    # Nothing that is signed may change unseen.
    good = der.only(encode_request(NAMES, P256, subject=subject_for(NAMES)), 0x30)
    first = der.only(data, 0x30)
    assert next(der.children(first.content)) == next(der.children(good.content))


def test_a_key_that_brings_its_own_hash_gets_none() -> None:
    assert isinstance(request_hash(key_of_kind("p256")), hashes.SHA256)
    assert isinstance(request_hash(key_of_kind("p384")), hashes.SHA384)
    assert isinstance(request_hash(key_of_kind("p521")), hashes.SHA512)
    assert isinstance(request_hash(key_of_kind("rsa2048")), hashes.SHA256)
    assert request_hash(key_of_kind("ed25519")) is None
    assert request_hash(key_of_kind("ml-dsa-65")) is None
