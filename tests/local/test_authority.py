"""The local CA on disk: found, read, and what is wrong with it told."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strategies import QUICK_KINDS, key_of_kind
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.issuer import self_issue
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import end_entity, validity
from tlsmith.core.view import view_certificate
from tlsmith.errors import FileError, InputError
from tlsmith.files import data_home
from tlsmith.local import (
    LocalAuthority,
    create_authority,
    load_authorities,
    load_authority,
    trusted_roots,
)
from tlsmith.local.authority import is_signed_by_local_ca

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def authority() -> LocalAuthority:
    return create_authority(data_home(), NOW)[0]


def test_there_is_none_before_one_is_made() -> None:
    assert load_authority(data_home()) is None
    assert load_authorities(data_home()) == []
    assert trusted_roots(data_home()) == []


def test_the_one_in_use_is_found(authority: LocalAuthority) -> None:
    assert load_authority(data_home()) == authority
    assert trusted_roots(data_home()) == [authority.root]


def test_earlier_ones_are_found_after_it(authority: LocalAuthority) -> None:
    second, _ = create_authority(data_home(), NOW)
    third, _ = create_authority(data_home(), NOW)
    first_found, *others = load_authorities(data_home())
    assert first_found == third
    assert sorted(others) == sorted([authority, second])
    assert set(trusted_roots(data_home())[1:]) == {authority.root, second.root}


def test_it_is_ready_to_sign(authority: LocalAuthority) -> None:
    issuer = authority.issuer()
    assert issuer.certificate == authority.intermediate
    assert issuer.name_constraints == authority.name_constraints
    assert authority.view_intermediate() == view_certificate(authority.intermediate)


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_its_kind_is_that_of_its_keys(kind: str) -> None:
    assert create_authority(data_home(), NOW, kind=kind)[0].kind == kind


@pytest.mark.parametrize("name", ["", "\n", "elsewhere\n", "../../x\n", "\xff\xfe"])
def test_a_name_that_leads_nowhere_is_damage(
    authority: LocalAuthority, name: str
) -> None:
    Path(data_home(), "current").write_bytes(name.encode("latin-1"))
    with pytest.raises(InputError, match="its folder is gone") as caught:
        load_authority(data_home())
    assert caught.value.code == "local-ca-damaged"


def test_a_name_never_leads_out_of_the_home(
    authority: LocalAuthority, tmp_path: Path
) -> None:
    name = os.path.basename(authority.folder)
    Path(data_home(), "current").write_text(f"{tmp_path}/{name}\n")
    assert load_authority(data_home()) == authority


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("intermediate-key.pem", None, "is gone"),
        ("intermediate-key.pem", b"", "its key cannot be used"),
        ("intermediate-key.pem", b"text", "its key cannot be used"),
        ("intermediate-key.pem", b"other", "its key cannot be used"),
        ("intermediate-key.pem", b"encrypted", "its key cannot be used"),
        ("intermediate.pem", b"text", "its key cannot be used"),
        ("intermediate.pem", b"leaf", "its key cannot be used"),
    ],
)
def test_damage_is_told_with_what_mends_it(
    authority: LocalAuthority, part: str, content: bytes | None, said: str
) -> None:
    place = Path(authority.folder, part)
    key = key_of_kind("p256")
    if content is None:
        place.unlink()
    else:
        leaf = end_entity(parse_names(["a.test"]), "p256", validity(NOW, 9, longest=9))
        made = {
            b"other": encode_private_key(key),
            b"encrypted": encode_private_key(key, b"secret"),
            b"leaf": encode_chain([self_issue(leaf, key).der]),
        }
        place.write_bytes(made.get(content, content))
    with pytest.raises(InputError, match=said) as caught:
        authority.issuer()
    assert caught.value.code == "local-ca-damaged"
    assert (caught.value.hint or "").endswith("tlsmith ca init --local --replace")


@pytest.mark.parametrize("part", ["root", "intermediate"])
def test_a_certificate_that_is_none_is_damage(
    authority: LocalAuthority, part: str
) -> None:
    Path(authority.folder, f"{part}.pem").write_bytes(b"text")
    with pytest.raises(InputError, match="no certificate in"):
        getattr(authority, part)


def test_what_the_system_refuses_names_the_home(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"")
    with pytest.raises(FileError, match="cannot keep the local CA in") as caught:
        load_authority(str(place))
    assert "TLSMITH_HOME" in (caught.value.hint or "")
    (tmp_path / "current").mkdir()
    with pytest.raises(FileError, match="is a directory"):
        load_authority(str(tmp_path))


def test_a_huge_name_is_refused(authority: LocalAuthority) -> None:
    with Path(data_home(), "current").open("wb") as stream:
        stream.truncate(300 * 1024 * 1024)
    with pytest.raises(FileError, match="is over"):
        load_authority(data_home())


def test_what_a_local_ca_signed_is_known_by_its_name(authority: LocalAuthority) -> None:
    issuer, key = authority.issuer(), key_of_kind("p256")
    life = validity(NOW, 9, longest=9, within=issuer.view)
    leaf = end_entity(parse_names(["a.test"]), "p256", life)
    issued = issuer.issue(leaf, key.public_key())
    assert is_signed_by_local_ca(view_certificate(issued.der))
    assert not is_signed_by_local_ca(view_certificate(self_issue(leaf, key).der))
    # Nobody may write over the CA itself.
    assert not is_signed_by_local_ca(authority.view_intermediate())
    assert not is_signed_by_local_ca(view_certificate(authority.root))
