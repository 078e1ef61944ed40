"""Replicas whose clocks differ a little, and a clock that is put back."""

from __future__ import annotations

from authorities import ADMINISTRATOR, Clock, TestCA


def test_a_clock_a_little_behind_makes_no_crl_anew(ca: TestCA, clock: Clock) -> None:
    """Else each revocation has all entries written twice, and no delta has a base."""
    issued = ca.issue("a.test")
    behind = ca.again()
    ca.authority.revoke(issued.number, "superseded", ADMINISTRATOR)
    assert ca.authority.refresh_crls()
    before = ca.authority.publication.crls()
    clock.forward(seconds=-3)
    assert behind.refresh_crls() == []
    behind.publication.forget()
    assert behind.publication.crls() == before
    behind.close()


def test_a_clock_put_back_for_hours_has_crls_that_hold_now(
    ca: TestCA, clock: Clock
) -> None:
    ca.authority.refresh_crls(force=True)
    before = ca.authority.publication.crls()[f"{ca.slug}.crl"]
    clock.forward(hours=-2)
    assert ca.authority.refresh_crls()
    after = ca.authority.publication.crls()[f"{ca.slug}.crl"]
    assert after.this_update == clock()
    assert after.number == before.number + 1
    assert ca.authority.refresh_crls() == []
