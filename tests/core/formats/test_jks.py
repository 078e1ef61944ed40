"""Java's own keystore, read; `keytool` writes it in test_keytool."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import family
from keystores import (
    SUN,
    certificate_entry,
    counted,
    cover,
    key_entry,
    keystore,
    number,
    plain_key,
)
from tlsmith.core import der
from tlsmith.core.formats.jks import (
    has_passphrase,
    read_keystore,
    uncover_key,
)
from tlsmith.errors import InputError, PassphraseError


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("magic", [0xFEEDFEED, 0xCECECECE])
def test_certificates_are_read_with_their_names(version: int, magic: int) -> None:
    one = family()
    data = keystore(
        certificate_entry("Wurzel", one.root.der, version),
        certificate_entry("zwischen", one.intermediate.der, version),
        version=version,
        magic=magic,
    )
    entries = read_keystore(data)
    assert [(e.alias, e.certificates, e.protected_key) for e in entries] == [
        ("Wurzel", (one.root.der,), None),
        ("zwischen", (one.intermediate.der,), None),
    ]


def test_a_key_is_read_with_its_chain() -> None:
    one = family()
    covered = cover(plain_key())
    (entry,) = read_keystore(keystore(key_entry("web", covered, one.ders)))
    assert entry.certificates == tuple(one.ders)
    assert entry.protected_key == covered
    assert uncover_key(covered, b"changeit") == plain_key()


@given(st.binary(min_size=1, max_size=200), st.text(min_size=1, max_size=10))
def test_uncovering_undoes_covering(plain: bytes, passphrase: str) -> None:
    covered = cover(plain, passphrase)
    assert uncover_key(covered, passphrase.encode()) == plain


def test_the_passphrase_is_told_by_the_hash() -> None:
    data = keystore(passphrase="geheim€")
    assert has_passphrase(data, "geheim€".encode())
    assert not has_passphrase(data, b"geheim")
    assert not has_passphrase(data[:-1], "geheim€".encode())


def test_a_wrong_passphrase_opens_no_key() -> None:
    with pytest.raises(PassphraseError):
        uncover_key(cover(plain_key()), b"wrong")


@pytest.mark.parametrize(
    "covered",
    [
        cover(plain_key(), scheme=der.object_identifier("1.3.6.1.4.1.42.2.19.1")),
        der.sequence(der.sequence(SUN), der.octet_string(bytes(10))),
    ],
    ids=["JCEKS", "short"],
)
def test_keys_protected_otherwise_name_the_way_out(covered: bytes) -> None:
    with pytest.raises(InputError) as caught:
        uncover_key(covered, b"changeit")
    assert "keytool" in str(caught.value.hint)


@pytest.mark.parametrize("covered", [b"", b"0\x00", der.sequence(der.integer(1))])
def test_a_damaged_key_is_an_error(covered: bytes) -> None:
    with pytest.raises(InputError, match="damaged"):
        uncover_key(covered, b"changeit")


def test_a_keystore_cut_anywhere_is_an_error() -> None:
    data = keystore(certificate_entry("a", b"x"), key_entry("b", b"y", [b"z"]))
    for size in range(len(data)):
        with pytest.raises(InputError):
            read_keystore(data[:size])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (keystore(version=3), "version"),
        (keystore(magic=0xCAFEBABE), "version"),
        (keystore(number(3) + counted(b"s", 2) + bytes(8)), "neither"),
        (keystore() + b"more", "follows its end"),
    ],
)
def test_what_is_not_one_says_why(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_keystore(data)


@given(st.binary(max_size=100))
def test_anything_is_read_or_refused(rest: bytes) -> None:
    with pytest.raises(InputError):
        read_keystore(number(0xFEEDFEED) + number(2) + number(2**32 - 1) + rest)
