"""Payloads: what is read, what is ignored, what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_signing import outcome
from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.messages import (
    AccountUpdate,
    AuthorizationUpdate,
    ChallengeResponse,
    Finalize,
    KeyChange,
    NewAccount,
    NewAuthorization,
    NewOrder,
    Revocation,
    WireIdentifier,
    decode_payload,
)
from tlsmith.errors import ACMEProblem

NAME = {"type": "dns", "value": "a.test"}
KINDS: list[type[Any]] = [
    AccountUpdate,
    AuthorizationUpdate,
    ChallengeResponse,
    Finalize,
    KeyChange,
    NewAccount,
    NewAuthorization,
    NewOrder,
    Revocation,
]


def decoded(kind: type[Any], **members: Any) -> Any:
    return decode_payload(json.dumps(members).encode(), kind)


def refusal(kind: type[Any], **members: Any) -> str:
    with pytest.raises(ACMEProblem) as caught:
        decoded(kind, **members)
    assert (caught.value.type, caught.value.status) == ("malformed", 400)
    return caught.value.message


def test_a_new_account_says_who_it_is() -> None:
    """RFC 8555 section 7.3; orders and status are not the client's to say."""
    account = decoded(
        NewAccount,
        contact=["mailto:a@b.test"],
        termsOfServiceAgreed=True,
        onlyReturnExisting=False,
        externalAccountBinding={"protected": "x", "payload": "y", "signature": "z"},
        orders="https://evil.test",
        status="valid",
    )
    assert account.contact == ["mailto:a@b.test"]
    assert account.terms_of_service_agreed is True
    assert account.only_return_existing is False
    assert json.loads(account.binding)["payload"] == "y"


@pytest.mark.parametrize("members", [{}, {"externalAccountBinding": None}])
def test_a_new_account_need_say_nothing(members: dict[str, Any]) -> None:
    account = decoded(NewAccount, **members)
    assert account.contact is None
    assert account.binding is None


def test_an_update_tells_no_contact_from_none_said() -> None:
    """RFC 8555 section 7.3.2: an empty list takes all of them away."""
    assert decoded(AccountUpdate, contact=[]).contact == []
    assert decoded(AccountUpdate).contact is None
    assert decoded(AccountUpdate, status="deactivated").status == "deactivated"


def test_an_order_says_for_what_and_when() -> None:
    order = decoded(
        NewOrder,
        identifiers=[NAME, {"type": "ip", "value": "::1", "more": 1}],
        notBefore="2026-01-01T02:00:00.5+02:00",
        notAfter="2026-02-01T00:00:00Z",
        replaces="a.b",
        profile="short",
    )
    assert order.asked == [("dns", "a.test"), ("ip", "::1")]
    assert order.not_before == datetime(2026, 1, 1, tzinfo=UTC)
    assert order.not_after == datetime(2026, 2, 1, tzinfo=UTC)
    assert order.not_before.utcoffset() == timedelta(0)
    assert (order.replaces, order.profile) == ("a.b", "short")


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-01T00:00:00",  # no offset
        "2026-01-01",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+01",
        "20260101T000000Z",
        "2026-01-01T00:00Z",
        "26-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "",
        1767225600,
        ["2026-01-01T00:00:00Z"],
    ],
)
def test_a_time_is_one_of_rfc_3339(moment: object) -> None:
    for member in ("notBefore", "notAfter"):
        assert refusal(NewOrder, identifiers=[NAME], **{member: moment})


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),
        max_value=datetime(9998, 1, 1),
        timezones=st.integers(-1439, 1439).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    )
)
def test_every_time_is_read_to_the_second(moment: datetime) -> None:
    order = decoded(NewOrder, identifiers=[], notAfter=moment.isoformat())
    assert order.not_after == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("kind", "members", "named"),
    [
        (NewOrder, {}, "identifiers"),
        (NewOrder, {"identifiers": NAME}, "identifiers"),
        (NewOrder, {"identifiers": ["a.test"]}, "identifiers[0]"),
        (NewOrder, {"identifiers": [NAME, {"type": "dns"}]}, "identifiers[1]"),
        (NewOrder, {"identifiers": [{**NAME, "value": 1}]}, "identifiers[0].value"),
        (NewOrder, {"identifiers": [{**NAME, "type": None}]}, "identifiers[0].type"),
        (NewOrder, {"identifiers": [NAME], "profile": 1}, "profile"),
        (NewOrder, {"identifiers": [NAME], "replaces": {}}, "replaces"),
        (NewAccount, {"contact": "mailto:a@b.test"}, "contact"),
        (NewAccount, {"contact": [1]}, "contact[0]"),
        (NewAccount, {"termsOfServiceAgreed": "yes"}, "termsOfServiceAgreed"),
        (NewAccount, {"onlyReturnExisting": 1}, "onlyReturnExisting"),
        (AccountUpdate, {"status": 1}, "status"),
        (AuthorizationUpdate, {"status": []}, "status"),
        (NewAuthorization, {"identifier": [NAME]}, "identifier"),
        (NewAuthorization, {}, "identifier"),
        (Finalize, {}, "csr"),
        (Finalize, {"csr": 1}, "csr"),
        (Finalize, {"csr": "AA=="}, "csr"),
        (Finalize, {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, "csr"),
        (Revocation, {"certificate": "A+/="}, "certificate"),
        (Revocation, {"reason": 1}, "certificate"),
        (Revocation, {"certificate": "", "reason": "1"}, "reason"),
        (Revocation, {"certificate": "", "reason": True}, "reason"),
        (Revocation, {"certificate": "", "reason": 1.5}, "reason"),
        (KeyChange, {"account": "x"}, "oldKey"),
        (KeyChange, {"account": "x", "oldKey": "y"}, "oldKey"),
        (KeyChange, {"account": [], "oldKey": {}}, "account"),
    ],
)
def test_the_member_that_is_wrong_is_named(
    kind: type[Any], members: dict[str, Any], named: str
) -> None:
    assert named in refusal(kind, **members)


def test_what_is_in_base64url_comes_out_decoded() -> None:
    assert decoded(Finalize, csr=encode_base64url(b"\xff\xfe")).csr == b"\xff\xfe"
    revoked = decoded(Revocation, certificate="_w", reason=4)
    assert (revoked.certificate, revoked.reason) == (b"\xff", 4)
    assert decoded(Revocation, certificate="_w").reason is None


def test_other_payloads_are_read() -> None:
    authorization = decoded(NewAuthorization, identifier=NAME)
    assert authorization.identifier == WireIdentifier("dns", "a.test")
    assert decoded(AuthorizationUpdate, status="deactivated").status == "deactivated"
    change = decoded(KeyChange, account="x", oldKey={"kty": "EC"})
    assert (change.account, change.old_key) == ("x", {"kty": "EC"})
    assert decoded(ChallengeResponse, keyAuthorization="old clients") is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_post_as_get_is_not_taken_for_an_object(kind: type[Any]) -> None:
    """RFC 8555 section 7.5.1: an object of nothing is another thing."""
    with pytest.raises(ACMEProblem, match="payload is empty") as caught:
        decode_payload(b"", kind)
    assert caught.value.type == "malformed"


DEEP = 100_000
ODD = [
    b"null",
    b"[]",
    b'"x"',
    b"1",
    b"{",
    b"\xff",
    b"[" * DEEP,
    b'{"x":' * DEEP,
    b'{"identifiers":' + b"[" * DEEP,
    b'{"oldKey":{"x":' + b"[" * DEEP,
    b'{"externalAccountBinding":' + b"[" * DEEP,
    b'{"reason":' + b"9" * 9999 + b',"certificate":""}',
    b'{"reason":1e999,"certificate":""}',
    b'{"reason":NaN,"certificate":""}',
    b'{"contact":["\\ud800"],"csr":"\\ud800","certificate":"\\ud800"}',
    b'{"identifiers":[{"type":"dns","value":"\\udfff"}],"identifier":"\\ud800"}',
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("payload", ODD, ids=lambda payload: repr(payload[:40]))
def test_nothing_but_a_problem_comes_of_odd_ones(
    kind: type[Any], payload: bytes
) -> None:
    found = outcome(lambda: decode_payload(payload, kind))
    assert not isinstance(found, ACMEProblem) or found.type == "malformed"


members = st.sampled_from(
    [
        *("contact", "termsOfServiceAgreed", "onlyReturnExisting", "status"),
        *("externalAccountBinding", "identifiers", "notBefore", "replaces", "profile"),
        *("identifier", "csr", "certificate", "reason", "account", "oldKey"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "value", "kty"]), inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(members, values), st.sampled_from(KINDS))
def test_nothing_but_a_problem_comes_of_any_object(
    payload: dict[str, Any], kind: type[Any]
) -> None:
    found = outcome(lambda: decode_payload(json.dumps(payload).encode(), kind))
    assert not isinstance(found, ACMEProblem) or found.type == "malformed"


@given(st.binary(), st.sampled_from(KINDS))
def test_nothing_but_a_problem_comes_of_any_bytes(
    payload: bytes, kind: type[Any]
) -> None:
    found = outcome(lambda: decode_payload(payload, kind))
    assert not isinstance(found, ACMEProblem) or found.type == "malformed"
