"""When to renew, and which order takes the place of which certificate (RFC 9773)."""

from __future__ import annotations

import datetime

import pytest

from acme_account import Account
from acme_csrs import csr
from acme_jose import b64
from acme_wire import Answer
from server.acme.cases import ORDER, Case, Cases, new_order
from server.acme.certificates import NAME, Issued
from server.acme.world import World

CASES = Cases()


def _other(account: Account) -> Account:
    return Account.registered(account.wire, account.site)


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
    payload = {"certificate": b64(issued.der), "reason": 1}
    assert account.post(account.wire.url("revokeCert"), payload).status == 200
    window = _renewal(account, issued.renewal).json["suggestedWindow"]
    now = datetime.datetime.now(datetime.UTC)
    assert _moment(window["start"]) < _moment(window["end"]) <= now


def test_a_replacement_that_failed_does_not_count(account: Account) -> None:
    issued = Issued(account)
    first = account.order(NAME, replaces=issued.renewal)
    account.post(first.start["authorizations"][0], {"status": "deactivated"})
    assert first.now["status"] == "invalid"
    assert account.ask(NAME, replaces=issued.renewal).status == 201


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
