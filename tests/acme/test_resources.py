"""The objects answered with: every member, and none that has no value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from tlsmith.acme.problems import dns, encode_problem
from tlsmith.acme.resources import (
    AccountView,
    AuthorizationView,
    ChallengeView,
    DirectoryView,
    IdentifierView,
    OrderView,
    encode,
    encode_account,
    encode_directory,
    encode_orders,
    encode_renewal_info,
)
from tlsmith.errors import ACMEProblem

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SAID = "2026-01-02T03:04:05Z"
NAME = IdentifierView("dns", "a.test")
PROBLEM = dns("no such name: a.test")
PROBLEM_SAID = {
    "type": "urn:ietf:params:acme:error:dns",
    "detail": "no such name: a.test",
    "status": 400,
}


def test_an_account_has_its_orders_and_no_key() -> None:
    """RFC 8555 section 7.1.2."""
    account = AccountView("valid", "https://ca.test/orders")
    assert json.loads(encode_account(account)) == {
        "status": "valid",
        "contact": [],
        "orders": "https://ca.test/orders",
    }
    account = AccountView("valid", "https://x", ("mailto:a@b.test",), True)
    said = json.loads(encode_account(account))
    assert said["contact"] == ["mailto:a@b.test"]
    assert said["termsOfServiceAgreed"] is True


def test_an_order_that_begins_has_what_is_known() -> None:
    """RFC 8555 section 7.1.3."""
    order = OrderView("pending", [NAME], ["https://authz"], "https://finalize", AT)
    assert json.loads(encode(order)) == {
        "status": "pending",
        "expires": SAID,
        "identifiers": [{"type": "dns", "value": "a.test"}],
        "authorizations": ["https://authz"],
        "finalize": "https://finalize",
    }


def test_an_order_that_is_done_has_all() -> None:
    order = OrderView(
        "valid",
        [IdentifierView("dns", "*.a.test"), IdentifierView("ip", "::1")],
        [],
        "https://finalize",
        expires=AT,
        not_before=AT,
        not_after=AT,
        certificate="https://cert",
        replaces="a.b",
        profile="short",
        error=PROBLEM,
    )
    said = json.loads(encode(order))
    assert said["identifiers"] == [
        {"type": "dns", "value": "*.a.test"},
        {"type": "ip", "value": "::1"},
    ]
    assert said["notBefore"] == said["notAfter"] == SAID
    assert said["certificate"] == "https://cert"
    assert (said["replaces"], said["profile"]) == ("a.b", "short")
    assert said["error"] == PROBLEM_SAID


def test_an_authorization_tells_a_wildcard_apart() -> None:
    """RFC 8555 section 7.1.4: the name without it, and a member only where it is."""
    challenge = ChallengeView("dns-01", "https://c", "pending", "token")
    asked = AuthorizationView(NAME, "pending", [challenge], AT, wildcard=True)
    said = json.loads(encode(asked))
    assert said == {
        "identifier": {"type": "dns", "value": "a.test"},
        "status": "pending",
        "expires": SAID,
        "challenges": [
            {
                "type": "dns-01",
                "url": "https://c",
                "status": "pending",
                "token": "token",
            }
        ],
        "wildcard": True,
    }
    plain = json.loads(encode(AuthorizationView(NAME, "valid", [])))
    assert "wildcard" not in plain
    assert "expires" not in plain


@pytest.mark.parametrize("error", [PROBLEM, msgspec.Raw(encode_problem(PROBLEM))])
def test_a_challenge_says_how_it_went(error: ACMEProblem | msgspec.Raw) -> None:
    """RFC 8555 section 8; a problem may come as it was stored."""
    challenge = ChallengeView("http-01", "https://c", "invalid", "t", AT, error)
    assert json.loads(encode(challenge)) == {
        "type": "http-01",
        "url": "https://c",
        "status": "invalid",
        "token": "t",
        "validated": SAID,
        "error": PROBLEM_SAID,
    }


def test_a_persistent_challenge_names_us_and_has_no_token() -> None:
    """draft-ietf-acme-dns-persist-02 section 3.1, and what 01 had."""
    challenge = ChallengeView(
        "dns-persist-01",
        "https://c",
        "pending",
        issuer_domain_names=("ca.test", "ca.example"),
        account_uri="https://ca.test/acme/account/1",
        issuer_domain_names_01=("ca.test", "ca.example"),
    )
    assert json.loads(encode(challenge)) == {
        "type": "dns-persist-01",
        "url": "https://c",
        "status": "pending",
        "issuerDomainNames": ["ca.test", "ca.example"],
        "issuer-domain-names": ["ca.test", "ca.example"],
        "accounturi": "https://ca.test/acme/account/1",
    }


def test_a_directory_says_where_to_go() -> None:
    """RFC 8555 section 7.1.1."""
    least = DirectoryView("n", "a", "o", "r", "k")
    assert json.loads(encode_directory(least)) == {
        "newNonce": "n",
        "newAccount": "a",
        "newOrder": "o",
        "revokeCert": "r",
        "keyChange": "k",
        "meta": {"externalAccountRequired": False},
    }
    full = least._replace(
        new_authz="z",
        renewal_info="i",
        terms_of_service="https://terms",
        website="https://site",
        caa_identities=("ca.test",),
        external_account_required=True,
        profiles={"short": "six hours"},
        issuer_domain_names=("ca.test",),
        account_hash_prefix="https://ca.test/account-hash/",
    )
    said = json.loads(encode_directory(full))
    assert (said["newAuthz"], said["renewalInfo"]) == ("z", "i")
    assert said["meta"] == {
        "termsOfService": "https://terms",
        "website": "https://site",
        "caaIdentities": ["ca.test"],
        "externalAccountRequired": True,
        "profiles": {"short": "six hours"},
        "issuerDomainNames": ["ca.test"],
        "accountHashPrefix": "https://ca.test/account-hash/",
    }


def test_orders_are_listed() -> None:
    """RFC 8555 section 7.1.2.1."""
    assert json.loads(encode_orders(["https://1", "https://2"])) == {
        "orders": ["https://1", "https://2"]
    }
    assert json.loads(encode_orders(iter(()))) == {"orders": []}


def test_renewal_info_has_a_window() -> None:
    """RFC 9773 section 4.2."""
    said = json.loads(encode_renewal_info(AT, AT + timedelta(days=1)))
    assert said == {
        "suggestedWindow": {"start": SAID, "end": "2026-01-03T03:04:05Z"},
    }
    why = encode_renewal_info(AT, AT, explanation_url="https://why")
    assert json.loads(why)["explanationURL"] == "https://why"


def test_times_are_told_in_utc_whatever_they_are_kept_in() -> None:
    east = AT.replace(microsecond=678).astimezone(timezone(timedelta(hours=14)))
    assert b'"start":"2026-01-02T03:04:05Z"' in encode_renewal_info(east, east)
