"""Profiles: usages, and how long."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from strategies import NOW, key_of_kind, name_lists
from tlsmith.core.issuer import self_issue
from tlsmith.core.keys import KINDS
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.oid import CLIENT_AUTH, COMMON_NAME, EMAIL_PROTECTION, SERVER_AUTH
from tlsmith.core.profiles import (
    CA_DAYS,
    CRL_SIGN,
    DIGITAL_SIGNATURE,
    KEY_CERT_SIGN,
    KEY_ENCIPHERMENT,
    LOCAL_DAYS,
    LONGEST_LOCAL_DAYS,
    LONGEST_SELF_SIGNED_DAYS,
    SELF_SIGNED_DAYS,
    certificate_authority,
    encode_key_usage,
    end_entity,
    end_entity_key_usage,
    end_entity_usages,
    validity,
)
from tlsmith.core.subject import EMPTY, distinguished_name, subject_for
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import ValidityError

CA_NAME = distinguished_name((COMMON_NAME, "Test CA"))


def a_ca(not_before: datetime, not_after: datetime) -> CertificateView:
    parameters = certificate_authority(CA_NAME, (not_before, not_after))
    return view_certificate(self_issue(parameters, key_of_kind("p256")).der)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def _usage(bits: int) -> set[str]:
    """The names of the bits, once another library has written them the same way."""
    set_to = {name: bool(bits & 0x80 >> at) for at, name in enumerate(_USAGES)}
    theirs = x509.KeyUsage(**set_to, encipher_only=False, decipher_only=False)
    assert theirs.public_bytes() == encode_key_usage(bits)
    return {name for name in _USAGES if set_to[name]}


@pytest.mark.parametrize("kind", KINDS)
def test_only_rsa_keys_encipher_keys(kind: str) -> None:
    """RFC 8410 and 9881 forbid the others to."""
    expected = {"digital_signature"}
    if kind.startswith("rsa"):
        expected.add("key_encipherment")
    assert _usage(end_entity_key_usage(kind)) == expected


@given(st.integers(1, 0x7F).map(lambda bits: bits << 1))
def test_key_usage_is_a_named_bit_list(bits: int) -> None:
    assert len(_usage(bits)) == bits.bit_count()


def test_a_ca_signs_certificates_and_crls_and_nothing_else() -> None:
    parameters = certificate_authority(CA_NAME, (NOW, NOW), path_length=1)
    assert _usage(parameters.key_usage) == {"key_cert_sign", "crl_sign"}
    assert parameters.key_usage == KEY_CERT_SIGN | CRL_SIGN
    assert parameters.extended_key_usage == ()
    assert (parameters.is_ca, parameters.path_length) == (True, 1)


@pytest.mark.parametrize(
    ("names", "client", "usages"),
    [
        (["a.test"], False, (SERVER_AUTH,)),
        (["127.0.0.1"], False, (SERVER_AUTH,)),
        (["urn:x"], False, (SERVER_AUTH,)),
        (["a.test"], True, (SERVER_AUTH, CLIENT_AUTH)),
        (["me@a.test"], False, (EMAIL_PROTECTION,)),
        (["me@a.test"], True, (CLIENT_AUTH, EMAIL_PROTECTION)),
        (["me@a.test", "a.test"], False, (SERVER_AUTH, EMAIL_PROTECTION)),
    ],
)
def test_names_say_what_a_certificate_is_for(
    names: list[str], client: bool, usages: tuple[str, ...]
) -> None:
    parsed = parse_names(names)
    assert end_entity_usages(parsed, client=client) == usages
    made = end_entity(parsed, "p256", (NOW, NOW), client=client)
    assert made.extended_key_usage == usages


@given(name_lists, st.sampled_from(KINDS))
def test_an_end_entity_has_its_names_and_is_no_ca(
    names: tuple[GeneralName, ...], kind: str
) -> None:
    made = end_entity(list(names), kind, (NOW, NOW))
    assert made.names == names
    assert made.subject == subject_for(names)
    assert not made.is_ca
    assert made.key_usage & ~(DIGITAL_SIGNATURE | KEY_ENCIPHERMENT) == 0
    assert end_entity(names, kind, (NOW, NOW), subject=EMPTY).subject == EMPTY


# Validity ---------------------------------------------------------------------------


@given(st.integers(1, 3650))
def test_a_validity_is_of_exactly_the_days_asked_for(days: int) -> None:
    """Both its ends are part of it (RFC 5280 4.1.2.5)."""
    not_before, not_after = validity(NOW, days, longest=3650)
    assert not_after - not_before + timedelta(seconds=1) == timedelta(days=days)
    assert not_before == NOW - timedelta(hours=1)


def test_a_validity_has_no_fraction_of_a_second() -> None:
    not_before, not_after = validity(NOW.replace(microsecond=999999), 1, longest=1)
    assert (not_before.microsecond, not_after.microsecond) == (0, 0)


@pytest.mark.parametrize("days", [-1, 0, 398, 10**9, 10**30])
def test_days_outside_the_bounds_are_refused(days: int) -> None:
    with pytest.raises(ValidityError, match="1 to 397") as caught:
        validity(NOW, days, longest=397)
    assert caught.value.code == "bad-days"


def test_a_validity_fits_in_the_issuers() -> None:
    ca = a_ca(NOW - timedelta(minutes=1), NOW + timedelta(days=3))
    assert validity(NOW, 397, longest=397, within=ca) == (ca.not_before, ca.not_after)
    long = a_ca(NOW - timedelta(days=9), NOW + timedelta(days=999))
    assert validity(NOW, 7, longest=397, within=long) == validity(NOW, 7, longest=397)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=400)])
def test_an_expired_issuer_signs_nothing(late: timedelta) -> None:
    ca = a_ca(NOW - timedelta(days=9), NOW)
    with pytest.raises(ValidityError, match="expired 2026-11-23") as caught:
        validity(NOW + late, 7, longest=397, within=ca)
    assert caught.value.code == "issuer-expired"


@pytest.mark.parametrize("early", [timedelta(seconds=1), timedelta(days=4000)])
def test_an_issuer_of_the_future_signs_nothing(early: timedelta) -> None:
    """Such as when the clock of the machine has been put back."""
    ca = a_ca(NOW, NOW + timedelta(days=9))
    with pytest.raises(ValidityError, match="begins 2026-11-23") as caught:
        validity(NOW - early, 7, longest=397, within=ca)
    assert caught.value.code == "issuer-not-yet"
    assert validity(NOW, 7, longest=397, within=ca)[0] == NOW


def test_nothing_we_make_by_default_is_refused_for_its_length() -> None:
    """CA/B Baseline Requirements 6.3.2, and Apple's own limits."""
    assert LOCAL_DAYS < 200
    assert LONGEST_LOCAL_DAYS <= 398
    assert SELF_SIGNED_DAYS <= LONGEST_SELF_SIGNED_DAYS <= 825
    not_before, not_after = validity(
        datetime(2026, 1, 1, tzinfo=UTC), CA_DAYS, longest=CA_DAYS
    )
    assert not_before < not_after


def test_a_clock_at_the_end_of_time_is_one_clear_error() -> None:
    with pytest.raises(ValidityError, match="after the year 9999"):
        validity(datetime(9999, 6, 1, tzinfo=UTC), 397, longest=397)
