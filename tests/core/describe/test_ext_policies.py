from __future__ import annotations

from typing import Any

import pytest

from core.describe.forge import codes, node, oid, text
from tlsmith.core import der
from tlsmith.core.describe import ext_policies

CPS, NOTICE = "1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"
DOMAIN_VALIDATED = "2.23.140.1.2.1"


def read(function: str, data: bytes) -> tuple[Any, list[str], list[str]]:
    dissection, outer = node(data)
    value, words = getattr(ext_policies, function)(dissection, outer)
    return value, words, codes(dissection.findings)


def policies(*qualifiers: bytes) -> bytes:
    return der.sequence(der.sequence(oid("1.2.3"), der.sequence(*qualifiers)))


def test_policies_have_names_where_they_are_known() -> None:
    data = der.sequence(der.sequence(oid(DOMAIN_VALIDATED)), der.sequence(oid("1.2.3")))
    value, words, faults = read("certificate_policies", data)
    assert value == [{"oid": DOMAIN_VALIDATED}, {"oid": "1.2.3"}]
    assert words == [
        "CA/Browser Forum domain validated (2.23.140.1.2.1)",
        "1.2.3",
    ]
    assert not faults
    assert read("certificate_policies", der.sequence())[1] == ["(none)"]


def test_qualifiers_are_read() -> None:
    numbers = der.sequence(der.integer(1))
    reference = der.sequence(text("Org"), numbers)
    data = policies(
        der.sequence(oid(CPS), text("http://x", der.IA5_STRING)),
        der.sequence(oid(NOTICE), der.sequence(reference, text("words"))),
        der.sequence(oid(NOTICE), der.sequence()),
    )
    value, words, faults = read("certificate_policies", data)
    assert value[0]["qualifiers"] == [
        {"cps": "http://x"},
        {"notice": "Org: words"},
        {"notice": ""},
    ]
    assert words == [
        "1.2.3",
        "  statement: http://x",
        "  notice: Org: words",
        "  notice: ",
    ]
    assert not faults


@pytest.mark.parametrize(
    ("qualifier", "code"),
    [
        (der.sequence(oid(CPS)), "missing-field"),
        (der.sequence(oid(CPS), text("x")), "bad-qualifier"),
        (der.sequence(oid("1.2.4"), text("x")), "unknown-qualifier"),
        (
            der.sequence(oid(NOTICE), der.sequence(der.sequence(text("x")))),
            "missing-field",
        ),
    ],
)
def test_a_qualifier_that_is_odd_is_told_of(qualifier: bytes, code: str) -> None:
    assert read("certificate_policies", policies(qualifier))[2] == [code]


def test_mappings_are_read() -> None:
    data = der.sequence(der.sequence(oid("1.2.3"), oid("1.2.4")))
    assert read("policy_mappings", data)[:2] == (
        [{"issuer": "1.2.3", "subject": "1.2.4"}],
        ["1.2.3 counts as 1.2.4"],
    )
    assert read("policy_mappings", der.sequence())[1] == ["(none)"]
