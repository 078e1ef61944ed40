"""Authorizations and challenges: answered, failed, deactivated (7.4.1, 7.5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from acme_account import Account, Order
from acme_csrs import csr
from acme_wire import PREFIX, Answer
from server.acme.cases import Case, Cases
from server.acme.world import World

CASES = Cases()
NAME = "authorize.test"


def _authorization(account: Account) -> str:
    return str(account.order(NAME).start["authorizations"][0])


def _challenge(account: Account) -> str:
    return str(account.challenge(_authorization(account))["url"])


def _other(account: Account) -> Account:
    return Account.registered(account.wire, account.site)


@CASES.of("7.5", 403, "unauthorized")
def authorization_of_another(account: Account) -> Answer:
    return account.post(_authorization(_other(account)))


@CASES.of("7.5.2", 403, "unauthorized")
def deactivation_of_another(account: Account) -> Answer:
    other = _other(account)
    url = _authorization(other)
    answer = account.post(url, {"status": "deactivated"})
    assert other.get(url)["status"] == "pending"
    return answer


@CASES.of("7.5.1", 403, "unauthorized")
def challenge_of_another(account: Account) -> Answer:
    other = _other(account)
    url = _challenge(other)
    answer = account.post(url, {})
    assert other.post(url).json["status"] == "pending"
    return answer


@CASES.of("7.5.1", 403, "unauthorized")
def challenge_of_another_read(account: Account) -> Answer:
    return account.post(_challenge(_other(account)))


@CASES.of("7.5", 404, "malformed")
def authorization_that_is_not_there(account: Account) -> Answer:
    return account.post(f"{_authorization(account)[:-8]}00000000")


CASES.each(
    {
        "challenge_of_an_authorization_that_is_not_there": (
            lambda url: url.replace("/http-01", "0/http-01")
        ),
        "challenge_of_no_type": lambda url: url.replace("/http-01", ""),
        "challenge_of_an_empty_type": lambda url: url.replace("http-01", ""),
        "challenge_of_a_type_that_nobody_knows": (
            lambda url: url.replace("http-01", "http-99")
        ),
        "challenge_of_a_type_in_capitals": (
            lambda url: url.replace("http-01", "HTTP-01")
        ),
        "challenge_with_more": lambda url: f"{url}/x",
        "challenge_of_dots": lambda url: url.replace("http-01", "../x"),
        "challenge_of_bytes": lambda url: url.replace("http-01", "%ff"),
    },
    "7.5.1",
    404,
    "malformed",
    lambda account, change: account.post(change(_challenge(account)), {}),
)
CASES.each(
    {
        f"authorization_to_be_{status or 'empty'}": status
        for status in ("valid", "invalid", "pending", "revoked", "Deactivated", "")
    },
    "7.5.2",
    400,
    "malformed",
    lambda account, status: account.post(_authorization(account), {"status": status}),
)
CASES.each(
    {
        "authorization_of_no_status": {},
        "authorization_of_status_null": {"status": None},
        "authorization_of_status_number": {"status": 1},
        "authorization_of_status_list": {"status": ["deactivated"]},
    },
    "7.5.2",
    400,
    "malformed",
    lambda account, payload: account.post(_authorization(account), payload),
)


def _authorize(account: Account, kind: Any, value: Any) -> Answer:
    payload = {"identifier": {"type": kind, "value": value}}
    return account.post(account.wire.url("newAuthz"), payload)


CASES.each(
    {
        "in_advance_of_a_wildcard": ("dns", "*.authorize.test"),
        "in_advance_of_no_name": ("dns", ""),
        "in_advance_of_two_dots": ("dns", "a..test"),
        "in_advance_of_an_address_as_a_name": ("dns", "192.0.2.1"),
        "in_advance_of_a_name_as_an_address": ("ip", "authorize.test"),
        "in_advance_of_a_number": ("dns", 1),
    },
    "7.4.1",
    400,
    "malformed",
    lambda account, asked: _authorize(account, *asked),
)
CASES.each(
    {
        "in_advance_of_an_unknown_type": ("email", "a@b.test"),
        "in_advance_of_an_empty_type": ("", "a.test"),
    },
    "7.4.1",
    400,
    "unsupportedIdentifier",
    lambda account, asked: _authorize(account, *asked),
)
CASES.each(
    {
        "in_advance_of_nothing": {},
        "in_advance_of_null": {"identifier": None},
        "in_advance_of_a_string": {"identifier": "authorize.test"},
        "in_advance_of_a_list": {"identifier": [{"type": "dns", "value": "a.test"}]},
        "in_advance_without_type": {"identifier": {"value": "a.test"}},
    },
    "7.4.1",
    400,
    "malformed",
    lambda account, payload: account.post(account.wire.url("newAuthz"), payload),
)


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_reading_a_challenge_starts_nothing(account: Account) -> None:
    # Section 7.5.1: an empty object responds, a POST-as-GET reads.
    authorization = _authorization(account)
    challenge = account.challenge(authorization)
    account.site.tokens[challenge["token"]] = account.key.thumbprint
    for _ in range(3):
        answer = account.post(challenge["url"])
        assert (answer.status, answer.json["status"]) == (200, "pending")
    assert account.get(authorization)["status"] == "pending"


def test_members_of_a_response_are_passed_over(account: Account) -> None:
    # Section 7.5.1: clients of old drafts send a key authorization.
    authorization = _authorization(account)
    challenge = account.challenge(authorization)
    account.site.tokens[challenge["token"]] = account.key.thumbprint
    payload = {"keyAuthorization": "x", "status": "invalid", "type": "dns-01"}
    assert account.post(challenge["url"], payload).status == 200
    account.until(authorization, lambda now: now["status"] == "valid")


def test_a_challenge_that_was_met_is_met_again_by_nothing(account: Account) -> None:
    authorization = _authorization(account)
    account.prove(authorization)
    challenge = account.challenge(authorization)
    assert challenge["status"] == "valid"
    # Section 8: required of a valid challenge.
    assert challenge["validated"]
    del account.site.tokens[challenge["token"]]
    again = account.post(challenge["url"], {})
    assert (again.status, again.json["status"]) == (200, "valid")
    assert account.get(authorization)["status"] == "valid"


def test_the_challenges_not_chosen_stay_as_they_are(account: Account) -> None:
    authorization = _authorization(account)
    other = account.challenge(authorization, "dns-01")
    account.prove(authorization)
    answer = account.post(other["url"], {})
    # Section 7.1.6: the authorization is valid, and stays so.
    assert answer.status in (200, 400), answer
    assert account.get(authorization)["status"] == "valid"


def test_one_challenge_is_tried_at_a_time(account: Account) -> None:
    authorization = _authorization(account)
    first = account.challenge(authorization)
    other = account.challenge(authorization, "dns-01")
    # What is not shown in time is asked for again after a second.
    answer = account.post(first["url"], {})
    assert answer.json["status"] == "processing", answer
    answer = account.post(other["url"], {})
    assert (answer.status, answer.type) == (400, "malformed"), answer
    assert "http-01 is being tried" in answer.json["detail"]
    # What is tried already is not begun again.
    assert account.post(first["url"], {}).status == 200
    account.site.tokens[first["token"]] = account.key.thumbprint
    account.until(authorization, lambda now: now["status"] == "valid")


@pytest.mark.parametrize("proved", [False, True], ids=["pending", "valid"])
def test_a_deactivated_authorization_is_of_no_use(
    account: Account, proved: bool
) -> None:
    order = account.order(NAME)
    authorization = order.start["authorizations"][0]
    challenge = account.challenge(authorization)
    if proved:
        account.prove(authorization)
    answer = account.post(authorization, {"status": "deactivated"})
    # Section 7.5.2: the updated object.
    assert (answer.status, answer.json["status"]) == (200, "deactivated")
    assert account.get(authorization)["status"] == "deactivated"
    account.site.tokens[challenge["token"]] = account.key.thumbprint
    answer = account.post(challenge["url"], {})
    assert (answer.status, answer.type) == (400, "malformed"), answer
    assert account.get(authorization)["status"] == "deactivated"
    # Section 7.1.6: an order with it becomes invalid.
    assert order.now["status"] == "invalid"
    answer = order.finalize(csr(NAME))
    assert (answer.status, answer.type) == (403, "orderNotReady")


def test_a_deactivated_authorization_is_used_by_no_later_order(
    account: Account,
) -> None:
    order = account.issued("later.authorize.test")
    authorization = order.start["authorizations"][0]
    account.post(authorization, {"status": "deactivated"})
    assert order.now["status"] == "valid"
    later = account.order("later.authorize.test")
    assert later.now["status"] == "pending"


def test_names_may_be_authorized_in_advance(account: Account) -> None:
    answer = _authorize(account, "dns", "advance.test")
    # Section 7.4.1: 201 and where it is.
    assert (answer.status, answer.json["status"]) == (201, "pending")
    assert account.get(answer.location) == answer.json
    account.prove(answer.location)
    assert account.get(answer.location)["status"] == "valid"


def test_what_is_authorized_in_advance_is_for_its_account(account: Account) -> None:
    url = _authorize(account, "dns", "advance2.test").location
    account.prove(url)
    assert _other(account).order("advance2.test").now["status"] == "pending"
    assert account.order("*.advance2.test").now["status"] == "pending"


def test_responding_many_times_at_once_is_responding_once(account: Account) -> None:
    for _ in range(4):
        order = account.order(NAME)
        authorization = order.start["authorizations"][0]
        challenge = account.challenge(authorization)
        account.site.tokens[challenge["token"]] = account.key.thumbprint
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(
                    lambda _, url=challenge["url"]: account.post(url, {}), range(8)
                )
            )
        assert {answer.status for answer in answers} == {200}
        account.until(authorization, lambda now: now["status"] == "valid")
        assert order.now["status"] == "ready"


class Failed(NamedTuple):
    """Orders whose challenges were not met."""

    account: Account
    wrong: Order
    nowhere: Order


@pytest.fixture(scope="module")
def failed(acme: World) -> Failed:
    """Orders that failed, all in the time that one takes."""
    account = acme.account()
    wrong = account.order(NAME, "b.authorize.test")
    nowhere = account.order("nowhere.test")
    urls = [order.start["authorizations"][0] for order in (wrong, nowhere)]
    with ThreadPoolExecutor(2) as pool:
        ended = [one["status"] for one in pool.map(account.fail, urls)]
    assert ended == ["invalid"] * 2
    return Failed(account, wrong, nowhere)


def test_a_failure_says_why_and_makes_the_order_invalid(failed: Failed) -> None:
    kinds = ((failed.wrong, "incorrectResponse"), (failed.nowhere, "dns"))
    for order, kind in kinds:
        challenge = failed.account.challenge(order.start["authorizations"][0])
        assert challenge["status"] == "invalid"
        # Section 8: the error is a problem document.
        assert challenge["error"]["type"] == f"{PREFIX}{kind}"
        assert challenge["error"]["detail"]
        # Section 7.1.6.
        now = order.now
        assert now["status"] == "invalid"
        assert now["error"]["type"] == f"{PREFIX}{kind}"
        answer = order.finalize(csr(*order.names))
        assert (answer.status, answer.type) == (403, "orderNotReady")


def test_a_failed_order_is_listed_no_more(failed: Failed) -> None:
    account = failed.account
    listed = account.get(account.get(account.url)["orders"])["orders"]
    # Section 7.1.2.1.
    assert not {failed.wrong.url, failed.nowhere.url} & set(listed)


def test_a_challenge_that_failed_is_not_tried_again(failed: Failed) -> None:
    account = failed.account
    authorization = failed.wrong.start["authorizations"][0]
    challenge = account.challenge(authorization)
    account.show(challenge, NAME)
    answer = account.post(challenge["url"], {})
    assert (answer.status, answer.json["status"]) == (200, "invalid"), answer
    assert account.get(authorization)["status"] == "invalid"
    refused = account.post(authorization, {"status": "deactivated"})
    assert (refused.status, refused.type) == (400, "malformed")


def test_what_takes_a_while_says_when_to_ask_again(account: Account) -> None:
    authorization = account.order("nowhere.test").start["authorizations"][0]
    challenge = account.challenge(authorization)
    answer = account.post(challenge["url"], {})
    # Section 8.2: it is tried again, and the client may look meanwhile.
    assert (answer.status, answer.json["status"]) == (200, "processing"), answer
    assert answer.json["error"]["type"] == f"{PREFIX}dns"
    assert int(answer.headers["Retry-After"]) >= 1
    shown = account.post(authorization)
    assert shown.json["status"] == "pending"
    assert int(shown.headers["Retry-After"]) >= 1
    # Section 7.5.2: whoever gives it up need not wait.
    account.post(authorization, {"status": "deactivated"})
    assert account.get(authorization)["status"] == "deactivated"
