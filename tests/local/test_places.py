"""What is at the places of a certificate, and what may be replaced there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from chains import family
from strategies import key_of_kind, mangled
from tlsmith.core.formats import (
    encode_chain,
    encode_pem,
    encode_pkcs7,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.issuer import IssuedCertificate, self_issue
from tlsmith.core.keys import public_key_info
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import end_entity, validity
from tlsmith.errors import FileError, InputError
from tlsmith.local.places import (
    Existing,
    Places,
    check_replaceable,
    check_request_replaceable,
    load_existing,
    load_existing_key,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = key_of_kind("p256")
INFO = public_key_info(KEY.public_key())


def certificate() -> IssuedCertificate:
    names = parse_names(["a.test"])
    return self_issue(end_entity(names, "p256", validity(NOW, 9, longest=9)), KEY)


ISSUED = certificate()
PEM = encode_chain([ISSUED.der])
KEY_PEM = encode_private_key(KEY)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_there_at_first(place: Path) -> None:
    for content in (None, b""):
        if content is not None:
            for name in ("c", "k", "p"):
                Path(name).write_bytes(content)
        existing = load_existing(Places("c", "k", "p"))
        assert existing == Existing()
        assert not existing.key_matches


def test_a_pair_is_found(place: Path) -> None:
    Path("c").write_bytes(PEM)
    Path("k").write_bytes(KEY_PEM)
    existing = load_existing(Places("c", "k"))
    assert existing.key_matches
    assert existing.certificate is not None
    assert existing.certificate.der == ISSUED.der
    assert existing.keys == {INFO}


HOLDERS: dict[str, Callable[[], bytes]] = {
    "combined": lambda: PEM + KEY_PEM,
    "key first": lambda: KEY_PEM + PEM,
    "pkcs12": lambda: encode_pkcs12(
        KEY, [ISSUED.der], passphrase=b"changeit", name="a.test"
    ),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_file_that_holds_both_is_read(place: Path, holder: str) -> None:
    Path("c").write_bytes(HOLDERS[holder]())
    existing = load_existing(Places("c"))
    assert existing.key_matches
    assert existing.certificate is not None
    assert existing.certificate.der == ISSUED.der


@pytest.mark.parametrize(
    "encode", [lambda: ISSUED.der, lambda: encode_pkcs7([ISSUED.der], der=True)]
)
def test_a_certificate_of_any_format_is_read(
    place: Path, encode: Callable[[], bytes]
) -> None:
    Path("c").write_bytes(encode())
    existing = load_existing(Places("c"))
    assert existing.certificate is not None
    assert not existing.key_matches


def test_a_passphrase_opens_all_that_is_there(place: Path) -> None:
    Path("c").write_bytes(PEM)
    Path("k").write_bytes(encode_private_key(KEY, b"secret"))
    p12 = encode_pkcs12(KEY, [ISSUED.der], passphrase=b"secret", name="a.test")
    Path("p").write_bytes(p12)
    assert load_existing(Places("c", "k", "p"), b"secret").key_matches
    for wrong in (None, b"another"):
        with pytest.raises(InputError, match="must not be lost") as caught:
            load_existing(Places("c", "k", "p"), wrong)
        assert caught.value.code == "would-be-lost"
        assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_pkcs12_file_of_another_pair_does_not_match(place: Path) -> None:
    Path("c").write_bytes(PEM)
    Path("k").write_bytes(KEY_PEM)
    other = family("p384").leaf
    p12 = encode_pkcs12(other.key, [other.der], passphrase=b"changeit", name="x")
    Path("p").write_bytes(p12)
    existing = load_existing(Places("c", "k", "p"))
    assert not existing.key_matches
    with pytest.raises(InputError, match="belongs to another certificate"):
        check_replaceable(Places("c", "k", "p"), existing, lambda _: True)


@pytest.mark.parametrize(
    "content", [b"text", PEM[:-30], bytes(99), encode_pem("X509 CRL", b"\x30\x00")]
)
@pytest.mark.parametrize("name", ["c", "k", "p"])
def test_anything_else_must_not_be_lost(place: Path, name: str, content: bytes) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(InputError, match=f"'{name}' is there already") as caught:
        load_existing(Places("c", "k", "p"))
    assert caught.value.code == "would-be-lost"
    assert "--force" in (caught.value.hint or "")


@given(data=mangled(PEM + KEY_PEM))
def test_damage_is_one_clear_error_or_none(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("mangled") / "c"
    path.write_bytes(data)
    body = KEY_PEM.splitlines()[1].decode()
    try:
        found = str(load_existing(Places(str(path))).certificate)
    except InputError as error:
        found = f"{error} {error.hint}"
    assert body not in found


def test_a_folder_is_no_file(place: Path) -> None:
    Path("c").mkdir()
    with pytest.raises(FileError, match="is a directory"):
        load_existing(Places("c"))


def test_a_device_has_nothing_to_lose(place: Path) -> None:
    assert load_existing(Places("/dev/null", "/dev/null")) == Existing()
    assert load_existing_key("/dev/null", None) is None
    check_request_replaceable("/dev/null")


# What may be replaced -------------------------------------------------------------


def existing(*, pem: bytes = PEM, key: object = KEY) -> Existing:
    Path("c").write_bytes(pem)
    Path("k").write_bytes(b"" if key is None else encode_private_key(key))  # type: ignore[arg-type]
    return load_existing(Places("c", "k"))


def check(found: Existing, *, ours: bool, keeps_key: bool = False) -> None:
    check_replaceable(Places("c", "k"), found, lambda _: ours, keeps_key=keeps_key)


def test_our_own_pair_may_be_replaced(place: Path) -> None:
    check(existing(), ours=True)
    check(existing(key=None), ours=True)
    check(existing(pem=b"", key=None), ours=True)


def test_a_pair_of_others_may_not(place: Path) -> None:
    with pytest.raises(InputError, match="'c' holds a certificate"):
        check(existing(), ours=False)
    with pytest.raises(InputError, match="'c' holds a certificate"):
        check(existing(), ours=False, keeps_key=True)


def test_a_key_without_its_certificate_may_not(place: Path) -> None:
    with pytest.raises(InputError, match="'k' holds a key"):
        check(existing(pem=b""), ours=True)
    with pytest.raises(InputError, match="'k' holds a key"):
        check(existing(key=key_of_kind("p384")), ours=True)


def test_a_key_that_is_kept_is_not_lost(place: Path) -> None:
    check(existing(key=key_of_kind("p384")), ours=True, keeps_key=True)
    check(existing(pem=b""), ours=True, keeps_key=True)


# Requests -------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])
def test_a_request_may_be_replaced(place: Path, label: str) -> None:
    check_request_replaceable("r")
    Path("r").write_bytes(b"")
    check_request_replaceable("r")
    Path("r").write_bytes(encode_pem(label, b"\x30\x00"))
    check_request_replaceable("r")


@pytest.mark.parametrize("content", [b"text", PEM, KEY_PEM, PEM[:-30]])
def test_nothing_else_may_be_replaced_by_one(place: Path, content: bytes) -> None:
    Path("r").write_bytes(content)
    with pytest.raises(InputError) as caught:
        check_request_replaceable("r")
    assert caught.value.code == "would-be-lost"
