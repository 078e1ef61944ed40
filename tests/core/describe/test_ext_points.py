from __future__ import annotations

from typing import Any

import pytest

from core.describe.forge import CA_NAME, codes, explicit, node, oid, text
from tlsmith.core import der
from tlsmith.core.describe import ext_points

URL = der.context(6, b"http://x.test/crl")
FULL = explicit(0, explicit(0, URL))
RELATIVE = explicit(0, explicit(1, der.sequence(oid("2.5.4.3"), text("part"))))
KEY_COMPROMISE = b"\6\x40"


def read(function: str, data: bytes) -> tuple[Any, list[str], list[str]]:
    dissection, outer = node(data)
    value, words = getattr(ext_points, function)(dissection, outer)
    return value, words, codes(dissection.findings)


def test_distribution_points_are_read() -> None:
    data = der.sequence(
        der.sequence(
            FULL, der.context(1, KEY_COMPROMISE), explicit(2, explicit(4, CA_NAME))
        ),
        der.sequence(RELATIVE),
        der.sequence(),
    )
    value, words, faults = read("distribution_points", data)
    assert value[0]["full_name"][0]["value"] == "http://x.test/crl"
    assert value[0]["reasons"] == ["key_compromise"]
    assert value[1:] == [{"relative_name": "CN=part"}, {}]
    assert words == [
        "URI http://x.test/crl",
        "only for key compromise",
        "signed by name CN=ca",
        "below the issuer's name: CN=part",
    ]
    assert not faults
    assert read("distribution_points", der.sequence())[1] == ["(none)"]


def test_a_point_that_is_neither_name_is_told_of() -> None:
    data = der.sequence(der.sequence(explicit(0, der.integer(1))))
    value, _, faults = read("distribution_points", data)
    assert (value, faults) == ([{}], ["unexpected-type"])


def test_reasons_that_no_standard_has_are_left_out() -> None:
    data = der.sequence(der.sequence(FULL, der.context(1, b"\5\0\x60")))
    assert read("distribution_points", data)[0][0]["reasons"] == []


@pytest.mark.parametrize(
    ("tag", "key", "words"),
    [
        (1, "only_contains_user_certs", "only for end entities"),
        (2, "only_contains_ca_certs", "only for CAs"),
        (4, "indirect_crl", "of several issuers"),
        (5, "only_attribute_certs", "only for attributes"),
    ],
)
def test_the_scope_of_a_list_is_read(tag: int, key: str, words: str) -> None:
    data = der.sequence(FULL, der.context(tag, b"\xff"))
    value, lines, faults = read("issuing_distribution_point", data)
    assert value[key] is True
    assert lines == ["URI http://x.test/crl", words]
    assert not faults
    data = der.sequence(der.context(tag, b"\0"))
    assert read("issuing_distribution_point", data)[:2] == ({}, ["(empty)"])


def test_the_reasons_of_a_list_are_read() -> None:
    data = der.sequence(der.context(3, KEY_COMPROMISE))
    assert read("issuing_distribution_point", data)[:2] == (
        {"only_some_reasons": ["key_compromise"]},
        ["only for key compromise"],
    )


def test_places_to_ask_are_read() -> None:
    data = der.sequence(
        der.sequence(oid("1.3.6.1.5.5.7.48.1"), URL),
        der.sequence(oid("1.2.3"), der.context(2, b"x.test")),
        der.sequence(oid("1.2.3")),
    )
    value, words, faults = read("information_access", data)
    assert [one["method"] for one in value] == ["ocsp", "1.2.3"]
    assert words == ["OCSP: http://x.test/crl", "1.2.3: DNS x.test"]
    assert faults == ["missing-field"]
    assert read("information_access", der.sequence())[1] == ["(none)"]


def test_a_reference_to_a_list_is_read() -> None:
    moment = der.encode(der.GENERALIZED_TIME, b"20261123120000Z")
    data = der.sequence(
        explicit(0, der.encode(der.IA5_STRING, b"http://x")),
        explicit(1, der.integer(5)),
        explicit(2, moment),
    )
    assert read("crl_reference", data)[0] == {
        "url": "http://x",
        "number": "05",
        "time": "2026-11-23T12:00:00Z",
    }
    assert read("crl_reference", der.sequence())[1] == ["(empty)"]
    assert read("crl_reference", der.sequence(explicit(1)))[0] == {"number": ""}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "unspecified"),
        (6, "certificate_hold"),
        (7, "code 7"),
        (8, "remove_from_crl"),
        (9, "privilege_withdrawn"),
        (10, "aa_compromise"),
        (11, "code 11"),
        (-1, "code -1"),
        (None, "code None"),
    ],
)
def test_reason_codes_have_names(code: int | None, name: str) -> None:
    assert ext_points.reason_name(code) == name
