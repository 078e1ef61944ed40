from __future__ import annotations

import pytest

from core.describe.forge import codes, look, oid
from core.describe.samples import dh_parameters, pem_of
from tlsmith.core import der

P256 = oid("1.2.840.10045.3.1.7")
DH, EC, DSA = "DH PARAMETERS", "EC PARAMETERS", "DSA PARAMETERS"


@pytest.mark.parametrize(
    ("label", "content", "expected", "faults"),
    [
        (DH, dh_parameters(), {"algorithm": "DH", "size": 2048}, []),
        (
            DH,
            dh_parameters(1024),
            {"algorithm": "DH", "size": 1024},
            ["weak-parameters"],
        ),
        (DSA, dh_parameters(), {"algorithm": "DSA", "size": 2048}, []),
        (
            EC,
            P256,
            {"algorithm": "EC", "curve": "P-256", "size": 256},
            ["parameters"],
        ),
        (EC, der.sequence(der.integer(1)), {}, ["explicit-curve", "parameters"]),
        (
            DH,
            der.sequence(),
            {"algorithm": "DH", "size": 0},
            ["missing-field", "weak-parameters"],
        ),
        (DH, b"", {}, ["empty-block", "not-a-sequence"]),
    ],
)
def test_parameters_are_read(
    label: str, content: bytes, expected: dict[str, object], faults: list[str]
) -> None:
    report = look(pem_of(content, label))
    found = report.facts()["objects"][0]
    assert {key: found[key] for key in expected} == expected
    assert codes(report) == faults


def test_parameters_in_der_are_those_of_diffie_hellman() -> None:
    assert look(dh_parameters()).facts()["objects"][0]["algorithm"] == "DH"
