"""Whom a certificate is for: requests of others, keys that are kept, subjects."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import issued
from running import Done, tlsmith_here
from strategies import QUICK_KINDS, key_of_kind

OID = x509.NameOID


def weak_key() -> rsa.RSAPrivateKey:
    """A key that nobody should have any more."""
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 -- on purpose


def request(
    names: Sequence[x509.GeneralName] = (),
    *,
    key: Any = None,
    common_name: str | None = None,
    algorithm: Any = None,
) -> x509.CertificateSigningRequest:
    """A request as other tools make them."""
    subject = [x509.NameAttribute(OID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        alternative = x509.SubjectAlternativeName(names)
        builder = builder.add_extension(alternative, critical=False)
    key = key or key_of_kind("p256")
    return builder.sign(key, algorithm or hashes.SHA256())


def sign(one: x509.CertificateSigningRequest | bytes, *words: str) -> Done:
    data = one if isinstance(one, bytes) else one.public_bytes(Encoding.PEM)
    Path("a.csr").write_bytes(data)
    return tlsmith_here("make", "--csr", "a.csr", "--cert-file", "a.pem", *words)


# Requests -------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_request_is_signed_for_its_names_and_its_key(
    folder: Path, encoding: Encoding
) -> None:
    names = [x509.DNSName("printer.lan"), x509.IPAddress(ipaddress.ip_address("::1"))]
    asked = request(names)
    done = sign(asked.public_bytes(encoding))
    assert done.code == 0, done.err
    leaf = issued.leaf("a.pem")
    assert issued.names(leaf) == ["printer.lan", "::1"]
    assert leaf.public_key() == asked.public_key()
    assert sorted(os.listdir()) == ["a.csr", "a.pem"]
    assert "key  " not in done.out


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_our_own_requests_are_signed(folder: Path, kind: str) -> None:
    assert tlsmith_here("csr", "b.test", "--key", kind).code == 0
    done = tlsmith_here("make", "--csr", "b.test.csr", "--json")
    assert done.facts["key"] == kind
    assert done.facts["key_file"] is None
    assert issued.belong_together("b.test.pem", "b.test-key.pem")


def test_a_request_comes_from_standard_input(folder: Path) -> None:
    data = request([x509.DNSName("a.test")]).public_bytes(Encoding.PEM)
    words = ["make", "--csr", "-", "--cert-file", "a.pem"]
    assert tlsmith_here(*words, typed=data).code == 0
    assert issued.names(issued.leaf("a.pem")) == ["a.test"]


def test_nothing_but_names_and_key_is_taken(folder: Path) -> None:
    """Not the subject, not a CA's rights, not other usages."""
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(OID.ORGANIZATION_NAME, "Somebody Else"),
                    x509.NameAttribute(OID.COMMON_NAME, "a.test"),
                ]
            )
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.test")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=3), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), False
        )
    )
    assert sign(builder.sign(key_of_kind("p256"), hashes.SHA256())).code == 0
    leaf = issued.leaf("a.pem")
    assert leaf.subject.rfc4514_string() == "CN=a.test"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_common_name_alone_becomes_a_name(folder: Path) -> None:
    assert sign(request(common_name="old.test")).code == 0
    assert issued.names(issued.leaf("a.pem")) == ["old.test"]


def test_names_given_here_go_before_those_of_the_request(folder: Path) -> None:
    asked = request([x509.DNSName("a.test"), x509.DNSName("b.test")])
    done = sign(asked, "a.test", "c.test")
    assert done.code == 0
    assert "left out: b.test" in done.err
    assert issued.names(issued.leaf("a.pem")) == ["a.test", "c.test"]


def _forged() -> bytes:
    """A request whose names were changed after it was signed."""
    data = request([x509.DNSName("a.test")]).public_bytes(Encoding.DER)
    return data.replace(b"a.test", b"b.test")


REFUSED = {
    "a forged signature": (_forged, "signature: not made with the key"),
    "a short RSA key": (
        lambda: request([x509.DNSName("a.test")], key=weak_key()),
        "key: an RSA key of 1024 bits is too short",
    ),
    "a key of another curve": (
        lambda: request(
            [x509.DNSName("a.test")], key=ec.generate_private_key(ec.SECP256K1())
        ),
        "key: a key of kind secp256k1",
    ),
    "a DSA key": (
        lambda: request([x509.DNSName("a.test")], key=dsa.generate_private_key(2048)),
        "key: a key of kind dsa",
    ),
    "no name": (request, "names: there are none"),
    "a name of another kind": (
        lambda: request([x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))]),
        "names: ",
    ),
    "an address put in as a host": (
        lambda: request([x509.DNSName("127.0.0.1")]),
        "names: '127.0.0.1' is put in as a dns name",
    ),
    "a host that is none": (
        lambda: request([x509.DNSName("a_b.test")]),
        "names: ",
    ),
    "a common name that is no host": (
        lambda: request(common_name="My Printer"),
        "common name: ",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_request_is_refused_with_the_reason(folder: Path, what: str) -> None:
    make, reason = REFUSED[what]
    done = sign(make())
    assert (done.code, done.out) == (2, "")
    assert "this request cannot be signed" in done.err
    assert f"  - {reason}" in done.err
    assert os.listdir() == ["a.csr"]


def test_every_reason_is_told_at_once(folder: Path) -> None:
    weak = weak_key()
    asked = request([x509.DNSName("a_b.test"), x509.DNSName("10.0.0.1")], key=weak)
    done = sign(asked, "--json")
    assert done.code == 2
    assert [reason.partition(":")[0] for reason in done.error["reasons"]] == [
        "key",
        "names",
        "names",
    ]


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n", bytes(99)]
)
def test_what_is_no_request_is_one_clear_error(folder: Path, data: bytes) -> None:
    done = sign(data)
    assert done.code == 2
    assert "request" in done.err
    assert os.listdir() == ["a.csr"]


def test_a_name_outside_is_refused_for_requests_too(folder: Path) -> None:
    done = sign(request([x509.DNSName("www.example.com")]))
    assert done.code == 3
    assert "--allow www.example.com" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["--key", "p256"],
        ["--key-file", "k.pem"],
        ["--p12-file", "k.p12"],
        ["--reuse-key"],
        ["--format", "p12"],
        ["--format", "combined"],
        ["--format", "k8s-secret"],
    ],
    ids=" ".join,
)
def test_a_request_brings_no_key_to_write(folder: Path, words: list[str]) -> None:
    done = sign(request([x509.DNSName("a.test")]), *words)
    assert done.code == 2
    assert "needs the private key, and --csr brings none" in done.err
    assert os.listdir() == ["a.csr"]


# Keys that are kept ---------------------------------------------------------------


@pytest.mark.parametrize("command", ["make", "self-sign", "csr"])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        (weak_key, "1024 bits is too short"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "of kind secp256k1"),
        (lambda: dsa.generate_private_key(2048), "of kind dsa"),
    ],
    ids=["short", "curve", "dsa"],
)
def test_a_key_not_fit_is_not_kept(
    folder: Path, command: str, key: Any, said: str
) -> None:
    data = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path("k.pem").write_bytes(data)
    keep = [] if command == "csr" else ["--reuse-key"]
    done = tlsmith_here(command, "a.test", "--key-file", "k.pem", *keep)
    assert done.code == 2
    assert said in done.err
    assert os.listdir() == ["k.pem"]


@pytest.mark.parametrize("command", ["make", "self-sign", "csr"])
def test_a_kept_key_is_of_the_kind_asked_for(folder: Path, command: str) -> None:
    assert tlsmith_here("csr", "a.test", "--key-file", "k.pem").code == 0
    keep = [] if command == "csr" else ["--reuse-key"]
    words = [command, "b.test", "--key-file", "k.pem", *keep]
    done = tlsmith_here(*words, "--key", "rsa2048")
    assert done.code == 2
    assert "the key to keep is p256, and --key asks for rsa2048" in done.err
    assert tlsmith_here(*words, "--key", "p256").code == 0


# Subjects -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("CN=a.test", "CN=a.test"),
        ("CN=a.test,O=Acme,C=DE", "CN=a.test,O=Acme,C=DE"),
        ("/C=DE/O=Acme/CN=a.test", "CN=a.test,O=Acme,C=DE"),
        ("O=Acme", "O=Acme"),
        ("CN=A.Test", "CN=a.test"),
        ("CN=a.test,O=Müller & Söhne", "CN=a.test,O=Müller & Söhne"),
    ],
)
@pytest.mark.parametrize("command", ["make", "self-sign"])
def test_a_subject_of_either_form_is_taken(
    folder: Path, command: str, subject: str, read: str
) -> None:
    done = tlsmith_here(command, "a.test", "--subject", subject)
    assert done.code == 0, done.err
    assert issued.leaf("a.test.pem").subject.rfc4514_string() == read
    assert issued.names(issued.leaf("a.test.pem")) == ["a.test"]


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("CN=b.test", "'b.test' in the subject is not among the names"),
        ("a.test", "not a subject"),
        ("CN", "not a subject"),
        ("C=Germany", "not a subject"),
        ("XX=a", "not a subject"),
        ("CN=", "not a"),
        ("O=" + "x" * 65, "1 to 64 characters"),
        ("emailAddress=me@a.test", "not among the names"),
    ],
)
@pytest.mark.parametrize("command", ["make", "self-sign", "csr"])
def test_a_bad_subject_is_one_clear_error(
    folder: Path, command: str, subject: str, said: str
) -> None:
    done = tlsmith_here(command, "a.test", "--subject", subject)
    assert done.code == 2
    assert said in done.err
    assert os.listdir() == []


def test_an_empty_subject_makes_the_names_critical(folder: Path) -> None:
    assert tlsmith_here("make", "a.test", "--subject", "").code == 0
    leaf = issued.leaf("a.test.pem")
    assert leaf.subject.rfc4514_string() == ""
    alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert alternative.critical


def test_an_issuer_always_has_a_name(folder: Path) -> None:
    """Who signs itself is an issuer: RFC 5280 4.1.2.4."""
    assert tlsmith_here("self-sign", "a.test", "--subject", "").code == 0
    assert issued.leaf("a.test.pem").issuer.rfc4514_string() == "CN=a.test"
