"""Issuers of CRLs, and what another library makes of the same lists."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from hypothesis import strategies as st

from strategies import key_of_kind
from tlsmith.core.crl import REASONS, CRLParameters, RevokedEntry
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import certificate_authority
from tlsmith.core.subject import distinguished_name

SPAN = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC))
NAME = distinguished_name((ORGANIZATION, "Ümlaut"), (COMMON_NAME, "Revoking CA"))
# What another library can write: times before 1950 it cannot.
times = st.datetimes(
    datetime(1950, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=0))
serial_numbers = st.integers(1, 2**159 - 1)


@cache
def an_issuer(kind: str = "p256") -> Issuer:
    key = key_of_kind(kind)
    return Issuer(self_issue(certificate_authority(NAME, SPAN), key).der, key)


def entries(*, removals: bool = False) -> st.SearchStrategy[RevokedEntry]:
    reasons = [one for one in REASONS if removals or one != "removeFromCRL"]
    return st.builds(
        RevokedEntry,
        serial_numbers,
        times,
        st.none() | st.sampled_from(reasons),
        st.none() | times,
    )


def their_entry(entry: RevokedEntry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(
        entry.serial_number, entry.revocation_date.replace(tzinfo=None)
    )
    if entry.reason not in (None, "unspecified"):
        reason = x509.CRLReason(x509.ReasonFlags(entry.reason))
        builder = builder.add_extension(reason, False)
    if entry.invalidity_date is not None:
        date = x509.InvalidityDate(entry.invalidity_date.replace(tzinfo=None))
        builder = builder.add_extension(date, False)
    return builder.build()


def week(number: int = 1, **fields: object) -> CRLParameters:
    """Parameters of a CRL that is good for a week."""
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)
    return CRLParameters(number, first, last)._replace(**fields)
