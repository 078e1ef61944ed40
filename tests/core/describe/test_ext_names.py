from __future__ import annotations

from typing import Any

from core.describe.forge import CA_NAME, codes, dns_names, explicit, node, oid, text
from tlsmith.core import der
from tlsmith.core.describe import ext_names


def read(function: str, data: bytes) -> tuple[Any, list[str], list[str]]:
    dissection, outer = node(data)
    value, words = getattr(ext_names, function)(dissection, outer)
    return value, words, codes(dissection.findings)


def test_alternative_names_are_read() -> None:
    value, words, faults = read("alternative_names", dns_names("a.test", "b.test"))
    assert [one["value"] for one in value] == ["a.test", "b.test"]
    assert words == ["DNS a.test", "DNS b.test"]
    assert not faults
    assert read("alternative_names", dns_names()) == ([], ["(none)"], ["empty-names"])


def subtree(base: bytes, *more: bytes) -> bytes:
    return der.sequence(base, *more)


def test_name_constraints_are_read() -> None:
    data = der.sequence(
        explicit(0, subtree(der.context(2, b"test")), subtree(explicit(4, CA_NAME))),
        explicit(1, subtree(der.context(7, b"\x0a\0\0\0\xff\0\0\0"))),
    )
    value, words, faults = read("name_constraints", data)
    assert value["permitted"][0] == {"type": "dns", "value": "test"}
    assert words == ["only DNS test", "only name CN=ca", "never IP 10.0.0.0/8"]
    assert not faults
    assert read("name_constraints", der.sequence())[1] == ["(none)"]


def test_the_numbers_of_a_subtree_are_passed_over() -> None:
    base = der.context(2, b"test")
    one = subtree(base, der.context(0, b"\0"), der.context(1, b"\1"))
    assert read("name_constraints", der.sequence(explicit(0, one)))[2] == []
    empty = der.sequence(explicit(0, der.sequence()))
    assert read("name_constraints", empty)[2] == ["missing-field"]


def test_directory_attributes_are_read() -> None:
    data = der.sequence(
        der.sequence(oid("2.5.4.12"), der.encode(der.SET, text("Dr"), der.sequence())),
        der.sequence(oid("1.2.3")),
    )
    value, words, faults = read("directory_attributes", data)
    assert value == [
        {"type": "title", "values": ["Dr", ""]},
        {"type": "1.2.3", "values": []},
    ]
    assert words == ["title: Dr, ", "1.2.3: "]
    assert faults == ["missing-field"]
    assert read("directory_attributes", der.sequence())[1] == ["(none)"]


def test_the_issuer_of_an_entry_is_read() -> None:
    data = der.sequence(explicit(4, CA_NAME))
    assert read("general_name_list", data)[1] == ["name CN=ca"]
    assert read("general_name_list", der.sequence())[1] == ["(none)"]
