"""Certificates fetched, revoked, and told when to renew (7.4.2, 7.6, RFC 9773)."""

from __future__ import annotations

import base64
import datetime
import itertools
import re
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from acme_account import Account, Order
from acme_csrs import csr
from acme_jose import Signer, b64
from acme_wire import Answer
from server.acme.cases import ORDER, Case, Cases, new_order
from server.acme.world import World

CASES = Cases()
NAME = "certificate.test"
_CHAIN = re.compile(
    r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,64}\n)+"
    r"-----END CERTIFICATE-----\n)+"
)


class Issued:
    """A certificate, its key, its order and account."""

    def __init__(self, account: Account, *names: str) -> None:
        self.account = account
        self.key = Signer()
        self.order: Order = account.ready(*(names or (NAME,)))
        answer = self.order.finalize(csr(*self.order.names, key=self.key.key))
        assert answer.status == 200, answer
        self.url = str(self.order.settled()["certificate"])
        self.der = self.order.der
        self.parsed = x509.load_der_x509_certificate(self.der)

    @property
    def renewal(self) -> str:
        """RFC 9773, section 4.1."""
        return f"{self.authority}.{self.serial}"

    @property
    def authority(self) -> str:
        kind = x509.AuthorityKeyIdentifier
        identifier = self.parsed.extensions.get_extension_for_class(kind).value
        return b64(identifier.key_identifier or b"")

    @property
    def serial(self) -> str:
        number = self.parsed.serial_number
        return b64(number.to_bytes(number.bit_length() // 8 + 1, "big"))


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
    from acme_jose import rsa_key

    stranger = Account(account.wire, account.site, Signer("RS256", rsa_key(1024)))
    return _revoke(stranger, Issued(account).der, jwk=True)


def _renewal(account: Account, text: str) -> Answer:
    return account.wire.send("GET", f"{account.wire.url('renewalInfo')}/{text}")


CASES.each(
    {
        "renewal_of_no_id": "certificate",
        "renewal_of_one_part": "aYhba4dGQEHhs3uEe6CuLN4ByNQ",
        "renewal_of_three_parts": "AA.AA.AA",
        "renewal_padded": "aYhba4dGQEHhs3uEe6CuLN4ByNQ=.AIdlQyE=",
        "renewal_in_other_characters": "%D0%96.AA",
        "renewal_in_hex": "aYhba4dGQEHhs3uEe6CuLN4ByNQ.00:87",
        "renewal_of_much": "A" * 4000 + ".AA",
        "renewal_of_a_dot": ".",
        "renewal_of_bytes": "%ff.%fe",
    },
    "RFC 9773, 4.1",
    400,
    "malformed",
    _renewal,
)


@CASES.of("RFC 9773, 4.1", 404, "malformed")
def renewal_of_what_is_not_there(account: Account) -> Answer:
    return _renewal(account, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")


@CASES.of("RFC 9773, 4.1", 404, "malformed")
def renewal_of_another_issuer(account: Account) -> Answer:
    return _renewal(account, f"aYhba4dGQEHhs3uEe6CuLN4ByNQ.{Issued(account).serial}")


@CASES.of("RFC 9773, 5", 409, "alreadyReplaced")
def replaces_what_was_replaced(account: Account) -> Answer:
    issued = Issued(account)
    order = account.ready(NAME, replaces=issued.renewal)
    assert order.start["replaces"] == issued.renewal
    assert order.finalize(csr(NAME)).status == 200
    return new_order(
        account,
        {
            "identifiers": [{"type": "dns", "value": NAME}],
            "replaces": issued.renewal,
        },
    )


@CASES.of("RFC 9773, 5", 403, "unauthorized")
def replaces_the_certificate_of_another(account: Account) -> Answer:
    issued = Issued(_other(account))
    payload = {"identifiers": [{"type": "dns", "value": NAME}]}
    return new_order(account, payload | {"replaces": issued.renewal})


@CASES.of("RFC 9773, 5", 400, "malformed")
def replaces_a_certificate_of_other_names(account: Account) -> Answer:
    return new_order(account, ORDER | {"replaces": Issued(account).renewal})


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


def test_alternates_are_chains_of_the_same_certificate(account: Account) -> None:
    issued = Issued(account)
    answer = account.post(issued.url)
    for url in answer.links("alternate"):
        other = account.post(url)
        assert other.status == 200
        assert x509.load_pem_x509_certificates(other.body)[0] == issued.parsed
        assert _other(account).post(url).status == 403


def test_the_window_to_renew_is_within_the_certificate_s_life(acme: World) -> None:
    account = acme.account()
    issued = Issued(account)
    answer = _renewal(account, issued.renewal)
    assert (answer.status, answer.media) == (200, "application/json")
    # RFC 9773, section 4.3.
    assert int(answer.headers["Retry-After"]) > 0
    window = answer.json["suggestedWindow"]
    start, end = (_moment(window[name]) for name in ("start", "end"))
    assert issued.parsed.not_valid_before_utc < start < end
    assert end < issued.parsed.not_valid_after_utc
    assert _renewal(account, issued.renewal).json == answer.json
    head = acme.wire.send("HEAD", f"{acme.wire.url('renewalInfo')}/{issued.renewal}")
    assert head.status == 200


def test_the_window_of_a_revoked_certificate_is_past(account: Account) -> None:
    issued = Issued(account)
    assert _revoke(account, issued.der, reason=1).status == 200
    window = _renewal(account, issued.renewal).json["suggestedWindow"]
    now = datetime.datetime.now(datetime.UTC)
    assert _moment(window["start"]) < _moment(window["end"]) <= now


def test_a_replacement_that_failed_does_not_count(account: Account) -> None:
    issued = Issued(account)
    first = account.order(NAME, replaces=issued.renewal)
    account.post(first.start["authorizations"][0], {"status": "deactivated"})
    assert first.now["status"] == "invalid"
    assert account.ask(NAME, replaces=issued.renewal).status == 201


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


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
