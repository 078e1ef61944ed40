from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from core.describe.forge import codes, name, node, text
from tlsmith.core import der
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.distinguished import (
    DistinguishedName,
    read_distinguished_name,
)

CN, C, O = "2.5.4.3", "2.5.4.6", "2.5.4.10"  # noqa: E741


def read(data: bytes) -> tuple[DistinguishedName, list[str]]:
    dissection, outer = node(data)
    return read_distinguished_name(dissection, outer), codes(dissection.findings)


def test_a_name_is_read_with_its_most_specific_attribute_first() -> None:
    found, faults = read(name((C, "DE"), (O, "Acme"), (CN, "x"), ("1.2.3", "y")))
    assert found.text == "1.2.3=y,CN=x,O=Acme,C=DE"
    assert found.attributes[1] == ("CN", "x")
    assert (found.first("CN"), found.first("L")) == ("x", None)
    assert not faults


def test_several_attributes_of_one_kind_are_kept() -> None:
    found, _ = read(name((CN, "a"), (CN, "b")))
    assert found.all("CN") == ["b", "a"]


def test_no_name_at_all_is_empty() -> None:
    assert read(name())[0].text == ""
    assert read_distinguished_name(Dissection(b""), None).der == b""


def test_attributes_that_stand_together_are_joined_by_a_plus() -> None:
    pair = [der.sequence(der.object_identifier(CN), text(one)) for one in "ab"]
    found, faults = read(der.sequence(der.encode(der.SET, *pair)))
    assert found.text == "CN=a+CN=b"
    assert not faults


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\0"),
            min_size=1,
            max_size=20,
        ),
        max_size=4,
    )
)
def test_a_name_is_written_as_the_library_writes_it(values: list[str]) -> None:
    """Escaping is what keeps one attribute from looking like two."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in values]
    theirs = x509.Name(attributes)
    assert read(theirs.public_bytes())[0].text == theirs.rfc4514_string()


@pytest.mark.parametrize(
    ("value", "written"),
    [(" a ", "\\ a\\ "), ("#a", "\\#a"), ("a,b+c", "a\\,b\\+c"), (" ", "\\ ")],
)
def test_what_could_look_like_more_is_escaped(value: str, written: str) -> None:
    assert read(name((O, value)))[0].text == f"O={written}"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (text("a\0.test"), "embedded-nul"),
        (text("a\nb"), "control-characters"),
        (text("a\u202eb"), "control-characters"),
        (der.integer(5), "not-a-string"),
    ],
)
def test_a_value_that_misleads_is_told_of(value: bytes, code: str) -> None:
    found, faults = read(name((CN, value)))
    assert faults == [code]
    assert found.attributes


@pytest.mark.parametrize("country", ["Germany", "D1", ""])
def test_a_country_has_two_letters(country: str) -> None:
    assert read(name((C, country)))[1] == ["bad-country"]


def test_what_is_no_attribute_is_told_of() -> None:
    assert read(der.sequence(der.integer(1)))[1] == ["unexpected-type"]
    assert read(der.sequence(der.encode(der.SET, der.integer(1))))[1] == [
        "unexpected-type"
    ]


def test_a_name_without_end_is_read_to_an_end() -> None:
    found, _ = read(name(*[(CN, "x")] * 500))
    assert len(found.attributes) == 200
