"""Further extensions, byte for byte as another library writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from hypothesis import given
from hypothesis import strategies as st

from strategies import uri_texts
from tlsmith.core import der
from tlsmith.core.extension_values import (
    Extension,
    authority_information_access,
    certificate_policies,
    crl_distribution_points,
    freshest_crl,
    issuing_distribution_point,
    ocsp_no_check,
    tls_feature,
)
from tlsmith.core.names import parse_name
from tlsmith.errors import InputError

URLS = ["http://ca.test/crl/7", "http://[::1]:8080/crl/7"]
urls = st.lists(uri_texts, min_size=1, max_size=4)


def uris(texts: Sequence[str]) -> list[x509.GeneralName]:
    values = [parse_name(text).value for text in texts]
    return [x509.UniformResourceIdentifier(value) for value in values]


def points(texts: Sequence[str]) -> list[x509.DistributionPoint]:
    return [x509.DistributionPoint(uris(texts), None, None, None)]


def assert_the_same(
    ours: Extension, theirs: x509.ExtensionType, *, critical: bool = False
) -> None:
    assert ours.value == theirs.public_bytes()
    assert ours.oid == theirs.oid.dotted_string
    assert ours.critical is critical
    assert ours.encode() == der.sequence(
        der.object_identifier(ours.oid),
        der.TRUE if critical else b"",
        der.octet_string(ours.value),
    )


@given(urls)
def test_where_crls_are(texts: list[str]) -> None:
    theirs = points(texts)
    assert_the_same(crl_distribution_points(texts), x509.CRLDistributionPoints(theirs))
    assert_the_same(freshest_crl(texts), x509.FreshestCRL(theirs))


@given(st.lists(uri_texts, max_size=3), urls)
def test_where_the_issuer_is_and_ocsp_is_answered(
    ocsp: list[str], ca_issuers: list[str]
) -> None:
    ways = [(Access.OCSP, text) for text in ocsp]
    ways += [(Access.CA_ISSUERS, text) for text in ca_issuers]
    theirs = [x509.AccessDescription(way, uris([text])[0]) for way, text in ways]
    ours = authority_information_access(ocsp=ocsp, ca_issuers=ca_issuers)
    assert_the_same(ours, x509.AuthorityInformationAccess(theirs))


def test_must_staple() -> None:
    assert_the_same(
        tls_feature(), x509.TLSFeature([x509.TLSFeatureType.status_request])
    )


def test_policies() -> None:
    oids = ["2.23.140.1.2.1", "1.3.6.1.4.1.99999.1"]
    theirs = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in oids]
    assert_the_same(certificate_policies(oids), x509.CertificatePolicies(theirs))


def test_a_responder_that_is_not_checked() -> None:
    assert_the_same(ocsp_no_check(), x509.OCSPNoCheck())


@pytest.mark.parametrize("texts", [[], URLS[:1], URLS])
@pytest.mark.parametrize("only_contains", [None, "user", "ca", "attribute"])
def test_what_a_crl_covers(texts: list[str], only_contains: str | None) -> None:
    if not texts and only_contains is None:
        with pytest.raises(InputError, match="says nothing"):
            issuing_distribution_point()
        return
    theirs = x509.IssuingDistributionPoint(
        full_name=uris(texts) or None,
        relative_name=None,
        only_contains_user_certs=only_contains == "user",
        only_contains_ca_certs=only_contains == "ca",
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=only_contains == "attribute",
    )
    ours = issuing_distribution_point(texts, only_contains=only_contains)
    assert_the_same(ours, theirs, critical=True)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: crl_distribution_points([]), "without a URL"),
        (lambda: freshest_crl([]), "without a URL"),
        (authority_information_access, "without a URL"),
        (lambda: crl_distribution_points(["ca.test/crl"]), "not"),
        (lambda: crl_distribution_points(["ca.test"]), "not a URL"),
        (lambda: crl_distribution_points(["http://ca.test/ü"]), "not a URI"),
        (lambda: authority_information_access(ocsp=["a@b.test"]), "not a URL"),
        (lambda: issuing_distribution_point(["http:///x"]), "without a host"),
        (lambda: certificate_policies([]), "without a policy"),
        (lambda: certificate_policies(["1.2.3", "1.2.3"]), "one twice"),
        (lambda: certificate_policies(["x"]), "not an object identifier"),
        (lambda: Extension("1.2.x", False, b"\5\0").encode(), "not an object"),
        (lambda: Extension("1.2.3", False, b"\5\0\5\0").encode(), "not one element"),
        (lambda: Extension("1.2.3", False, b"\5").encode(), "cut short"),
        (lambda: Extension("1.2.3", False, b"").encode(), "cut short"),
    ],
)
def test_what_says_nothing_or_nonsense_is_refused(
    make: Callable[[], object], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        make()
