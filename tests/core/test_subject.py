"""Subjects: the common name chosen, and what a person asks for."""

import pytest
from cryptography import x509
from hypothesis import example, given
from hypothesis import strategies as st

from strategies import hostile_texts, name_lists
from tlsmith.core.names import GeneralName, parse_name, parse_names
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.subject import (
    EMPTY,
    any_subject_for,
    distinguished_name,
    parse_subject,
    subject_for,
)
from tlsmith.errors import InputError

NAMES = parse_names(["a.test", "münchen.test", "me@a.test"])
LONG = parse_name(".".join(["a" * 60, "test"]))


def _text(subject: bytes) -> str:
    return x509.Name.from_bytes(subject).rfc4514_string(
        {x509.NameOID.EMAIL_ADDRESS: "E", x509.NameOID.SURNAME: "SN"}
    )


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        (["a.test", "b.test"], "CN=a.test"),
        (["127.0.0.1", "b.test"], "CN=b.test"),
        (["me@a.test", "b.test"], "CN=b.test"),
        (["127.0.0.1", "me@a.test"], "CN=me@a.test"),
        (["*.a.test"], "CN=*.a.test"),
        ([LONG.value, "b.test"], "CN=b.test"),
        ([LONG.value], ""),
        (["127.0.0.1"], ""),
        (["::1"], ""),
        (["https://a.test/"], ""),
    ],
)
def test_the_common_name_is_a_host_or_mail_address_and_never_an_ip_address(
    names: list[str], subject: str
) -> None:
    assert _text(subject_for(parse_names(names))) == subject


@given(name_lists)
def test_the_common_name_is_always_one_of_the_names(
    names: tuple[GeneralName, ...],
) -> None:
    values = {name.value for name in names}
    for subject in (subject_for(names), any_subject_for(names)):
        for attribute in x509.Name.from_bytes(subject):
            assert attribute.value in {*values, "self-signed"}
    assert any_subject_for(names) != EMPTY


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        (["127.0.0.1"], "CN=127.0.0.1"),
        (["https://a.test/"], "CN=https://a.test/"),
        ([LONG.value, "b.test"], "CN=b.test"),
        ([LONG.value], "O=self-signed"),
    ],
)
def test_what_must_have_a_subject_gets_one(names: list[str], subject: str) -> None:
    assert _text(any_subject_for(parse_names(names))) == subject


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=16),
)
def test_a_distinguished_name_is_what_the_library_reads(one: str, other: str) -> None:
    name = x509.Name.from_bytes(
        distinguished_name((ORGANIZATION, one), (COMMON_NAME, other))
    )
    assert [attribute.value for attribute in name] == [one, other]
    assert name.public_bytes() == distinguished_name(
        (ORGANIZATION, one), (COMMON_NAME, other)
    )


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("", ""),
        ("/", ""),
        ("CN=a.test,O=Acme,C=DE", "CN=a.test,O=Acme,C=DE"),
        ("CN=a.test, O=Acme, C=DE", "CN=a.test,O=Acme,C=DE"),
        ("cn=a.test,o=Acme,c=de", "CN=a.test,O=Acme,C=de"),
        ("commonName=a.test,countryName=DE", "CN=a.test,C=DE"),
        ("/C=DE/O=Acme/CN=a.test", "CN=a.test,O=Acme,C=DE"),
        ("/C=DE/O=Acme/CN=a.test/", "CN=a.test,O=Acme,C=DE"),
        ("CN=A.Test", "CN=a.test"),
        ("CN=münchen.test", "CN=xn--mnchen-3ya.test"),
        ("/CN=a.test/emailAddress=me@a.test", "E=me@a.test,CN=a.test"),
        ("O=Acme\\, Inc.", "O=Acme\\, Inc."),
        ("/O=Acme, Inc.", "O=Acme\\, Inc."),
        ("/O=a\\/b", "O=a/b"),
        ("/O=a\\\\b", "O=a\\\\b"),
        ("/O=a\\,b", "O=a\\,b"),
        ("/O=#1", "O=\\#1"),
        ("/O= a ", "O=\\ a\\ "),
        ("/O= ", "O=\\ "),
        ("/O=\\/", "O=/"),
        ("/O=\\//", "O=/"),
        ('/O=a+b<c>;"d"', 'O=a\\+b\\<c\\>\\;\\"d\\"'),
        ("/O=a=b", "O=a=b"),
        ("O=a+OU=b", "O=a+OU=b"),
        ("O=Ümlaut", "O=Ümlaut"),
        ("O=\\C3\\BC", "O=ü"),
        ("DC=a,DC=test", "DC=a,DC=test"),
        ("1.2.3.4=x", "1.2.3.4=x"),
        ("serialNumber=1-2,SN=Doe", "2.5.4.5=1-2,SN=Doe"),
        ("O=" + "ü" * 64, "O=" + "ü" * 64),
    ],
)
def test_a_subject_is_read_as_rfc_4514_or_openssl_writes_it(
    text: str, subject: str
) -> None:
    assert _text(parse_subject(text, NAMES)) == subject


@pytest.mark.parametrize(
    "text",
    [
        "a.test",
        "CN",
        "/CN",
        "CN=a.test,",
        "/O=a//OU=b",
        "/O=a\\",
        "Q=a",
        "O=a;OU=b",
        "O=a\0",
        "O=\\ff",
        "O=\ud800",
        "/O=\ud800",
        "O=a+O=a",
        "C=DEU",
        "CN=" + "ü" * 65,
    ],
)
def test_what_is_no_subject_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a subject") as caught:
        parse_subject(text, NAMES)
    assert "CN=a.test,O=Acme" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("O=", "1 to 64 characters"),
        ("/O=", "1 to 64 characters"),
        ("O=" + "a" * 65, "1 to 64 characters"),
        ("L=" + "a" * 129, "1 to 128 characters"),
        ("C=üü", "1 to 2 characters, plain ASCII"),
        ("C=1!", "1 to 2 characters, plain ASCII"),
        ("serialNumber=a@b", "plain ASCII"),
        ("emailAddress=ü@a.test", "plain ASCII"),
        ("DC=ü", "plain ASCII"),
        ("1.2.3=" + "a" * 40000, "1 to 32768 characters"),
    ],
)
def test_an_attribute_keeps_within_its_bounds(text: str, hint: str) -> None:
    """Upper bounds and string types: RFC 5280 appendix A.1."""
    with pytest.raises(InputError) as caught:
        parse_subject(text, NAMES)
    assert hint in str(caught.value.hint) or "two letters" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["CN=b.test", "CN=Acme", "E=you@a.test", "/CN=b"])
def test_a_host_or_mail_address_in_the_subject_must_be_a_name_too(text: str) -> None:
    with pytest.raises(InputError, match="not among the names") as caught:
        parse_subject(text, NAMES)
    assert "give it as a NAME too" in str(caught.value.hint)


def test_a_common_name_may_be_anything_where_no_names_are_given_to_compare() -> None:
    assert _text(parse_subject("CN=alice,O=Acme", None)) == "CN=alice,O=Acme"
    with pytest.raises(InputError, match="not a subject"):
        parse_subject("CN=", None)


def test_an_address_as_the_common_name_needs_a_dns_name_beside_it() -> None:
    names = parse_names(["127.0.0.1"])
    with pytest.raises(InputError, match="taken for a host name"):
        parse_subject("CN=127.0.0.1", names)
    assert parse_subject("CN=127.0.0.1", (*names, *NAMES)) == distinguished_name(
        (COMMON_NAME, "127.0.0.1")
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["O", "OU", "L", "ST"]),
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        )
    )
)
def test_parsing_undoes_what_the_library_writes(parts: list[tuple[str, str]]) -> None:
    oids = {
        "O": x509.NameOID.ORGANIZATION_NAME,
        "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
        "L": x509.NameOID.LOCALITY_NAME,
        "ST": x509.NameOID.STATE_OR_PROVINCE_NAME,
    }
    name = x509.Name(
        [x509.NameAttribute(oids[kind], text[:16] or "x") for kind, text in parts]
    )
    assert parse_subject(name.rfc4514_string(), NAMES) == name.public_bytes()
    openssl = "".join(
        f"/{kind}=" + (text[:16] or "x").replace("\\", "\\\\").replace("/", "\\/")
        for kind, text in parts
    )
    assert parse_subject(openssl, NAMES) == name.public_bytes()


@given(
    st.one_of(hostile_texts(), hostile_texts().map("/{}".format)),
    st.sampled_from(["", "CN=", "/O=", "O=a,C="]),
)
@example("\\", "O=")
@example("+", "O=a")
def test_no_text_whatever_fails_but_as_bad_input(text: str, start: str) -> None:
    try:
        subject = parse_subject(start + text, NAMES)
    except InputError:
        return
    assert x509.Name.from_bytes(subject).public_bytes() == subject
