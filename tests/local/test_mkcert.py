"""mkcert's CA is found where mkcert looks, used as it is, and made as there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tlsmith.core.constraints import development_constraints
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.issuer import self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.profiles import certificate_authority
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import view_certificate
from tlsmith.errors import FileError, InputError
from tlsmith.local.mkcert import (
    MkcertAuthority,
    ensure_mkcert_authority,
    find_caroot,
    is_new_to,
    load_mkcert_authority,
    months_after,
)

NOW = datetime(2026, 11, 23, 21, 4, 46, 123456, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> MkcertAuthority:
    """A CA that was just made, with the key that is quick to make."""
    authority, created = ensure_mkcert_authority(
        str(tmp_path / "caroot"), NOW, kind="p256"
    )
    assert created
    return authority


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"CAROOT": "some/ca", "HOME": "/h"}, "linux", "some/ca"),
        ({"CAROOT": "", "HOME": "/h"}, "linux", "/h/.local/share/mkcert"),
        ({"HOME": "/h"}, "freebsd14", "/h/.local/share/mkcert"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/mkcert"),
        ({"HOME": "/h", "XDG_DATA_HOME": "/x"}, "linux", "/x/mkcert"),
        ({"HOME": "/h", "XDG_DATA_HOME": "/x"}, "darwin", "/x/mkcert"),
        ({"XDG_DATA_HOME": "x//y/"}, "linux", "x/y/mkcert"),
        ({"LOCALAPPDATA": "/l", "HOME": "/h"}, "win32", "/l/mkcert"),
        ({"LOCALAPPDATA": "/l", "XDG_DATA_HOME": "/x"}, "win32", "/l/mkcert"),
    ],
)
def test_the_ca_is_where_mkcert_looks_for_it(
    environment: dict[str, str], platform: str, expected: str
) -> None:
    assert find_caroot(environment, platform) == expected


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_without_any_home_there_is_an_error_that_names_caroot(platform: str) -> None:
    with pytest.raises(InputError) as caught:
        find_caroot({"PATH": "/bin"}, platform)
    assert caught.value.code == "no-caroot"
    assert "CAROOT" in (caught.value.hint or "")


def test_a_new_root_says_what_mkcerts_says(made: MkcertAuthority) -> None:
    root = x509.load_der_x509_certificate(made.root)
    attributes = [(part.rfc4514_attribute_name, part.value) for part in root.subject]
    assert [name for name, _ in attributes] == ["O", "OU", "CN"]
    assert attributes[0][1] == "mkcert development CA"
    assert attributes[2][1] == f"mkcert {attributes[1][1]!s}"
    assert f"@{os.uname().nodename}" in str(attributes[1][1])
    assert root.issuer == root.subject
    assert root.not_valid_after_utc == NOW.replace(microsecond=0, year=2036)
    assert root.not_valid_before_utc <= NOW
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature
    assert not usage.crl_sign
    with pytest.raises(x509.ExtensionNotFound):
        root.extensions.get_extension_for_class(x509.NameConstraints)
    root.verify_directly_issued_by(root)


def test_a_new_ca_is_the_two_files_of_mkcert(made: MkcertAuthority) -> None:
    assert sorted(os.listdir(made.folder)) == ["rootCA-key.pem", "rootCA.pem"]
    assert stat.S_IMODE(os.stat(made.key_file).st_mode) == 0o400
    assert stat.S_IMODE(os.stat(made.root_file).st_mode) == 0o644
    assert Path(made.key_file).read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert Path(made.root_file).read_bytes() == encode_chain([made.root])


def test_a_root_has_an_rsa_key_of_3072_bits_by_default(tmp_path: Path) -> None:
    authority, _ = ensure_mkcert_authority(str(tmp_path), NOW)
    key = x509.load_der_x509_certificate(authority.root).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 3072
    assert authority.issuer().certificate == authority.root


def test_a_ca_that_is_there_is_used_and_not_touched(made: MkcertAuthority) -> None:
    before = {path: path.stat() for path in Path(made.folder).iterdir()}
    again, created = ensure_mkcert_authority(made.folder, NOW)
    assert (again, created) == (made, False)
    assert again.issuer().certificate == made.root
    after = {path: path.stat() for path in Path(made.folder).iterdir()}
    assert [(s.st_mtime_ns, s.st_ino) for s in after.values()] == [
        (s.st_mtime_ns, s.st_ino) for s in before.values()
    ]


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "DER"])
def test_a_key_in_another_form_is_read(made: MkcertAuthority, form: str) -> None:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(Path(made.key_file).read_bytes(), None)
    encoding, kind = Encoding.PEM, PrivateFormat.TraditionalOpenSSL
    if form == "DER":
        encoding, kind = Encoding.DER, PrivateFormat.PKCS8
    os.chmod(made.key_file, 0o600)
    Path(made.key_file).write_bytes(key.private_bytes(encoding, kind, NoEncryption()))
    assert made.issuer().certificate == made.root


def test_text_around_the_root_does_no_harm(made: MkcertAuthority) -> None:
    path = Path(made.root_file)
    path.write_bytes(b"subject=mine\n\n" + path.read_bytes() + b"\nend\n")
    assert load_mkcert_authority(made.folder) == made


def test_without_its_key_a_root_is_there_and_signs_nothing(
    made: MkcertAuthority,
) -> None:
    os.unlink(made.key_file)
    authority, created = ensure_mkcert_authority(made.folder, NOW)
    assert not created
    with pytest.raises(InputError) as caught:
        authority.issuer()
    assert caught.value.code == "ca-key-missing"
    assert made.key_file in caught.value.message
    assert os.listdir(made.folder) == ["rootCA.pem"]


def test_a_key_without_its_root_is_not_overwritten(made: MkcertAuthority) -> None:
    os.unlink(made.root_file)
    before = Path(made.key_file).read_bytes()
    with pytest.raises(InputError) as caught:
        ensure_mkcert_authority(made.folder, NOW)
    assert caught.value.code == "ca-root-missing"
    assert Path(made.key_file).read_bytes() == before
    assert os.listdir(made.folder) == ["rootCA-key.pem"]


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n", encode_chain([b"\x30"])],
)
def test_a_damaged_root_is_an_error_and_stays(
    made: MkcertAuthority, content: bytes
) -> None:
    Path(made.root_file).write_bytes(content)
    with pytest.raises(InputError) as caught:
        ensure_mkcert_authority(made.folder, NOW)
    assert caught.value.code == "mkcert-ca-damaged"
    assert made.root_file in caught.value.message
    assert Path(made.root_file).read_bytes() == content


def test_a_damaged_key_is_an_error_that_shows_none_of_it(made: MkcertAuthority) -> None:
    os.chmod(made.key_file, 0o600)
    Path(made.key_file).write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n")
    with pytest.raises(InputError) as caught:
        made.issuer()
    assert caught.value.code == "mkcert-ca-damaged"
    assert "c2VjcmV0" not in str(caught.value)


def test_an_encrypted_key_is_an_error(made: MkcertAuthority) -> None:
    os.chmod(made.key_file, 0o600)
    encrypted = encode_private_key(generate_private_key(), b"secret")
    Path(made.key_file).write_bytes(encrypted)
    with pytest.raises(InputError, match="encrypted"):
        made.issuer()


def test_the_key_of_another_root_is_an_error(made: MkcertAuthority) -> None:
    os.chmod(made.key_file, 0o600)
    Path(made.key_file).write_bytes(encode_private_key(generate_private_key()))
    with pytest.raises(InputError) as caught:
        made.issuer()
    assert caught.value.code == "mkcert-ca-damaged"
    assert "does not belong" in caught.value.message


def test_an_rsa_key_that_signs_wrongly_is_an_error(tmp_path: Path) -> None:
    authority, _ = ensure_mkcert_authority(str(tmp_path), NOW)
    numbers = _numbers(Path(authority.key_file).read_bytes())
    wrong = rsa.RSAPrivateNumbers(
        numbers.p,
        numbers.q,
        numbers.d + 2,
        numbers.dmp1 + 2,
        numbers.dmq1 + 2,
        numbers.iqmp,
        numbers.public_numbers,
    ).private_key(unsafe_skip_rsa_key_validation=True)
    os.chmod(authority.key_file, 0o600)
    Path(authority.key_file).write_bytes(encode_private_key(wrong))
    with pytest.raises(InputError) as caught:
        authority.issuer()
    assert caught.value.code == "mkcert-ca-damaged"


def _numbers(pem: bytes) -> rsa.RSAPrivateNumbers:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.private_numbers()


@pytest.mark.parametrize(
    ("folder", "code"),
    [("file/ca", "not-a-directory"), ("/proc/nothing/ca", "caroot-not-writable")],
)
def test_a_folder_that_cannot_be_is_an_error(
    tmp_path: Path, folder: str, code: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError) as caught:
        ensure_mkcert_authority(str(tmp_path / folder), NOW)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_folder_below_none_is_made(tmp_path: Path) -> None:
    authority, _ = ensure_mkcert_authority(str(tmp_path / "a" / "b"), NOW, kind="p256")
    assert os.path.exists(authority.root_file)


def test_two_that_find_no_ca_end_with_one(tmp_path: Path) -> None:
    roots: list[bytes] = []
    start = threading.Barrier(4)

    def ensure() -> None:
        start.wait()
        authority, _ = ensure_mkcert_authority(str(tmp_path), NOW, kind="p256")
        roots.append(authority.issuer().certificate)

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 4
    assert len(set(roots)) == 1
    assert sorted(os.listdir(tmp_path)) == ["rootCA-key.pem", "rootCA.pem"]


def test_a_ca_half_made_by_one_that_was_killed_is_finished(tmp_path: Path) -> None:
    script = f"""
import os, signal
from datetime import datetime, timezone
import tlsmith.files.together as together
kept = os.replace
def replace(source, target):
    kept(source, target)
    if target.endswith("rootCA-key.pem"):
        os.kill(os.getpid(), signal.SIGKILL)
together.os.replace = replace
from tlsmith.local.mkcert import ensure_mkcert_authority
now = datetime(2026, 1, 1, tzinfo=timezone.utc)
ensure_mkcert_authority({str(tmp_path)!r}, now, kind="p256")
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -9
    assert not (tmp_path / "rootCA.pem").exists()
    authority, created = ensure_mkcert_authority(str(tmp_path), NOW)
    assert not created
    assert authority.issuer().certificate == authority.root
    assert view_certificate(authority.root).not_after.year == 2036


def test_a_ca_is_new_once(made: MkcertAuthority, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    assert is_new_to(home, made)
    assert not is_new_to(home, made)
    other, _ = ensure_mkcert_authority(str(tmp_path / "other"), NOW, kind="p256")
    assert is_new_to(home, other)
    assert not is_new_to(home, made)
    assert is_new_to(str(tmp_path / "home2"), made)


def test_where_nothing_can_be_remembered_a_ca_is_always_new(
    made: MkcertAuthority, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    home = str(tmp_path / "file" / "home")
    assert is_new_to(home, made)
    assert is_new_to(home, made)


def test_constraints_of_a_root_made_elsewhere_are_seen(tmp_path: Path) -> None:
    key = generate_private_key()
    constraints = development_constraints(["test"], [])
    parameters = certificate_authority(
        distinguished_name(("2.5.4.3", "mine")),
        (NOW, NOW + timedelta(days=9)),
        name_constraints=constraints,
    )
    (tmp_path / "rootCA.pem").write_bytes(
        encode_chain([self_issue(parameters, key).der])
    )
    authority = load_mkcert_authority(str(tmp_path))
    assert authority is not None
    assert authority.view().name_constraints == constraints


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ((2026, 11, 23), 27, (2029, 2, 23)),
        ((2026, 11, 30), 27, (2029, 3, 2)),
        ((2026, 12, 31), 27, (2029, 3, 31)),
        ((2025, 11, 29), 27, (2028, 2, 29)),
        ((2024, 2, 29), 120, (2034, 3, 1)),
        ((2026, 1, 1), 120, (2036, 1, 1)),
    ],
)
def test_months_run_over_as_in_go(
    moment: tuple[int, int, int], months: int, expected: tuple[int, int, int]
) -> None:
    zone = timezone(timedelta(hours=5))
    start = datetime(*moment, 23, 30, tzinfo=zone)
    assert months_after(start, months) == datetime(*expected, 23, 30, tzinfo=zone)
