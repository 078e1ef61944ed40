"""OCSP requests, against another library; hostile ones refused in one way."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from core.crl.issuers import an_issuer
from strategies import mangled
from tlsmith.core import der, oid
from tlsmith.core.keys import KINDS, public_key_bits
from tlsmith.core.ocsp import (
    LARGEST_REQUEST,
    CertID,
    OCSPRequest,
    encode_ocsp_request,
    issuer_hashes,
    make_cert_id,
    parse_ocsp_request,
)
from tlsmith.core.ocsp.request import MOST_CERT_IDS, SHA1, SHA256, SHA384, SHA512
from tlsmith.errors import InputError

ALGORITHMS = {
    SHA1: hashes.SHA1(),  # noqa: S303 -- what clients ask with
    SHA256: hashes.SHA256(),
    SHA384: hashes.SHA384(),
    SHA512: hashes.SHA512(),
}
ISSUER = an_issuer().view
serial_numbers = st.integers(1, 2**159 - 1)
nonces = st.none() | st.binary(min_size=1, max_size=128)
NONCE = der.object_identifier(oid.OCSP_NONCE)
ONE = make_cert_id(ISSUER, 77)


def theirs(cert_id: CertID, nonce: bytes | None) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        cert_id.issuer_name_hash,
        cert_id.issuer_key_hash,
        cert_id.serial_number,
        ALGORITHMS[cert_id.hash_algorithm],
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), False)
    return builder.build().public_bytes(Encoding.DER)


@given(st.sampled_from(list(ALGORITHMS)), serial_numbers, nonces)
def test_a_request_is_what_another_library_writes(
    algorithm: str, serial_number: int, nonce: bytes | None
) -> None:
    cert_id = make_cert_id(ISSUER, serial_number, algorithm)
    encoded = encode_ocsp_request([cert_id], nonce)
    assert encoded == theirs(cert_id, nonce)
    assert parse_ocsp_request(encoded) == OCSPRequest((cert_id,), nonce)


@pytest.mark.parametrize("kind", KINDS)
def test_the_hashes_are_those_of_name_and_key(kind: str) -> None:
    view = an_issuer(kind).view
    found = issuer_hashes(view)
    names = {SHA1: "sha1", SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
    for identifier, name in names.items():
        of_name = hashlib.new(name, view.subject).digest()
        of_key = hashlib.new(name, public_key_bits(view.public_key_info)).digest()
        assert found[identifier] == (of_name, of_key)
    certificate = x509.load_der_x509_certificate(view.der)
    builder = ocsp.OCSPRequestBuilder()
    digest = ALGORITHMS[SHA1]
    request = builder.add_certificate(certificate, certificate, digest).build()
    assert request.issuer_name_hash == found[SHA1][0]
    assert request.issuer_key_hash == found[SHA1][1]


def test_what_is_changed_in_the_hashes_stays_with_whoever_changed_it() -> None:
    issuer_hashes(ISSUER).clear()
    assert len(issuer_hashes(ISSUER)) == 4


def test_a_hash_we_do_not_know_is_refused() -> None:
    with pytest.raises(InputError, match=r"1\.2\.3"):
        make_cert_id(ISSUER, 1, "1.2.3")


@given(st.lists(serial_numbers, min_size=1, max_size=MOST_CERT_IDS))
def test_several_are_asked_about_at_once(numbers: list[int]) -> None:
    cert_ids = tuple(make_cert_id(ISSUER, number, SHA256) for number in numbers)
    assert parse_ocsp_request(encode_ocsp_request(cert_ids)).cert_ids == cert_ids


def tagged(number: int, *parts: bytes) -> bytes:
    return der.context(number, *parts, constructed=True)


def extension(identifier: bytes, value: bytes, *, critical: bool = False) -> bytes:
    flag = der.TRUE if critical else b""
    return der.sequence(identifier, flag, der.octet_string(value))


def request(
    *cert_ids: bytes,
    before: bytes = b"",
    extensions: Sequence[bytes] = (),
    single: Sequence[bytes] = (),
    signature: bytes = b"",
) -> bytes:
    more = tagged(0, der.sequence(*single)) if single else b""
    listing = der.sequence(*(der.sequence(one, more) for one in cert_ids))
    wrapped = tagged(2, der.sequence(*extensions)) if extensions else b""
    return der.sequence(der.sequence(before, listing, wrapped), signature)


PREFERRED = der.object_identifier("1.3.6.1.5.5.7.48.1.8")


@pytest.mark.parametrize(
    "encoded",
    [
        request(ONE.der, before=tagged(1, der.context(2, b"me.test"))),
        request(ONE.der, signature=tagged(0, der.sequence(b"\5\0"))),
        request(ONE.der, extensions=[extension(PREFERRED, der.sequence())]),
        request(ONE.der, single=[extension(PREFERRED, der.sequence())]),
    ],
    ids=["requestor", "signature", "extension", "single extension"],
)
def test_what_makes_no_difference_is_passed_by(encoded: bytes) -> None:
    assert len(ocsp.load_der_ocsp_request(encoded).extensions) <= 1
    assert parse_ocsp_request(encoded) == OCSPRequest((ONE,))


def test_what_is_written_though_it_is_the_default_is_passed_by() -> None:
    """It is not DER; but the version is no reason to leave anybody without answer."""
    written = request(ONE.der, before=tagged(0, der.integer(0)))
    assert parse_ocsp_request(written) == OCSPRequest((ONE,))


@pytest.mark.parametrize("size", [1, 16, 32, 128])
def test_a_nonce_is_taken_critical_or_not(size: int) -> None:
    for critical in (False, True):
        value = der.octet_string(b"n" * size)
        nonce = extension(NONCE, value, critical=critical)
        found = parse_ocsp_request(request(ONE.der, extensions=[nonce]))
        assert found.nonce == b"n" * size


@pytest.mark.parametrize("size", [0, 129, 1000])
def test_a_nonce_of_another_length_is_malformed(size: int) -> None:
    """RFC 9654 section 2.1."""
    nonce = extension(NONCE, der.octet_string(b"n" * size))
    with pytest.raises(InputError, match=f"a nonce of {size} octets"):
        parse_ocsp_request(request(ONE.der, extensions=[nonce]))
    with pytest.raises(InputError, match=f"a nonce of {size} octets"):
        encode_ocsp_request([ONE], b"n" * size)


SHA1_ALGORITHM = der.sequence(der.object_identifier(SHA1))
CRITICAL = extension(PREFERRED, der.sequence(), critical=True)
BARE_NONCE = extension(NONCE, b"n" * 16)
HASH = der.octet_string(b"h" * 20)


def cert_id(*parts: bytes) -> bytes:
    return der.sequence(*parts)


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        (b"", "cut short"),
        (der.sequence(), "not the parts"),
        (der.sequence(der.integer(1)), "not the parts"),
        (request(ONE.der, signature=b"\5\0"), "not the parts"),
        (request(ONE.der) + b"\0", "1 bytes follow"),
        (der.sequence(der.sequence()), "not those of RFC 6960"),
        (request(ONE.der, before=tagged(0, der.integer(1))), "not version 1"),
        (request(ONE.der, before=tagged(0)), "cut short"),
        (request(ONE.der, before=tagged(3)), "not those of RFC 6960"),
        (request(), "about no certificate"),
        (request(*[ONE.der] * (MOST_CERT_IDS + 1)), "more than 100"),
        (request(ONE.der, extensions=[CRITICAL]), "critical extension"),
        (request(ONE.der, single=[CRITICAL]), "critical extension"),
        (request(ONE.der, extensions=[BARE_NONCE]), "not DER|tag"),
        (request(ONE.der, extensions=[BARE_NONCE] * 2), "extension twice"),
        (request(der.octet_string(b"")), "a request that is none"),
        (request(cert_id(SHA1_ALGORITHM, HASH, HASH)), "a CertID that is none"),
        (
            request(
                cert_id(SHA1_ALGORITHM, HASH, HASH, der.encode(der.INTEGER, b"\x80"))
            ),
            "negative",
        ),
        (
            request(cert_id(SHA1_ALGORITHM, HASH, HASH, der.integer(2**159))),
            "over 20 octets",
        ),
        (request(cert_id(der.sequence(), HASH, HASH, der.integer(1))), "identifier"),
        (
            request(
                cert_id(
                    der.sequence(der.object_identifier(SHA1), der.integer(1)),
                    HASH,
                    HASH,
                    der.integer(1),
                )
            ),
            "a hash with parameters",
        ),
        (
            request(cert_id(der.sequence(b"\5\0"), HASH, HASH, der.integer(1))),
            "not an OBJECT IDENTIFIER",
        ),
    ],
)
def test_what_is_no_request_is_refused(encoded: bytes, why: str) -> None:
    with pytest.raises(InputError, match=f"not an OCSP request: .*({why})"):
        parse_ocsp_request(encoded)


def test_more_than_anybody_needs_to_ask_is_not_looked_at() -> None:
    assert len(request(*[ONE.der] * MOST_CERT_IDS)) < LARGEST_REQUEST
    with pytest.raises(InputError, match="an OCSP request of 65537 bytes"):
        parse_ocsp_request(bytes(LARGEST_REQUEST + 1))


def test_a_hash_without_parameters_is_answered_as_it_was_asked() -> None:
    """RFC 5754 leaves them out, most clients put a NULL there."""
    bare = cert_id(SHA1_ALGORITHM, HASH, HASH, der.integer(5))
    (found,) = parse_ocsp_request(request(bare)).cert_ids
    assert found == CertID(SHA1, b"h" * 20, b"h" * 20, 5, bare)


RICH = request(
    ONE.der,
    make_cert_id(ISSUER, 2**150, SHA256).der,
    before=tagged(0, der.integer(0)) + tagged(1, der.context(2, b"me.test")),
    single=[extension(PREFERRED, der.sequence())],
    extensions=[extension(NONCE, der.octet_string(b"n" * 32))],
    signature=tagged(0, der.sequence(b"\5\0")),
)


@given(mangled(RICH) | st.binary(max_size=80))
def test_reading_what_is_broken_fails_in_one_way(data: bytes) -> None:
    try:
        found = parse_ocsp_request(data)
    except InputError:
        return
    assert all(one.der in data for one in found.cert_ids)
    assert all(0 <= one.serial_number < 2**159 for one in found.cert_ids)
