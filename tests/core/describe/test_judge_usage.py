from __future__ import annotations

import pytest

from core.describe.forge import (
    AKI,
    BASIC,
    CLIENT,
    CONSTRAINTS,
    LEAF_EXTENSIONS,
    PURPOSES,
    SAN,
    SKI,
    USAGE,
    ca,
    ca_with,
    codes,
    dns_names,
    explicit,
    extension,
    leaf,
    name,
    oid,
    with_extension,
)
from strategies import key_of_kind
from tlsmith.core import der
from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.judge_usage import judge_usage

TEST_ONLY = der.sequence(explicit(0, der.sequence(der.context(2, b"test"))))


def faults(data: bytes) -> list[str]:
    return codes(list(judge_usage(read_certificate(data))))


def usage(octet: int) -> bytes:
    spare = (octet & -octet).bit_length() - 1
    return der.bit_string(bytes([octet]), spare)


SIGN, ENCIPHER, AGREE, CERT_SIGN = 0x80, 0x20, 0x08, 0x04


def test_what_is_in_order_is_no_fault() -> None:
    assert faults(leaf()) == []
    assert faults(ca()) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (with_extension(USAGE, None), "no-key-usage"),
        (with_extension(PURPOSES, None), "no-extended-key-usage"),
        (with_extension(AKI, None), "no-authority-key-identifier"),
        (with_extension(SKI, None), "no-subject-key-identifier"),
        (
            with_extension(PURPOSES, der.sequence(oid(CLIENT))),
            "not-for-servers",
        ),
        (
            with_extension(CONSTRAINTS, TEST_ONLY, critical=True),
            "constraints-without-ca",
        ),
        (with_extension("1.2.3", b"x", critical=True), "unknown-critical-extension"),
        (
            with_extension("1.3.6.1.4.1.11129.2.4.3", b"\5\0", critical=True),
            "precertificate",
        ),
        (
            with_extension(SKI, der.octet_string(b"x"), critical=True),
            "extension-critical",
        ),
        (with_extension(SAN, dns_names("a.test"), critical=True), "names-critical"),
        (leaf(subject=name()), "names-not-critical"),
        (leaf(version=b"", extensions=b""), "version-1"),
        (with_extension(USAGE, usage(SIGN | CERT_SIGN)), "sign-without-ca"),
        (with_extension(USAGE, usage(0x40)), "key-usage-unfit"),
        (with_extension(USAGE, usage(AGREE)), "no-digital-signature"),
        (with_extension(USAGE, usage(SIGN | ENCIPHER)), "key-usage-of-other-key"),
    ],
)
def test_an_end_entity_is_judged(data: bytes, code: str) -> None:
    assert faults(data) == [code]


def test_an_empty_subject_with_critical_names_is_in_order() -> None:
    extensions = {**LEAF_EXTENSIONS}
    extensions[SAN] = extension(SAN, dns_names("a.test"), critical=True)
    assert faults(leaf(subject=name(), extensions=extensions)) == []


def test_rsa_keys_can_encipher() -> None:
    extensions = {**LEAF_EXTENSIONS, USAGE: extension(USAGE, usage(SIGN | ENCIPHER))}
    assert faults(leaf(key=key_of_kind("rsa2048"), extensions=extensions)) == []


def test_a_key_for_something_else_than_tls_is_not_judged_by_tls() -> None:
    signing = der.sequence(oid("1.3.6.1.5.5.7.3.3"))
    extensions = {**LEAF_EXTENSIONS}
    extensions[PURPOSES] = extension(PURPOSES, signing)
    extensions[USAGE] = extension(USAGE, usage(0x40))
    assert faults(leaf(extensions=extensions)) == ["not-for-servers"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ca_with(BASIC, der.sequence(der.TRUE)), "extension-not-critical"),
        (ca_with(USAGE, None), "no-key-usage"),
        (ca_with(USAGE, usage(SIGN)), "ca-may-not-sign"),
        (ca_with(SKI, None), "no-subject-key-identifier"),
        (ca_with(SAN, dns_names("app.test")), "ca-as-end-entity"),
        (ca_with(CONSTRAINTS, TEST_ONLY), "extension-not-critical"),
        (ca(subject=name()), "empty-ca-subject"),
    ],
)
def test_a_ca_is_judged(data: bytes, code: str) -> None:
    assert faults(data) == [code]


def test_a_ca_of_version_1_is_told_of() -> None:
    assert faults(ca(version=b"", extensions=b"")) == [
        "no-subject-key-identifier",
        "version-1",
    ]


def test_a_ca_may_have_names_that_are_no_hosts() -> None:
    mail = der.sequence(der.context(1, b"ca@app.test"))
    assert faults(ca_with(SAN, mail)) == []
