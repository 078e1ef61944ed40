from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import LEAF_NAME, algorithm, leaf, validity
from core.describe.samples import every_der
from strategies import NOW, mangled
from tlsmith.core import der
from tlsmith.core.describe.shape import UNKNOWN, shape

EVERY = every_der()
INTEGERS = [der.integer(2**600 + 1), der.integer(65537)]


@pytest.mark.parametrize("expected", [*EVERY], ids=" ".join)
def test_every_kind_is_told_from_the_others(expected: tuple[str, str]) -> None:
    assert shape(EVERY[expected]) == expected
    assert shape(b"before" + EVERY[expected] + b"behind", 6) == expected


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        # Before version 3, certificates have no tag to know them by.
        (leaf(version=b"", extensions=b""), "certificate"),
        (
            der.sequence(der.sequence(algorithm("1.2.3"), LEAF_NAME, der.time(NOW))),
            "certificate-revocation-list",
        ),
        (
            der.sequence(der.sequence(der.integer(0), LEAF_NAME, LEAF_NAME)),
            "certificate-signing-request",
        ),
        (der.sequence(der.encode(0x0A, b"\6")), "ocsp-response"),
        (der.sequence(*INTEGERS), "public-key"),
        (der.sequence(INTEGERS[0], der.integer(2)), "parameters"),
        (der.sequence(INTEGERS[0], der.integer(5)), "parameters"),
        (der.sequence(*INTEGERS, der.integer(5)), "parameters"),
        (der.sequence(der.integer(0), *INTEGERS), "private-key"),
    ],
)
def test_odd_forms_are_known_too(data: bytes, kind: str) -> None:
    assert shape(data)[0] == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"\x30\x00",
        b"\x31\x00",
        der.integer(1),
        der.sequence(der.octet_string(b"x")),
        der.sequence(der.object_identifier("1.2.3")),
        der.sequence(der.integer(1)),
        der.sequence(der.integer(1), der.integer(2)),
        der.sequence(der.integer(1), der.encode(0x01, b"\xff")),
        der.sequence(der.integer(1), der.sequence()),
        der.sequence(der.integer(1), der.sequence(der.integer(1))),
        der.sequence(*[der.integer(9)] * 4),
        der.sequence(der.sequence()),
        der.sequence(validity()),
        der.sequence(algorithm("1.2.3"), der.octet_string(b"digest")),
        der.sequence(algorithm("1.2.3"), der.integer(1)),
        der.sequence(algorithm("1.2.3")),
        der.sequence(der.sequence(der.integer(1), LEAF_NAME, LEAF_NAME, der.TRUE)),
        der.sequence(
            der.sequence(der.integer(1), algorithm("1.2.3"), LEAF_NAME, der.TRUE)
        ),
        der.sequence(der.sequence(der.sequence(), der.sequence(), der.sequence())),
        der.sequence(der.sequence(der.sequence(der.sequence()))),
        der.sequence(der.sequence(der.sequence(der.sequence(der.integer(1))))),
    ],
)
def test_other_structures_are_unknown(data: bytes) -> None:
    assert shape(data) == UNKNOWN


@pytest.mark.parametrize(
    ("expected", "least"),
    [
        (("certificate", "der"), 40),
        (("private-key", "pkcs8"), 35),
        (("private-key", "sec1"), 10),
        (("private-key", "pkcs1"), 300),
        (("pkcs12", "der"), 40),
        (("pkcs7", "der"), 20),
        (("public-key", "spki"), 40),
        (("ocsp-response", "der"), 20),
        (("certificate-revocation-list", "der"), 80),
    ],
    ids=str,
)
def test_what_is_cut_short_is_known_by_its_start(
    expected: tuple[str, str], least: int
) -> None:
    for size in (least, len(EVERY[expected]) - 1):
        assert shape(EVERY[expected][:size]) == expected


def test_a_key_that_is_cut_inside_its_algorithm_is_a_public_key() -> None:
    assert shape(EVERY["public-key", "spki"][:12]) == ("public-key", "spki")


@given(st.binary(max_size=100) | st.sampled_from([*EVERY.values()]).flatmap(mangled))
def test_any_octets_have_some_shape(data: bytes) -> None:
    kind, form = shape(data)
    assert (kind, form) in {*EVERY, UNKNOWN}
