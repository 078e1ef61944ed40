from __future__ import annotations

from typing import Any

import pytest

from core.describe.forge import codes, dns_names, extension, node, oid
from tlsmith.core import der
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.extensions import by_name, read_extensions

BASIC, SAN, SKI = "2.5.29.19", "2.5.29.17", "2.5.29.14"


def read(*extensions: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    dissection, outer = node(der.sequence(*extensions))
    return read_extensions(dissection, outer), codes(dissection.findings)


def test_an_extension_has_a_name_a_value_and_words() -> None:
    found, faults = read(
        extension(BASIC, der.sequence(der.TRUE), critical=True),
        extension(SAN, dns_names("a.test")),
    )
    assert found[0] == {
        "name": "basic_constraints",
        "oid": BASIC,
        "critical": True,
        "value": {"ca": True, "path_length": None},
        "text": ["CA, any number of CAs below it"],
    }
    assert found[1]["critical"] is False
    assert not faults


def test_an_unknown_extension_is_shown_raw() -> None:
    found, faults = read(extension("1.2.3.4", b"\1\2\3"))
    assert (found[0]["name"], found[0]["value"]) == ("1.2.3.4", "010203")
    assert not faults


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (extension(BASIC, der.octet_string(b"")), "unexpected-type"),
        (extension(BASIC, b""), "missing-field"),
        (extension(BASIC, der.sequence() + b"x"), "unexpected-element"),
        (der.sequence(oid(BASIC)), "missing-field"),
        (
            der.sequence(
                oid(SKI),
                der.encode(der.BOOLEAN, b"\0"),
                der.octet_string(der.octet_string(b"x")),
            ),
            "default-written-out",
        ),
        (der.integer(5), "unexpected-type"),
    ],
)
def test_an_extension_that_is_broken_is_told_of(data: bytes, code: str) -> None:
    assert read(data)[1][0] == code


def test_the_contents_of_a_broken_extension_are_shown_raw() -> None:
    found, _ = read(extension(BASIC, der.octet_string(b"")))
    assert found[0]["text"] == ["0400 (2 bytes)"]
    found, _ = read(der.sequence(oid(BASIC)))
    assert (found[0]["value"], found[0]["text"]) == (None, ["unreadable"])


def test_an_extension_that_is_there_twice_is_told_of() -> None:
    one = extension(SAN, dns_names("a.test"))
    found, faults = read(one, extension(SAN, dns_names("b.test")))
    assert faults == ["duplicate-extension"]
    assert by_name(found)["subject_alt_name"] == found[0]


def test_an_empty_list_is_told_of() -> None:
    assert read() == ([], ["empty-extensions"])
    assert read_extensions(Dissection(b""), None) == []
    dissection, outer = node(b"\x30\x05")
    read_extensions(dissection, outer)
    assert codes(dissection.findings) == ["truncated"]


def test_a_list_without_end_is_read_to_an_end() -> None:
    found, _ = read(*[extension(f"1.2.{index}", b"") for index in range(500)])
    assert len(found) == 200
