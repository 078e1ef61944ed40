"""Certificates fetched and revoked (7.4.2, 7.6)."""

from __future__ import annotations

import base64
import datetime
import itertools
import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from acme_account import Account
from acme_csrs import csr
from acme_jose import Signer, b64, rsa_key
from acme_wire import Answer
from server.acme.cases import Case, Cases
from server.acme.certificates import NAME, Issued
from server.acme.strict import refused, registered
from server.acme.world import World

CASES = Cases()
_CHAIN = re.compile(
    r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,64}\n)+"
    r"-----END CERTIFICATE-----\n)+"
)


def _other(account: Account) -> Account:
    return Account.registered(account.wire, account.site)


def _revoke(by: Account, der: Any, *, jwk: bool = False, **more: Any) -> Answer:
    certificate = b64(der) if isinstance(der, bytes) else der
    payload = {"certificate": certificate, **more}
    return by.post(by.wire.url("revokeCert"), payload, jwk=jwk)


@CASES.of("7.4.2", 403, "unauthorized")
def certificate_of_another(account: Account) -> Answer:
    return account.post(Issued(_other(account)).url)


@CASES.of("7.4.2", 404, "malformed")
def certificate_that_is_not_there(account: Account) -> Answer:
    return account.post(f"{Issued(account).url[:-8]}00000000")


CASES.each(
    {
        "alternate_that_is_not_there": "/99",
        "alternate_negative": "/-1",
        "alternate_of_text": "/x",
        "alternate_empty": "/",
        "alternate_of_much": "/" + "9" * 5000,
        "alternate_in_other_digits": "/%D9%A1",
    },
    "7.4.2",
    404,
    "malformed",
    lambda account, path: account.post(Issued(account).url + path),
)
CASES.each(
    {
        "accepts_anything": "*/*",
        "accepts_pem": "application/pem-certificate-chain",
        "accepts_pem_of_several": (
            "text/html;q=0.1, application/pem-certificate-chain;q=0.9"
        ),
        "accepts_any_application": "application/*",
        "accepts_garbage": ";;;///,,,",
        "accepts_nothing": "",
    },
    "7.4.2",
    200,
    None,
    lambda account, accept: account.post(
        Issued(account).url,
        headers={"Content-Type": "application/jose+json", "Accept": accept},
    ),
)


@CASES.of("7.6", 200)
def revoked_by_its_account(account: Account) -> Answer:
    return _revoke(account, Issued(account).der)


@CASES.of("7.6", 200)
def revoked_by_its_key(account: Account) -> Answer:
    issued = Issued(account)
    stranger = Account(account.wire, account.site, issued.key)
    return _revoke(stranger, issued.der, jwk=True)


def _stolen(account: Account) -> Issued:
    """Return a certificate that was revoked, since others have its key."""
    issued = Issued(account)
    assert _revoke(account, issued.der, reason=1).status == 200
    return issued


@CASES.of("7.6, 6.7", 400, "badPublicKey")
def new_account_with_a_key_that_was_stolen(account: Account) -> Answer:
    return Account(account.wire, account.site, _stolen(account).key).register()


@CASES.of("7.6", 400, "alreadyRevoked")
def revoked_again_by_a_key_that_was_stolen(account: Account) -> Answer:
    issued = _stolen(account)
    stranger = Account(account.wire, account.site, issued.key)
    return _revoke(stranger, issued.der, jwk=True)


@CASES.of("7.6", 200)
def revoked_by_who_is_authorized_for_all_names(account: Account) -> Answer:
    issued = Issued(account, "all1.test", "all2.test")
    other = _other(account)
    other.ready("all1.test", "all2.test")
    return _revoke(other, issued.der, reason=4)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_who_is_authorized_for_one_of_two(account: Account) -> Answer:
    issued = Issued(account, "one1.test", "one2.test")
    other = _other(account)
    other.ready("one1.test")
    return _revoke(other, issued.der)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_who_was_authorized(account: Account) -> Answer:
    issued = Issued(account, "was.test")
    other = _other(account)
    order = other.ready("was.test")
    other.post(order.start["authorizations"][0], {"status": "deactivated"})
    return _revoke(other, issued.der)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_who_is_to_be_authorized(account: Account) -> Answer:
    issued = Issued(account, "pending.test")
    other = _other(account)
    other.order("pending.test")
    return _revoke(other, issued.der)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_another_account(account: Account) -> Answer:
    return _revoke(_other(account), Issued(account).der)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_another_key(account: Account) -> Answer:
    stranger = Account(account.wire, account.site, Signer())
    return _revoke(stranger, Issued(account).der, jwk=True)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_the_key_of_another_certificate(account: Account) -> Answer:
    stranger = Account(account.wire, account.site, Issued(account).key)
    return _revoke(stranger, Issued(account).der, jwk=True)


@CASES.of("7.6", 403, "unauthorized")
def revoked_by_the_key_of_its_account_as_jwk(account: Account) -> Answer:
    # Section 7.6: as a jwk it is to be the certificate's.
    return _revoke(account, Issued(account).der, jwk=True)


@CASES.of("7.6", 400, "alreadyRevoked")
def revoked_twice(account: Account) -> Answer:
    der = Issued(account).der
    assert _revoke(account, der).status == 200
    return _revoke(account, der)


@CASES.of("7.6", 400, "alreadyRevoked")
def revoked_twice_for_another_reason(account: Account) -> Answer:
    der = Issued(account).der
    assert _revoke(account, der, reason=4).status == 200
    return _revoke(account, der, reason=3)


@CASES.of("7.6", 200)
def revoked_again_as_its_key_was_stolen(account: Account) -> Answer:
    # More than was known: its key is never certified again.
    der = Issued(account).der
    assert _revoke(account, der, reason=4).status == 200
    return _revoke(account, der, reason=1)


CASES.each(
    {
        f"reason_{reason}": reason
        for reason in (2, 7, 8, 10, 11, -1, 255, 1 << 31, 1 << 63, 1 << 64, 6)
    },
    "7.6",
    400,
    "badRevocationReason",
    lambda account, reason: _revoke(account, Issued(account).der, reason=reason),
)
CASES.each(
    {f"reason_right_{reason}": reason for reason in (0, 1, 3, 4, 5, None)},
    "7.6",
    200,
    None,
    lambda account, reason: _revoke(account, Issued(account).der, reason=reason),
)
CASES.each(
    {
        "reason_a_string": "keyCompromise",
        "reason_a_digit": "1",
        "reason_a_fraction": 1.5,
        "reason_a_list": [1],
        "reason_true": True,
    },
    "7.6",
    400,
    "malformed",
    lambda account, reason: _revoke(account, Issued(account).der, reason=reason),
)
CASES.each(
    {
        "certificate_null": lambda der: None,
        "certificate_number": lambda der: 1,
        "certificate_padded": lambda der: b64(der) + "=",
        "certificate_in_pem": ssl.DER_cert_to_PEM_cert,
        "certificate_with_line_ends": lambda der: base64.encodebytes(der).decode(),
        "certificate_empty": lambda der: b"",
        "certificate_cut_short": lambda der: der[:-1],
        "certificate_followed_by_more": lambda der: der + b"\0",
        "certificate_of_nuls": lambda der: bytes(500),
        "certificate_of_text": lambda der: b"certificate",
        "certificate_that_is_a_csr": lambda der: csr(NAME),
        "certificate_nested": lambda der: b"\x30\x80" * 3000,
        "certificate_of_endless_length": lambda der: b"\x30\x84\xff\xff\xff\xff",
    },
    "7.6",
    400,
    "malformed",
    lambda account, change: _revoke(account, change(Issued(account).der)),
)


def _foreign(issued: Issued | None, key: Signer) -> bytes:
    """Return a certificate that we did not issue, with the number of one we did."""
    name = x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    number = issued.parsed.serial_number if issued else 4711
    builder = x509.CertificateBuilder(
        issued.parsed.issuer if issued else name,
        name,
        key.key.public_key(),
        number,
        now,
        now + datetime.timedelta(days=1),
    )
    made = builder.sign(key.key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@CASES.of("7.6", 404, "malformed")
def certificate_of_another_ca(account: Account) -> Answer:
    return _revoke(account, _foreign(None, Signer()))


@CASES.of("7.6", 404, "malformed")
def certificate_of_another_ca_by_its_key(account: Account) -> Answer:
    key = Signer()
    stranger = Account(account.wire, account.site, key)
    return _revoke(stranger, _foreign(None, key), jwk=True)


@CASES.of("7.6", 404, "malformed")
def certificate_forged_with_the_number_of_a_right_one(account: Account) -> Answer:
    key, issued = Signer(), Issued(account)
    stranger = Account(account.wire, account.site, key)
    answer = _revoke(stranger, _foreign(issued, key), jwk=True)
    assert _revoke(account, issued.der).status == 200
    return answer


@CASES.of("7.6", 404, "malformed")
def certificate_with_a_bit_else(account: Account) -> Answer:
    der = Issued(account).der
    return _revoke(account, der[:-1] + bytes([der[-1] ^ 1]))


@CASES.of("7.6", 404, "malformed")
def certificate_of_the_ca_itself(account: Account) -> Answer:
    pem = Issued(account).order.chain
    end = "-----END CERTIFICATE-----"
    return _revoke(account, ssl.PEM_cert_to_DER_cert(pem.split(end)[1].strip() + end))


@CASES.of("7.6, 6.2", 400, "badPublicKey")
def revoked_by_a_weak_key(account: Account) -> Answer:
    stranger = Account(account.wire, account.site, Signer("RS256", rsa_key(1024)))
    return _revoke(stranger, Issued(account).der, jwk=True)


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_the_chain_is_pem_the_end_entity_first(account: Account) -> None:
    issued = Issued(account)
    answer = account.post(issued.url)
    # Section 9.1.
    assert answer.media.partition(";")[0] == "application/pem-certificate-chain"
    chain = x509.load_pem_x509_certificates(answer.body)
    assert len(chain) >= 2
    for below, above in itertools.pairwise(chain):
        below.verify_directly_issued_by(above)
    # Section 9.1: no explanatory text before, between or after.
    assert _CHAIN.fullmatch(answer.body.decode("ascii"))


def _cross_signed(world: World) -> x509.Certificate:
    """Have an older root sign the CA's root; return the older one."""
    old = ("--root-key-file", "old.key", "--root-cert", "old.pem")
    world.ca.works(
        "ca", "init", "--root-only", "--name", "Old", "--path-length", "2", *old
    )
    sign = ("--root-key-file", "old.key", "--out", "cross.pem")
    world.ca.works("ca", "cross-sign", "root.pem", *sign)
    world.ca.works("ca", "import", "cross.pem")
    return x509.load_pem_x509_certificate((world.ca.folder / "old.pem").read_bytes())


def test_alternates_are_other_chains_of_the_same_certificate(strict: World) -> None:
    account, other = registered(strict), registered(strict)
    issued = Issued(account, "alternate.test")
    assert account.post(issued.url).links("alternate") == []
    old = _cross_signed(strict)
    deadline = time.monotonic() + 20
    while not (urls := account.post(issued.url).links("alternate")):
        assert time.monotonic() < deadline, "the server did not see the other chain"
        time.sleep(0.1)
    # Section 7.4.2: each is a way to another root.
    assert len(urls) == 1
    answer = account.post(urls[0])
    assert answer.links("alternate") == [issued.url]
    chain = x509.load_pem_x509_certificates(answer.body)
    assert chain[0] == issued.parsed
    for below, above in itertools.pairwise([*chain, old]):
        below.verify_directly_issued_by(above)
    refused(other.post(urls[0]), 403, "unauthorized")
    refused(account.post(f"{issued.url}/2"), 404, "malformed")


def test_revoked_by_many_at_once_it_is_revoked_once(account: Account) -> None:
    for _ in range(3):
        der = Issued(account).der
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _, der=der: _revoke(account, der), range(6)))
        assert sorted(answer.status for answer in answers) == [200] + [400] * 5
        assert {one.type for one in answers} == {None, "alreadyRevoked"}


def test_a_revoked_certificate_is_fetched_still(account: Account) -> None:
    issued = Issued(account)
    _revoke(account, issued.der)
    assert account.post(issued.url).status == 200


def test_a_revocation_is_no_secret_s_answer(account: Account) -> None:
    # Section 7.6: 200 and nothing.
    answer = _revoke(account, Issued(account).der)
    assert (answer.status, answer.body) == (200, b"")
