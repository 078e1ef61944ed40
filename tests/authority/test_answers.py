"""What comes back from a root's machine: taken when all of it holds, else nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from authorities import ADMINISTRATOR, NOW, PASSPHRASE, URLS
from tlsmith.authority.actor import Actor
from tlsmith.authority.answers import Answer, take_in
from tlsmith.authority.creation import NewSigner, create_root
from tlsmith.authority.intermediates import Terms, sign_request
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.requests import store_request, waiting_record
from tlsmith.authority.revocation_list import next_crl_of
from tlsmith.authority.root_crl import sign_root_crl
from tlsmith.authority.root_file import RootFile, parse_root_file
from tlsmith.authority.service import Authority
from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.crl import (
    CRLParameters,
    RevokedEntry,
    read_entries,
    sign_crl,
    view_crl,
)
from tlsmith.core.formats import encode_pem
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.profiles import CRL_SIGN, KEY_CERT_SIGN, certificate_authority
from tlsmith.core.view import view_certificate
from tlsmith.errors import (
    AccessError,
    ChainError,
    ConfigError,
    ConflictError,
    InputError,
    NotFoundError,
    PassphraseError,
    PathLengthError,
    TLSmithError,
)
from tlsmith.signers import create_key
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.audit import latest_records
from tlsmith.storage.authorities import AuthorityRecord, authorities

INSIDE = NameConstraints((Subtree("dns", "corp.example"),))


class Waiting:
    """A store with a request that waits, and the root it is for."""

    def __init__(self, storage: Storage, **plan: Any) -> None:
        self.storage = storage
        self.plan = CAPlan("Example", urls=URLS)._replace(**plan)
        self.root = create_root(self.plan, generate_private_key(), NOW)
        made = create_key("store:", "p256", PASSPHRASE)
        signer = NewSigner(made.signer.uri, made.signer, made.material)
        self.key = made.signer
        record = waiting_record(self.plan, 1, signer, NOW)
        store_request(storage, record, ADMINISTRATOR, NOW, policy="")
        assert record.request is not None
        self.request = record.request

    def sign(self, **terms: Any) -> bytes:
        wanted = Terms()._replace(**terms)
        return sign_request(self.root.issuer, self.request, wanted, NOW)

    def take(self, *certificates: bytes, crls: tuple[bytes, ...] = ()) -> Answer:
        return take_in(self.storage, certificates, crls, ADMINISTRATOR, NOW)

    def records(self) -> list[AuthorityRecord]:
        with self.storage.read() as connection:
            return authorities(connection)

    def actions(self) -> list[str]:
        with self.storage.read() as connection:
            return [one.action for one in latest_records(connection, limit=50)]

    def taken(self) -> AuthorityRecord:
        self.take(self.sign(), self.root.certificate, crls=(self.root.crl or b"",))
        return self.records()[0]


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    storage = open_storage(f"sqlite:///{tmp_path}/ca.db", create=True)
    yield Waiting(storage)
    storage.close()


@pytest.fixture
def constrained(tmp_path: Path) -> Iterator[Waiting]:
    storage = open_storage(f"sqlite:///{tmp_path}/ca.db", create=True)
    yield Waiting(storage, name_constraints=INSIDE)
    storage.close()


def _refused(
    waiting: Waiting, kind: type[TLSmithError], *certificates: bytes, **more: Any
) -> TLSmithError:
    """Have an answer refused, and see that nothing of it is in the store."""
    before, said = waiting.records(), waiting.actions()
    with pytest.raises(kind) as caught:
        waiting.take(*certificates, **more)
    assert waiting.records() == before
    assert waiting.actions() == said
    return caught.value


def test_an_answer_makes_the_ca_issue(waiting: Waiting) -> None:
    answer = waiting.take(
        waiting.root.certificate, waiting.sign(), crls=(waiting.root.crl or b"",)
    )
    assert answer.taken is not None
    issuing, root = waiting.records()
    assert (issuing.state, issuing.parent_id) == ("active", root.id)
    assert root.signer == ""
    assert [one.record.number for one in answer.crls] == [1]
    assert waiting.actions()[:3] == ["crl.import", "ca.import", "ca.create"]
    authority = Authority(waiting.storage, lambda: PASSPHRASE, clock=lambda: NOW)
    assert [one.number for one in authority.refresh_crls()] == [1, 1]
    assert authority.issuers.issuing().record.slug == issuing.slug
    authority.writer.close()


def test_the_intermediate_says_where_the_roots_state_is_read(waiting: Waiting) -> None:
    certificate = waiting.sign(urls=URLS)
    slug = view_certificate(waiting.root.certificate).subject_key_identifier
    assert slug is not None
    for end in ("crl", "crt"):
        assert f"/{slug.hex()[:16]}.{end}".encode() in certificate
    # Nobody answers OCSP for a root whose key is offline.
    assert b"/ocsp" not in certificate


def test_another_ones_certificate_is_refused(waiting: Waiting) -> None:
    key = generate_private_key()
    other = waiting.root.issuer.issue(
        certificate_authority(b"0\x00", (NOW, NOW + timedelta(days=1)))._replace(
            subject=view_certificate(waiting.sign()).subject, path_length=0
        ),
        key.public_key(),
    ).der
    error = _refused(waiting, NotFoundError, other, waiting.root.certificate)
    assert "none of these certificates is for a key of this store" in error.message


def test_a_root_that_did_not_sign_it_is_refused(waiting: Waiting) -> None:
    """Same name, another key: what a mix-up, or an attacker, would bring."""
    impostor = create_root(waiting.plan, generate_private_key(), NOW)
    error = _refused(waiting, InputError, waiting.sign(), impostor.certificate)
    assert error.code == "bad-signature"


def test_a_changed_certificate_is_refused(waiting: Waiting) -> None:
    signed = bytearray(waiting.sign())
    signed[-1] ^= 1
    root = waiting.root.certificate
    assert _refused(waiting, InputError, bytes(signed), root).code == "bad-signature"


def test_a_root_that_did_not_sign_itself_is_refused(waiting: Waiting) -> None:
    root = bytearray(waiting.root.certificate)
    root[-1] ^= 1
    error = _refused(waiting, InputError, waiting.sign(), bytes(root))
    assert "the signature on the root" in error.message


def test_an_answer_without_its_root_is_refused(waiting: Waiting) -> None:
    assert _refused(waiting, InputError, waiting.sign()).code == "issuer-missing"


def _issued(waiting: Waiting, **parts: Any) -> bytes:
    """Return what a careless root would sign for the request."""
    parameters = certificate_authority(
        view_certificate(waiting.sign()).subject,
        (NOW - timedelta(hours=1), NOW + timedelta(days=100)),
        path_length=0,
    )._replace(**parts)
    return waiting.root.issuer.issue(parameters, waiting.key.public_key_info).der


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"is_ca": False, "path_length": None}, "it is no CA"),
        ({"key_usage": CRL_SIGN}, "it is no CA"),
        ({"key_usage": KEY_CERT_SIGN}, "may not sign CRLs"),
        (
            {"not_before": NOW - timedelta(minutes=9), "not_after": NOW},
            "it expired on",
        ),
        ({"not_before": NOW + timedelta(days=1)}, "it is valid from"),
    ],
)
def test_what_cannot_be_a_ca_is_refused(
    waiting: Waiting, parts: dict[str, Any], reason: str
) -> None:
    bad = _issued(waiting, **parts)
    error = _refused(waiting, ChainError, bad, waiting.root.certificate)
    assert isinstance(error, ChainError)
    assert any(reason in one for one in error.reasons)


def test_every_fault_is_listed_at_once(waiting: Waiting) -> None:
    bad = _issued(waiting, is_ca=False, path_length=None, key_usage=0x80)
    error = _refused(waiting, ChainError, bad, waiting.root.certificate)
    assert isinstance(error, ChainError)
    assert len(error.reasons) == 2


def test_a_path_length_that_leaves_no_room_is_refused(waiting: Waiting) -> None:
    """A root of path length 0 that signs a CA all the same."""
    key = generate_private_key()
    root = self_issue(
        certificate_authority(
            view_certificate(waiting.root.certificate).subject,
            (NOW - timedelta(hours=2), NOW + timedelta(days=900)),
            path_length=0,
        ),
        key,
    ).der
    # Issuer refuses to, so the certificate says its root allows more than it does.
    lax = self_issue(
        certificate_authority(
            view_certificate(root).subject,
            (NOW - timedelta(hours=2), NOW + timedelta(days=900)),
            path_length=1,
        ),
        key,
    ).der
    signed = sign_request(Issuer(lax, key), waiting.request, Terms(100), NOW)
    error = _refused(waiting, ChainError, signed, root)
    assert isinstance(error, ChainError)
    assert any("path length" in one for one in error.reasons)


@pytest.mark.parametrize(
    "constraints",
    [
        None,
        NameConstraints((Subtree("dns", "example"),)),
        NameConstraints((Subtree("dns", "other.example"),)),
        NameConstraints((Subtree("ip", "10.0.0.0/8"),)),
    ],
)
def test_name_constraints_wider_than_the_roots_are_refused(
    constrained: Waiting, constraints: NameConstraints | None
) -> None:
    bad = _issued(constrained, name_constraints=constraints)
    error = _refused(constrained, ChainError, bad, constrained.root.certificate)
    assert isinstance(error, ChainError)
    assert any("name constraints" in one for one in error.reasons)


def test_narrower_name_constraints_are_taken(constrained: Waiting) -> None:
    narrow = NameConstraints((Subtree("dns", "web.corp.example"),))
    signed = constrained.sign(name_constraints=narrow)
    constrained.take(signed, constrained.root.certificate)
    assert view_certificate(signed).name_constraints == narrow


def test_the_root_refuses_to_sign_wider_ones(constrained: Waiting) -> None:
    with pytest.raises(ConfigError) as caught:
        constrained.sign(name_constraints=NameConstraints((Subtree("dns", "test"),)))
    assert "outside the root's" in caught.value.mistakes[0]


def test_every_mistake_in_the_terms_is_listed(waiting: Waiting) -> None:
    with pytest.raises(ConfigError) as caught:
        waiting.sign(days=0, path_length=5, urls=URLS._replace(crl="https://x/"))
    assert len(caught.value.mistakes) == 3


def test_a_request_that_asks_for_no_ca_is_refused(waiting: Waiting) -> None:
    from tlsmith.core.csr import encode_request
    from tlsmith.core.names import parse_names
    from tlsmith.core.subject import subject_for

    names = parse_names(["www.test"])
    request = encode_request(
        names, generate_private_key(), subject=subject_for(tuple(names))
    )
    with pytest.raises(InputError, match="does not ask to be a CA"):
        sign_request(waiting.root.issuer, request, Terms(), NOW)


def test_a_root_without_room_below_says_so(waiting: Waiting) -> None:
    key = generate_private_key()
    root = self_issue(
        certificate_authority(
            view_certificate(waiting.root.certificate).subject,
            (NOW - timedelta(hours=2), NOW + timedelta(days=900)),
            path_length=0,
        ),
        key,
    ).der
    with pytest.raises(PathLengthError, match="path length is 0"):
        sign_request(Issuer(root, key), waiting.request, Terms(), NOW)


def test_only_an_administrator_takes_in_answers(waiting: Waiting) -> None:
    actor = Actor("token:ci", "operator")
    with pytest.raises(AccessError):
        take_in(waiting.storage, [waiting.sign()], [], actor, NOW)


def test_a_chain_of_three_is_taken_whole(tmp_path: Path) -> None:
    """A root, a policy CA of somebody else's, and the issuing CA here."""
    storage = open_storage(f"sqlite:///{tmp_path}/ca.db", create=True)
    waiting = Waiting(storage, path_length=2)
    middle_key = generate_private_key()
    middle = waiting.root.issuer.issue(
        certificate_authority(
            view_certificate(waiting.sign()).subject.replace(b"Issuing", b"Policyy"),
            (NOW - timedelta(hours=1), NOW + timedelta(days=1000)),
            path_length=1,
        ),
        middle_key.public_key(),
    ).der
    signed = sign_request(Issuer(middle, middle_key), waiting.request, Terms(99), NOW)
    waiting.take(waiting.root.certificate, middle, signed)
    issuing, root, between = waiting.records()
    assert (issuing.parent_id, between.parent_id) == (between.id, root.id)
    assert (between.role, between.signer) == ("intermediate", "")
    authority = Authority(storage, lambda: PASSPHRASE, clock=lambda: NOW)
    assert authority.issuers.issuing().above == (signed, middle)
    authority.close()


def test_the_same_answer_twice_is_refused(waiting: Waiting) -> None:
    signed = waiting.sign()
    waiting.take(signed, waiting.root.certificate)
    error = _refused(waiting, InputError, signed, waiting.root.certificate)
    assert error.code == "already-imported"


# CRLs


def _next(root: RootFile, number: int, *serials: int, **more: Any) -> bytes:
    entries = [RevokedEntry(one, NOW, "cACompromise") for one in serials]
    return sign_root_crl(root.issuer, number, entries, more.get("now", NOW))


def _serial(record: AuthorityRecord) -> int:
    return view_certificate(record.certificate or b"").serial_number


def test_a_crl_that_lists_a_ca_ends_its_issuing(waiting: Waiting) -> None:
    issuing = waiting.taken()
    authority = Authority(waiting.storage, lambda: PASSPHRASE, clock=lambda: NOW)
    assert authority.issuers.issuing().id == issuing.id
    answer = waiting.take(crls=(_next(waiting.root, 2, _serial(issuing)),))
    assert [one.slug for one in answer.crls[0].revoked] == [issuing.slug]
    authority.issuers.forget()
    with pytest.raises(NotFoundError, match="no CA that issues"):
        authority.issuers.issuing()
    # It still says what it revoked itself.
    assert authority.issuers.with_keys()
    assert waiting.actions()[:2] == ["crl.import", "ca.revoke"]
    authority.writer.close()


def test_another_process_sees_a_revoked_ca_by_itself(waiting: Waiting) -> None:
    import time

    issuing = waiting.taken()
    authority = Authority(waiting.storage, lambda: PASSPHRASE, clock=lambda: NOW)
    assert authority.issuers.issuing().id == issuing.id
    waiting.take(crls=(_next(waiting.root, 2, _serial(issuing)),))
    time.sleep(1.1)
    with pytest.raises(NotFoundError):
        authority.issuers.issuing()
    authority.writer.close()


@pytest.mark.parametrize("number", [0, 1])
def test_the_number_of_a_crl_must_grow(waiting: Waiting, number: int) -> None:
    waiting.taken()
    error = _refused(waiting, ConflictError, crls=(_next(waiting.root, number),))
    assert error.code == "crl-number"


def test_a_crl_by_another_key_is_refused(waiting: Waiting) -> None:
    waiting.taken()
    impostor = create_root(waiting.plan, generate_private_key(), NOW)
    error = _refused(waiting, InputError, crls=(_next(impostor, 9),))
    assert error.code == "bad-signature"


def test_a_crl_of_a_ca_whose_key_is_here_is_refused(waiting: Waiting) -> None:
    issuing = waiting.taken()
    parameters = CRLParameters(9, NOW, NOW + timedelta(days=1))
    forged = sign_crl(Issuer(issuing.certificate or b"", waiting.key), parameters, ())
    assert _refused(waiting, ConflictError, crls=(forged,)).code == "key-is-here"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW - timedelta(days=400), "crl-expired"),
        (NOW + timedelta(days=1), "crl-not-yet"),
    ],
)
def test_a_crl_out_of_its_time_is_refused(
    waiting: Waiting, now: datetime, code: str
) -> None:
    waiting.taken()
    late = _next(waiting.root, 2, now=now)
    assert _refused(waiting, InputError, crls=(late,)).code == code


def test_a_delta_is_refused(waiting: Waiting) -> None:
    waiting.taken()
    parameters = CRLParameters(3, NOW, NOW + timedelta(days=1), base_number=1)
    delta = sign_crl(waiting.root.issuer, parameters, ())
    assert "a delta" in _refused(waiting, InputError, crls=(delta,)).message


def test_a_bad_crl_takes_the_certificates_with_it(waiting: Waiting) -> None:
    """All or nothing: an answer whose CRL is forged is not half taken."""
    impostor = create_root(waiting.plan, generate_private_key(), NOW)
    forged = _next(impostor, 5)
    answer = waiting.sign(), waiting.root.certificate
    _refused(waiting, InputError, *answer, crls=(forged,))


def test_what_was_revoked_stays_on_the_next_crl(waiting: Waiting) -> None:
    first = encode_pem("X509 CRL", _next(waiting.root, 7, 0xA, 0xB))
    change = ["c"], "superseded", 9
    crl = next_crl_of(waiting.root, first, None, change, NOW)
    second = view_crl(crl)
    assert (second.number, second.entry_count) == (8, 3)
    with pytest.raises(ConflictError, match="lists c already"):
        next_crl_of(waiting.root, crl, None, change, NOW)


def test_a_hold_ends_when_the_list_says_so(waiting: Waiting, tmp_path: Path) -> None:
    """And nothing else ever leaves: a shorter list takes nothing back."""

    def entries(previous: bytes, *lines: str) -> dict[int, str | None]:
        path = tmp_path / "revoked.txt"
        path.write_text("\n".join(("# tlsmith revocations", *lines)) + "\n")
        change = [str(path)], "unspecified", 9
        kept.append(next_crl_of(waiting.root, previous, None, change, NOW))
        found = read_entries(view_crl(kept[-1]).entries)
        return {one.serial_number: one.reason for one in found}

    kept = [_next(waiting.root, 1)]
    moment = "2026-11-20T10:00:00Z"
    hold, lost = f"{moment} certificateHold", f"{moment} keyCompromise"
    first = entries(kept[-1], f"a {hold}", f"b {hold}", f"c {lost}", f"d {hold}")
    assert first == {
        0xA: "certificateHold",
        0xB: "certificateHold",
        0xC: "keyCompromise",
        0xD: "certificateHold",
    }
    second = entries(kept[-1], f"a {hold}", f"b {lost}")
    assert second == {
        0xA: "certificateHold",
        0xB: "keyCompromise",
        0xC: "keyCompromise",
    }
    with pytest.raises(InputError, match="a line that cannot be read"):
        entries(kept[-1], "a b c")


# The root's file


def test_the_roots_file_opens_with_its_passphrase_alone(waiting: Waiting) -> None:
    data = waiting.root.encode(b"a passphrase")
    opened = parse_root_file(data, b"a passphrase", "root.key")
    assert opened.certificate == waiting.root.certificate
    assert opened.crl == waiting.root.crl
    assert b"ENCRYPTED" in data
    with pytest.raises(PassphraseError, match=r"the root's key in 'root\.key'"):
        parse_root_file(data, b"another", "root.key")
    with pytest.raises(PassphraseError):
        waiting.root.encode(b"")
    assert "key" not in repr(opened)


def test_a_key_without_its_certificate_is_no_root(waiting: Waiting) -> None:
    data = waiting.root.encode(b"a passphrase")
    key = data[: data.index(b"-----BEGIN CERTIFICATE")]
    with pytest.raises(InputError, match="no certificate beside"):
        parse_root_file(key, b"a passphrase", "root.key")
