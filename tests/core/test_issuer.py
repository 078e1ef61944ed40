"""Issuing: the certificate byte for byte as another builder makes it, and the rules."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies import (
    NOW,
    QUICK_KINDS,
    authorities,
    end_entities,
    key_of_kind,
    keys,
    moments,
    name_lists,
)
from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.csr import request_hash
from tlsmith.core.extension_values import (
    authority_information_access,
    crl_distribution_points,
    tls_feature,
)
from tlsmith.core.issuer import (
    Issuer,
    check_names,
    random_serial_number,
    self_issue,
)
from tlsmith.core.keys import KINDS, public_key_info
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import (
    CertificateParameters,
    certificate_authority,
    end_entity,
    validity,
)
from tlsmith.core.subject import EMPTY, any_subject_for, distinguished_name
from tlsmith.core.view import view_certificate
from tlsmith.errors import (
    InputError,
    KeyMismatchError,
    NameNotPermittedError,
    NotACAError,
    PathLengthError,
    ValidityError,
)

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

ALWAYS = (
    datetime(1950, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
)
CA_NAME = distinguished_name((COMMON_NAME, "Test CA"))
NAMES = parse_names(["a.test"])


def a_root(
    kind: str = "p256",
    span: tuple[datetime, datetime] = ALWAYS,
    path_length: int | None = None,
    constraints: NameConstraints | None = None,
) -> Issuer:
    key = key_of_kind(kind)
    parameters = certificate_authority(
        CA_NAME, span, path_length=path_length, name_constraints=constraints
    )
    return Issuer(self_issue(parameters, key).der, key)


# What another builder makes of the same parameters --------------------------------


def general_name(name: GeneralName) -> x509.GeneralName:
    if name.kind == "ip":
        return x509.IPAddress(ipaddress.ip_address(name.value))
    kinds = {
        "dns": x509.DNSName,
        "email": x509.RFC822Name._init_without_validation,
        "uri": x509.UniformResourceIdentifier,
    }
    return kinds[name.kind](name.value)


def subtree(tree: Subtree) -> x509.GeneralName:
    if tree.kind == "ip":
        return x509.IPAddress(ipaddress.ip_network(tree.base))
    kinds = {
        "dns": x509.DNSName,
        "email": x509.RFC822Name._init_without_validation,
        "uri": x509.UniformResourceIdentifier,
    }
    return kinds[tree.kind](tree.base)


def key_usage(bits: int) -> x509.KeyUsage:
    return x509.KeyUsage(*(bool(bits & 0x80 >> at) for at in range(8)), False)


def extensions_of(
    parameters: CertificateParameters, key: PrivateKey, issuer_key: PrivateKey
) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(parameters.is_ca, parameters.path_length), True)
    ]
    if parameters.key_usage:
        found.append((key_usage(parameters.key_usage), True))
    if parameters.extended_key_usage:
        oids = map(x509.ObjectIdentifier, parameters.extended_key_usage)
        found.append((x509.ExtendedKeyUsage(oids), False))
    if parameters.names:
        names = x509.SubjectAlternativeName(map(general_name, parameters.names))
        found.append((names, parameters.subject == EMPTY))
    if parameters.name_constraints is not None:
        permitted = [subtree(t) for t in parameters.name_constraints.permitted]
        excluded = [subtree(t) for t in parameters.name_constraints.excluded]
        found.append((x509.NameConstraints(permitted or None, excluded or None), True))
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return [*found, (own, False), (above, False)]


def built(
    parameters: CertificateParameters,
    key: PrivateKey,
    issuer_key: PrivateKey,
    issuer: bytes,
    serial_number: int,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name.from_bytes(issuer),
        subject_name=x509.Name.from_bytes(parameters.subject),
        public_key=key.public_key(),
        serial_number=serial_number,
        not_valid_before=parameters.not_before.replace(tzinfo=None),
        not_valid_after=parameters.not_after.replace(tzinfo=None),
    )
    for value, critical in extensions_of(parameters, key, issuer_key):
        builder = builder.add_extension(value, critical)
    return builder.sign(issuer_key, request_hash(issuer_key))


def assert_the_same(issued: bytes, expected: x509.Certificate) -> None:
    found = x509.load_der_x509_certificate(issued)
    assert found.tbs_certificate_bytes == expected.tbs_certificate_bytes
    assert found.signature_algorithm_oid == expected.signature_algorithm_oid
    assert found.public_bytes(Encoding.DER) == issued


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_an_end_entity_is_byte_for_byte_what_the_library_builds(
    kind: str, data: st.DataObject
) -> None:
    issuer_key, key = key_of_kind(kind), data.draw(keys)
    root = a_root(kind)
    parameters = data.draw(end_entities(key))
    issued = root.issue(parameters, key.public_key())
    assert_the_same(
        issued.der, built(parameters, key, issuer_key, CA_NAME, issued.serial_number)
    )
    above = x509.load_der_x509_certificate(root.certificate)
    x509.load_der_x509_certificate(issued.der).verify_directly_issued_by(above)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(parameters=authorities)
def test_a_root_is_byte_for_byte_what_the_library_builds(
    kind: str, parameters: CertificateParameters
) -> None:
    key = key_of_kind(kind)
    issued = self_issue(parameters, key)
    assert_the_same(
        issued.der,
        built(parameters, key, key, parameters.subject, issued.serial_number),
    )
    root = x509.load_der_x509_certificate(issued.der)
    root.verify_directly_issued_by(root)


@given(data=st.data())
def test_an_intermediate_is_byte_for_byte_what_the_library_builds(
    data: st.DataObject,
) -> None:
    issuer_key, key = data.draw(keys), data.draw(keys)
    parameters = data.draw(authorities)
    root = Issuer(
        self_issue(certificate_authority(CA_NAME, ALWAYS), issuer_key).der, issuer_key
    )
    issued = root.issue(parameters, key.public_key())
    assert_the_same(
        issued.der, built(parameters, key, issuer_key, CA_NAME, issued.serial_number)
    )


@pytest.mark.parametrize("kind", QUICK_KINDS)
@settings(max_examples=10)
@given(data=st.data())
def test_a_self_signed_end_entity_names_itself_as_its_issuer(
    kind: str, data: st.DataObject
) -> None:
    key = key_of_kind(kind)
    parameters = data.draw(end_entities(key))
    issued = self_issue(parameters, key)
    subject = parameters.subject
    if subject == EMPTY:  # RFC 5280 4.1.2.4: an issuer is never empty
        subject = any_subject_for(parameters.names)
    assert_the_same(
        issued.der,
        built(
            parameters._replace(subject=subject),
            key,
            key,
            subject,
            issued.serial_number,
        ),
    )


@given(end_entities(key_of_kind("p256")))
def test_what_is_returned_is_what_the_certificate_says(
    parameters: CertificateParameters,
) -> None:
    issued = a_root().issue(parameters, key_of_kind("p256").public_key())
    certificate = x509.load_der_x509_certificate(issued.der)
    assert issued.serial_number == certificate.serial_number
    assert issued.not_before == certificate.not_valid_before_utc
    assert issued.not_after == certificate.not_valid_after_utc


# Serial numbers -------------------------------------------------------------------


def test_serial_numbers_are_positive_and_of_20_octets_at_most() -> None:
    numbers = [random_serial_number() for _ in range(2000)]
    assert all(0 < number < 2**159 for number in numbers)
    assert len(set(numbers)) == len(numbers)
    # All 159 bits are used: the chance that one never is set is 2 to the -2000.
    combined = 0
    for number in numbers:
        combined |= number
    assert combined == 2**159 - 1


def test_every_certificate_has_a_serial_number_of_its_own() -> None:
    root = a_root()
    parameters = end_entity(NAMES, "p256", ALWAYS)
    public_key = key_of_kind("p256").public_key()
    numbers = {root.issue(parameters, public_key).serial_number for _ in range(20)}
    assert len(numbers) == 20


def test_a_serial_number_that_is_given_is_the_certificates() -> None:
    parameters = end_entity(NAMES, "p256", ALWAYS)
    info = public_key_info(key_of_kind("p256").public_key())
    for number in (1, 255, 2**64, 2**159 - 1):
        issued = a_root().issue(parameters, info, serial_number=number)
        assert issued.serial_number == number
        certificate = x509.load_der_x509_certificate(issued.der)
        assert certificate.serial_number == number


@pytest.mark.parametrize("number", [0, -1, 2**159])
def test_a_serial_number_of_no_certificate_is_refused(number: int) -> None:
    """RFC 5280 4.1.2.2: positive, and 20 octets at most."""
    parameters = end_entity(NAMES, "p256", ALWAYS)
    with pytest.raises(InputError, match="serial number"):
        a_root().issue(
            parameters, key_of_kind("p256").public_key(), serial_number=number
        )


def test_further_extensions_are_what_the_library_builds() -> None:
    key = key_of_kind("p256")
    parameters = end_entity(NAMES, "p256", ALWAYS)._replace(
        extensions=(
            crl_distribution_points(["http://ca.test/crl/7"]),
            authority_information_access(ocsp=["http://ca.test/ocsp"]),
            tls_feature(),
        )
    )
    issued = a_root().issue(parameters, key.public_key())
    found = x509.load_der_x509_certificate(issued.der).extensions
    kinds = [type(one.value) for one in found]
    assert kinds[-3:] == [
        x509.CRLDistributionPoints,
        x509.AuthorityInformationAccess,
        x509.TLSFeature,
    ]


# What may be an issuer ------------------------------------------------------------


def test_an_end_entity_is_no_issuer() -> None:
    key = key_of_kind("p256")
    issued = self_issue(end_entity(NAMES, "p256", ALWAYS), key)
    with pytest.raises(NotACAError, match="not a CA's"):
        Issuer(issued.der, key)


def test_a_ca_that_may_not_sign_certificates_is_no_issuer() -> None:
    key = key_of_kind("p256")
    parameters = certificate_authority(CA_NAME, ALWAYS)._replace(key_usage=0x02)
    with pytest.raises(NotACAError):
        Issuer(self_issue(parameters, key).der, key)


@pytest.mark.parametrize("other", ["p384", "rsa2048", "ed25519"])
def test_a_key_of_another_certificate_is_refused(other: str) -> None:
    with pytest.raises(KeyMismatchError, match="does not belong"):
        Issuer(a_root("p256").certificate, key_of_kind(other))


def test_an_issuer_is_what_its_certificate_says() -> None:
    root = a_root()
    assert view_certificate(root.certificate) == root.view
    assert root.view.public_key_info == public_key_info(
        key_of_kind("p256").public_key()
    )


@pytest.mark.parametrize("identifier", [None, b"\1\2\3"])
def test_the_authority_key_identifier_is_the_issuers_own(
    identifier: bytes | None,
) -> None:
    """A CA of others may have none, or one that is no hash (RFC 5280 4.2.1.1)."""
    key = key_of_kind("p256")
    name = x509.Name.from_bytes(CA_NAME)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2040, 1, 1)
    ).add_extension(x509.BasicConstraints(True, None), True)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    if identifier is not None:
        own = x509.SubjectKeyIdentifier(identifier)
        builder = builder.add_extension(own, False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    span = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    issued = Issuer(certificate, key).issue(
        end_entity(NAMES, "p256", span), key.public_key()
    )
    assert view_certificate(issued.der).authority_key_identifier == own.digest


# What an issuer may sign ----------------------------------------------------------

CONSTRAINTS = NameConstraints((Subtree("dns", "test"), Subtree("ip", "10.0.0.0/8")))


def test_names_outside_the_constraints_are_refused_all_of_them_named() -> None:
    names = parse_names(["a.test", "a.com", "11.0.0.1", "10.0.0.1", "me@a.com"])
    root = a_root(constraints=CONSTRAINTS)
    with pytest.raises(NameNotPermittedError, match=r"a\.com, 11\.0\.0\.1") as caught:
        root.issue(end_entity(names, "p256", ALWAYS), key_of_kind("p256").public_key())
    assert caught.value.names == ("a.com", "11.0.0.1")


def test_names_within_the_constraints_are_signed() -> None:
    names = parse_names(["a.test", "*.test", "10.9.8.7", "me@a.com"])
    root = a_root(constraints=CONSTRAINTS)
    issued = root.issue(
        end_entity(names, "p256", ALWAYS), key_of_kind("p256").public_key()
    )
    assert view_certificate(issued.der).names == names


@given(name_lists)
def test_without_constraints_every_name_is_permitted(
    names: tuple[GeneralName, ...],
) -> None:
    check_names(None, names)


@pytest.mark.parametrize(
    ("of_issuer", "wanted", "refused"),
    [
        (None, None, False),
        (None, 7, False),
        (0, 0, True),
        (0, None, True),
        (1, 0, False),
        (1, 1, True),
        (1, None, True),
        (3, 2, False),
    ],
)
def test_a_ca_is_never_deeper_than_its_issuer_allows(
    of_issuer: int | None, wanted: int | None, refused: bool
) -> None:
    root = a_root(path_length=of_issuer)
    parameters = certificate_authority(CA_NAME, ALWAYS, path_length=wanted)
    public_key = key_of_kind("p384").public_key()
    if refused:
        with pytest.raises(PathLengthError, match=f"allows {of_issuer} CAs"):
            root.issue(parameters, public_key)
    else:
        issued = view_certificate(root.issue(parameters, public_key).der)
        assert issued.path_length == wanted


def test_an_end_entity_goes_below_a_ca_of_path_length_0() -> None:
    root = a_root(path_length=0)
    parameters = end_entity(NAMES, "p256", ALWAYS)
    issued = root.issue(parameters, key_of_kind("p256").public_key())
    assert not view_certificate(issued.der).is_ca


@given(moments, moments, moments, moments)
def test_nothing_signed_lives_longer_than_its_issuer(
    a: datetime, b: datetime, c: datetime, d: datetime
) -> None:
    root = a_root(span=(min(a, b), max(a, b)))
    parameters = end_entity(NAMES, "p256", (c, d))
    public_key = key_of_kind("p256").public_key()
    fits = min(a, b) <= c <= d <= max(a, b)
    try:
        issued = view_certificate(root.issue(parameters, public_key).der)
    except ValidityError:
        assert not fits
        return
    assert fits
    assert root.view.not_before <= issued.not_before <= issued.not_after
    assert issued.not_after <= root.view.not_after


@given(
    st.integers(1, 3650),
    st.integers(-4000, 4000),
    st.integers(1, 4000),
    st.integers(1, 397),
)
def test_a_validity_made_to_fit_its_issuer_is_signed(
    age: int, later: int, days: int, wanted: int
) -> None:
    span = (NOW - timedelta(days=age), NOW + timedelta(days=days))
    root = a_root(span=span)
    now = NOW + timedelta(hours=later)
    assume(span[0] <= now < span[1])
    chosen = validity(now, wanted, longest=397, within=root.view)
    issued = root.issue(
        end_entity(NAMES, "p256", chosen), key_of_kind("p256").public_key()
    )
    assert issued.not_before <= now <= issued.not_after <= root.view.not_after
    life = issued.not_after - issued.not_before
    assert life <= timedelta(days=wanted, seconds=-1)


def test_a_certificate_says_whose_it_is() -> None:
    root = a_root()
    public_key = key_of_kind("p256").public_key()
    nobody = end_entity((), "p256", ALWAYS)
    with pytest.raises(InputError, match="neither a subject nor a name"):
        root.issue(nobody, public_key)
    with pytest.raises(InputError, match="neither a subject nor a name"):
        root.issue(certificate_authority(EMPTY, ALWAYS), public_key)
    named = nobody._replace(subject=CA_NAME)
    assert view_certificate(root.issue(named, public_key).der).names == ()
