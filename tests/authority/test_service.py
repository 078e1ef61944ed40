"""Issuing, revoking and publishing through the authority."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from authorities import ADMINISTRATOR, Clock, TestCA, wanted_for
from tlsmith.authority.actor import Actor
from tlsmith.authority.audit_check import check_audit
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.errors import (
    AccessError,
    ConflictError,
    NotFoundError,
    ProfileError,
    TLSmithError,
)
from tlsmith.storage.search import Search


def crl_of(ca: TestCA, path: str = "") -> x509.CertificateRevocationList:
    document = ca.authority.publication.document(f"crl/{path or ca.slug + '.crl'}")
    assert document is not None
    return x509.load_der_x509_crl(document.body)


def ocsp_of(ca: TestCA, serial_number: int) -> ocsp.OCSPResponse:
    from tlsmith.core.ocsp import encode_ocsp_request, make_cert_id
    from tlsmith.core.view import view_certificate

    cert_id = make_cert_id(view_certificate(ca.intermediate), serial_number)
    answer = ca.authority.ocsp.answer(encode_ocsp_request([cert_id]))
    return ocsp.load_der_ocsp_response(answer.body)


def test_what_is_issued_is_in_the_store_and_in_the_log(ca: TestCA) -> None:
    issued = ca.issue("www.example.test")
    record = ca.authority.find_one(Search(serial_number=issued.serial_number), "")
    assert record.certificate == issued.chain[0]
    assert record.requester == "cli:test"
    assert issued.chain[1:] == (ca.intermediate,)
    with ca.authority.storage.read() as connection:
        checked = check_audit(connection)
    assert checked.faults == ()
    certificate = x509.load_der_x509_certificate(issued.chain[0])
    certificate.verify_directly_issued_by(
        x509.load_der_x509_certificate(ca.intermediate)
    )
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    (name,) = points.value[0].full_name or []
    assert name.value == f"http://pki.example.test/crl/{ca.slug}.crl"


def test_a_revoked_certificate_is_on_the_crl_and_in_ocsp(ca: TestCA) -> None:
    issued, other = ca.issue("a.test"), ca.issue("b.test")
    before = crl_of(ca)
    ca.authority.revoke(issued.number, "superseded", ADMINISTRATOR)
    (complete, delta) = ca.authority.refresh_crls()
    after = crl_of(ca)
    entry = after.get_revoked_certificate_by_serial_number(issued.serial_number)
    assert entry is not None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason == x509.ReasonFlags.superseded
    assert after.get_revoked_certificate_by_serial_number(other.serial_number) is None
    assert _number(after) == _number(before) + 1 == complete.number == delta.number
    assert ca.authority.refresh_crls() == []
    answer = ocsp_of(ca, issued.serial_number)
    assert answer.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_reason == x509.ReasonFlags.superseded
    good = ocsp_of(ca, other.serial_number)
    assert good.certificate_status == ocsp.OCSPCertStatus.GOOD
    unknown = ocsp_of(ca, 12345)
    assert unknown.certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_another_process_sees_a_revocation(ca: TestCA) -> None:
    other = ca.again()
    issued = ca.issue("a.test")
    from tlsmith.core.ocsp import encode_ocsp_request, make_cert_id
    from tlsmith.core.view import view_certificate

    cert_id = make_cert_id(view_certificate(ca.intermediate), issued.serial_number)
    request = encode_ocsp_request([cert_id])
    assert other.ocsp.answer(request).status == "good"
    ca.authority.revoke(issued.number, "keyCompromise", ADMINISTRATOR)
    # What it kept is forgotten within a moment.
    other.ocsp.forget()
    assert other.ocsp.answer(request).status == "revoked"
    (complete, _) = other.refresh_crls()
    assert complete.entries == 1
    # The first need not do it again.
    assert ca.authority.refresh_crls() == []
    other.close()


def test_revoked_stays_revoked(ca: TestCA) -> None:
    issued = ca.issue("a.test")
    ca.authority.revoke(issued.number, "superseded", ADMINISTRATOR)
    for act in (
        lambda: ca.authority.revoke(issued.number, "superseded", ADMINISTRATOR),
        lambda: ca.authority.hold(issued.number, ADMINISTRATOR),
        lambda: ca.authority.unhold(issued.number, ADMINISTRATOR),
    ):
        with pytest.raises(ConflictError):
            act()
    # But that its key was stolen may become known later.
    graver = ca.authority.revoke(issued.number, "keyCompromise", ADMINISTRATOR)
    assert graver.reason == 1
    ca.authority.refresh_crls()
    entry = crl_of(ca).get_revoked_certificate_by_serial_number(issued.serial_number)
    assert entry is not None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason == x509.ReasonFlags.key_compromise


def test_a_hold_is_taken_back_and_the_delta_says_so(ca: TestCA, clock: Clock) -> None:
    issued = ca.issue("a.test")
    ca.authority.hold(issued.number, ADMINISTRATOR)
    ca.authority.refresh_crls(force=True)
    assert len(crl_of(ca)) == 1
    clock.forward(minutes=1)
    ca.authority.unhold(issued.number, ADMINISTRATOR)
    ca.authority.refresh_crls()
    assert len(crl_of(ca)) == 0
    delta = crl_of(ca, f"{ca.slug}-delta.crl")
    (entry,) = list(delta)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason == x509.ReasonFlags.remove_from_crl
    assert ocsp_of(ca, issued.serial_number).certificate_status == (
        ocsp.OCSPCertStatus.GOOD
    )


def test_a_stolen_key_is_never_certified_again(ca: TestCA) -> None:
    key = generate_private_key().public_key()
    names = parse_names(["a.test"])
    wanted = wanted_for("a.test")._replace(public_key=key, names=names)
    issued = ca.authority.issue(wanted, ADMINISTRATOR)
    ca.authority.revoke(issued.number, "keyCompromise", ADMINISTRATOR)
    with pytest.raises(ProfileError) as caught:
        ca.authority.issue(wanted, ADMINISTRATOR)
    assert "blocked" in caught.value.reasons[0]
    # One that was merely superseded may be.
    other = ca.issue("b.test")
    public_key = x509.load_der_x509_certificate(other.chain[0]).public_key()
    ca.authority.revoke(other.number, "superseded", ADMINISTRATOR)
    ca.issue("b.test", public_key=public_key)


def test_crls_are_issued_by_the_clock(ca: TestCA, clock: Clock) -> None:
    number = _number(crl_of(ca))
    clock.forward(hours=23)
    assert ca.authority.refresh_crls() == []
    clock.forward(hours=2)
    assert [one.number for one in ca.authority.refresh_crls()] == [number + 1] * 2


def test_an_expired_certificate_leaves_the_crl(ca: TestCA, clock: Clock) -> None:
    issued = ca.issue("a.test", lifetime=timedelta(hours=12))
    ca.authority.revoke(issued.number, "superseded", ADMINISTRATOR)
    ca.authority.refresh_crls()
    clock.forward(hours=25)
    ca.authority.refresh_crls()
    # On one CRL at least that was due after it expired (RFC 5280 section 5.2).
    assert len(crl_of(ca)) == 1
    clock.forward(days=3)
    ca.authority.refresh_crls()
    assert len(crl_of(ca)) == 0


def test_shards_cover_their_certificates_alone(tmp_path: Path, clock: Clock) -> None:
    ca = TestCA(f"sqlite:///{tmp_path}/store.db", clock, shards=4)
    issued = [ca.issue(f"{number}.test") for number in range(12)]
    for one in issued:
        ca.authority.revoke(one.number, "superseded", ADMINISTRATOR)
    ca.authority.refresh_crls()
    assert len(crl_of(ca)) == 12
    for one in issued:
        certificate = x509.load_der_x509_certificate(one.chain[0])
        points = certificate.extensions.get_extension_for_class(
            x509.CRLDistributionPoints
        )
        (name,) = points.value[0].full_name or []
        crl = crl_of(ca, name.value.removeprefix("http://pki.example.test/crl/"))
        assert crl.get_revoked_certificate_by_serial_number(one.serial_number)
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        assert point.critical
        assert point.value.full_name == [name]
    sizes = [len(crl_of(ca, f"{ca.slug}/{number}.crl")) for number in range(1, 5)]
    assert sum(sizes) == 12
    ca.close()


def test_many_are_issued_and_each_refusal_is_told(ca: TestCA) -> None:
    wanted = [wanted_for(f"{number}.test") for number in range(30)]
    wanted[7] = wanted[7]._replace(lifetime=timedelta(days=4000))
    results = list(ca.authority.issue_many(wanted, ADMINISTRATOR))
    assert [type(one).__name__ for one in results].count("Issued") == 29
    assert isinstance(results[7], TLSmithError)
    assert len(ca.authority.find(Search(name=".test")).records) == 29


def test_roles_hold(small_ca: TestCA) -> None:
    viewer, issuer = Actor("token:v", "viewer"), Actor("token:i", "issuer")
    with pytest.raises(AccessError):
        small_ca.issue("a.test", actor=viewer)
    mine = small_ca.issue("a.test", actor=issuer)
    others = small_ca.issue("b.test")
    with pytest.raises(AccessError):
        small_ca.authority.revoke(others.number, "superseded", issuer)
    with pytest.raises(AccessError):
        small_ca.authority.hold(mine.number, issuer)
    with pytest.raises(AccessError):
        small_ca.authority.set_policy("", Actor("token:o", "operator"))
    small_ca.authority.revoke(mine.number, "superseded", issuer)
    scoped = Actor("token:s", "issuer", profiles=("client",), names=("corp.test",))
    with pytest.raises(AccessError):
        small_ca.issue("a.corp.test", actor=scoped)
    with pytest.raises(AccessError):
        small_ca.issue("a.test", actor=scoped, profile="client")
    small_ca.issue("a.corp.test", actor=scoped, profile="client")


def test_a_second_ca_is_refused(address: str, ca: TestCA, clock: Clock) -> None:
    with pytest.raises(ConflictError):
        TestCA(address, clock)


def test_a_policy_comes_into_force(small_ca: TestCA, clock: Clock) -> None:
    small_ca.issue("a.test")
    text = '[profiles.server.names]\ndns = ["corp.test"]\n'
    assert small_ca.authority.set_policy(text, ADMINISTRATOR) == 2
    with pytest.raises(ProfileError):
        small_ca.issue("a.test")
    small_ca.issue("a.corp.test")
    other = small_ca.again()
    with pytest.raises(ProfileError):
        other.issue(wanted_for("a.test"), ADMINISTRATOR)
    other.close()


def test_a_changed_audit_log_is_noticed(small_ca: TestCA, tmp_path: Path) -> None:
    import sqlite3

    for number in range(5):
        small_ca.issue(f"{number}.test")
    with small_ca.authority.storage.read() as connection:
        before = check_audit(connection)
    assert not before.faults
    for change, fault in (
        (
            "UPDATE audit SET actor = 'nobody' WHERE sequence = 4",
            "record 4 was changed",
        ),
        ("DELETE FROM audit WHERE sequence = 4", "missing"),
        ("DELETE FROM audit WHERE sequence > 5", "cut off"),
        (
            "UPDATE head SET audit_sequence = 0; UPDATE head SET audit_hash = x'';"
            "DELETE FROM audit",
            "made anew",
        ),
    ):
        copy = tmp_path / "copy.db"
        copy.unlink(missing_ok=True)
        small_ca.authority.storage.copy_to(str(copy))  # type: ignore[attr-defined]
        database = sqlite3.connect(copy)
        database.executescript(change)
        database.close()
        from tlsmith.storage import open_storage

        storage = open_storage(f"sqlite:///{copy}")
        with storage.read() as connection:
            checked = check_audit(connection, known_head=before.head)
        storage.close()
        assert any(fault in one for one in checked.faults), (change, checked.faults)


def test_chains_and_certificates_are_published(small_ca: TestCA) -> None:
    publication = small_ca.authority.publication
    der = publication.document(f"/ca/{small_ca.slug}.crt")
    assert der is not None
    assert der.body == small_ca.intermediate
    chain = publication.document(f"/ca/{small_ca.slug}-chain.pem")
    assert chain is not None
    loaded = x509.load_pem_x509_certificates(chain.body)
    assert [one.public_bytes(Encoding.DER) for one in loaded] == [
        small_ca.intermediate,
        small_ca.root,
    ]
    for path in ("ca/../store.db", "ca/", "crl/none.crl", "store.db", ""):
        assert publication.document(path) is None


def test_a_key_is_found_by_what_it_certified(small_ca: TestCA) -> None:
    issued = small_ca.issue("a.test")
    certificate = x509.load_der_x509_certificate(issued.chain[0])
    info = certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    search = Search(key_hash=sha256(info).digest())
    assert small_ca.authority.find_one(search, "").id == issued.number
    with pytest.raises(NotFoundError):
        small_ca.authority.find_one(Search(key_hash=bytes(32)), "")


def _number(crl: x509.CertificateRevocationList) -> int:
    found = crl.extensions.get_extension_for_class(x509.CRLNumber)
    return found.value.crl_number
