"""Accounts: made, found, changed, deactivated; their keys (7.1.2, 7.3)."""

from __future__ import annotations

from typing import Any

import pytest

from acme_account import Account
from acme_csrs import csr
from acme_jose import Signer, b64
from acme_keys import ec_jwk, not_keys, not_supported
from acme_wire import Answer
from server.acme.cases import ORDER, Case, Cases, new_order
from server.acme.world import World

CASES = Cases()


def _with_jwk(account: Account, jwk: Any) -> Answer:
    url = account.wire.url("newAccount")
    alg = {"RSA": "RS256", "OKP": "EdDSA"}.get(dict(jwk).get("kty", "EC"), "ES256")
    header = {"jwk": jwk, "alg": alg}
    return account.post(url, {"termsOfServiceAgreed": True}, jwk=True, header=header)


CASES.each(
    {f"key_{name}": jwk for name, jwk in not_supported().items()},
    "6.2, 6.7",
    400,
    "badPublicKey",
    _with_jwk,
)
CASES.each(
    {f"jwk_{name}": jwk for name, jwk in not_keys().items()},
    "6.2, RFC 7517",
    400,
    "malformed",
    lambda account, jwk: account.post(
        account.wire.url("newAccount"), {}, jwk=True, header={"jwk": jwk}
    ),
)


def _new(account: Account, **payload: Any) -> Answer:
    return Account(account.wire, account.site, Signer()).register(**payload)


CASES.each(
    {
        "contact_by_telephone": "tel:+1-201-555-0123",
        "contact_by_web": "https://example.test/",
        "contact_by_javascript": "javascript:alert(1)",
    },
    "7.3",
    400,
    "unsupportedContact",
    lambda account, contact: _new(account, contact=[contact]),
)
CASES.each(
    {
        "contact_with_header_fields": "mailto:a@b.test?subject=x",
        "contact_of_two": "mailto:a@b.test,c@d.test",
        "contact_without_address": "mailto:",
        "contact_without_host": "mailto:a@",
        "contact_without_at": "mailto:a",
        "contact_of_no_url": "a@b.test",
        "contact_empty": "",
        "contact_with_a_line_end": "mailto:a@b.test\r\nBcc: x@y.test",
        "contact_with_a_nul": "mailto:a\0@b.test",
        "contact_with_two_ats": "mailto:a@b@c.test",
        "contact_of_much": "mailto:" + "a" * 5000 + "@b.test",
    },
    "7.3",
    400,
    "invalidContact",
    lambda account, contact: _new(account, contact=[contact]),
)


@CASES.of("7.3", 400, "invalidContact")
def contacts_of_which_one_is_wrong(account: Account) -> Answer:
    return _new(account, contact=["mailto:a@b.test", "mailto:b"])


@CASES.of("7.3", 400, "invalidContact")
def contacts_without_number(account: Account) -> Answer:
    return _new(account, contact=[f"mailto:a{n}@b.test" for n in range(500)])


@CASES.of("7.3.2", 400, "unsupportedContact")
def changed_to_a_contact_that_is_not_supported(account: Account) -> Answer:
    return account.post(account.url, {"contact": ["tel:1"]})


@CASES.of("7.3.2", 400, "invalidContact")
def changed_to_a_contact_that_is_wrong(account: Account) -> Answer:
    return account.post(account.url, {"contact": ["mailto:a"]})


@CASES.of("7.3.2", 400, "malformed")
def changed_to_a_contact_that_is_no_list(account: Account) -> Answer:
    return account.post(account.url, {"contact": "mailto:a@b.test"})


@CASES.of("7.3.1", 400, "accountDoesNotExist")
def only_return_existing_of_none(account: Account) -> Answer:
    return _new(account, onlyReturnExisting=True)


@CASES.of("7.3.1", 200)
def only_return_existing_of_one(account: Account) -> Answer:
    return account.register(onlyReturnExisting=True)


@CASES.of("7.3.2", 403, "unauthorized")
def account_of_another(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    return account.post(other.url)


@CASES.of("7.3.2", 403, "unauthorized")
def change_of_another(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    return account.post(other.url, {"contact": []})


@CASES.of("7.3.6", 403, "unauthorized")
def deactivation_of_another(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    answer = account.post(other.url, {"status": "deactivated"})
    assert other.get(other.url)["status"] == "valid"
    return answer


@CASES.of("7.1.2.1", 403, "unauthorized")
def orders_of_another(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    return account.post(other.get(other.url)["orders"])


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_a_key_has_one_account(account: Account) -> None:
    # Section 7.3.1: 200, and where it is.
    again = account.register(contact=["mailto:other@b.test"])
    assert (again.status, again.location) == (200, account.url)
    # "any other fields provided are ignored".
    assert not again.json.get("contact")


def test_a_key_told_in_other_members_is_the_same(account: Account) -> None:
    jwk = account.key.jwk | {"kid": "x", "alg": "ES256", "use": "sig", "x5t": "y"}
    url = account.wire.url("newAccount")
    again = account.post(url, {}, jwk=True, header={"jwk": jwk})
    assert (again.status, again.location) == (200, account.url)


def test_contacts_are_kept_and_changed(acme: World) -> None:
    account = acme.account(contact=["mailto:a@b.test", "MAILTO:c@d.test"])
    assert len(account.get(account.url)["contact"]) == 2
    answer = account.post(account.url, {"contact": ["mailto:e@f.test"]})
    assert answer.status == 200
    assert answer.json["contact"] == ["mailto:e@f.test"]
    # What is not mentioned stays; an empty list takes all away.
    assert account.post(account.url, {}).json["contact"] == ["mailto:e@f.test"]
    assert not account.post(account.url, {"contact": []}).json.get("contact")


@pytest.mark.parametrize(
    "update",
    [
        {"orders": "https://x.test/"},
        {"termsOfServiceAgreed": False},
        {"status": "valid"},
        {"id": "1", "key": ec_jwk(), "createdAt": "2000-01-01T00:00:00Z"},
        {"externalAccountBinding": {"protected": "", "payload": "", "signature": ""}},
    ],
    ids=lambda update: next(iter(update)),
)
def test_what_a_client_may_not_change_stays(account: Account, update: Any) -> None:
    # Section 7.3.2: the server MUST ignore these.
    before = account.get(account.url)
    answer = account.post(account.url, update)
    assert answer.status == 200, answer
    after = account.get(account.url)
    assert after["orders"] == before["orders"]
    assert after["status"] == "valid"


@pytest.mark.parametrize("status", ["revoked", "invalid", "x", "", "Deactivated"])
def test_a_status_is_not_for_the_client_to_set(account: Account, status: str) -> None:
    # Section 7.3.2: ignored, "except as allowed by section 7.3.6".
    assert account.post(account.url, {"status": status}).status in (200, 400)
    assert account.get(account.url)["status"] == "valid"
    assert new_order(account).status == 201


def test_an_account_that_was_deactivated_can_do_nothing(acme: World) -> None:
    account = acme.account()
    order = account.ready("deactivated.test")
    authorization = order.start["authorizations"][0]
    challenge = account.challenge(authorization)["url"]
    issued = account.issued("deactivated.test")
    certificate, der = issued.now["certificate"], issued.der
    orders = account.get(account.url)["orders"]
    answer = account.post(account.url, {"status": "deactivated"})
    assert (answer.status, answer.json["status"]) == (200, "deactivated")
    revocation = {"certificate": b64(der)}
    asked: list[tuple[str, Any]] = [
        (account.url, None),
        (account.url, {"contact": []}),
        (account.url, {"status": "valid"}),
        (account.url, {"status": "deactivated"}),
        (orders, None),
        (order.url, None),
        (authorization, None),
        (authorization, {"status": "deactivated"}),
        (challenge, {}),
        (challenge, None),
        (order.start["finalize"], {"csr": b64(csr("deactivated.test"))}),
        (certificate, None),
        (acme.wire.url("newOrder"), ORDER),
        (acme.wire.url("newAuthz"), {"identifier": ORDER["identifiers"][0]}),
        (acme.wire.url("keyChange"), {}),
        (acme.wire.url("revokeCert"), revocation),
    ]
    for url, payload in asked:
        # Section 7.3.6: 401 and "unauthorized".
        answer = account.post(url, payload)
        assert (answer.status, answer.type) == (401, "unauthorized"), answer
    again = account.register()
    assert (again.status, again.type) == (401, "unauthorized"), again
    found = account.register(onlyReturnExisting=True)
    assert (found.status, found.type) == (401, "unauthorized"), found


def test_what_the_deactivated_account_had_issued_is_revoked_by_its_key(
    acme: World,
) -> None:
    key = Signer()
    account = acme.account()
    order = account.ready("orphan.test")
    assert order.finalize(csr("orphan.test", key=key.key)).status == 200
    der = order.der
    account.post(account.url, {"status": "deactivated"})
    stranger = acme.stranger(key)
    url = acme.wire.url("revokeCert")
    assert stranger.post(url, {"certificate": b64(der)}, jwk=True).status == 200


def test_orders_are_listed_to_their_account_alone(acme: World) -> None:
    one, other = acme.account(), acme.account()
    made = {one.order(f"n{n}.test").url for n in range(12)}
    theirs = other.order("theirs.test").url
    listed: list[str] = []
    url = one.get(one.url)["orders"]
    while url:
        answer = one.post(url)
        assert answer.status == 200, answer
        listed += answer.json["orders"]
        # Section 7.1.2.1: the next page is a link.
        url = next(iter(answer.links("next")), "")
    assert set(listed) == made
    assert len(listed) == len(made)
    assert theirs not in listed


def test_the_list_of_orders_has_pages(account: Account) -> None:
    made = [account.order(f"p{n}.test").url for n in range(120)]
    first = account.post(account.get(account.url)["orders"])
    listed = list(first.json["orders"])
    pages = 1
    while following := first.links("next"):
        first = account.post(following[0])
        listed += first.json["orders"]
        pages += 1
    assert sorted(listed) == sorted(made)
    assert pages > 1


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=",
        "page=-1",
        "%ff",
        "a=b&a=c",
        "after",
        "after=",
        "after=x",
        "after=%00",
        "after=1&after=2",
        "x&after=1",
    ],
)
def test_a_page_that_is_not_there_is_refused(account: Account, query: str) -> None:
    account.order("page.test")
    orders = account.get(account.url)["orders"]
    answer = account.post(f"{orders}?{query}")
    assert (answer.status, answer.type) == (400, "malformed"), answer
    assert "next" in answer.json["detail"]
