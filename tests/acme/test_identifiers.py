"""Identifiers: the one form of each, and every one that is wrong."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_signing import outcome
from strategies import dns_texts, hosts
from tlsmith.acme.identifiers import (
    Identifier,
    parse_identifier,
    parse_identifiers,
)
from tlsmith.acme.problems import encode_problem
from tlsmith.errors import ACMEProblem


def refusal(*asked: tuple[str, str], wildcards: bool = True) -> ACMEProblem:
    with pytest.raises(ACMEProblem) as caught:
        parse_identifiers(asked, wildcards=wildcards)
    return caught.value


NO_HOSTS = ["0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8", "255.255.255.255/32"]


@given(hosts)
def test_names_are_taken_in_lower_case(host: str) -> None:
    found = parse_identifier("dns", host.upper())
    assert found == Identifier("dns", host)
    assert (found.base, found.is_wildcard) == (found, False)


@given(hosts)
def test_a_wildcard_is_authorized_by_its_base(host: str) -> None:
    """RFC 8555 section 7.1.4."""
    found = parse_identifier("dns", f"*.{host}")
    assert found == Identifier("dns", f"*.{host}")
    assert (found.base, found.is_wildcard) == (Identifier("dns", host), True)


@given(st.ip_addresses())
def test_addresses_are_taken_in_their_one_form(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """RFC 8738 section 3."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return
    if any(address in ipaddress.ip_network(network) for network in NO_HOSTS):
        return
    found = parse_identifier("ip", str(address))
    assert found == Identifier("ip", str(address))
    assert (found.base, found.is_wildcard) == (found, False)


def test_each_comes_once_in_the_order_it_was_asked_for() -> None:
    asked = [("dns", "b.test"), ("dns", "A.test"), ("dns", "B.TEST"), ("ip", "::1")]
    found = parse_identifiers([*asked, ("dns", "*.b.test"), ("ip", "::1")])
    assert [each.value for each in found] == ["b.test", "a.test", "::1", "*.b.test"]


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "a..test", ".a.test", "a.test.", "-a.test", "a-.test", "a b.test"),
        *("a_b.test", "_acme.a.test", "a.test\n", "a.test\0", " a.test", "a,b.test"),
        *("münchen.test", "ａ.test", "xn--a.test", "ab--c.test", "a.test:443"),
        *("https://a.test", "a@b.test", "a.test/", "[::1]", "::1", "1.2.3.4"),
        *("1.2.3", "a.123", "a.0x1f", "0x7f000001", "2130706433"),
        *("*", "*.", "*.*.a.test", "a.*.test", "*a.test", "a*.test", "**.a.test"),
        *("*.1.2.3.4", "*.xn--a.test", "a" * 64 + ".test", ".".join(["a" * 50] * 6)),
        *("a" * 100_000, "\udcff.test", "a.test\u200b"),
    ],
)
def test_what_is_no_name_is_malformed(value: str) -> None:
    problem = refusal(("dns", value))
    assert (problem.type, problem.status) == ("malformed", 400)
    [wrong] = problem.subproblems
    assert wrong.type == "malformed"
    assert wrong.identifier == (("dns", value) if len(value) < 300 else None)
    assert len(problem.message) < 300


@pytest.mark.parametrize(
    "value",
    [
        *("", "a.test", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 "),
        *(
            "::1%eth0",
            "::0001",
            "0:0:0:0:0:0:0:1",
            "2001:DB8::1",
            "[::1]",
            "1.2.3.4/32",
        ),
        *("::1.2.3.4", "2001:db8::0:1", ":::", "16909060", "1.2.3.4\n", "١.٢.٣.٤"),
        *("0x7f.0.0.1", "127.1", "fe80::1%1", "\ud800"),
    ],
)
def test_what_is_not_the_one_form_of_an_address_is_malformed(value: str) -> None:
    problem = refusal(("ip", value))
    assert (problem.type, problem.status) == ("malformed", 400)
    assert problem.subproblems[0].identifier == ("ip", value)


def test_an_address_in_the_other_family_is_refused() -> None:
    problem = refusal(("ip", "::ffff:102:304"))
    assert (problem.type, problem.status) == ("rejectedIdentifier", 403)
    assert "1.2.3.4" in problem.message


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0.0.0.0", "an unspecified address"),  # noqa: S104
        ("0.1.2.3", "an unspecified address"),
        ("::", "an unspecified address"),
        ("224.0.0.1", "a multicast address"),
        ("239.255.255.255", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("255.255.255.255", "a broadcast address"),
    ],
)
def test_an_address_that_no_host_has_is_refused(value: str, why: str) -> None:
    problem = refusal(("ip", value))
    assert (problem.type, problem.status) == ("rejectedIdentifier", 403)
    assert why in problem.message
    assert problem.subproblems[0].identifier == ("ip", value)


@pytest.mark.parametrize(
    "value", ["10.0.0.1", "127.0.0.1", "::1", "169.254.1.1", "fe80::1", "fec0::1"]
)
def test_one_that_some_network_may_vouch_for_is_taken(value: str) -> None:
    """External accounts and trusted networks need no challenge."""
    assert parse_identifier("ip", value) == Identifier("ip", value)


@pytest.mark.parametrize(
    "kind", ["email", "DNS", "", "permanent-identifier", "x" * 999]
)
def test_other_types_are_not_supported(kind: str) -> None:
    problem = refusal((kind, "a.test"))
    assert (problem.type, problem.status) == ("unsupportedIdentifier", 400)
    assert len(problem.message) < 300


def test_wildcards_may_be_kept_out() -> None:
    """RFC 8555 section 7.4.1."""
    assert refusal(("dns", "*.a.test"), wildcards=False).type == "malformed"
    assert parse_identifiers([("dns", "a.test")], wildcards=False)


def test_there_is_one_and_not_too_many() -> None:
    assert refusal().type == "malformed"
    many = [("dns", f"a{number}.test") for number in range(101)]
    assert "100 are the most" in refusal(*many).message
    assert len(parse_identifiers(many[:100])) == 100
    assert len(parse_identifiers(many, most=101)) == 101


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """RFC 8555 section 6.7.1."""
    problem = refusal(
        ("dns", "_a.test"),
        ("dns", "fine.test"),
        ("email", "a@b.test"),
        ("ip", "::ffff:1.2.3.4"),
        ("dns", "1.2.3.4"),
    )
    assert (problem.type, problem.status) == ("compound", 400)
    assert [(each.type, each.identifier) for each in problem.subproblems] == [
        ("malformed", ("dns", "_a.test")),
        ("unsupportedIdentifier", ("email", "a@b.test")),
        ("rejectedIdentifier", ("ip", "::ffff:1.2.3.4")),
        ("malformed", ("dns", "1.2.3.4")),
    ]


@pytest.mark.parametrize(
    ("asked", "type"),
    [
        ([("dns", "_a.test"), ("dns", "_b.test")], "malformed"),
        ([("x", "a"), ("y", "b")], "unsupportedIdentifier"),
        ([("ip", "::ffff:1.2.3.4"), ("ip", "::ffff:5.6.7.8")], "rejectedIdentifier"),
        ([("ip", "::ffff:1.2.3.4"), ("x", "a")], "compound"),
    ],
)
def test_a_problem_is_of_the_type_of_all(
    asked: list[tuple[str, str]], type: str
) -> None:
    problem = refusal(*asked)
    assert problem.type == type
    assert [each.identifier for each in problem.subproblems] == asked


@given(
    st.sampled_from(["dns", "ip"]) | st.text(max_size=5),
    st.text(max_size=40) | dns_texts | st.from_regex(r"[0-9a-fx.:*%_-]{0,30}"),
)
def test_nothing_but_a_problem_comes_of_anything(kind: str, value: str) -> None:
    found = outcome(lambda: parse_identifier(kind, value))
    if isinstance(found, ACMEProblem):
        assert found.subproblems
        assert encode_problem(found)
    else:
        assert parse_identifier(*found) == found
        assert found.value.isascii()
