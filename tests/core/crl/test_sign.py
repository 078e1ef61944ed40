"""CRLs, byte for byte as another library builds them, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from core.crl.issuers import (
    NAME,
    SPAN,
    an_issuer,
    entries,
    serial_numbers,
    their_entry,
    times,
    week,
)
from strategies import key_of_kind, uri_texts
from tlsmith.core.crl import (
    CRLParameters,
    RevokedEntry,
    encode_entry,
    sign_crl,
)
from tlsmith.core.csr import request_hash
from tlsmith.core.extension_values import OnlyContains
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import KINDS
from tlsmith.core.names import parse_name
from tlsmith.core.profiles import KEY_CERT_SIGN, certificate_authority
from tlsmith.errors import InputError, NotCRLSignerError

REMOVAL = RevokedEntry(7, SPAN[0], "removeFromCRL")
scopes: st.SearchStrategy[OnlyContains | None] = st.sampled_from([None, "user", "ca"])
places = st.lists(uri_texts, max_size=3).map(tuple)


@st.composite
def parameters(draw: st.DrawFn) -> CRLParameters:
    """Parameters of complete CRLs and deltas, of all certificates and of some."""
    first, last = sorted(draw(st.lists(times, min_size=2, max_size=2, unique=True)))
    number = draw(serial_numbers)
    base = draw(st.none() | st.integers(0, number))
    freshest = draw(places) if base is None else ()
    return CRLParameters(
        number, first, last, base, draw(places), draw(scopes), freshest
    )


def point(urls: Sequence[str]) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(parse_name(url).value) for url in urls]


def built(
    issuer: Issuer, kind: str, wanted: CRLParameters, listed: Sequence[RevokedEntry]
) -> x509.CertificateRevocationList:
    key = key_of_kind(kind)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name.from_bytes(issuer.view.subject))
        .last_update(wanted.this_update)
        .next_update(wanted.next_update)
        .add_extension(authority, False)
        .add_extension(x509.CRLNumber(wanted.number), False)
    )
    if wanted.base_number is not None:
        delta = x509.DeltaCRLIndicator(wanted.base_number)
        builder = builder.add_extension(delta, True)
    if wanted.distribution_point or wanted.only_contains:
        scope = x509.IssuingDistributionPoint(
            full_name=point(wanted.distribution_point) or None,
            relative_name=None,
            only_contains_user_certs=wanted.only_contains == "user",
            only_contains_ca_certs=wanted.only_contains == "ca",
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        builder = builder.add_extension(scope, True)
    if wanted.freshest:
        where = x509.DistributionPoint(point(wanted.freshest), None, None, None)
        builder = builder.add_extension(x509.FreshestCRL([where]), False)
    for entry in listed:
        builder = builder.add_revoked_certificate(their_entry(entry))
    return builder.sign(key, request_hash(key))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(wanted=parameters(), data=st.data())
def test_a_crl_is_byte_for_byte_what_the_library_builds(
    kind: str, wanted: CRLParameters, data: st.DataObject
) -> None:
    removals = wanted.base_number is not None
    listed = data.draw(st.lists(entries(removals=removals), max_size=5))
    issuer = an_issuer(kind)
    crl = sign_crl(issuer, wanted, map(encode_entry, listed))
    found = x509.load_der_x509_crl(crl)
    expected = built(issuer, kind, wanted, listed)
    assert found.tbs_certlist_bytes == expected.tbs_certlist_bytes
    assert found.signature_algorithm_oid == expected.signature_algorithm_oid
    public_key = load_der_public_key(issuer.view.public_key_info)
    assert found.is_signature_valid(public_key)  # type: ignore[arg-type]


def test_joined_entries_are_the_same_as_single_ones() -> None:
    issuer = an_issuer("ed25519")  # whose signatures are the same each time
    listed = [encode_entry(RevokedEntry(number, SPAN[0])) for number in (1, 2, 300)]
    assert sign_crl(issuer, week(), listed) == sign_crl(
        issuer, week(), b"".join(listed)
    )


@pytest.mark.parametrize("size", [0, 1, 3, 300, 2000])
def test_a_list_of_any_length_is_read_whole(size: int) -> None:
    listed = [RevokedEntry(number + 1, SPAN[0], "superseded") for number in range(size)]
    crl = x509.load_der_x509_crl(
        sign_crl(an_issuer(), week(), map(encode_entry, listed))
    )
    assert [one.serial_number for one in crl] == [one.serial_number for one in listed]


def test_an_empty_list_has_no_field_of_entries() -> None:
    """RFC 5280 5.1.2.6."""
    empty, joined = (sign_crl(an_issuer("ed25519"), week(), some) for some in ([], b""))
    assert empty == joined
    assert len(x509.load_der_x509_crl(empty)) == 0


def test_an_issuer_that_may_not_sign_crls_signs_none() -> None:
    key = key_of_kind("p256")
    authority = certificate_authority(NAME, SPAN)._replace(key_usage=KEY_CERT_SIGN)
    issuer = Issuer(self_issue(authority, key).der, key)
    with pytest.raises(NotCRLSignerError, match="may not sign CRLs"):
        sign_crl(issuer, week(), [])


def test_an_issuer_whose_usage_is_not_limited_signs_crls() -> None:
    key = key_of_kind("p256")
    authority = certificate_authority(NAME, SPAN)._replace(key_usage=0)
    issuer = Issuer(self_issue(authority, key).der, key)
    crl = x509.load_der_x509_crl(sign_crl(issuer, week(), []))
    assert crl.issuer == x509.Name.from_bytes(NAME)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"number": -1}, "negative"),
        ({"number": 2**159}, "20 octets"),
        ({"next_update": week().this_update}, "next one is due"),
        ({"next_update": week().this_update - timedelta(1)}, "next one is due"),
        ({"base_number": 2}, "a later one"),
        ({"base_number": -1}, "a later one"),
        ({"base_number": 1, "freshest": ("http://a.test/",)}, "names a delta"),
        ({"distribution_point": ("a.test",)}, "not a URL"),
    ],
)
def test_what_contradicts_itself_is_not_signed(
    wrong: dict[str, object], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        sign_crl(an_issuer(), week(**wrong), [])


def test_only_a_delta_takes_certificates_off() -> None:
    """RFC 5280 5.3.1."""
    listed = [encode_entry(RevokedEntry(1, SPAN[0])), encode_entry(REMOVAL)]
    with pytest.raises(InputError, match="removeFromCRL"):
        sign_crl(an_issuer(), week(), listed)
    delta = week(number=2, base_number=1)
    crl = x509.load_der_x509_crl(sign_crl(an_issuer(), delta, listed))
    assert [one.serial_number for one in crl] == [1, 7]


def test_a_serial_number_that_looks_like_a_removal_is_none() -> None:
    """Whoever chooses serial numbers must not be able to stop revocation."""
    inside = encode_entry(REMOVAL)[-14:]
    entry = RevokedEntry(int.from_bytes(b"\1" + inside), SPAN[0])
    encoded = encode_entry(entry)
    assert inside in encoded
    crl = x509.load_der_x509_crl(sign_crl(an_issuer(), week(), [encoded]))
    assert [one.serial_number for one in crl] == [entry.serial_number]


def test_fractions_of_a_second_are_left_out() -> None:
    """RFC 5280 5.1.2.4: no time of a CRL has any."""
    moment = datetime(2026, 1, 1, 1, 2, 3, 999999, tzinfo=SPAN[0].tzinfo)
    crl = x509.load_der_x509_crl(
        sign_crl(
            an_issuer(),
            week(this_update=moment),
            [encode_entry(RevokedEntry(1, moment, "superseded", moment))],
        )
    )
    assert crl.last_update_utc == moment.replace(microsecond=0)
    assert next(iter(crl)).revocation_date_utc == moment.replace(microsecond=0)
