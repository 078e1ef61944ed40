"""Keys in files and in the database: always encrypted, and as quick as any."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from signers.tokens import check
from strategies import key_of_kind
from tlsmith.core.keys import KINDS, public_key_info, signer_of
from tlsmith.errors import InputError, PassphraseError, SignerError
from tlsmith.signers import create_key, encrypt_key, import_key, open_signer

SECRET = b"correct horse"


def pem(kind: str = "p256", passphrase: bytes | None = None) -> bytes:
    key = key_of_kind(kind)
    hidden = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "ed25519", "rsa2048"])
def test_a_key_made_in_a_file_signs(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "root key.pem"
    made = create_key(f"file:{path}", kind, SECRET)
    assert made.material is None
    assert made.signer.uri == f"file:{path}"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    signer = open_signer(made.signer.uri, passphrase=SECRET)
    assert signer.public_key_info == made.signer.public_key_info
    check(signer.public_key_info, signer.sign(b"data"), b"data")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_made_for_the_database_signs(kind: str) -> None:
    made = create_key("store:", kind, SECRET)
    assert made.material is not None
    signer = open_signer("store:", passphrase=SECRET, material=made.material)
    assert signer.public_key_info == made.signer.public_key_info
    key = load_pem_private_key(made.material, SECRET) if "ml" not in kind else None
    if key is not None:
        assert signer.public_key_info == public_key_info(key.public_key())  # type: ignore[arg-type]
        assert signer.algorithm == signer_of(key)[0]
    assert signer.sign(b"data")


def test_openssl_opens_what_is_kept(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    path = tmp_path / "key.pem"
    signer = create_key(f"file:{path}", "p256", SECRET).signer
    command = [
        "openssl",
        "pkey",
        "-passin",
        "stdin",
        "-pubout",
        "-outform",
        "DER",
        "-in",
    ]
    told = subprocess.run(
        [*command, path],
        input=SECRET + b"\n",
        capture_output=True,
        check=True,
    )
    assert told.stdout == signer.public_key_info
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-in", path],
        capture_output=True,
        text=True,
        check=True,
    )
    for part in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"):
        assert part in parsed.stdout


def test_a_wrong_passphrase_names_the_key_and_not_itself(tmp_path: Path) -> None:
    address = f"file:{tmp_path / 'key.pem'}"
    create_key(address, "p256", SECRET)
    with pytest.raises(PassphraseError) as raised:
        open_signer(address, passphrase=b"battery staple")
    assert raised.value.message == f"the passphrase does not open the key {address!r}"
    assert "battery" not in f"{raised.value.message}{raised.value.hint}"
    for missing in (None, b""):
        with pytest.raises(PassphraseError) as raised:
            open_signer(address, passphrase=missing)
        assert raised.value.code == "passphrase-needed"
        assert address in raised.value.message


@pytest.mark.parametrize("passphrase", [None, b""])
def test_no_key_is_kept_without_a_passphrase(
    tmp_path: Path, passphrase: bytes | None
) -> None:
    for address in ("store:", f"file:{tmp_path / 'key.pem'}"):
        with pytest.raises(PassphraseError) as raised:
            create_key(address, "p256", passphrase)
        assert raised.value.code == "passphrase-needed"
    with pytest.raises(PassphraseError):
        encrypt_key(key_of_kind("p256"), passphrase)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    address = f"file:{tmp_path / 'key.pem'}"
    create_key(address, "p256", SECRET)
    before = (tmp_path / "key.pem").read_bytes()
    with pytest.raises(SignerError) as raised:
        create_key(address, "p256", SECRET)
    assert raised.value.code == "key-exists"
    with pytest.raises(SignerError):
        import_key(address, pem(), SECRET)
    assert (tmp_path / "key.pem").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_a_relative_file_is_kept_as_the_place_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = create_key("file:key.pem", "p256", SECRET).signer
    assert made.uri == f"file:{tmp_path / 'key.pem'}"
    monkeypatch.chdir("/")
    assert open_signer(made.uri, passphrase=SECRET).sign(b"data")


def test_an_address_may_have_slashes_and_signs(tmp_path: Path) -> None:
    create_key(f"file://{tmp_path}/a%20key.pem", "p256", SECRET)
    assert (tmp_path / "a key.pem").exists()
    open_signer(f"file://localhost{tmp_path}/a%20key.pem", passphrase=SECRET)
    with pytest.raises(InputError, match="another machine"):
        open_signer(f"file://host{tmp_path}/a%20key.pem", passphrase=SECRET)
    with pytest.raises(InputError, match="names no file"):
        open_signer("file:", passphrase=SECRET)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    address = f"file:{tmp_path / 'none.pem'}"
    with pytest.raises(SignerError, match="no such file") as raised:
        open_signer(address, passphrase=SECRET)
    assert (raised.value.key, raised.value.code) == (address, "file-not-found")
    with pytest.raises(SignerError, match="the database holds no key") as raised:
        open_signer("store:", passphrase=SECRET)
    assert raised.value.code == "key-missing"


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", pem("p256"), b"\x30\x03\x02\x01\x01"]
)
def test_a_key_that_is_not_encrypted_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(data)
    with pytest.raises(InputError) as raised:
        open_signer(f"file:{tmp_path / 'key.pem'}", passphrase=SECRET)
    assert raised.value.code == "key-not-encrypted"


def test_a_damaged_key_is_refused_by_name() -> None:
    damaged = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED"
    with pytest.raises(InputError, match="the key 'store:'"):
        open_signer("store:", passphrase=SECRET, material=damaged)


def test_the_file_is_not_needed_while_running(tmp_path: Path) -> None:
    address = f"file:{tmp_path / 'key.pem'}"
    signer = create_key(address, "p256", SECRET).signer
    (tmp_path / "key.pem").unlink()
    check(signer.public_key_info, signer.sign(b"data"), b"data")
    signer.close()
    with pytest.raises(SignerError, match="was closed") as raised:
        signer.sign(b"data")
    assert raised.value.code == "signer-closed"


@pytest.mark.parametrize("old", [None, b"old secret"])
@pytest.mark.parametrize("kind", ["p256", "rsa2048", "ed25519"])
def test_a_key_is_adopted(tmp_path: Path, kind: str, old: bytes | None) -> None:
    expected = public_key_info(key_of_kind(kind).public_key())
    for address in ("store:", f"file:{tmp_path / 'key.pem'}"):
        made = import_key(address, pem(kind, old), SECRET, old_passphrase=old)
        assert made.signer.public_key_info == expected
        again = open_signer(made.signer.uri, passphrase=SECRET, material=made.material)
        check(expected, again.sign(b"data"), b"data")


def test_a_weak_key_is_not_adopted() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    weak = rsa.generate_private_key(65537, 1024).private_bytes(  # noqa: S505 -- on purpose
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(InputError, match="too short") as raised:
        import_key("store:", weak, SECRET)
    assert raised.value.code == "weak-key"
    with pytest.raises(PassphraseError, match="does not open"):
        import_key("store:", pem("p256", b"old"), SECRET, old_passphrase=b"other")


def test_keys_are_not_brought_into_tokens() -> None:
    with pytest.raises(InputError, match="there keys are made, not adopted"):
        import_key("pkcs11:object=root", pem(), SECRET)


@pytest.mark.parametrize("address", ["", "key.pem", "/key.pem", "vault:x", "hunter2"])
def test_other_addresses_are_refused_and_not_repeated(address: str) -> None:
    for work in (open_signer, lambda uri: create_key(uri, "p256", SECRET)):
        with pytest.raises(InputError, match="begins with none of store:, file:"):
            work(address)


def test_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="no kind of key is called 'p224'"):
        create_key("store:", "p224", SECRET)


@pytest.mark.skipif(os.name == "nt", reason="its permissions are not in the mode")
def test_a_key_is_private_whatever_the_umask(tmp_path: Path) -> None:
    os.umask(0)
    create_key(f"file:{tmp_path / 'key.pem'}", "p256", SECRET)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_threads_sign_at_the_same_time() -> None:
    signer = create_key("store:", "p256", SECRET).signer
    done: list[bool] = []

    def work(number: int) -> None:
        for turn in range(50):
            data = f"{number} {turn}".encode()
            check(signer.public_key_info, signer.sign(data), data)
        done.append(True)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
