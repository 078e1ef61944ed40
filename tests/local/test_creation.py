"""Making a local CA: two certificates, one key, and nothing by halves."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tlsmith.core.issuer import Issuer
from tlsmith.core.keys import key_identifier, public_key_info
from tlsmith.core.names import parse_names
from tlsmith.errors import FileError, InputError
from tlsmith.files import data_home
from tlsmith.local import create_authority, ensure_authority, load_authority
from tlsmith.local.creation import ensure_issuer
from tlsmith.local.reach import DEVELOPMENT_DOMAINS, PRIVATE_NETWORKS

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def certificates() -> tuple[x509.Certificate, x509.Certificate]:
    """Root and intermediate of the CA in use."""
    authority = load_authority(data_home())
    assert authority is not None
    return (
        x509.load_der_x509_certificate(authority.root),
        x509.load_der_x509_certificate(authority.intermediate),
    )


def extension(certificate: x509.Certificate, kind: type) -> x509.Extension:
    return certificate.extensions.get_extension_for_class(kind)


def test_root_and_intermediate_are_a_chain_of_two() -> None:
    create_authority(data_home(), NOW)
    root, intermediate = certificates()
    root.verify_directly_issued_by(root)
    intermediate.verify_directly_issued_by(root)
    lengths = [
        extension(one, x509.BasicConstraints).value.path_length
        for one in (root, intermediate)
    ]
    assert lengths == [1, 0]


def test_both_are_constrained_to_development() -> None:
    create_authority(data_home(), NOW)
    for one in certificates():
        found = extension(one, x509.NameConstraints)
        assert found.critical
        assert found.value.excluded_subtrees is None
        permitted = found.value.permitted_subtrees
        by_kind = {
            kind: {str(name.value) for name in permitted if isinstance(name, kind)}
            for kind in (
                x509.DNSName,
                x509.IPAddress,
                x509.RFC822Name,
                x509.UniformResourceIdentifier,
            )
        }
        domains = set(DEVELOPMENT_DOMAINS)
        below = {f".{domain}" for domain in domains}
        assert by_kind[x509.DNSName] == domains
        assert by_kind[x509.IPAddress] == set(PRIVATE_NETWORKS)
        assert by_kind[x509.RFC822Name] == domains | below
        assert by_kind[x509.UniformResourceIdentifier] == domains | below


def test_names_of_two_cas_differ() -> None:
    """Clients that find two roots of one name may try the wrong one."""
    create_authority(data_home(), NOW)
    first = certificates()
    create_authority(data_home(), NOW)
    second = certificates()
    names = {one.subject for one in (*first, *second)}
    assert len(names) == 4


def test_its_folder_has_the_name_of_its_root() -> None:
    authority, _ = create_authority(data_home(), NOW)
    root, _ = certificates()
    identifier = key_identifier(public_key_info(root.public_key()))
    assert os.path.basename(authority.folder) == identifier.hex()[:16]
    assert sorted(os.listdir(authority.folder)) == [
        "intermediate-key.pem",
        "intermediate.pem",
        "root.pem",
    ]
    assert sorted(os.listdir(data_home())) == [".lock", "authorities", "current"]


def test_it_lives_ten_years_from_the_time_given() -> None:
    create_authority(data_home(), NOW)
    for one in certificates():
        assert one.not_valid_before_utc == NOW - timedelta(hours=1)
        life = one.not_valid_after_utc - one.not_valid_before_utc
        assert life + timedelta(seconds=1) == timedelta(days=3650)


def test_one_is_made_only_if_there_is_none() -> None:
    first, made = ensure_authority(data_home(), NOW)
    assert made
    assert ensure_authority(data_home(), NOW) == (first, False)
    assert create_authority(data_home(), NOW, keep_existing=True) == (first, False)


def test_an_earlier_one_loses_its_key_and_keeps_its_root() -> None:
    first, _ = create_authority(data_home(), NOW)
    create_authority(data_home(), NOW)
    assert sorted(os.listdir(first.folder)) == ["intermediate.pem", "root.pem"]


def test_what_is_not_to_be_allowed_changes_nothing() -> None:
    first, _ = create_authority(data_home(), NOW)
    with pytest.raises(InputError):
        create_authority(data_home(), NOW, allow=["0.0.0.0/0"])
    assert load_authority(data_home()) == first
    assert Path(first.key_file).exists()


def test_it_signs_for_what_is_allowed_and_nothing_else() -> None:
    allow = ["corp.example.com", "203.0.113.0/24"]
    authority, _ = create_authority(data_home(), NOW, allow=allow)
    constraints = authority.name_constraints
    good = ["corp.example.com", "a.corp.example.com", "203.0.113.9", "a.test"]
    bad = ["example.com", "xcorp.example.com", "203.0.114.1"]
    for text in good + bad:
        (name,) = parse_names([text])
        assert constraints.permits(name.kind, name.host) is (text in good)


def test_what_a_killed_run_left_is_cleared() -> None:
    authority, _ = create_authority(data_home(), NOW)
    parent = Path(authority.folder).parent
    (parent / ".new-aaaa").mkdir()
    (parent / ".new-aaaa" / "intermediate-key.pem").write_bytes(b"a key")
    (parent / "bbbb").mkdir()
    for name in ("intermediate-key.pem", "root.pem"):
        (parent / "bbbb" / name).write_bytes(b"never in use")
    assert ensure_authority(data_home(), NOW) == (authority, False)
    assert not (parent / ".new-aaaa").exists()
    assert os.listdir(parent / "bbbb") == ["root.pem"]
    assert isinstance(authority.issuer(), Issuer)


def test_a_damaged_ca_stays_damaged() -> None:
    authority, _ = create_authority(data_home(), NOW)
    Path(authority.key_file).unlink()
    with pytest.raises(InputError, match="is gone"):
        ensure_issuer(data_home(), NOW)


@pytest.mark.parametrize("below", ["", "/deeper/still"])
def test_a_home_that_cannot_be_made_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="cannot keep the local CA") as caught:
        create_authority(f"{tmp_path}/file{below}", NOW)
    assert caught.value.code == "home-not-writable"


def test_a_list_of_cas_that_is_none_is_named() -> None:
    authority, _ = create_authority(data_home(), NOW)
    parent = Path(authority.folder).parent
    parent.rename(parent.with_name("moved"))
    parent.write_bytes(b"")
    Path(data_home(), "current").unlink()
    with pytest.raises(FileError, match="cannot keep the local CA"):
        create_authority(data_home(), NOW)
    assert parent.read_bytes() == b""
