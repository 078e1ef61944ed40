"""OCSP where a CA ends, or its key is away, and of requests made to fill memory."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from authorities import ADMINISTRATOR, PASSPHRASE, Clock, TestCA, wanted_for
from tlsmith.authority.creation import NewSigner
from tlsmith.authority.root_file import RootFile
from tlsmith.authority.rotation import new_intermediate, rotate
from tlsmith.authority.service import Authority
from tlsmith.authority.static_export import export_static
from tlsmith.core import der
from tlsmith.core.ocsp import encode_ocsp_request, make_cert_id
from tlsmith.core.view import view_certificate
from tlsmith.errors import SignerError
from tlsmith.signers import create_key
from tlsmith.storage.authorities import AuthorityRecord
from tlsmith.storage.search import Search


def asking(issuer: bytes, serial_number: int) -> bytes:
    cert_id = make_cert_id(view_certificate(issuer), serial_number)
    return encode_ocsp_request([cert_id])


def responders_of(authority: Authority) -> int:
    return len(list(authority.find_all(Search(profile="ocsp"))))


@pytest.mark.parametrize("minutes", [45, 20, 5, 1])
def test_a_ca_near_its_end_has_one_last_responder(
    small_ca: TestCA, clock: Clock, minutes: int
) -> None:
    """Each would be older than its renewal at once: one for each request."""
    issued = small_ca.issue("a.test")
    end = view_certificate(small_ca.intermediate).not_after
    clock.now = end - timedelta(minutes=minutes)
    before = responders_of(small_ca.authority)
    for authority in (small_ca.again(), small_ca.again()):
        for serial in (issued.serial_number, 5, 6, 7, 8, 9):
            answer = authority.ocsp.answer(asking(small_ca.intermediate, serial))
            assert answer.status in ("good", "unknown")
        authority.close()
    assert responders_of(small_ca.authority) - before == 1


def test_a_ca_that_is_over_is_nobody_to_answer_for(
    small_ca: TestCA, clock: Clock, tmp_path: Path
) -> None:
    clock.now = view_certificate(small_ca.intermediate).not_after + timedelta(hours=1)
    authority = small_ca.again()
    answer = authority.ocsp.answer(asking(small_ca.intermediate, 5))
    assert answer.status == "unauthorized"
    # It neither makes the server unready nor stops an export for good.
    assert authority.ocsp.responders() == []
    export_static(authority, str(tmp_path / "out"), with_ocsp=True)
    authority.close()


@pytest.fixture
def two(small_ca: TestCA, clock: Clock, tmp_path: Path) -> TestCA:
    """A CA with a second intermediate, whose key is in a file."""
    uri = f"file:{tmp_path}/second.key"
    made = create_key(uri, "p256", PASSPHRASE)
    signer = NewSigner(made.signer.uri, made.signer, made.material)
    root = RootFile(small_ca.root, small_ca.root_key)
    storage = small_ca.authority.storage
    record = new_intermediate(storage, root, signer, None, clock())
    rotate(storage, record, ADMINISTRATOR, clock())
    return small_ca


def second_of(authority: Authority) -> AuthorityRecord:
    return authority.issuers.records()[-1]


def test_a_ca_without_its_key_does_not_stop_the_others(
    two: TestCA, tmp_path: Path
) -> None:
    first = two.issue("a.test", issuer=two.slug)
    os.rename(tmp_path / "second.key", tmp_path / "away.key")
    authority = two.again()
    second = second_of(authority).certificate or b""
    for _ in range(2):
        request = asking(two.intermediate, first.serial_number)
        assert authority.ocsp.answer(request).status == "good"
        authority.ocsp.forget()
    assert authority.ocsp.answer(asking(second, 5)).status == "tryLater"
    authority.revoke(first.number, "superseded", ADMINISTRATOR)
    with pytest.raises(SignerError):
        authority.refresh_crls()
    assert authority.publication.crls()[f"{two.slug}.crl"].entries == 1
    request = asking(two.intermediate, first.serial_number)
    assert authority.ocsp.answer(request).status == "revoked"
    os.rename(tmp_path / "away.key", tmp_path / "second.key")
    deadline = time.monotonic() + 10
    while authority.ocsp.answer(asking(second, 5)).status == "tryLater":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert authority.ocsp.answer(asking(second, 5)).status == "unknown"
    authority.issue(wanted_for("b.test"), ADMINISTRATOR)
    authority.close()


def test_a_key_that_is_away_is_not_tried_for_each_request(
    two: TestCA, tmp_path: Path
) -> None:
    """As a token in the network is, which may take seconds to fail."""
    asked = 0

    def passphrase() -> bytes:
        nonlocal asked
        asked += 1
        return PASSPHRASE

    authority = Authority(two.again().storage, passphrase, clock=two.clock)
    second = second_of(authority).certificate or b""
    os.rename(tmp_path / "second.key", tmp_path / "away.key")
    for serial in range(1, 50):
        assert authority.ocsp.answer(asking(second, serial)).status == "tryLater"
    assert asked <= 2
    authority.close()


def test_large_requests_are_not_kept(small_ca: TestCA) -> None:
    """A hundred thousand of these, all different, would be six gigabytes."""
    small = asking(small_ca.intermediate, 5)
    ocsp = small_ca.authority.ocsp
    issued = small_ca.issue("a.test")
    small = asking(small_ca.intermediate, issued.serial_number)
    content = der.only(der.only(small, der.SEQUENCE).content, der.SEQUENCE).content
    name = der.context(
        1,
        der.context(4, b"\x30\x82\x75\x30" + bytes(30_000), constructed=True),
        constructed=True,
    )
    large = der.sequence(der.sequence(name, content))
    for request in (small, large):
        assert ocsp.answer(request).status == "good"
    assert ocsp.kept_requests() == [small]
    # Nor is what nobody has: anybody can think of as many as he likes.
    assert ocsp.answer(asking(small_ca.intermediate, 7)).status == "unknown"
    assert ocsp.kept_requests() == [small]
