"""Requests as attackers make them: each refused, and for the reason it should be.

Most are made by `openssl req`; what that will not write is written byte by byte.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from authority.forged import (
    KEY,
    alternative,
    attribute,
    by_openssl,
    certify,
    dns,
    extension,
    extension_request,
    forge,
    naming,
    refused,
    sign,
    texts,
)
from strategies import key_of_kind, mangled, name_lists
from tlsmith.core import der, oid
from tlsmith.core.asked_names import name_of, read_names
from tlsmith.core.blocklist import load_blocklist
from tlsmith.core.csr import encode_request
from tlsmith.core.keys import KINDS, public_key_info
from tlsmith.core.names import GeneralName, parse_name, parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.requested import read_request
from tlsmith.core.subject import EMPTY, distinguished_name, subject_for
from tlsmith.errors import InputError, ProfileError

pytestmark = pytest.mark.interop

GOOD = dns(b"a.corp.test")
NAMES = parse_names(["a.corp.test"])


# What is in order is signed, or a refusal would prove nothing ------------------------


def test_a_request_of_openssl_is_signed(tmp_path: Path) -> None:
    names = "DNS:a.corp.test,DNS:*.corp.test,IP:10.0.0.1,URI:spiffe://corp.test/x"
    made = certify(
        by_openssl(
            tmp_path,
            "/CN=a.corp.test",
            f"subjectAltName = {names}",
            "keyUsage = digitalSignature, keyEncipherment",
            "extendedKeyUsage = serverAuth",
            "basicConstraints = CA:FALSE",
            "subjectKeyIdentifier = hash",
        )
    )
    assert texts(made) == [
        "a.corp.test",
        "*.corp.test",
        "10.0.0.1",
        "spiffe://corp.test/x",
    ]
    assert made.subject == distinguished_name((COMMON_NAME, "a.corp.test"))
    assert not made.is_ca


def test_an_account_needs_no_other_name(tmp_path: Path) -> None:
    made = certify(by_openssl(tmp_path, "/O=Acme/CN=alice"), "client")
    assert made.names == ()
    assert made.subject == distinguished_name((COMMON_NAME, "alice"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_of_every_kind_of_key_is_read(kind: str) -> None:
    key = key_of_kind(kind)
    for form in (Encoding.DER, Encoding.PEM):
        data = encode_request(NAMES, key, subject=subject_for(NAMES))
        data = x509.load_der_x509_csr(data).public_bytes(form)
        found = read_request(data)
        assert found.names == NAMES
        assert found.public_key_info == public_key_info(key.public_key())
        assert found.subject == subject_for(NAMES)


@given(name_lists, st.booleans())
def test_what_was_asked_is_what_is_read(
    names: tuple[GeneralName, ...], client: bool
) -> None:
    data = encode_request(names, KEY, subject=EMPTY, client=client)
    found = read_request(data)
    assert found.names == names
    assert found.asked.extended_key_usage[-1:] == (oid.CLIENT_AUTH,) * client or client


# To be a CA, and usages --------------------------------------------------------------


def test_to_be_a_ca_is_refused(tmp_path: Path) -> None:
    data = by_openssl(
        tmp_path,
        "/CN=a.corp.test",
        "subjectAltName = DNS:a.corp.test",
        "basicConstraints = critical,CA:TRUE,pathlen:0",
        "keyUsage = critical,keyCertSign,cRLSign",
    )
    assert "basicConstraints: to be a CA is not allowed" in refused(data)
    assert "keyUsage: keyCertSign, cRLSign is not allowed" in refused(data)


@pytest.mark.parametrize("true", [b"\1", b"\x7f", b"\xff", b"\0\1"])
def test_to_be_a_ca_is_refused_however_true_is_written(true: bytes) -> None:
    value = der.sequence(der.encode(der.BOOLEAN, true))
    data = forge(
        extension_request(
            alternative((0x82, b"a.corp.test")), extension(oid.BASIC_CONSTRAINTS, value)
        )
    )
    assert refused(data) == "basicConstraints: to be a CA is not allowed"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("keyUsage = keyAgreement", "keyUsage: keyAgreement is not allowed"),
        ("keyUsage = nonRepudiation", "keyUsage: contentCommitment is not allowed"),
        ("extendedKeyUsage = serverAuth,codeSigning", "codeSigning is not allowed"),
        ("extendedKeyUsage = anyExtendedKeyUsage", "2.5.29.37.0 is not allowed"),
        ("extendedKeyUsage = OCSPSigning", "OCSPSigning is not allowed"),
        ("tlsfeature = status_request", "must-staple is not allowed"),
        ("nameConstraints = permitted;DNS:evil.org", "extensions: 2.5.29.30 is not"),
        ("certificatePolicies = 2.23.140.1.1", "extensions: 2.5.29.32 is not"),
        ("1.3.6.1.5.5.7.48.1.5 = ASN1:NULL", "1.3.6.1.5.5.7.48.1.5 is not allowed"),
        (
            "crlDistributionPoints = URI:http://evil.org/",
            "extensions: 2.5.29.31 is not",
        ),
    ],
)
def test_what_is_asked_beyond_the_profile_is_refused(
    tmp_path: Path, line: str, reason: str
) -> None:
    data = by_openssl(tmp_path, "/", "subjectAltName = DNS:a.corp.test", line)
    assert reason in refused(data)


def test_no_feature_but_stapling_can_be_asked_for(tmp_path: Path) -> None:
    names = "subjectAltName = DNS:a.corp.test"
    data = by_openssl(tmp_path, "/", names, "tlsfeature = 17")
    assert "other than status_request" in refused(data)


# Names hidden in the subject ---------------------------------------------------------


@pytest.mark.parametrize(
    "hidden",
    [
        "evil.org",
        "EVIL.org.",
        "*.evil.org",
        "bücher.evil.org",
        "10.0.0.1",
        "localhost",
        "www.evil.org:443",
        "ev*l.org",
        "b.corp.test",
    ],
)
@pytest.mark.parametrize("profile", ["server", "client", "peer"])
def test_a_name_hidden_in_the_common_name_is_refused(
    tmp_path: Path, hidden: str, profile: str
) -> None:
    """Old clients take it for a host, and need no other name."""
    names = "subjectAltName = DNS:a.corp.test"
    data = by_openssl(tmp_path, f"/CN={hidden}", names)
    assert f"the common name {hidden!r} is not among the names" in refused(
        data, profile
    )


def test_a_second_common_name_is_refused(tmp_path: Path) -> None:
    data = by_openssl(
        tmp_path, "/CN=a.corp.test/CN=evil.org", "subjectAltName = DNS:a.corp.test"
    )
    assert refused(data) == "subject: more than one common name"


def test_a_common_name_alone_obeys_the_same_rules(tmp_path: Path) -> None:
    assert texts(certify(by_openssl(tmp_path, "/CN=A.corp.test."))) == ["a.corp.test"]
    assert "'evil.org'" in refused(by_openssl(tmp_path, "/CN=evil.org"))
    assert "'11.0.0.1'" in refused(by_openssl(tmp_path, "/CN=11.0.0.1"))
    assert "not a DNS name" in refused(by_openssl(tmp_path, "/CN=evil_.org"))
    two = by_openssl(tmp_path, "/CN=a.corp.test/CN=evil.org")
    assert "'evil.org'" in refused(two)


def test_a_nul_in_the_common_name_is_refused() -> None:
    subject = distinguished_name((COMMON_NAME, "a.corp.test\0.evil.org"))
    reason = refused(dns(b"a.corp.test", subject=subject))
    assert "does not print" in reason
    assert "\0" not in reason


def test_an_e_mail_address_in_the_subject_is_refused(tmp_path: Path) -> None:
    subject = "/CN=a.corp.test/emailAddress=ceo@evil.org"
    data = by_openssl(tmp_path, subject, "subjectAltName = DNS:a.corp.test")
    assert "emailAddress='ceo@evil.org' is not among the names" in refused(data)
    mail = by_openssl(
        tmp_path, "/emailAddress=me@corp.test", "subjectAltName = email:me@corp.test"
    )
    assert texts(certify(mail, "email")) == ["me@corp.test"]


def test_attributes_nobody_granted_do_not_get_into_the_certificate(
    tmp_path: Path,
) -> None:
    subject = "/C=US/O=Evil Bank/OU=Root/CN=a.corp.test"
    made = certify(by_openssl(tmp_path, subject, "subjectAltName = DNS:a.corp.test"))
    assert made.subject == distinguished_name((COMMON_NAME, "a.corp.test"))


@pytest.mark.parametrize(
    "subject",
    [
        distinguished_name(("1.2.3.4", "x")),
        distinguished_name(("2.5.4.10", "x" * 65)),
        distinguished_name(("2.5.4.10", "a\nb: c")),
        distinguished_name(("2.5.4.10", "a\u202egpj")),
        distinguished_name(*[("2.5.4.10", "x")] * 33),
    ],
    ids=["unknown", "long", "line", "bidi", "many"],
)
def test_a_subject_made_to_confuse_is_refused(subject: bytes) -> None:
    reason = refused(dns(b"a.corp.test", subject=subject))
    assert reason.startswith("subject: ")
    assert reason.isprintable()


# Names outside the policy, and other kinds of name -----------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "DNS:evil.org",
        "IP:11.0.0.1",
        "IP:::1",
        "IP:::ffff:10.0.0.1",
        "email:a@evil.org",
        "URI:spiffe://evil.org/x",
        "URI:https://corp.test/",
        "URI:spiffe://corp.test@evil.org/",
    ],
)
def test_a_name_outside_the_policy_is_refused(tmp_path: Path, name: str) -> None:
    data = by_openssl(tmp_path, "/", f"subjectAltName = DNS:a.corp.test,{name}")
    found = refused(data)
    assert found.startswith("names: ")
    assert parse_name(name.partition(":")[2]).value in found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin@corp.test", "otherName"),
        ("RID:1.2.3.4", "registeredID"),
        ("dirName:directory\n[directory]\nCN = evil.org", "directoryName"),
    ],
)
def test_a_kind_of_name_we_do_not_sign_is_refused(
    tmp_path: Path, name: str, kind: str
) -> None:
    data = by_openssl(tmp_path, "/", f"subjectAltName = DNS:a.corp.test,{name}")
    assert f"names: {kind} is not a name we sign" in refused(data)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        (0xA3, "x400Address is not"),
        (0xA5, "ediPartyName is not"),
        (0x89, "unknown tag 0x89"),
        (0xA2, "unknown tag 0xa2"),
        (0x0C, "unknown tag 0x0c"),
    ],
)
def test_a_kind_of_name_that_openssl_will_not_write_is_refused(
    tag: int, reason: str
) -> None:
    assert reason in refused(naming((0x82, b"a.corp.test"), (tag, b"")))


@pytest.mark.parametrize("size", [0, 3, 5, 8, 15, 17, 32])
def test_an_address_of_another_size_is_refused(size: int) -> None:
    """Eight octets are a network, which some took for an address."""
    assert "not an IP address" in refused(naming((0x87, b"\x0a" * size)))


@pytest.mark.parametrize(
    "name", [b"10.0.0.1", b"010.0.0.1", b"0x0a.0.0.1", b"167772161", b"[::1]", b"::1"]
)
def test_an_address_put_in_as_a_dns_name_is_refused(name: bytes) -> None:
    assert refused(dns(name)).startswith("names: ")


# Evasion of names' rules -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "one_form"),
    [
        (b"A.CORP.TEST", "a.corp.test"),
        (b"a.corp.test.", "a.corp.test"),
        (b"XN--MNCHEN-3YA.corp.test", "xn--mnchen-3ya.corp.test"),
    ],
)
def test_a_name_is_signed_in_its_one_form_alone(name: bytes, one_form: str) -> None:
    assert texts(certify(dns(name, one_form.encode()))) == [one_form]


@pytest.mark.parametrize(
    "name",
    [
        # Case and dots.
        b"EVIL.ORG",
        b"evil.org.",
        b"a.corp.test..",
        b".corp.test",
        b"a..corp.test",
        b".",
        b"",
        # By letters, not labels.
        b"evilcorp.test",
        b"corp.test.evil.org",
        # NUL, blanks, lines.
        b"a.corp.test\0.evil.org",
        b"evil.org\0.corp.test",
        b" a.corp.test",
        b"a.corp.test ",
        b"evil.org .corp.test",
        b"evil.org\n.corp.test",
        b"a.corp.test\r\nX: y",
        b"a\t.corp.test",
        # Wildcards in odd places.
        b"*",
        b"*.",
        b"*.*.corp.test",
        b"a*.corp.test",
        b"*a.corp.test",
        b"a.*.corp.test",
        b"a.corp.*",
        b"**.corp.test",
        b"*.test",
        b"*corp.test",
        # U-labels, A-labels that are none, and such as look like others.
        "bücher.corp.test".encode(),
        "bücher.corp.test".encode("latin-1"),
        "ｃorp.test".encode(),
        "a\u3002corp.test".encode(),
        b"xn--a.corp.test",
        b"xn--.corp.test",
        b"xn--mnchen-3ya.xn--evil.corp.test",
        b"xn--corp-.test",
        b"ab--c.corp.test",
        "xn--mnchen-3ya.bücher.corp.test".encode(),
        b"xn--80ak6aa92e.evil.org",
        # What is no host name at all.
        b"a_b.corp.test",
        b"-a.corp.test",
        b"a-.corp.test",
        b"a.corp.test:443",
        b"https://a.corp.test/",
        b"me@a.corp.test",
        b"a.corp.test,b.corp.test",
        b"a/../corp.test",
        b"%61.corp.test",
        b"\\.corp.test",
        b"<script>.corp.test",
        b"x" * 64 + b".corp.test",
        b"a." * 130 + b"corp.test",
    ],
    ids=repr,
)
def test_a_dns_name_that_only_looks_allowed_is_refused(name: bytes) -> None:
    reason = refused(dns(b"a.corp.test", name))
    assert reason.startswith("names: ")
    assert reason.isprintable(), "nothing that breaks a line of a log"
    assert "a.corp.test" in texts(certify(dns(b"a.corp.test")))


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (0x81, b"me@corp.test\0@evil.org"),
        (0x81, b"me@EVIL.org"),
        (0x81, b"me@corp.test@evil.org"),
        (0x81, b'"me@corp.test"@evil.org'),
        (0x81, b"me@[10.0.0.1]"),
        (0x81, "mé@corp.test".encode()),
        (0x81, b"@corp.test"),
        (0x81, b"corp.test"),
        (0x86, b"spiffe://corp.test\0.evil.org/"),
        (0x86, b"spiffe://evil.org#@corp.test/"),
        (0x86, b"spiffe://evil.org\\@corp.test/"),
        (0x86, b"SPIFFE://EVIL.org/"),
        (0x86, b"spiffe://corp.test.evil.org/"),
        (0x86, b"spiffe:///x"),
        (0x86, b"spiffe:corp.test"),
        (0x86, b"javascript:alert(1)"),
        (0x86, b"corp.test"),
    ],
    ids=repr,
)
def test_a_mailbox_or_uri_that_only_looks_allowed_is_refused(
    tag: int, name: bytes
) -> None:
    for profile in ("server", "client", "email"):
        reason = refused(naming((tag, name)), profile)
        assert reason.startswith("names: ")
        assert reason.isprintable()


@given(name_lists)
def test_the_fast_way_through_says_what_the_slow_one_does(
    names: tuple[GeneralName, ...],
) -> None:
    value = der.sequence(*(name.encode() for name in names))
    assert read_names(value, 100, []) == names


@settings(max_examples=300)
@given(st.from_regex(r"(\*\.)?([a-z0-9-]{1,4}\.){0,3}[a-z0-9-]{1,5}", fullmatch=True))
def test_the_fast_way_lets_nothing_through_that_the_slow_one_does_not(
    text: str,
) -> None:
    reasons: list[str] = []
    found = read_names(der.sequence(der.context(2, text.encode())), 1, reasons)
    slow = name_of(text)
    if slow is not None and slow.kind == "dns":
        assert found == (slow,)
    else:
        assert found == ()
        assert len(reasons) == 1


# Malformed on purpose ----------------------------------------------------------------


def test_an_extension_twice_is_refused() -> None:
    """One reader takes the first, another the last."""
    two = [alternative((0x82, name)) for name in (b"a.corp.test", b"evil.org")]
    assert "2.5.29.17 is there twice" in refused(forge(extension_request(*two)))


def test_two_requests_for_extensions_are_refused() -> None:
    two = [
        extension_request(alternative((0x82, name)))
        for name in (b"a.corp.test", b"evil.org")
    ]
    assert "asked for twice" in refused(forge(*two))
    microsoft = attribute(
        "1.3.6.1.4.1.311.2.1.14", der.sequence(alternative((0x82, b"evil.org")))
    )
    assert "asked for twice" in refused(forge(two[0], microsoft))
    assert "evil.org" in refused(forge(microsoft))
    values = [
        der.sequence(alternative((0x82, name))) for name in (b"a.corp.test", b"x")
    ]
    assert "follow it" in refused(forge(attribute("1.2.840.113549.1.9.14", *values)))


def test_other_attributes_are_passed_over() -> None:
    password = attribute("1.2.840.113549.1.9.7", der.encode(der.UTF8_STRING, b"secret"))
    wanted = extension_request(alternative((0x82, b"a.corp.test")))
    assert texts(certify(forge(password, wanted))) == ["a.corp.test"]


def test_a_default_written_out_is_read_as_the_default() -> None:
    names = der.sequence(der.context(2, b"a.corp.test"))
    false = extension(oid.SUBJECT_ALT_NAME, names, b"\1\1\0")
    assert texts(certify(forge(extension_request(false)))) == ["a.corp.test"]


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ([b"\5\0"], "an attribute that is none"),
        ([der.sequence()], "an attribute that is none"),
        ([extension_request(b"\5\0")], "an extension that is none"),
        ([extension_request(extension("1.2.3", b"", b"\1\1\x05"))], "that is none"),
        ([extension_request(extension(oid.KEY_USAGE, b"\5\0"))], "2.5.29.15 cannot"),
        (
            [extension_request(extension(oid.SUBJECT_ALT_NAME, b"x"))],
            "2.5.29.17 cannot",
        ),
        ([extension_request(alternative())], "an empty subjectAltName"),
        ([extension_request(extension("1.2.3.4", b""))], "1.2.3.4 is not allowed"),
    ],
)
def test_extensions_that_cannot_be_read_are_refused(
    attributes: list[bytes], reason: str
) -> None:
    assert reason in refused(forge(*attributes))


def test_an_empty_key_usage_asks_for_nothing() -> None:
    wanted = extension_request(
        alternative((0x82, b"a.corp.test")), extension(oid.KEY_USAGE, b"\3\1\0")
    )
    assert texts(certify(forge(wanted))) == ["a.corp.test"]


def test_trailing_bytes_are_refused() -> None:
    assert "follow it" in refused(GOOD + b"\0")
    assert "follow it" in refused(GOOD + GOOD)


@pytest.mark.parametrize("size", [1, 20, 100, -1])
def test_a_request_cut_short_is_refused(size: int) -> None:
    assert "not a certification request" in refused(GOOD[:size])


def test_a_length_that_is_not_der_is_refused() -> None:
    body = GOOD[3:] if GOOD[1] == 0x81 else GOOD[4:]
    longer = b"\x30\x83\0" + len(body).to_bytes(2, "big") + body
    assert "not DER" in refused(longer)
    indefinite = b"\x30\x80" + body + b"\0\0"
    assert "not DER" in refused(indefinite)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_version_that_a_certificate_might_have_is_taken(version: int) -> None:
    assert read_request(forge(version=version)).public_key is not None


@pytest.mark.parametrize("version", [3, 127])
def test_another_version_is_refused(version: int) -> None:
    assert "a version that is none of X.509's" in refused(forge(version=version))


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    data = dns(*(b"%d.corp.test" % number for number in range(8000)))
    with pytest.raises(InputError, match="65536 is the most") as caught:
        read_request(data)
    assert caught.value.code == "too-large"


def test_too_many_names_are_refused_before_they_are_read() -> None:
    names = [b"%d.corp.test" % number for number in range(101)]
    assert refused(dns(*names)) == "names: 101 of them, and 100 is the most"
    assert len(certify(dns(*names[:100])).names) == 100
    assert len(read_request(dns(*names), most_names=101).names) == 101


def test_pem_holds_one_request() -> None:
    pem = x509.load_der_x509_csr(GOOD).public_bytes(Encoding.PEM)
    assert texts(certify(pem)) == ["a.corp.test"]
    old = pem.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")
    assert texts(certify(old)) == ["a.corp.test"]
    assert "2 certification requests where one" in refused(pem + old)
    assert "0 certification requests" in refused(b"")
    assert "0 certification requests" in refused(b"nonsense")
    assert "has no END line" in refused(pem[:-20])
    trailing = base64.b64encode(GOOD + b"x")
    begin, end = (
        b"-----BEGIN CERTIFICATE REQUEST-----\n",
        b"\n-----END CERTIFICATE REQUEST-----",
    )
    assert "follow it" in refused(begin + trailing + end)


# Signatures and keys -----------------------------------------------------------------


def _parts() -> list[bytes]:
    return [part.whole for part in der.children(der.only(GOOD, der.SEQUENCE).content)]


def test_a_request_for_the_key_of_another_is_refused() -> None:
    """Whoever certifies a key must hold it."""
    info = public_key_info(ec.generate_private_key(ec.SECP256R1()).public_key())
    wanted = extension_request(alternative((0x82, b"a.corp.test")))
    found = refused(forge(wanted, info=info))
    assert found == "signature: not made with the key in the request"


def test_a_request_changed_after_it_was_signed_is_refused() -> None:
    changed = GOOD.replace(b"a.corp.test", b"b.corp.test")
    assert refused(changed) == "signature: not made with the key in the request"


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [
        ("1.2.840.113549.1.1.4", "MD5"),
        ("1.2.840.113549.1.1.2", "MD2"),
        ("1.2.840.10045.4.3.3", "not made with the key"),
        ("1.2.840.113549.1.1.11", "not made with the key"),
        ("1.3.101.112", "not made with the key"),
        ("1.2.3.4", "not made with the key"),
    ],
)
def test_a_signature_by_another_algorithm_is_refused(
    algorithm: str, reason: str
) -> None:
    info, _, signature = _parts()
    named = der.sequence(der.object_identifier(algorithm))
    assert reason in refused(der.sequence(info, named, signature))


def test_a_signature_that_is_none_is_refused() -> None:
    info, algorithm, _ = _parts()
    for bits in (b"\0", b"\0\x30\0", b"\0" * 70):
        found = refused(der.sequence(info, algorithm, der.encode(3, bits)))
        assert found == "signature: not made with the key in the request"
    odd = der.sequence(info, algorithm, der.encode(3, b"\1\2"))
    assert "not whole bytes" in refused(odd)


def test_a_point_off_the_curve_is_refused() -> None:
    info = bytearray(public_key_info(KEY.public_key()))
    info[-1] ^= 1
    assert refused(forge(info=bytes(info))).startswith(
        "key: not a public key that can be read"
    )


def test_the_point_at_infinity_is_refused() -> None:
    algorithm = public_key_info(KEY.public_key())[2:23]
    info = der.sequence(algorithm, der.bit_string(b"\0"))
    assert "key: not a public key" in refused(forge(info=info))


def test_a_curve_of_the_attackers_own_is_refused(tmp_path: Path) -> None:
    """Explicit parameters: CVE-2020-0601."""
    path = tmp_path / "explicit.pem"
    command = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"]
    command += ["-param_enc", "explicit", "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    data = by_openssl(tmp_path, "/", "subjectAltName = DNS:a.corp.test", key=path)
    assert refused(data) == "key: not written as RFC 5480 and RFC 3279 have it"


def test_a_compressed_point_is_refused() -> None:
    """Most clients do not read it; RFC 5480 makes it optional."""
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = public_key_info(KEY.public_key())[2:23]
    info = der.sequence(algorithm, der.bit_string(point))
    assert refused(forge(info=info)).startswith("key: not written as RFC 5480")


def test_a_curve_that_clients_do_not_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k1.pem"
    key = ec.generate_private_key(ec.SECP256K1())
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    data = by_openssl(tmp_path, "/", "subjectAltName = DNS:a.corp.test", key=path)
    assert "key: a key of kind secp256k1" in refused(data)


def _by_rsa(folder: Path, key: rsa.RSAPrivateKey) -> bytes:
    path = folder / "rsa.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return by_openssl(folder, "/", "subjectAltName = DNS:a.corp.test", key=path)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    found = refused(_by_rsa(tmp_path, key))
    assert found == "key: an RSA key of 1024 bits is too short to be safe"


def test_a_small_exponent_is_refused(tmp_path: Path) -> None:
    found = refused(_by_rsa(tmp_path, rsa.generate_private_key(3, 2048)))
    assert found == "key: the RSA public exponent 3 is too small or even"


def test_a_key_the_world_has_seen_is_refused(tmp_path: Path) -> None:
    """That of RFC 6979, which many a test suite signs with."""
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    key = ec.derive_private_key(secret, ec.SECP256R1())
    path = tmp_path / "seen.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    data = by_openssl(tmp_path, "/", "subjectAltName = DNS:a.corp.test", key=path)
    assert refused(data).startswith("key: its private key is public")


def test_a_key_on_the_operators_list_is_refused() -> None:
    info = public_key_info(KEY.public_key())
    blocklist = load_blocklist(hashlib.sha256(info).hexdigest().encode())
    with pytest.raises(ProfileError) as caught:
        read_request(GOOD, blocklist=blocklist)
    assert caught.value.reasons == ("key: it is on the list of compromised keys",)


# Everything else ---------------------------------------------------------------------


@settings(max_examples=500)
@given(mangled(GOOD))
def test_a_mangled_request_fails_but_as_bad_input(data: bytes) -> None:
    try:
        found = read_request(data)
    except (InputError, ProfileError):
        return
    assert found.names == NAMES, "nothing that is signed may change unseen"


@settings(max_examples=500)
@given(mangled(_parts()[0]))
def test_a_mangled_request_that_is_signed_is_read_as_the_library_reads_it(
    body: bytes,
) -> None:
    """An attacker signs whatever there is."""
    data = sign(body)
    try:
        found = read_request(data)
    except (InputError, ProfileError):
        return
    theirs = x509.load_der_x509_csr(data)
    assert theirs.is_signature_valid
    try:
        extensions = theirs.extensions
    except ValueError:
        return  # stricter than we are, about what is never signed
    values = [each.value for each in extensions]
    for value in values:
        if isinstance(value, x509.SubjectAlternativeName):
            names = value.get_values_for_type(x509.DNSName)
            one_form = [parse_name(name) for name in names]
            assert [name for name in found.names if name.kind == "dns"] == one_form
