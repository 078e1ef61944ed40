"""Changes of status outlive a clean-up until no delta CRL needs them."""

from __future__ import annotations

from datetime import timedelta

from authorities import ADMINISTRATOR, Clock, TestCA
from tlsmith.authority.crls import CRLSchedule
from tlsmith.authority.service import Authority, AuthoritySettings
from tlsmith.core.crl import read_entries, view_crl


def listed(authority: Authority, path: str) -> set[int]:
    document = authority.publication.document(f"crl/{path}")
    assert document is not None
    return {one.serial_number for one in read_entries(view_crl(document.body).entries)}


def quarterly(ca: TestCA) -> Authority:
    """The same CA, with CRLs that are due by the clock every 90 days."""
    schedule = CRLSchedule(timedelta(days=90), timedelta(days=100))
    settings = AuthoritySettings(schedule)
    storage = ca.again().storage
    return Authority(
        storage, ca.authority.issuers.passphrase, clock=ca.clock, settings=settings
    )


def test_a_delta_has_all_since_its_base(ca: TestCA, clock: Clock) -> None:
    authority = quarterly(ca)
    issued = [ca.issue(f"{name}.test") for name in ("a", "b")]
    authority.revoke(issued[0].number, "superseded", ADMINISTRATOR)
    authority.refresh_crls()
    clock.forward(days=70)
    authority.clean_up()
    authority.revoke(issued[1].number, "superseded", ADMINISTRATOR)
    authority.refresh_crls()
    wanted = {one.serial_number for one in issued}
    assert listed(authority, f"{ca.slug}.crl") == wanted
    assert listed(authority, f"{ca.slug}-delta.crl") == wanted
    clock.forward(days=90)  # a new base: what came before is needed no more
    authority.refresh_crls()
    authority.clean_up()
    with authority.storage.read() as connection:
        assert connection.all("SELECT 1 FROM changes") == []
    authority.close()


def test_a_graver_reason_is_on_the_crl_though_revoked_long_ago(
    ca: TestCA, clock: Clock
) -> None:
    """As where the CA's key was away meanwhile."""
    authority = quarterly(ca)
    issued = ca.issue("a.test")
    authority.revoke(issued.number, "superseded", ADMINISTRATOR)
    authority.refresh_crls()
    clock.forward(days=70)
    authority.revoke(issued.number, "keyCompromise", ADMINISTRATOR)
    authority.clean_up()
    assert authority.refresh_crls()
    document = authority.publication.document(f"crl/{ca.slug}.crl")
    assert document is not None
    (entry,) = read_entries(view_crl(document.body).entries)
    assert entry.reason == "keyCompromise"
    authority.close()
