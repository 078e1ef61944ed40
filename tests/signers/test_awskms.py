"""Keys in AWS KMS: a real client, and an emulator that really signs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import boto3
import pytest

from signers.emulator import Emulator, Gate
from signers.tokens import check
from tlsmith.errors import InputError, SignerError
from tlsmith.signers import Signer, create_key, import_key, open_signer
from tlsmith.signers.awskms import parse_awskms_uri

KINDS = ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096")


@pytest.fixture
def gate(kms: Emulator) -> Iterator[Gate]:
    made = Gate(kms.port)
    yield made
    made.shut()


def signs(signer: Signer) -> None:
    check(signer.public_key_info, signer.sign(b"data"), b"data")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_made_there_signs(kms: Emulator, kind: str) -> None:
    made = create_key(kms.uri(), kind)
    assert made.material is None
    assert made.signer.uri.startswith("awskms:///")
    assert made.signer.uri != kms.uri()
    signer = open_signer(made.signer.uri)
    assert signer.uri == made.signer.uri
    assert signer.public_key_info == made.signer.public_key_info
    # The longest is more than KMS takes: its digest is what is sent.
    for data in (b"", b"a certificate", b"a long list" * 100_000):
        check(signer.public_key_info, signer.sign(data), data)
    made.signer.close()
    signer.close()


def test_an_alias_given_to_another_key_changes_nothing(kms: Emulator) -> None:
    first, second = (create_key(kms.uri(), "p256").signer for _ in range(2))
    client = boto3.session.Session().client(
        "kms", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{kms.port}"
    )
    name = f"alias/root-{os.getpid()}"
    ids = [parse_awskms_uri(signer.uri).key for signer in (first, second)]
    client.create_alias(AliasName=name, TargetKeyId=ids[0])
    signer = open_signer(kms.uri(name))
    client.update_alias(AliasName=name, TargetKeyId=ids[1])
    signs(signer)
    assert open_signer(kms.uri(name)).public_key_info == second.public_key_info
    client.close()


def test_a_key_that_is_not_there_is_named(kms: Emulator) -> None:
    address = kms.uri("11111111-2222-3333-4444-555555555555")
    with pytest.raises(SignerError, match="NotFoundException") as raised:
        open_signer(address)
    assert raised.value.key == address


def test_a_service_away_comes_back(kms: Emulator, gate: Gate) -> None:
    key = parse_awskms_uri(create_key(kms.uri(), "p256").signer.uri).key
    signer = open_signer(kms.uri(key, port=gate.port), deadline=4)
    for _ in range(2):
        signs(signer)
        gate.shut()
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(SignerError) as raised:
                signer.sign(b"data")
            assert time.monotonic() - start < 4
            assert raised.value.code == "kms-unreachable"
            assert raised.value.key == signer.uri
        gate.open()
        signs(signer)
    signer.close()
    with pytest.raises(SignerError, match="was closed"):
        signer.sign(b"data")


def test_a_service_that_hangs_holds_nobody_up(kms: Emulator, gate: Gate) -> None:
    key = parse_awskms_uri(create_key(kms.uri(), "p256").signer.uri).key
    signer = open_signer(kms.uri(key, port=gate.port), deadline=2)
    gate.stick()
    start = time.monotonic()
    with pytest.raises(SignerError) as raised:
        signer.sign(b"data")
    assert time.monotonic() - start < 3.5
    assert raised.value.code == "kms-unreachable"
    gate.shut()
    gate.open()
    signs(signer)
    signer.close()


def test_the_service_is_away_from_the_start(kms: Emulator, gate: Gate) -> None:
    gate.shut()
    with pytest.raises(SignerError, match="AWS KMS cannot be used"):
        create_key(kms.uri(port=gate.port), "p256", deadline=1)
    with pytest.raises(SignerError, match="AWS KMS cannot be used"):
        open_signer(kms.uri("some-key", port=gate.port), deadline=1)
    gate.open()


def test_without_credentials_it_says_so(
    kms: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SignerError, match="NoCredentialsError") as raised:
        open_signer(kms.uri("some-key"))
    assert raised.value.hint
    with pytest.raises(SignerError, match="NoRegionError"):
        open_signer("awskms:///some-key")


# Python warns of locks that a fork copies held: that is what is tried here.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_threads_and_forked_processes_sign_at_the_same_time(kms: Emulator) -> None:
    signer = create_key(kms.uri(), "p256").signer
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                data = f"{number} {turn}".encode()
                check(signer.public_key_info, signer.sign(data), data)
        except BaseException as error:
            errors.append(error)

    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            work(0)
            os._exit(len(errors))
    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    if hasattr(os, "fork"):
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    signer.close()


@pytest.mark.parametrize("kind", ["ed25519", "ml-dsa-44", "rsa1024"])
def test_it_makes_no_other_kinds(kms: Emulator, kind: str) -> None:
    with pytest.raises(InputError, match="AWS KMS makes no key of kind"):
        create_key(kms.uri(), kind)


def test_it_names_keys_itself_and_adopts_none(kms: Emulator) -> None:
    with pytest.raises(InputError, match="names its keys itself"):
        create_key(kms.uri("mine"), "p256")
    with pytest.raises(InputError, match="names no key"):
        open_signer(kms.uri())
    with pytest.raises(InputError) as raised:
        import_key(kms.uri(), b"", b"passphrase")
    assert raised.value.code == "import-unsupported"


@pytest.mark.parametrize(
    ("uri", "key", "region", "endpoint"),
    [
        ("awskms:///1234-abcd", "1234-abcd", None, None),
        ("awskms:///alias/root?region=eu-west-1", "alias/root", "eu-west-1", None),
        ("awskms:///alias/a%20b", "alias/a b", None, None),
        (
            "awskms:///arn:aws:kms:eu-west-1:1:key/12?endpoint=https://vpce.example",
            "arn:aws:kms:eu-west-1:1:key/12",
            None,
            "https://vpce.example",
        ),
    ],
)
def test_an_address_is_read_and_written(
    uri: str, key: str, region: str | None, endpoint: str | None
) -> None:
    address = parse_awskms_uri(uri)
    assert address == (key, region, endpoint)
    assert parse_awskms_uri(address.uri) == address


@pytest.mark.parametrize(
    "uri",
    [
        "awskms://AKIASECRET@host/key",
        "awskms:///key?secret_access_key=SECRET",
        "awskms://[SECRET",
        "awskms:SECRET",
        "awskms:///key#SECRET",
        "awskms:///key?endpoint=http://kms.example/SECRET",
        "awskms:///key?endpoint=https://user:SECRET@kms.example",
        "awskms:///key?endpoint=https://[SECRET",
        "awskms:///key?endpoint=kms.example/SECRET",
    ],
)
def test_an_address_with_credentials_or_in_the_clear_is_refused(uri: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_awskms_uri(uri)
    assert raised.value.code == "bad-uri"
    assert "SECRET" not in raised.value.message
