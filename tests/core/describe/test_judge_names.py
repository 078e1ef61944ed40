from __future__ import annotations

import pytest

from core.describe.forge import (
    CLIENT,
    CN,
    LEAF_EXTENSIONS,
    PURPOSES,
    SAN,
    ca_with,
    codes,
    dns_names,
    extension,
    leaf,
    name,
    oid,
    with_extension,
)
from tlsmith.core import der
from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.judge_names import judge_dns_name, judge_names


def faults(data: bytes) -> list[str]:
    return codes(list(judge_names(read_certificate(data))))


@pytest.mark.parametrize(
    "text",
    [
        "app.test",
        "localhost",
        "*.app.test",
        "*.example.test.com",
        "xn--bcher-kva.test",
        "A.Test",
        "1.a",
        "a" * 63 + ".test",
    ],
)
def test_a_dns_name_of_today_is_no_fault(text: str) -> None:
    assert list(judge_dns_name(text)) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("127.0.0.1", "ip-address-as-dns-name"),
        ("::1", "ip-address-as-dns-name"),
        ("[::1]", "ip-address-as-dns-name"),
        ("*.com", "wildcard-of-top-level"),
        ("*.localhost", "wildcard-of-top-level"),
        ("*", "bad-wildcard"),
        ("a.*.test", "bad-wildcard"),
        ("a*.app.test", "bad-wildcard"),
        ("*.*.test", "bad-wildcard"),
        ("my_app.test", "unusual-dns-name"),
        ("-a.test", "unusual-dns-name"),
        ("a..test", "bad-dns-name"),
        ("app.test.", "bad-dns-name"),
        ("", "bad-dns-name"),
        ("https://app.test", "bad-dns-name"),
        ("app.test:443", "bad-dns-name"),
        ("a b", "bad-dns-name"),
        ("a" * 64 + ".test", "bad-dns-name"),
        (".".join(["a" * 60] * 5), "bad-dns-name"),
    ],
)
def test_a_dns_name_that_clients_refuse_is_told_of(text: str, code: str) -> None:
    assert code in codes(list(judge_dns_name(text)))


def test_a_server_without_names_is_told_of() -> None:
    assert faults(with_extension(SAN, None)) == ["no-subject-alt-name"]


def test_a_client_without_names_is_no_fault() -> None:
    extensions = {**LEAF_EXTENSIONS}
    del extensions[SAN]
    extensions[PURPOSES] = extension(PURPOSES, der.sequence(oid(CLIENT)))
    assert faults(leaf(extensions=extensions)) == []


def test_a_ca_without_names_is_no_fault() -> None:
    assert faults(ca_with(SAN, None)) == []


@pytest.mark.parametrize(
    ("common", "expected"),
    [
        ("app.test", []),
        ("APP.test", []),
        ("My Server", []),
        ("www.app.test", ["common-name-not-in-names"]),
        ("127.0.0.1", ["common-name-not-in-names"]),
        ("localhost", ["common-name-not-in-names"]),
    ],
)
def test_a_common_name_that_is_a_host_is_to_be_among_the_names(
    common: str, expected: list[str]
) -> None:
    assert faults(leaf(subject=name((CN, common)))) == expected


def test_a_common_name_in_unicode_may_stand_for_its_a_label() -> None:
    extensions = {**LEAF_EXTENSIONS, SAN: extension(SAN, dns_names("xn--bcher-kva.a"))}
    subject = name((CN, "bücher.a"))
    assert faults(leaf(subject=subject, extensions=extensions)) == []


def test_names_that_are_odd_are_told_of() -> None:
    twice = dns_names("app.test", "APP.test")
    assert faults(with_extension(SAN, twice)) == ["duplicate-name"]
    mail = der.sequence(der.context(1, b"nobody"), der.context(1, b"a@b.test"))
    assert faults(with_extension(SAN, mail)) == ["bad-email-address"]
    assert faults(with_extension(SAN, dns_names("*.test"))) == ["wildcard-of-top-level"]
