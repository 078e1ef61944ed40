"""Contacts: addresses to write to, and nothing hidden in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_signing import outcome
from strategies import email_texts
from tlsmith.acme.contacts import parse_contacts
from tlsmith.errors import ACMEProblem


def refusal(*contacts: str) -> ACMEProblem:
    with pytest.raises(ACMEProblem) as caught:
        parse_contacts(contacts)
    assert caught.value.status == 400
    return caught.value


@given(email_texts)
def test_an_address_is_taken(address: str) -> None:
    if "%" not in address and "?" not in address:
        assert parse_contacts([f"mailto:{address}"]) == (f"mailto:{address}",)


def test_each_comes_once_in_one_form() -> None:
    found = parse_contacts(["MAILTO:Ab@C.test", "mailto:Ab@c.TEST", "mailto:b@c.test"])
    assert found == ("mailto:Ab@c.test", "mailto:b@c.test")
    assert parse_contacts([]) == ()


@pytest.mark.parametrize(
    "contact", ["tel:+12025551212", "https://a.test/", "sms:1", "mail:a@b.test", ":a"]
)
def test_other_schemes_are_not_supported(contact: str) -> None:
    """RFC 8555 section 7.3."""
    assert refusal(contact).type == "unsupportedContact"


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "a@b.test",
        "mailto:",
        "mailto:a",
        "mailto:a.test",
        "mailto:@b.test",
        "mailto:a@",
        "mailto:a@b_c.test",
        "mailto:a@1.2.3.4",
        "mailto:a@*.test",
        "mailto:a@b.test?subject=x",  # header fields
        "mailto:?to=a@b.test",
        "mailto:a@b.test,c@d.test",  # more than one
        "mailto:a%2Cb@c.test",
        "mailto:A B <a@b.test>",
        "mailto:a@b.test\r\nBcc: c@d.test",
        "mailto:mailto:a@b.test",
        "mailto:https://a.test",
        "mailto:\ud800@b.test",
        "mailto:" + "a" * 65 + "@b.test",
        "mailto:a@" + "b" * 100_000,
    ],
)
def test_what_is_no_plain_address_is_invalid(contact: str) -> None:
    """RFC 8555 section 7.3: neither header fields nor several addresses."""
    problem = refusal(contact)
    assert problem.type == "invalidContact"
    assert len(problem.message) < 300


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        ("mailto:a%40b@c.test", "percent-encoding"),
        ("mailto:a%2Cb@c.test", "percent-encoding"),
        ("mailto:a@b.test?subject=x", "header fields"),
        ("mailto:a@b.test,c@d.test", "more than one address"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(contact: str, words: str) -> None:
    message = refusal(contact).message
    assert words in message
    assert contact in message


def test_there_are_not_too_many() -> None:
    many = [f"mailto:a{number}@b.test" for number in range(11)]
    assert refusal(*many).type == "invalidContact"
    assert len(parse_contacts(many[:10])) == 10
    assert len(parse_contacts(many, most=11)) == 11


@given(st.lists(st.text() | st.text().map("mailto:{}".format), max_size=3))
def test_nothing_but_a_problem_comes_of_anything(contacts: list[str]) -> None:
    found = outcome(lambda: parse_contacts(contacts))
    if isinstance(found, ACMEProblem):
        assert found.type in ("invalidContact", "unsupportedContact")
    else:
        assert parse_contacts(found) == found
