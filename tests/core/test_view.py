"""The view of a certificate, against another parser, on real ones and bad ones."""

import ipaddress
import warnings
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import NOW, authorities, end_entities, key_of_kind, mangled
from tlsmith.core import der, oid
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.names import GeneralName, parse_names
from tlsmith.core.profiles import (
    CertificateParameters,
    certificate_authority,
    end_entity,
)
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
KEY = key_of_kind("p256")
SPAN = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC))


@cache
def public_roots() -> list[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old roots with odd serial numbers
        return x509.load_pem_x509_certificates(BUNDLE.read_bytes())


def names_of(certificate: x509.Certificate) -> tuple[GeneralName, ...]:
    kinds = {
        x509.DNSName: "dns",
        x509.IPAddress: "ip",
        x509.RFC822Name: "email",
        x509.UniformResourceIdentifier: "uri",
    }
    found = extension(certificate, x509.SubjectAlternativeName)
    return tuple(
        GeneralName(kinds[type(name)], str(name.value))
        for name in found or ()
        if type(name) in kinds
    )


def extension(certificate: x509.Certificate, kind: type) -> object | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def assert_they_agree(view: CertificateView, certificate: x509.Certificate) -> None:
    assert view.serial_number == certificate.serial_number
    assert view.issuer == certificate.issuer.public_bytes()
    assert view.subject == certificate.subject.public_bytes()
    assert view.not_before == certificate.not_valid_before_utc
    assert view.not_after == certificate.not_valid_after_utc
    assert view.is_self_issued == (certificate.issuer == certificate.subject)
    constraints = extension(certificate, x509.BasicConstraints)
    assert view.is_ca == bool(constraints and constraints.ca)
    assert view.path_length == (constraints and constraints.path_length)
    usage = extension(certificate, x509.KeyUsage)
    assert view.may_sign_certificates == (usage is None or usage.key_cert_sign)
    own = extension(certificate, x509.SubjectKeyIdentifier)
    assert view.subject_key_identifier == (own and own.digest)
    above = extension(certificate, x509.AuthorityKeyIdentifier)
    assert view.authority_key_identifier == (above and above.key_identifier)
    assert view.names == names_of(certificate)
    assert {
        identifier: critical for identifier, (critical, _) in view.extensions.items()
    } == {
        der.object_identifier(found.oid.dotted_string): found.critical
        for found in certificate.extensions
    }


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.skipif(not BUNDLE.exists(), reason="no bundle of public roots here")
def test_it_agrees_with_another_parser_on_every_public_root() -> None:
    seen = 0
    for certificate in public_roots():
        if certificate.version is not x509.Version.v3:
            continue
        seen += 1
        view = view_certificate(certificate.public_bytes(Encoding.DER))
        assert_they_agree(view, certificate)
        assert view.public_key_info == certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    assert seen > 50


@given(authorities | end_entities(KEY))
def test_it_agrees_with_another_parser_on_what_we_make(
    parameters: CertificateParameters,
) -> None:
    issued = self_issue(parameters, KEY)
    view = view_certificate(issued.der)
    assert_they_agree(view, x509.load_der_x509_certificate(issued.der))
    assert view.names == parameters.names
    assert view.name_constraints == parameters.name_constraints
    assert view.der == issued.der


# Bad ones ---------------------------------------------------------------------------

PROPERTIES = [
    name for name, value in vars(CertificateView).items() if isinstance(value, property)
]


def read_all(view: CertificateView) -> None:
    for name in PROPERTIES:
        getattr(view, name)


@cache
def sample() -> bytes:
    root = Issuer(
        self_issue(
            certificate_authority(distinguished_name((oid.COMMON_NAME, "x")), SPAN),
            KEY,
        ).der,
        KEY,
    )
    names = parse_names(["a.test", "*.b.test", "10.0.0.1", "::1", "me@a.test", "urn:x"])
    parameters = end_entity(names, "p256", SPAN, client=True)._replace(
        is_ca=True, path_length=3
    )
    return root.issue(parameters, KEY.public_key()).der


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=1500)
@given(mangled(sample()))
def test_a_mangled_certificate_fails_but_as_bad_input(data: bytes) -> None:
    """And what is read of one that another parser takes, is what that one reads."""
    try:
        view = view_certificate(data)
        read_all(view)
    except InputError:
        return
    try:
        certificate = x509.load_der_x509_certificate(data)
        certificate.extensions  # noqa: B018
        certificate.subject, certificate.issuer  # noqa: B018
        found = names_of(certificate)
    except Exception:
        return  # stricter than we need be: that the signature is bad, nobody asks
    assert view.serial_number == certificate.serial_number
    assert view.not_after == certificate.not_valid_after_utc
    constraints = extension(certificate, x509.BasicConstraints)
    assert view.is_ca == bool(constraints and constraints.ca)
    assert view.path_length == (constraints and constraints.path_length)
    assert [name.value for name in view.names] == [name.value for name in found]


@given(st.binary(max_size=300))
def test_no_bytes_whatever_fail_but_as_bad_input(data: bytes) -> None:
    with pytest.raises(InputError, match="not a certificate"):
        view_certificate(data)


def _certificate(*extensions: bytes, version: bytes | None = None) -> bytes:
    """The sample with other extensions, or another version."""
    tbs, *rest = der.children(der.only(sample(), der.SEQUENCE).content)
    fields = [part.whole for part in der.children(tbs.content)]
    if version is not None:
        fields[0] = version
    fields[7:] = [der.context(3, der.sequence(*extensions), constructed=True)] * bool(
        extensions
    )
    return der.sequence(der.sequence(*fields), *(part.whole for part in rest))


def _extension(dotted: str, value: bytes, *critical: bytes) -> bytes:
    return der.sequence(
        der.object_identifier(dotted), *critical, der.octet_string(value)
    )


def test_without_extensions_there_is_nothing_to_find() -> None:
    view = view_certificate(_certificate())
    assert view.extensions == {}
    assert not view.is_ca
    assert view.may_sign_certificates
    assert view.path_length is None
    assert view.names == ()
    assert view.name_constraints is None
    assert view.subject_key_identifier is None
    assert view.authority_key_identifier is None


def test_an_authority_key_identifier_may_be_without_one() -> None:
    by_serial = der.sequence(der.context(2, b"\1"))
    data = _certificate(_extension(oid.AUTHORITY_KEY_IDENTIFIER, by_serial))
    assert view_certificate(data).authority_key_identifier is None


def test_a_name_of_another_kind_is_left_out() -> None:
    other = der.context(8, b"\x2a")
    value = der.sequence(other, der.context(2, b"a.test"))
    view = view_certificate(_certificate(_extension(oid.SUBJECT_ALT_NAME, value)))
    assert view.names == (GeneralName("dns", "a.test"),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut short"),
        (b"-----BEGIN CERTIFICATE-----", "not DER"),
        (der.sequence(), "three parts"),
        (sample() + b"\0", "1 bytes follow it"),
        (sample()[:-1], "cut short"),
        (_certificate(version=b""), "not version 3"),
        (_certificate(version=der.context(0, der.integer(1), constructed=True)), "3"),
        (_certificate(version=der.context(0, der.integer(3), constructed=True)), "3"),
        (_certificate(der.integer(1)), "cut short"),
        (_certificate(der.octet_string(der.sequence())), "an extension that is none"),
        (_certificate(der.encode(der.SET, b"\6\1\0\4\0")), "extension that is none"),
        (der.octet_string(der.sequence()), "tag 0x04 where 0x30 should be"),
        (_certificate(der.sequence()), "an extension that is none"),
        (_certificate(_extension("2.5.29.15", b"", b"\1\1\0")), "that is none"),
        (_certificate(_extension("2.5.29.15", b"", der.TRUE, der.TRUE)), "is none"),
        (_certificate(_extension("1.2", b""), _extension("1.2", b"")), "twice"),
    ],
)
def test_what_is_no_certificate_of_version_3_is_told_why(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=f"not a certificate: .*{why}"):
        view_certificate(data)


def test_fields_in_another_order_or_number_are_refused() -> None:
    tbs, *rest = der.children(der.only(sample(), der.SEQUENCE).content)
    fields = [part.whole for part in der.children(tbs.content)]
    extensions = fields[7]
    identifier = der.context(1, b"\0\1")
    good = [*fields[:7], identifier, extensions]
    bad = [[*fields[:6]], [*fields, extensions], [*fields[:7], extensions, identifier]]
    times = der.sequence(der.time(NOW))
    bad += [[*fields[:4], times, *fields[5:]], [*fields[:4], *fields[5:]]]
    whole = [der.sequence(der.sequence(*f), *(r.whole for r in rest)) for f in bad]
    for data in whole:
        with pytest.raises(InputError, match="not a certificate"):
            view_certificate(data)
    read = der.sequence(der.sequence(*good), *(r.whole for r in rest))
    assert view_certificate(read).extensions


@pytest.mark.parametrize(
    ("dotted", "value", "name"),
    [
        (oid.BASIC_CONSTRAINTS, b"", "is_ca"),
        (oid.BASIC_CONSTRAINTS, der.sequence(b"\1\1\0"), "is_ca"),
        (oid.BASIC_CONSTRAINTS, der.sequence(der.TRUE, b"\2\1\xff"), "path_length"),
        (oid.BASIC_CONSTRAINTS, der.sequence(b"\2\1\0", b"\2\1\0"), "path_length"),
        (oid.BASIC_CONSTRAINTS, der.sequence() + b"\0\0", "is_ca"),
        (oid.KEY_USAGE, b"", "may_sign_certificates"),
        (oid.KEY_USAGE, der.octet_string(b"\0\4"), "may_sign_certificates"),
        (oid.SUBJECT_KEY_IDENTIFIER, b"\4", "subject_key_identifier"),
        (oid.AUTHORITY_KEY_IDENTIFIER, b"\4\0", "authority_key_identifier"),
        (oid.SUBJECT_ALT_NAME, b"\4\0", "names"),
        (oid.SUBJECT_ALT_NAME, der.sequence(der.context(7, b"\1")), "names"),
        (oid.SUBJECT_ALT_NAME, der.sequence(der.context(2, b"\xff")), "names"),
        (oid.NAME_CONSTRAINTS, b"\x30\1", "name_constraints"),
    ],
)
def test_an_extension_that_holds_something_else_is_refused_when_asked_for(
    dotted: str, value: bytes, name: str
) -> None:
    view = view_certificate(_certificate(_extension(dotted, value)))
    with pytest.raises(InputError):
        getattr(view, name)


def test_a_key_usage_without_a_bit_signs_nothing() -> None:
    for value in (der.bit_string(b""), der.encode(der.BIT_STRING), b"\3\2\7\x80"):
        view = view_certificate(_certificate(_extension(oid.KEY_USAGE, value)))
        assert not view.may_sign_certificates


def test_a_negative_serial_number_is_read_as_one() -> None:
    tbs, *rest = der.children(der.only(sample(), der.SEQUENCE).content)
    fields = [part.whole for part in der.children(tbs.content)]
    fields[1] = der.encode(der.INTEGER, b"\xfe")
    data = der.sequence(der.sequence(*fields), *(part.whole for part in rest))
    assert view_certificate(data).serial_number == -2


def test_the_sample_is_as_rich_as_it_should_be() -> None:
    view = view_certificate(sample())
    assert view.is_ca
    assert view.path_length == 3
    assert [name.kind for name in view.names] == [
        "dns",
        "dns",
        "ip",
        "ip",
        "email",
        "uri",
    ]
    assert ipaddress.ip_address(view.names[3].value) == ipaddress.ip_address("::1")
