"""Certificates whose status nobody tells (RFC 9608)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from authorities import ADMINISTRATOR, Clock, TestCA
from interop.pkilint_findings import rfc5280_findings
from tlsmith.authority.issued import Issued
from tlsmith.authority.policy import load_policy
from tlsmith.core.crl import read_entries, view_crl
from tlsmith.core.oid import NO_REVOCATION_AVAILABLE
from tlsmith.errors import ConfigError
from tlsmith.storage.certificates import REVOKED, by_id

_POLICY = """
[profiles.hours]
extends = "server"
default_lifetime = "12h"
max_lifetime = "24h"
revocation = "none"
"""


def listed(ca: TestCA, path: str) -> set[int]:
    document = ca.authority.publication.document(path)
    assert document is not None
    return {one.serial_number for one in read_entries(view_crl(document.body).entries)}


def issued(ca: TestCA, profile: str) -> Issued:
    ca.authority.set_policy(_POLICY, ADMINISTRATOR)
    return ca.issue("a.test", profile=profile)


def test_it_says_that_there_is_no_status_and_where_its_issuer_is(
    small_ca: TestCA, clock: Clock
) -> None:
    der = issued(small_ca, "hours").chain[0]
    loaded = x509.load_der_x509_certificate(der)
    assert loaded.not_valid_after_utc - clock() <= timedelta(hours=12)
    extension = loaded.extensions.get_extension_for_oid(
        x509.ObjectIdentifier(NO_REVOCATION_AVAILABLE)
    )
    assert not extension.critical
    assert extension.value.public_bytes() == b"\x05\x00"
    oids = {one.oid for one in loaded.extensions}
    assert x509.CRLDistributionPoints.oid not in oids
    assert x509.FreshestCRL.oid not in oids
    access = loaded.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    assert [one.access_method for one in access.value] == [Access.CA_ISSUERS]


def test_others_say_where_their_status_is_as_before(small_ca: TestCA) -> None:
    loaded = x509.load_der_x509_certificate(issued(small_ca, "server").chain[0])
    oids = {one.oid.dotted_string for one in loaded.extensions}
    assert NO_REVOCATION_AVAILABLE not in oids
    access = loaded.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    assert {one.access_method for one in access.value} == {
        *(Access.CA_ISSUERS, Access.OCSP)
    }


@pytest.mark.parametrize("shards", [0, 3])
def test_revoked_it_is_revoked_and_on_no_crl(
    address: str, clock: Clock, shards: int
) -> None:
    ca = TestCA(address, clock, shards=shards)
    short, usual = issued(ca, "hours"), issued(ca, "server")
    before = _numbers(ca)
    ca.authority.revoke(short.number, "keyCompromise", ADMINISTRATOR)
    with ca.authority.storage.read() as connection:
        assert by_id(connection, short.number).status == REVOKED
    # No list changes by it.
    assert ca.authority.refresh_crls() == []
    assert _numbers(ca) == before
    ca.authority.revoke(usual.number, "superseded", ADMINISTRATOR)
    ca.authority.refresh_crls()
    for path in (f"crl/{ca.slug}.crl", f"crl/{ca.slug}-delta.crl"):
        assert listed(ca, path) == {usual.serial_number}
    ca.authority.refresh_crls(force=True)
    assert listed(ca, f"crl/{ca.slug}.crl") == {usual.serial_number}
    ca.close()


def _numbers(ca: TestCA) -> object:
    document = ca.authority.publication.document(f"crl/{ca.slug}.crl")
    return None if document is None else view_crl(document.body).number


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('max_lifetime = "8d"', "7d"),
        ("max_days = 30", "7d"),
        ("must_staple = true", "must_staple"),
        ('must_staple = "on-request"', "must_staple"),
    ],
)
def test_what_cannot_be_without_a_status_is_a_mistake(more: str, said: str) -> None:
    key = more.partition(" ")[0]
    lifetime = "" if key.startswith("max") else 'max_lifetime = "24h"'
    text = f"""
        [profiles.hours]
        extends = "server"
        default_lifetime = "1h"
        revocation = "none"
        {lifetime}
        {more}
    """
    with pytest.raises(ConfigError) as caught:
        load_policy(text)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("profiles.hours.revocation:")
    assert said in mistake


def test_no_ca_is_without_a_status() -> None:
    text = (
        '[profiles.intermediate]\nrevocation = "none"\nmax_days = 5\ndefault_days = 5'
    )
    with pytest.raises(ConfigError) as caught:
        load_policy(text)
    assert any("not for a CA" in one for one in caught.value.mistakes)


def test_a_week_is_no_mistake_and_a_word_is() -> None:
    text = _POLICY.replace('"24h"', '"7d"')
    assert load_policy(text).profile("hours").revocation == "none"
    with pytest.raises(ConfigError):
        load_policy(_POLICY.replace('"none"', '"never"'))


def test_the_extension_is_written_by_its_key_alone() -> None:
    text = _POLICY + (
        "[[profiles.hours.extensions]]\n"
        f'oid = "{NO_REVOCATION_AVAILABLE}"\nvalue = "0500"\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_policy(text)
    assert "revocation" in caught.value.mistakes[0]


@pytest.mark.interop
def test_pkilint_finds_nothing_wrong(small_ca: TestCA) -> None:
    found = [
        one
        for one in rfc5280_findings(issued(small_ca, "hours").chain[0])
        if one.code != "pkix.subject_key_identifier_method_1_identified"
    ]
    assert found == []
