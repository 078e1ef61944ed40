"""PKCS#11 URIs (RFC 7512), as they stand in the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlsmith.errors import InputError
from tlsmith.signers.pkcs11_uri import parse_pkcs11_uri


def test_all_that_one_can_say_is_read() -> None:
    uri = (
        "pkcs11:token=The%20Software;manufacturer=Snake%20Oil,%20Inc.;model=1.0;"
        "serial=%3b1;slot-id=327;object=my%2fkey;id=%69%95%3E%ff;type=private"
        "?module-path=/m.so&pin-source=file:/etc/token"
    )
    key = parse_pkcs11_uri(uri)
    assert key == (
        uri,
        "/m.so",
        "The Software",
        "Snake Oil, Inc.",
        "1.0",
        ";1",
        327,
        "my/key",
        b"\x69\x95>\xff",
        "/etc/token",
    )


@pytest.mark.parametrize("source", ["file:/etc/pin", "file:///etc/pin", "/etc/pin"])
def test_a_pin_source_is_a_file(source: str) -> None:
    key = parse_pkcs11_uri(f"pkcs11:object=a?module-path=/m.so&pin-source={source}")
    assert key.pin_source == "/etc/pin"


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:object=a?module-path=/m.so&pin-value=1234",
        "pkcs11:object=a;pin-value=1234?module-path=/m.so",
    ],
)
def test_a_pin_in_it_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(InputError, match="pin-value") as raised:
        parse_pkcs11_uri(uri)
    assert raised.value.code == "secret-in-uri"
    assert "1234" not in raised.value.message


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("pkcs11:token=a?module-path=/m.so", "names no key"),
        ("pkcs11:?module-path=/m.so", "names no key"),
        ("pkcs11:object=a", "names no module"),
        ("pkcs11:object=a;type=cert?module-path=/m.so", "its type is not private"),
        ("pkcs11:object=a;slot-id=x?module-path=/m.so", "its slot-id is no number"),
        ("pkcs11:object=a;object=b?module-path=/m.so", "'object' is in it twice"),
        ("pkcs11:object=a;colour=b?module-path=/m.so", "'colour' is not known"),
        ("pkcs11:object=a;token?module-path=/m.so", "'token' is not known"),
        ("pkcs11:object=a?module-path=/m.so&pin-source=|cat", "is no whole path"),
        ("pkcs11:object=a?module-path=/m.so&pin-source=file:pin", "is no whole path"),
    ],
)
def test_a_mistake_is_named(uri: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        parse_pkcs11_uri(uri)
    assert raised.value.code == "bad-uri"
    assert raised.value.hint


def test_a_module_by_name_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no PKCS#11 module 'none-such'") as raised:
        parse_pkcs11_uri("pkcs11:object=a?module-name=none-such")
    assert raised.value.code == "module-missing"


@pytest.mark.interop
def test_softhsm_is_found_by_name() -> None:
    if not Path("/usr/lib/softhsm/libsofthsm2.so").exists():
        pytest.skip("SoftHSM 2 is not on this machine")
    key = parse_pkcs11_uri("pkcs11:object=a?module-name=softhsm2")
    assert Path(key.module).samefile("/usr/lib/softhsm/libsofthsm2.so")
