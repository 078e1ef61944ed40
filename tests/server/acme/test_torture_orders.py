"""Orders asked for: identifiers, times, profiles, what is replaced (7.4, RFC 8738)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509

from acme_account import Account, identifier
from acme_csrs import csr
from acme_wire import PREFIX, Answer
from server.acme.cases import ORDER, Case, Cases, new_order

CASES = Cases()


def _dns(account: Account, *values: str) -> Answer:
    asked = [{"type": "dns", "value": value} for value in values]
    return new_order(account, {"identifiers": asked})


def _ip(account: Account, value: str) -> Answer:
    return new_order(account, {"identifiers": [{"type": "ip", "value": value}]})


def _of_type(account: Account, kind: str) -> Answer:
    asked = [{"type": kind, "value": "torture.test"}]
    return new_order(account, {"identifiers": asked})


CASES.each(
    {
        "type_unknown": "email",
        "type_in_capitals": "DNS",
        "type_empty": "",
        "type_permanent": "permanent-identifier",
        "type_with_a_blank": "dns ",
        "type_of_much": "d" * 5000,
        "type_in_another_script": "ДНС",
    },
    "7.4, 6.7",
    400,
    "unsupportedIdentifier",
    _of_type,
)
CASES.each(
    {
        "name_empty": "",
        "name_of_a_dot": ".",
        "name_with_a_dot_before": ".torture.test",
        "name_with_a_dot_at_its_end": "torture.test.",
        "name_with_two_dots": "a..test",
        "name_with_a_blank": "a b.test",
        "name_with_a_blank_at_its_end": "torture.test ",
        "name_with_a_line_end": "torture.test\n",
        "name_with_a_nul": "torture.test\0.example.com",
        "name_with_a_hyphen_before": "-a.test",
        "name_with_a_hyphen_at_its_end": "a-.test",
        "name_in_another_script": "пример.test",
        "name_of_look_alikes": "tоrture.test",
        "name_of_fullwidth": "ａ.test",
        "name_with_a_label_of_64": "a" * 64 + ".test",
        "name_of_254": ".".join(["a" * 49] * 5) + ".test",
        "name_of_much": "a." * 10_000 + "test",
        "name_with_a_port": "torture.test:443",
        "name_of_a_url": "https://torture.test/",
        "name_of_a_mailbox": "a@torture.test",
        "name_of_an_address": "192.0.2.1",
        "name_of_an_ipv6_address": "2001:db8::1",
        "name_of_an_address_in_brackets": "[2001:db8::1]",
        "name_of_a_number": "3221225985",
        "name_of_a_bad_a_label": "xn--zzzzzzzzzzz999.test",
        "name_of_an_empty_a_label": "xn--.test",
        "wildcard_alone": "*",
        "wildcard_within": "a.*.test",
        "wildcard_in_part": "a*.torture.test",
        "wildcard_in_part_before": "*a.torture.test",
        "wildcard_twice": "*.*.torture.test",
        "wildcard_at_the_end": "torture.*",
        "wildcard_without_a_dot": "*torture.test",
        "wildcard_of_two_stars": "**.torture.test",
        "name_with_a_percent": "a%2eb.test",
        "name_with_a_backslash": "a\\b.test",
        "name_with_a_comma": "a.test,b.test",
        "name_of_sql": "a' OR '1'='1.test",
        "name_of_html": "<script>alert(1)</script>.test",
    },
    "7.1.3, 7.4",
    400,
    "malformed",
    _dns,
)
CASES.each(
    {
        "address_of_a_name": "torture.test",
        "address_empty": "",
        "address_of_a_network": "192.0.2.0/24",
        "address_with_zeros": "192.000.002.001",
        "address_in_hex": "0xc0.0x0.0x2.0x1",
        "address_of_three_parts": "192.0.1",
        "address_of_a_number": "3221225985",
        "address_with_a_port": "192.0.2.1:80",
        "address_above_255": "192.0.2.256",
        "address_in_brackets": "[2001:db8::1]",
        "address_with_a_zone": "fe80::1%eth0",
        "address_not_compressed": "2001:db8:0:0:0:0:0:1",
        "address_in_capitals": "2001:DB8::1",
        "address_compressed_elsewhere": "2001::1:0:0:0:0",
        "address_with_leading_zeros": "2001:0db8::1",
        "address_with_a_blank": " 192.0.2.1",
        "address_wildcard": "*.0.2.1",
        "address_reversed": "1.2.0.192.in-addr.arpa",
        "address_in_other_digits": "١٩٢.0.2.1",
    },
    "RFC 8738, 3",
    400,
    "malformed",
    _ip,
)
CASES.each(
    {
        "ip_unspecified": "0.0.0.0",  # noqa: S104
        "ip_unspecified_6": "::",
        "ip_multicast": "224.0.0.1",
        "ip_multicast_6": "ff02::1",
        "ip_broadcast": "255.255.255.255",
        "ip_reserved": "240.0.0.1",
    },
    "7.4, 6.7",
    403,
    "rejectedIdentifier",
    _ip,
)


@CASES.of("7.4", 400, "malformed")
def no_identifiers(account: Account) -> Answer:
    return new_order(account, {"identifiers": []})


@CASES.of("7.4", 400, "malformed")
def identifiers_without_number(account: Account) -> Answer:
    return _dns(account, *(f"n{n}.test" for n in range(1000)))


CASES.each(
    {
        "not_before_no_time": {"notBefore": "tomorrow"},
        "not_before_empty": {"notBefore": ""},
        "not_before_a_date": {"notBefore": "2030-01-01"},
        "not_before_without_zone": {"notBefore": "2030-01-01T00:00:00"},
        "not_before_in_month_13": {"notBefore": "2030-13-01T00:00:00Z"},
        "not_before_on_a_day_there_is_not": {"notBefore": "2030-02-30T00:00:00Z"},
        "not_before_in_another_notation": {"notBefore": "Tue, 01 Jan 2030 00:00:00"},
        "not_after_no_time": {"notAfter": "never"},
        "not_after_in_the_past": {"notAfter": "2001-01-01T00:00:00Z"},
        "not_after_in_the_year_9999": {"notAfter": "9999-12-31T23:59:59Z"},
        "not_after_outside_of_calendars": {"notAfter": "9999-12-31T23:59:59-23:59"},
        "not_before_outside_of_calendars": {"notBefore": "0001-01-01T00:00:00+23:59"},
        "not_before_long_past": {"notBefore": "1950-01-01T00:00:00Z"},
        "not_before_in_fifty_years": {"notBefore": "2080-01-01T00:00:00Z"},
        "not_before_after_not_after": {
            "notBefore": "2030-01-02T00:00:00Z",
            "notAfter": "2030-01-01T00:00:00Z",
        },
    },
    "7.4",
    400,
    "malformed",
    lambda account, more: new_order(account, ORDER | more),
)
CASES.each(
    {
        "profile_unknown": "no-such-profile",
        "profile_empty": "",
        "profile_of_a_path": "../server",
        "profile_in_capitals": "SERVER",
        "profile_of_much": "p" * 5000,
        "profile_with_a_nul": "server\0",
    },
    "draft-ietf-acme-profiles, 4",
    400,
    "invalidProfile",
    lambda account, profile: new_order(account, ORDER | {"profile": profile}),
)
CASES.each(
    {
        "replaces_nothing": "",
        "replaces_no_id": "certificate",
        "replaces_one_part": "aYhba4dGQEHhs3uEe6CuLN4ByNQ",
        "replaces_three_parts": "AA.AA.AA",
        "replaces_padded": "aYhba4dGQEHhs3uEe6CuLN4ByNQ=.AIdlQyE=",
        "replaces_of_dots": ".",
        "replaces_of_much": "A" * 5000 + ".AA",
    },
    "RFC 9773, 5",
    400,
    "malformed",
    lambda account, replaces: new_order(account, ORDER | {"replaces": replaces}),
)


@CASES.of("RFC 9773, 5", 400, "malformed")
def replaces_what_is_not_there(account: Account) -> Answer:
    unknown = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    return new_order(account, ORDER | {"replaces": unknown})


@CASES.of("7.4", 403, "unauthorized")
def order_of_another(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    return account.post(other.order("another.test").url)


@CASES.of("7.4", 404, "malformed")
def order_that_is_not_there(account: Account) -> Answer:
    url = account.order("torture.test").url
    return account.post(f"{url[:-8]}00000000")


CASES.each(
    {
        "order_of_a_slash": lambda url: f"{url}/",
        "order_in_capitals": lambda url: url[:-8] + url[-8:].upper() + "F",
        "order_without_id": lambda url: url.rpartition("/")[0] + "/",
        "order_of_dots": lambda url: f"{url}/../x",
        "order_with_more": lambda url: f"{url}/x",
        "order_with_finalize_of_finalize": lambda url: f"{url}/finalize/finalize",
        "order_of_a_number": lambda url: url.rpartition("/")[0] + "/1",
        "order_with_a_nul": lambda url: f"{url}%00",
        "order_of_much": lambda url: url + "0" * 3000,
    },
    "7.4",
    404,
    "malformed",
    lambda account, change: account.post(change(account.order("torture.test").url)),
)
# What is right, though it looks odd.
CASES.each(
    {
        "name_of_one_label": "localhost-torture",
        "name_of_253": ".".join(["a" * 49] * 4 + ["b" * 48]) + ".test",
        "name_with_a_label_of_63": "a" * 63 + ".test",
        "name_of_an_a_label": "xn--bcher-kva.test",
        "name_wildcard": "*.torture.test",
        "name_of_digits": "1.2.3.test",
        "name_with_hyphens": "a--b.test",
    },
    "7.1.3",
    201,
    None,
    _dns,
)
CASES.each(
    {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "ipv6_of_zeros": "2001:db8::"},
    "RFC 8738, 3",
    201,
    None,
    _ip,
)


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_names_are_told_in_small_letters_and_once(account: Account) -> None:
    answer = _dns(account, "Torture.TEST", "torture.test", "b.test", "B.test")
    assert answer.status == 201
    told = [one["value"] for one in answer.json["identifiers"]]
    assert sorted(told) == ["b.test", "torture.test"]
    assert len(answer.json["authorizations"]) == 2


def test_every_wrong_identifier_has_a_subproblem(account: Account) -> None:
    # Section 6.7.1.
    wrong = [
        {"type": "dns", "value": "a..test"},
        {"type": "dns", "value": "-b.test"},
        {"type": "ip", "value": "256.0.0.1"},
    ]
    answer = new_order(account, {"identifiers": [*wrong, identifier("fine.test")]})
    assert (answer.status, answer.type) == (400, "malformed")
    assert [one["identifier"] for one in answer.json["subproblems"]] == wrong
    for one in answer.json["subproblems"]:
        assert one["type"] == f"{PREFIX}malformed"
        assert one["detail"]


def test_wrong_identifiers_of_different_kinds_are_compound(account: Account) -> None:
    wrong = [{"type": "dns", "value": "a..test"}, {"type": "x", "value": "y"}]
    answer = new_order(account, {"identifiers": wrong})
    assert (answer.status, answer.type) == (400, "compound")
    types = [one["type"] for one in answer.json["subproblems"]]
    assert types == [f"{PREFIX}malformed", f"{PREFIX}unsupportedIdentifier"]


def test_a_certificate_ends_when_it_was_asked_to(account: Account) -> None:
    # Section 7.4: as asked, or refused; not otherwise.
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    wanted = now + datetime.timedelta(hours=48)
    text = f"{wanted.replace(tzinfo=None).isoformat()}Z"
    order = account.ready("ends.test", notAfter=text)
    assert order.start["notAfter"] == text
    assert order.finalize(csr("ends.test")).status == 200
    made = x509.load_der_x509_certificate(order.der)
    assert made.not_valid_after_utc == wanted


def test_a_profile_is_told_in_the_order(account: Account) -> None:
    for profile in account.wire.directory["meta"]["profiles"]:
        answer = new_order(account, ORDER | {"profile": profile})
        assert answer.status == 201, answer
        assert answer.json["profile"] == profile


@pytest.mark.parametrize("names", [["a.test"], ["*.a.test", "a.test"], ["192.0.2.7"]])
def test_the_same_order_again_is_no_other_certificate(
    account: Account, names: list[Any]
) -> None:
    first, second = account.order(*names), account.order(*names)
    assert first.now["status"] == second.now["status"] == "pending"
