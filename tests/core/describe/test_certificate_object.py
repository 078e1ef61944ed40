from __future__ import annotations

from core.describe.forge import codes, facts, leaf, look
from core.describe.samples import pem_of


def test_a_certificate_says_how_long_it_has() -> None:
    assert facts(leaf())["validity"] == {
        "status": "current",
        "remaining": "expires in 2 months",
        "lifetime_days": 91,
    }


def test_the_trust_settings_of_openssl_are_noted() -> None:
    report = look(pem_of(leaf() + b"\x30\x00", "TRUSTED CERTIFICATE"))
    assert codes(report) == ["openssl-trust"]
    assert "fingerprints" in report.facts()["objects"][0]
