"""Rules about names: what they allow, and what only looks as if they did."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import general_names, hosts
from tlsmith.authority.name_rules import Domains, NameRules
from tlsmith.authority.policy import load_policy
from tlsmith.core.names import GeneralName, parse_name


def rules(table: str) -> NameRules:
    """The rules of a table of names."""
    found = load_policy(f"[policy.names]\n{table}").names
    assert found is not None
    return found


CORP = rules(
    """
    dns = ["corp.example", "=www.example.net", "=*.cdn.example.net", "test"]
    ip = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]
    email = ["corp.example", "=mail.example.net", "me@example.org"]
    uri_schemes = ["spiffe", "HTTPS"]
    uri_hosts = ["corp.example"]
    """
)


@pytest.mark.parametrize(
    "text",
    [
        "corp.example",
        "CORP.Example.",
        "a.b.corp.example",
        "*.corp.example",
        "*.a.corp.example",
        "*.test",
        "www.example.net",
        "*.cdn.example.net",
        "10.255.0.1",
        "192.0.2.7",
        "fd00::1",
        "me@corp.example",
        "me@a.corp.example",
        "me@mail.example.net",
        "me@example.org",
        "spiffe://corp.example/x",
        "https://me@a.corp.example:8443/x?y#z",
    ],
)
def test_a_name_inside_is_allowed(text: str) -> None:
    assert CORP.refusal(parse_name(text)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example", "allowed DNS names: corp.example, test"),
        ("evilcorp.example", "allowed DNS names"),
        ("corp.example.evil.org", "allowed DNS names"),
        ("a.www.example.net", "allowed DNS names"),
        ("*.www.example.net", "allowed DNS names"),
        ("a.cdn.example.net", "allowed DNS names"),
        ("*.example", "a wildcard for all of example"),
        ("*.com", "a wildcard for all of com"),
        ("*.example.net", "allowed DNS names"),
        ("11.0.0.1", "allowed addresses: 10.0.0.0/8"),
        ("192.0.2.8", "allowed addresses"),
        ("::ffff:10.0.0.1", "allowed addresses"),
        ("::a00:1", "allowed addresses"),
        ("me@example", "allowed e-mail addresses"),
        ("ME@example.org", "allowed e-mail addresses"),
        ("me@a.mail.example.net", "allowed e-mail addresses"),
        ("http://corp.example/", "allowed schemes: https, spiffe"),
        ("https://corp.example@evil.org/", "allowed hosts: corp.example"),
        ("https://evil.org/corp.example", "allowed hosts"),
        ("https://10.0.0.1/", "allowed hosts"),
        ("spiffe:corp.example", "allowed hosts"),
    ],
)
def test_a_name_outside_is_refused(text: str, reason: str) -> None:
    refusal = CORP.refusal(parse_name(text))
    assert refusal is not None
    assert refusal.startswith(reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.test", "DNS names are not allowed"),
        ("*.a.test", "DNS names are not allowed"),
        ("10.0.0.1", "addresses are not allowed"),
        ("me@a.test", "e-mail addresses are not allowed"),
        ("urn:x", "URIs are not allowed"),
    ],
)
def test_a_kind_that_is_not_listed_is_refused(text: str, reason: str) -> None:
    assert rules("").refusal(parse_name(text)) == reason


def test_wildcards_may_be_refused_but_those_that_are_listed() -> None:
    without = rules('dns = ["a.test", "=*.b.test"]\nwildcards = "none"')
    assert without.refusal(parse_name("*.a.test")) == "wildcards are not allowed"
    assert without.refusal(parse_name("x.a.test")) is None
    assert without.refusal(parse_name("*.b.test")) is None


def test_a_star_is_everything_of_a_kind() -> None:
    all_of_it = rules('dns = ["*"]\nip = ["*"]\nemail = ["*"]\nuri_schemes = ["*"]')
    for text in ("a.test", "*.a.test", "1.2.3.4", "::1", "me@a.test", "urn:x"):
        assert all_of_it.refusal(parse_name(text)) is None
    refusal = all_of_it.refusal(parse_name("*.com"))
    assert refusal == "a wildcard for all of com is not allowed"


def test_a_long_list_is_told_in_part() -> None:
    many = ", ".join(f'"a{number}.test"' for number in range(10, 30))
    refusal = rules(f"dns = [{many}]").refusal(parse_name("b.test"))
    assert str(refusal).endswith("a17.test and 12 more")


def test_a_verdict_is_remembered_but_not_without_end() -> None:
    few = rules('dns = ["test"]')
    for number in range(5000):
        assert few.refusal(GeneralName("dns", f"a{number}.test")) is None
    assert len(few._verdicts) == 4096


@given(general_names, hosts)
def test_rules_without_a_name_refuse_whatever_is_not_at_or_below_a_domain(
    name: GeneralName, domain: str
) -> None:
    """Said again in the plainest words there are."""
    allowed = rules(f'dns = ["{domain}"]').refusal(name) is None
    below = name.value.removeprefix("*.") == domain or name.value.endswith("." + domain)
    assert allowed == (name.kind == "dns" and below)


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 128))
def test_networks_are_those_of_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    base: ipaddress.IPv4Address | ipaddress.IPv6Address,
    length: int,
) -> None:
    network = ipaddress.ip_network(
        (base, min(length, base.max_prefixlen)), strict=False
    )
    found = rules(f'ip = ["{network}"]').refusal(GeneralName("ip", str(address)))
    assert (found is None) == (address in network)


def test_domains_cover_by_labels_never_by_letters() -> None:
    domains = Domains(frozenset({"b.c"}))
    assert [
        host for host in ("b.c", "a.b.c", "ab.c", "c", "") if domains.cover(host)
    ] == [
        "b.c",
        "a.b.c",
    ]
