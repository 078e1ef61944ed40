from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.describe.forge import (
    CLIENT,
    LEAF_EXTENSIONS,
    PURPOSES,
    algorithm,
    ca,
    codes,
    extension,
    leaf,
    name,
    oid,
    validity,
)
from strategies import NOW
from tlsmith.core import der
from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.judge_certificate import judge_certificate

DAY = timedelta(days=1)
ECDSA_SHA1, RSA_MD5 = "1.2.840.10045.4.1", "1.2.840.113549.1.1.4"


def judged(data: bytes, *, self_signed: bool = False) -> list[Any]:
    certificate = read_certificate(data)
    return list(judge_certificate(certificate, NOW, self_signed=self_signed))


def faults(data: bytes, *, self_signed: bool = False) -> list[str]:
    return codes(judged(data, self_signed=self_signed))


def test_what_is_in_order_is_no_fault() -> None:
    assert faults(leaf()) == []
    assert faults(ca(), self_signed=True) == []


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (NOW - 30 * DAY, NOW - 20 * DAY, "expired"),
        (NOW + DAY, NOW + 20 * DAY, "not-yet-valid"),
        (NOW + 20 * DAY, NOW + DAY, "validity-reversed"),
        (NOW - 80 * DAY, NOW + 9 * DAY, "expires-soon"),
        (NOW - DAY, NOW + 398 * DAY, "validity-over-397-days"),
        (NOW - DAY, NOW + 900 * DAY, "validity-over-825-days"),
    ],
)
def test_a_validity_is_judged(first: Any, last: Any, code: str) -> None:
    assert faults(leaf(validity=validity(first, last))) == [code]


def test_a_validity_of_397_days_is_no_fault() -> None:
    period = validity(NOW - DAY, NOW - DAY + 397 * DAY)
    assert faults(leaf(validity=period)) == []


def test_a_client_may_have_a_long_validity() -> None:
    purposes = extension(PURPOSES, der.sequence(oid(CLIENT)))
    data = leaf(
        validity=validity(NOW - DAY, NOW + 900 * DAY),
        extensions={**LEAF_EXTENSIONS, PURPOSES: purposes},
    )
    assert faults(data) == ["not-for-servers"]


def test_a_validity_that_cannot_be_read_is_not_judged() -> None:
    assert faults(leaf(validity=der.sequence())) == []


def test_how_long_it_is_over_is_said() -> None:
    period = validity(NOW - 1200 * DAY, NOW - 1100 * DAY)
    assert judged(leaf(validity=period))[0].message == "expired 3 years ago"


@pytest.mark.parametrize(
    ("serial", "code"),
    [
        (b"\x80", "negative-serial"),
        (b"\0", "zero-serial"),
        (b"\1" * 21, "long-serial"),
        (b"\0" + b"\xff" * 20, "long-serial"),
    ],
)
def test_a_serial_number_is_judged(serial: bytes, code: str) -> None:
    assert faults(leaf(serial=der.encode(der.INTEGER, serial))) == [code]


def test_a_serial_number_that_cannot_be_read_is_not_judged() -> None:
    assert faults(leaf(serial=der.octet_string(b"x"))) == []


def test_two_algorithms_that_differ_are_told_of() -> None:
    assert faults(leaf(outer=algorithm("1.2.840.10045.4.3.3"))) == [
        "algorithm-mismatch"
    ]


@pytest.mark.parametrize(("dotted", "words"), [(ECDSA_SHA1, "SHA-1"), (RSA_MD5, "MD5")])
def test_a_weak_hash_is_told_of(dotted: str, words: str) -> None:
    weak = algorithm(dotted)
    found = judged(leaf(signature=weak, outer=weak))
    assert codes(found) == ["weak-signature"]
    assert words in found[0].message


def test_the_hash_of_a_root_does_not_matter() -> None:
    weak = algorithm(ECDSA_SHA1)
    assert faults(ca(signature=weak, outer=weak), self_signed=True) == []


def test_an_empty_issuer_is_told_of() -> None:
    assert faults(leaf(issuer=name())) == ["empty-issuer"]


def test_an_end_entity_signed_by_itself_is_noted() -> None:
    assert faults(leaf(), self_signed=True) == ["self-signed"]


def test_of_what_is_cut_short_nobody_knows_what_it_lacks() -> None:
    assert faults(leaf()[:150]) == []
