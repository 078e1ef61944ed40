"""The grammar of RFC 8659 section 4.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.acme.issue_value import IssueValue, parse_issue_value

# The examples of RFC 8659 sections 4.2 and 4.4, RFC 8657 section 4, and blanks.
GOOD = [
    ("ca1.example.net", "ca1.example.net", []),
    ("CA1.Example.NET", "ca1.example.net", []),
    (";", None, []),
    ("", None, []),
    (" \t ; \t", None, []),
    ("ca1.example.net;", "ca1.example.net", []),
    ("ca1.example.net; account=230123", "ca1.example.net", [("account", "230123")]),
    ("a--b.test", "a--b.test", []),
    ("localhost", "localhost", []),
    (
        "example.net; accounturi=https://example.net/account/1234",
        "example.net",
        [("accounturi", "https://example.net/account/1234")],
    ),
    (
        " ca.test\t;a =\t1 ; B=x=y,z ;c-d= ;a=2 ",
        "ca.test",
        [("a", "1"), ("b", "x=y,z"), ("c-d", ""), ("a", "2")],
    ),
    ("; policy=ev", None, [("policy", "ev")]),
]
BAD = [
    "%%%%%",
    "ca_1.test",
    "ca.test.",
    ".ca.test",
    "ca..test",
    "-ca.test",
    "ca-.test",
    "ca test",
    "ca.test; a",
    "ca.test; =1",
    "ca.test; a b=1",
    "ca.test; a=1 2",
    "ca.test; a_b=1",
    "ca.test; a-=1",
    "ca.test; a=1;",
    "ca.test;; a=1",
    "ca.test; a=ä",
    "ca.test; a=\x7f",
    "ca.test\n",
    "cä.test",
    "a" * 5000,
]


@pytest.mark.parametrize(("text", "issuer", "parameters"), GOOD)
def test_what_the_grammar_has_is_read(
    text: str, issuer: str | None, parameters: list[tuple[str, str]]
) -> None:
    assert parse_issue_value(text) == IssueValue(issuer, tuple(parameters))


@pytest.mark.parametrize("text", BAD)
def test_what_it_has_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a|longer"):
        parse_issue_value(text)


@given(st.text("aB1-.;= \t\n_", max_size=20) | st.text(max_size=20))
def test_nothing_else_comes_of_any_text(text: str) -> None:
    try:
        issuer, parameters = parse_issue_value(text)
    except ValueError:
        return
    again = "; ".join([issuer or "", *(f"{tag}={value}" for tag, value in parameters)])
    assert parse_issue_value(again) == (issuer, parameters)
