"""Which part of an adopted CA does what, and what is left out, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from authorities import ADMINISTRATOR, NOW, PASSPHRASE, URLS, wanted_for
from chains import Pair, certify, family
from tlsmith.authority.adopted_certificates import CertificateSorter, Issuer
from tlsmith.authority.adopting import Succession, Wishes, succeed
from tlsmith.authority.adoption import AdoptedAuthority, AdoptedCA, AdoptedCertificate
from tlsmith.authority.adoption_store import Adopter, Adoption
from tlsmith.authority.issuers import is_issuing
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.root_crl import sign_root_crl
from tlsmith.authority.service import Authority
from tlsmith.core.issuer import Issuer as CAIssuer
from tlsmith.core.issuer import self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import KEY_CERT_SIGN, certificate_authority
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError, SignerError
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.authorities import further_certificates
from tlsmith.storage.search import Search, find

PLAN = CAPlan("", urls=URLS)


class Made:
    """A CA certificate with its key, of a shape that a test asks for."""

    def __init__(self, name: str, above: Made | None = None, **shape: Any) -> None:
        self.key = shape.pop("key", None) or generate_private_key()
        span = NOW - timedelta(days=9), shape.pop("until", NOW + timedelta(days=900))
        parameters = certificate_authority(
            distinguished_name((COMMON_NAME, name)), span
        )._replace(**shape)
        self.der = (
            self_issue(parameters, self.key)
            if above is None
            else above.issuer.issue(parameters, self.key.public_key())
        ).der
        self.role = "intermediate" if above else "root"

    @property
    def issuer(self) -> CAIssuer:
        return CAIssuer(self.der, self.key)

    def found(self, *, with_key: bool = True) -> AdoptedAuthority:
        role: Any = self.role
        return AdoptedAuthority(self.der, self.key if with_key else None, role, "F")


def _adopted(*authorities: AdoptedAuthority, **more: Any) -> AdoptedCA:
    empty = AdoptedCA("pem", authorities, (), None, None, None, ())
    return empty._replace(**more)


def _succeed(adopted: AdoptedCA, signer: str = "store:", **plan: Any) -> Succession:
    return succeed(adopted, Wishes(PLAN._replace(**plan), signer, PASSPHRASE), NOW)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    made = open_storage(f"sqlite:///{tmp_path}/ca.db", create=True)
    yield made
    made.close()


def _store(storage: Storage, adopted: AdoptedCA, **more: Any) -> Adoption:
    by = ADMINISTRATOR, NOW
    return Adopter(adopted, _succeed(adopted, **more), "", by).store(storage)


def test_an_intermediate_issues_on_and_the_root_is_offered() -> None:
    root = Made("R")
    below = Made("I", root)
    found = _succeed(_adopted(root.found(), below.found()))
    assert [bool(one.record.signer) for one in found.heirs] == [False, True]
    assert [one.parent for one in found.heirs] == [None, 0]
    assert found.root is not None
    assert found.root.certificate == root.der
    assert found.notes == ()


def test_of_an_expired_intermediate_the_root_signs_a_successor() -> None:
    """As of Caddy's, which live for a week."""
    root = Made("Caddy Root CA")
    old = Made("I", root, until=NOW - timedelta(days=1))
    found = _succeed(_adopted(root.found(), old.found()))
    names = [one.record.name for one in found.heirs]
    assert names == ["Caddy Root CA", "I", "Caddy Issuing CA 1"]
    assert [bool(one.record.signer) for one in found.heirs] == [False, False, True]
    assert any("has expired" in note for note in found.notes)


def test_one_that_may_not_sign_crls_is_succeeded_as_well() -> None:
    root = Made("R")
    old = Made("I", root, key_usage=KEY_CERT_SIGN)
    found = _succeed(_adopted(root.found(), old.found()))
    assert [bool(one.record.signer) for one in found.heirs] == [False, False, True]
    assert any("may not sign CRLs" in note for note in found.notes)


def test_of_several_with_keys_the_last_issues_and_the_others_answer(
    storage: Storage, tmp_path: Path
) -> None:
    root = Made("R")
    first, second = Made("I1", root), Made("I2", root)
    signer = f"file:{tmp_path}/issuing.key"
    adopted = _adopted(root.found(with_key=False), first.found(), second.found())
    adoption = _store(storage, adopted, signer=signer)
    assert [one.state for one in adoption.records] == ["active", "retired", "active"]
    assert [is_issuing(one) for one in adoption.records] == [False, False, True]
    signers = [one.signer.partition(":")[0] for one in adoption.records]
    assert sorted(signers) == ["", "file", "store"]
    # Each of the two signs the CRL of what it issued.
    authority = Authority(storage, lambda: PASSPHRASE, clock=lambda: NOW)
    authority.refresh_crls()
    assert (
        len([path for path in authority.publication.crls() if "delta" not in path]) == 2
    )
    authority.writer.close()


def test_a_root_without_room_below_issues_itself(storage: Storage) -> None:
    root = Made("M", path_length=0)
    adoption = _store(storage, _adopted(root.found()), name="Acme")
    assert [is_issuing(one) for one in adoption.records] == [True]
    assert any("path length 0" in note for note in adoption.notes)
    authority = Authority(storage, lambda: PASSPHRASE, clock=lambda: NOW)
    issued = authority.issue(wanted_for("a.test"), ADMINISTRATOR)
    assert len(issued.chain) == 1
    # It answers by OCSP itself, since its key is here.
    assert b"/ocsp" in issued.chain[0]
    assert authority.refresh_crls()
    authority.writer.close()


@pytest.mark.parametrize(
    ("authorities", "message"),
    [
        ([Made("R").found(with_key=False)], "no key of a CA in force"),
        ([Made("R", until=NOW - timedelta(days=1)).found()], "expired"),
        ([Made("R", path_length=0).found(with_key=False)], "no key of a CA in force"),
    ],
)
def test_what_cannot_issue_is_refused(
    authorities: list[AdoptedAuthority], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        _succeed(_adopted(*authorities))


def test_a_key_cannot_be_brought_into_a_token() -> None:
    root = Made("R")
    adopted = _adopted(root.found(), Made("I", root).found())
    with pytest.raises((InputError, SignerError), match="cannot be brought"):
        _succeed(adopted, signer="pkcs11:token=ca;object=x")


def test_two_certificates_of_one_key_are_one_ca(storage: Storage) -> None:
    """As where an old root signed the new one's key."""
    old, new = Made("Old"), Made("New")
    crossed = Made("New", old, key=new.key)
    below = Made("I", new)
    adopted = _adopted(new.found(), crossed.found(), below.found())
    adoption = _store(storage, adopted)
    assert [one.name for one in adoption.records] == ["New", "I"]
    with storage.read() as connection:
        kept = further_certificates(connection)
    assert kept == [(adoption.records[0].id, "cross-signed", crossed.der)]


def test_the_last_crl_of_a_root_kept_elsewhere_is_published(storage: Storage) -> None:
    root = Made("R")
    crl = sign_root_crl(root.issuer, 17, (), NOW)
    below = Made("I", root)
    # What the readers call the issuing one comes last: here a root alone, and its CA.
    adopted = _adopted(below.found(), root.found(with_key=False))._replace(
        crl=crl, crl_number=17
    )
    _store(storage, adopted)
    authority = Authority(storage, lambda: PASSPHRASE, clock=lambda: NOW)
    numbers = [one.number for one in authority.publication.crls().values()]
    assert numbers == [17]
    authority.writer.close()


def test_a_root_that_may_not_sign_crls_has_none(storage: Storage) -> None:
    root = Made("R", key_usage=KEY_CERT_SIGN)
    adoption = _store(storage, _adopted(root.found(), Made("I", root).found()))
    assert any("there is none of it" in note for note in adoption.notes)


# Certificates


def _sorter(*issuers: Pair, now: datetime = NOW) -> CertificateSorter:
    known = [
        Issuer(number, view_certificate(pair.der))
        for number, pair in enumerate(issuers, 1)
    ]
    return CertificateSorter(known, known[-1], "adopted:pem", now)


def _issued(pair: Pair, **more: Any) -> AdoptedCertificate:
    serial = pair.certificate.serial_number
    not_after = pair.certificate.not_valid_after_utc
    subject = pair.certificate.subject.rfc4514_string()
    one = AdoptedCertificate(serial, "good", not_after, subject, pair.der)
    return one._replace(**more)


def test_each_certificate_is_put_below_the_ca_that_signed_it() -> None:
    one, other = family(), family(name="other.test")
    sorter = _sorter(one.intermediate, other.intermediate)
    rows = [row for _, row in sorter.rows([_issued(one.leaf), _issued(other.leaf)])]
    assert [row.authority_id for row in rows] == [1, 2]
    assert [row.names for row in rows] == [("app.test",), ("other.test",)]


def test_what_another_ca_signed_is_left_out_and_counted() -> None:
    one, other = family(), family(name="other.test")
    sorter = _sorter(one.intermediate)
    assert list(sorter.rows([_issued(other.leaf)])) == []
    assert sorter.counted.foreign == 1
    assert any("not here" in note for note in sorter.counted.notes())


def test_a_ca_of_the_same_name_and_another_key_did_not_sign_it() -> None:
    """Caddy's intermediates all have one name: their keys tell them apart."""
    root = Made("R")
    now, old = Made("I", root), Made("I", root)
    leaf = old.issuer.issue(
        certificate_authority(
            distinguished_name((COMMON_NAME, "a.test")),
            (NOW, NOW + timedelta(days=1)),
        ),
        generate_private_key().public_key(),
    )
    known = Issuer(1, view_certificate(now.der))
    sorter = CertificateSorter([known], known, "adopted:caddy", NOW)
    one = AdoptedCertificate(leaf.serial_number, "good", leaf.not_after, "", leaf.der)
    assert list(sorter.rows([one])) == []
    assert sorter.counted.foreign == 1


def test_version_one_is_known_by_its_common_name() -> None:
    """Such certificates have no extensions, and old CAs issued many."""
    one = family()
    plain = _issued(one.leaf, der=b"0\x03\x02\x01\x01", subject="CN=Old.Test,O=Acme")
    rows = [row for _, row in _sorter(one.intermediate).rows([plain])]
    assert [row.names for row in rows] == [("old.test",)]
    assert rows[0].key_hash == b""


@pytest.mark.parametrize(
    ("usages", "profile"),
    [
        (("1.3.6.1.5.5.7.3.1",), "server"),
        (("1.3.6.1.5.5.7.3.2",), "client"),
        (("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"), "peer"),
        (("1.3.6.1.5.5.7.3.4",), "email"),
        (("1.3.6.1.5.5.7.3.9",), "server"),
        ((), "server"),
    ],
)
def test_the_profile_for_a_renewal_is_the_nearest(
    usages: tuple[str, ...], profile: str
) -> None:
    root = Made("R")
    leaf = root.issuer.issue(
        certificate_authority(
            distinguished_name((COMMON_NAME, "a.test")),
            (NOW, NOW + timedelta(days=1)),
        )._replace(extended_key_usage=usages),
        generate_private_key().public_key(),
    )
    known = Issuer(1, view_certificate(root.der))
    one = AdoptedCertificate(leaf.serial_number, "good", leaf.not_after, "", leaf.der)
    sorter = CertificateSorter([known], known, "adopted:pem", NOW)
    assert [row.profile for _, row in sorter.rows([one])] == [profile]


def test_adopted_certificates_are_found_and_revoked(storage: Storage) -> None:
    one = family()
    adopted = _adopted(
        AdoptedAuthority(one.root.der, None, "root", "F"),
        AdoptedAuthority(
            one.intermediate.der, one.intermediate.key, "intermediate", "F"
        ),
        issued=(_issued(one.leaf),),
        crl_number=99,
    )
    _store(storage, adopted)
    authority = Authority(storage, lambda: PASSPHRASE, clock=lambda: NOW)
    with storage.read() as connection:
        page = find(connection, Search(name="app.test"), after=None, limit=9)
    assert [record.requester for record in page.records] == ["adopted:pem"]
    authority.revoke(page.records[0].id, "superseded", ADMINISTRATOR)
    issued = authority.refresh_crls()
    assert [(crl.number, crl.entries) for crl in issued if crl.kind == "complete"] == [
        (100, 1)
    ]
    authority.writer.close()


def test_many_are_taken_in_batches_and_told(storage: Storage) -> None:
    one = family()
    pair = certify("I", generate_private_key(), one.root, ca=True)
    later = NOW + timedelta(days=9)
    many = tuple(
        AdoptedCertificate(number, "good", later, f"CN=h{number}.test")
        for number in range(1, 12_001)
    )
    adopted = _adopted(
        AdoptedAuthority(one.root.der, None, "root", "F"),
        AdoptedAuthority(pair.der, pair.key, "intermediate", "F"),
        issued=many,
    )
    told: list[int] = []
    by = ADMINISTRATOR, NOW
    adopter = Adopter(adopted, _succeed(adopted), "", by, told.append)
    assert adopter.store(storage).counted.taken == 12_000
    assert told == [5_000, 10_000]
