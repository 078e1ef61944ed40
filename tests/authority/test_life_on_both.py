"""Taking in answers, rotating and adopting, on either database."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from authorities import ADMINISTRATOR, NOW, PASSPHRASE, Clock, TestCA, wanted_for
from authority.test_answers import Waiting
from tlsmith.authority.actor import Actor
from tlsmith.authority.adopting import Wishes, succeed
from tlsmith.authority.adoption import AdoptedAuthority, AdoptedCA, AdoptedCertificate
from tlsmith.authority.adoption_store import Adopter, Adoption
from tlsmith.authority.audit_check import check_audit
from tlsmith.authority.creation import NewSigner
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.root_crl import sign_root_crl
from tlsmith.authority.root_file import RootFile
from tlsmith.authority.rotation import new_intermediate, retire, rotate
from tlsmith.authority.service import Authority
from tlsmith.core.crl import RevokedEntry, read_entries, view_crl
from tlsmith.core.view import view_certificate
from tlsmith.signers import create_key
from tlsmith.storage import open_storage


def test_a_request_is_answered_and_taken_back(address: str) -> None:
    storage = open_storage(address, create=True)
    waiting = Waiting(storage)
    issuing = waiting.taken()
    authority = Authority(storage, lambda: PASSPHRASE, clock=lambda: NOW)
    authority.issue(wanted_for("a.test"), ADMINISTRATOR)
    serial = view_certificate(issuing.certificate or b"").serial_number
    entries = [RevokedEntry(serial, NOW, "cACompromise")]
    waiting.take(crls=(sign_root_crl(waiting.root.issuer, 2, entries, NOW),))
    assert waiting.records()[0].state == "revoked"
    authority.close()


def test_a_running_service_issues_by_the_new_ca_within_a_second(
    address: str, clock: Clock
) -> None:
    ca = TestCA(address, clock)
    other = ca.again()
    before = other.issue(wanted_for("a.test"), ADMINISTRATOR)
    made = create_key("store:", "p256", PASSPHRASE)
    signer = NewSigner(made.signer.uri, made.signer, made.material)
    root = RootFile(ca.root, ca.root_key)
    storage = ca.authority.storage
    record = new_intermediate(storage, root, signer, None, clock())
    rotate(storage, record, ADMINISTRATOR, clock())
    time.sleep(1.1)
    after = other.issue(wanted_for("a.test"), ADMINISTRATOR)
    assert before.chain[1] == ca.intermediate
    assert after.chain[1] == record.certificate
    # Either is still revoked here, and each is on its own CA's list.
    for one in (before, after):
        other.revoke(one.number, "superseded", ADMINISTRATOR)
    other.refresh_crls()
    listed = [
        {one.serial_number for one in read_entries(view_crl(body).entries)}
        for slug in (ca.slug, record.slug)
        if (body := _crl(other, slug))
    ]
    assert listed == [{before.serial_number}, {after.serial_number}]
    retired = retire(storage, record.slug, ADMINISTRATOR, clock(), last=True)
    assert retired.state == "retired"
    other.close()
    ca.close()


def _crl(authority: Authority, slug: str) -> bytes:
    document = authority.publication.document(f"crl/{slug}.crl")
    assert document is not None
    return document.body


def _adopted(ca: TestCA) -> AdoptedCA:
    """Return a CA as a reader would find it, with records of every kind."""
    later = NOW + timedelta(days=30)
    plain = AdoptedCertificate(7, "good", later, "CN=good.test")
    return AdoptedCA(
        "openssl",
        (AdoptedAuthority(ca.root, ca.root_key, "root", "'root.pem'"),),
        (
            plain,
            plain,
            plain._replace(serial_number=0),
            plain._replace(serial_number=-5),
            plain._replace(serial_number=1 << 600),
            plain._replace(
                serial_number=8,
                status="revoked",
                revocation_date=NOW - timedelta(days=3),
                reason="keyCompromise",
                invalidity_date=NOW - timedelta(days=9),
            ),
            plain._replace(
                serial_number=9,
                status="revoked",
                revocation_date=NOW - timedelta(days=2),
                reason="certificateHold",
            ),
            AdoptedCertificate(
                10, "revoked", None, "", None, NOW - timedelta(days=1), "removeFromCRL"
            ),
        ),
        41,
        None,
        None,
        ("a note of the reader",),
    )


def test_adoption_is_whole_on_either_database(
    address: str, tmp_path: Path, clock: Clock
) -> None:
    donor = TestCA(f"sqlite:///{tmp_path}/donor.db", clock)
    adopted = _adopted(donor)
    donor.close()
    storage = open_storage(address, create=True)
    adoption = _adopt(adopted, address, storage)
    counted = adoption.counted
    assert (counted.taken, counted.revoked, counted.twice, counted.refused) == (
        4,
        3,
        1,
        3,
    )
    root, issuing = adoption.records
    assert (root.signer, issuing.parent_id) == ("", root.id)
    authority = Authority(storage, lambda: PASSPHRASE, clock=clock)
    authority.refresh_crls()
    view = view_crl(_crl(authority, root.slug))
    assert view.number == 42
    entries = {one.serial_number: one for one in read_entries(view.entries)}
    assert set(entries) == {8, 9, 10}
    assert entries[8].reason == "keyCompromise"
    assert entries[8].invalidity_date == NOW - timedelta(days=9)
    assert entries[9].reason == "certificateHold"
    assert entries[10].reason is None
    # What is new begins at its own beginning.
    assert view_crl(_crl(authority, issuing.slug)).number == 1
    chain = authority.issue(wanted_for("new.test"), ADMINISTRATOR).chain
    assert chain[1] == issuing.certificate
    for word in ("a note of the reader", "there twice", "RFC 5280 does not allow"):
        assert any(word in note for note in adoption.notes), adoption.notes
    with storage.read() as connection:
        checked = check_audit(connection)
    assert (checked.faults, checked.number > 4) == ((), True)
    authority.close()


def _adopt(adopted: AdoptedCA, address: str, storage: object) -> Adoption:
    wishes = Wishes(CAPlan(""), "store:", PASSPHRASE)
    succession = succeed(adopted, wishes, NOW)
    assert succession.root is not None
    adopter = Adopter(adopted, succession, "", (Actor("cli:test"), NOW))
    return adopter.store(storage)  # type: ignore[arg-type]
