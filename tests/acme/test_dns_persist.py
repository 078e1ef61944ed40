"""Persistent records, against the draft's own vectors (draft 02, section 10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.acme.dns_persist import (
    PersistRecord,
    account_uris,
    check_persist_records,
    parse_persist_record,
)
from tlsmith.errors import ACMEProblem

PREFIX = "https://ca.example/account-hash/"
ACCOUNT = "https://ca.example/acct/123"
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
URI = f"{PREFIX}sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw"
ANY_URI = f"{PREFIX}sha-256/NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug"
ISSUERS = ("authority.example", "ca.example.net")
NOW = 1_721_952_000


def refusal(*records: str, wildcard: bool = False, now: int = NOW) -> ACMEProblem:
    with pytest.raises(ACMEProblem) as caught:
        checked(*records, wildcard=wildcard, now=now)
    return caught.value


def checked(*records: str, wildcard: bool = False, now: int = NOW) -> PersistRecord:
    return check_persist_records(
        records,
        issuers=ISSUERS,
        account_uris=account_uris(PREFIX, "example.com", ACCOUNT, [THUMBPRINT]),
        wildcard=wildcard,
        now=now,
    )


def test_an_account_is_called_what_the_draft_says() -> None:
    """Section 10.2, its test vectors."""
    found = account_uris(PREFIX, "example.com", ACCOUNT, [THUMBPRINT])
    assert found == (URI, ANY_URI)


def test_an_account_is_called_by_its_former_keys_too() -> None:
    """Section 4.2: the latest first."""
    found = account_uris(PREFIX, "example.com", ACCOUNT, ["A" * 43, THUMBPRINT])
    assert len(set(found)) == 4
    assert found[2:] == (URI, ANY_URI)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (
            f"authority.example; accounturi={URI}",
            PersistRecord("authority.example", URI),
        ),
        (
            f"authority.example; accounturi={URI}; policy=wildcard;"
            " persistUntil=1721952000",
            PersistRecord("authority.example", URI, True, NOW),
        ),
        (
            f" CA.test;ACCOUNTURI = {URI} ;Policy=WildCard ;more=1;more=2;x-y=",
            PersistRecord("ca.test", URI, True),
        ),
        ("ca.test; accounturi=x; policy=other", PersistRecord("ca.test", "x")),
        ("ca.test; accounturi=x; policy=", PersistRecord("ca.test", "x")),
        (
            "ca.test; accounturi=x; persistuntil=0",
            PersistRecord("ca.test", "x", False, 0),
        ),
    ],
)
def test_a_record_is_read(text: str, record: PersistRecord) -> None:
    """Sections 4.1 and 10; what is not known is ignored."""
    assert parse_persist_record(text) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "v=spf1 -all",
        "authority.example",
        "authority.example;",
        "authority.example; policy=wildcard",
        "authority.example; accounturi=",
        f"; accounturi={URI}",
        f"authority.example; accounturi={URI}; accounturi={URI}",
        "ca.test; accounturi=x; policy=wildcard; POLICY=wildcard",
        "ca.test; accounturi=x; persistUntil=1; persistUntil=2",
        "ca.test; accounturi=x; persistUntil=",
        "ca.test; accounturi=x; persistUntil=tomorrow",
        "ca.test; accounturi=x; persistUntil=-1",
        "ca.test; accounturi=x; persistUntil=1.5",
        "ca.test; accounturi=x; persistUntil=0x10",
        "ca.test; accounturi=x; persistUntil=" + "9" * 19,
        "ca.test; accounturi=x;",
        "ca.test accounturi=x",
        "x" * 70_000,
    ],
)
def test_a_record_that_cannot_be_read_is_malformed(text: str) -> None:
    """Section 9.3.1."""
    problem = refusal(text)
    assert (problem.type, problem.status) == ("malformed", 400)
    assert len(problem.message) < 400


def test_one_good_record_among_others_is_enough() -> None:
    """Section 4.3.2."""
    good = f"ca.example.net; accounturi={ANY_URI}"
    others = [
        "v=spf1 -all",
        f"other.example; accounturi={URI}",
        f"authority.example; accounturi={ACCOUNT}",
        f"authority.example; accounturi={URI}; persistUntil=1",
        "authority.example; accounturi=x; policy=wildcard",
    ]
    assert checked(*others, good, *others) == parse_persist_record(good)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"other.example; accounturi={URI}", "none of 1 TXT records names"),
        # Through draft 01 this was right; now it is bound to no key.
        (f"authority.example; accounturi={ACCOUNT}", "another account"),
        (f"authority.example; accounturi={URI.lower()}", "another account"),
        (f"authority.example; accounturi={URI}=", "another account"),
        (f"authority.example; accounturi={URI}; persistUntil=1721951999", "ended"),
    ],
)
def test_a_record_for_somebody_else_is_not_enough(text: str, why: str) -> None:
    """Section 9.3.1."""
    problem = refusal(text)
    assert (problem.type, problem.status) == ("unauthorized", 403)
    assert why in problem.message


def test_no_record_is_not_enough() -> None:
    assert refusal().type == "unauthorized"


def test_a_record_counts_until_the_end_of_its_last_second() -> None:
    text = f"authority.example; accounturi={URI}; persistUntil={NOW}"
    assert checked(text).persist_until == NOW
    assert "ended" in refusal(text, now=NOW + 1).message


def test_a_wildcard_wants_a_policy() -> None:
    """Section 5.1."""
    plain = f"authority.example; accounturi={URI}"
    assert "policy=wildcard" in refusal(plain, wildcard=True).message
    wide = f"{plain}; policy=WILDCARD"
    assert checked(wide, wildcard=True).covers_wildcards
    assert checked(wide).covers_wildcards


@given(st.lists(st.text(max_size=30) | st.text("ca.; =\t1x", max_size=30), max_size=3))
def test_nothing_but_a_problem_comes_of_any_records(records: list[str]) -> None:
    assert refusal(*records).type in ("malformed", "unauthorized")
