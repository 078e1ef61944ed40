"""step-ca's folders, their databases written by step-ca's own code."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from authority.adoption.step_worlds import (
    STEP_PASSPHRASE,
    held_by_step,
    make_step_ca,
)
from authority.adoption.worlds import NOW, World, answering, nobody, tree, unpack
from tlsmith.authority.adoption import AdoptedCA, detect, read_ca
from tlsmith.errors import FileError, InputError, KeyMismatchError

KINDS = ("badgerv2", "bbolt")


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """step-ca's folder, moved from where its configuration says it is."""
    return unpack(f"step-ca-{request.param}", tmp_path) / "step"


def _read(folder: Path) -> AdoptedCA:
    return World("step-ca", folder, STEP_PASSPHRASE).read(NOW)


def _as_held(adopted: AdoptedCA, folder: Path) -> None:
    """Check that what was adopted is what step-ca itself reads."""
    held = held_by_step(folder)
    issued = {str(one.serial_number).encode(): one.der for one in adopted.issued}
    assert issued == held["x509_certs"]
    revoked = {
        str(one.serial_number).encode(): one
        for one in adopted.issued
        if one.status == "revoked"
    }
    assert revoked.keys() == held["revoked_x509_certs"].keys()
    for serial_number, entry in held["revoked_x509_certs"].items():
        facts = json.loads(entry)
        one = revoked[serial_number]
        assert one.revocation_date is not None
        when = one.revocation_date.strftime("%Y-%m-%dT%H:%M:%S")
        assert facts["RevokedAt"].startswith(when)
        by_number = {0: "unspecified", 3: "affiliationChanged"}
        assert one.reason == by_number[facts["ReasonCode"]]


def test_what_it_issued_and_revoked_is_read(folder: Path) -> None:
    assert detect(str(folder)) == "step-ca"
    adopted = _read(folder)
    assert len(adopted.issued) == 6
    _as_held(adopted, folder)


def test_the_root_and_the_intermediate_have_their_keys(folder: Path) -> None:
    adopted = _read(folder)
    assert [one.role for one in adopted.certificates] == ["root", "intermediate"]
    for one in adopted.certificates:
        assert one.private_key is not None
        certificate = x509.load_der_x509_certificate(one.certificate)
        assert one.private_key.public_key() == certificate.public_key()
    issuing = x509.load_der_x509_certificate(adopted.issuing.certificate)
    for issued in adopted.issued:
        assert issued.der is not None
        x509.load_der_x509_certificate(issued.der).verify_directly_issued_by(issuing)


def test_one_passphrase_is_asked_for_once(folder: Path) -> None:
    asked: list[str] = []
    read_ca(str(folder), passphrase=answering(STEP_PASSPHRASE, asked), now=NOW)
    assert len(asked) == 1
    assert "intermediate_ca_key" in asked[0]


def test_its_password_file_opens_the_keys_and_is_told_of(folder: Path) -> None:
    (folder / "secrets/password").write_text(STEP_PASSPHRASE + "\n")
    adopted = read_ca(str(folder), passphrase=nobody, now=NOW)
    assert all(one.private_key is not None for one in adopted.certificates)
    assert any("holds the password" in note for note in adopted.notes)
    assert not any(STEP_PASSPHRASE in note for note in adopted.notes)


def test_its_configuration_names_the_ca_as_well(folder: Path) -> None:
    path = str(folder / "config/ca.json")
    assert detect(path) == "step-ca"
    adopted = read_ca(path, passphrase=answering(STEP_PASSPHRASE), now=NOW)
    assert adopted.issued == _read(folder).issued


def test_nothing_is_changed(folder: Path) -> None:
    before = tree(folder)
    _read(folder)
    assert tree(folder) == before


def test_a_root_whose_key_was_carried_away_is_adopted(folder: Path) -> None:
    (folder / "secrets/root_ca_key").unlink()
    root, intermediate = _read(folder).certificates
    assert root.private_key is None
    assert intermediate.private_key is not None
    assert any("the key of the root" in note for note in _read(folder).notes)


def test_a_key_in_a_module_is_told_of(folder: Path) -> None:
    _change(folder, key="pkcs11:id=7331;object=intermediate")
    (folder / "secrets/intermediate_ca_key").unlink()
    adopted = _read(folder)
    assert adopted.issuing.private_key is None
    assert any("is in pkcs11" in note for note in adopted.notes)


@pytest.mark.parametrize("kind", ["mysql", "postgresql"])
def test_records_on_a_server_are_told_of_without_its_password(
    folder: Path, kind: str
) -> None:
    source = "user:hunter2@tcp(127.0.0.1:3306)/"
    _change(folder, db={"type": kind, "dataSource": source, "database": "step"})
    adopted = _read(folder)
    assert adopted.issued == ()
    (note,) = [note for note in adopted.notes if kind in note]
    assert "not revoked here" in note
    assert "hunter2" not in note


def test_no_database_is_told_of(folder: Path) -> None:
    _change(folder, db=None)
    assert any("has no database" in note for note in _read(folder).notes)


def test_a_database_that_is_not_there_is_told_of(folder: Path) -> None:
    shutil.rmtree(folder / "db")
    adopted = _read(folder)
    assert any("is not there" in note and "unknown" in note for note in adopted.notes)


def test_an_older_badger_is_told_of(tmp_path: Path) -> None:
    folder = unpack("step-ca-badgerv2", tmp_path) / "step"
    manifest = folder / "db/MANIFEST"
    data = bytearray(manifest.read_bytes())
    data[7] = 4  # as the first edition wrote
    manifest.write_bytes(data)
    adopted = _read(folder)
    assert adopted.issued == ()
    assert any("version 4" in note and "unknown" in note for note in adopted.notes)


def test_an_encrypted_badger_is_told_of(tmp_path: Path) -> None:
    folder = unpack("step-ca-badgerv2", tmp_path) / "step"
    log = folder / "db/000000.vlog"
    data = bytearray(log.read_bytes())
    data[7] = 1  # the number of a key
    log.write_bytes(data)
    adopted = _read(folder)
    assert adopted.issued == ()
    assert any("encrypted" in note and "unknown" in note for note in adopted.notes)


def test_a_damaged_database_is_refused(folder: Path) -> None:
    path = next((folder / "db").glob("*.sst"), folder / "db/step.db")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 8])
    with pytest.raises(InputError, match="cannot be read") as caught:
        _read(folder)
    assert caught.value.code == "database-damaged"


def test_an_empty_database_file_is_refused(tmp_path: Path) -> None:
    folder = unpack("step-ca-bbolt", tmp_path) / "step"
    (folder / "db/step.db").write_bytes(b"")
    with pytest.raises(FileError, match="it is empty"):
        _read(folder)


def test_a_database_in_use_is_told_of(tmp_path: Path) -> None:
    folder = unpack("step-ca-badgerv2", tmp_path) / "step"
    (folder / "db/LOCK").write_text("12345")
    assert any("still runs" in note for note in _read(folder).notes)


def test_the_root_key_of_another_is_left_out(folder: Path) -> None:
    other = x509.load_pem_x509_certificate(
        (folder / "certs/intermediate_ca.crt").read_bytes()
    )
    shutil.copy(folder / "secrets/intermediate_ca_key", folder / "secrets/root_ca_key")
    adopted = _read(folder)
    assert adopted.certificates[0].private_key is None
    assert adopted.issuing.private_key is not None
    assert adopted.issuing.private_key.public_key() == other.public_key()


def test_keys_that_fit_none_are_refused(folder: Path) -> None:
    (folder / "secrets/intermediate_ca_key").unlink()
    shutil.copy(folder / "certs/root_ca.crt", folder / "certs/intermediate_ca.crt")
    (folder / "secrets/root_ca_key").write_bytes(_fresh_key())
    with pytest.raises(KeyMismatchError, match="root_ca_key"):
        _read(folder)


def test_a_configuration_without_its_parts_is_refused(folder: Path) -> None:
    (folder / "config/ca.json").write_text("{}")
    with pytest.raises(InputError, match=r"lacks root, crt or key"):
        _read(folder)


@pytest.mark.interop
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["close", "crash"])
def test_databases_that_step_ca_writes_now(tmp_path: Path, kind: str, end: str) -> None:
    folder = make_step_ca(tmp_path / "step", kind, 200, end)
    adopted = World("step-ca", folder, STEP_PASSPHRASE).read(datetime.now(UTC))
    assert len(adopted.issued) == 200
    _as_held(adopted, folder)


def _change(folder: Path, **what: object) -> None:
    path = folder / "config/ca.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | what))


def _fresh_key() -> bytes:
    from tlsmith.core.formats import encode_private_key
    from tlsmith.core.keys import generate_private_key

    return encode_private_key(generate_private_key())
