"""Keys in real tokens: made, found, used; and what is said where they are not."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path

import pytest

from signers.tokens import MODULE, PIN, Tokens, check, uri
from tlsmith.errors import FileError, InputError, PassphraseError, SignerError
from tlsmith.signers import create_key, open_signer

pytestmark = pytest.mark.interop

KINDS = ("p256", "p384", "p521", "ed25519", "rsa2048", "rsa3072")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_made_in_a_token_signs(tokens: Tokens, kind: str) -> None:
    made = create_key(uri(), kind, PIN)
    assert made.material is None
    made.signer.close()
    signer = open_signer(made.signer.uri, passphrase=PIN)
    assert signer.public_key_info == made.signer.public_key_info
    for data in (b"", b"a certificate", b"a long list" * 100_000):
        check(signer.public_key_info, signer.sign(data), data)
    signer.close()


def test_rsa_4096_is_made_as_well(tokens: Tokens) -> None:
    signer = create_key(uri(), "rsa4096", PIN, deadline=1).signer
    check(signer.public_key_info, signer.sign(b"data"), b"data")
    signer.close()


def test_the_key_cannot_be_read_out(tokens: Tokens) -> None:
    create_key(uri(), "p256", PIN).signer.close()
    said = tokens.tool("-O", "--type", "privkey")
    assert "root" in said
    assert "never extractable" in said
    assert "sensitive" in said
    assert re.search(r"Usage: +sign\n", said), said


def test_a_key_that_other_tools_made_signs(tokens: Tokens) -> None:
    tokens.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "root",
                "--id", "a1b2", "--usage-sign")  # fmt: skip
    tokens.tool("--keypairgen", "--key-type", "RSA:2048", "--label", "other",
                "--id", "a1b3", "--usage-sign")  # fmt: skip
    for name in ("object=root", "id=%a1%b2", "object=other", "id=%A1%B3"):
        signer = open_signer(f"pkcs11:{name}?module-path={MODULE}", passphrase=PIN)
        check(signer.public_key_info, signer.sign(b"data"), b"data")
        signer.close()


def test_a_key_that_wants_the_pin_each_time_signs(tokens: Tokens) -> None:
    tokens.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "root",
                "--id", "01", "--usage-sign", "--always-auth")  # fmt: skip
    signer = open_signer(uri(), passphrase=PIN)
    for _ in range(3):
        check(signer.public_key_info, signer.sign(b"data"), b"data")
    signer.close()


def test_the_public_half_of_an_rsa_key_is_in_the_private_one(tokens: Tokens) -> None:
    signer = create_key(uri(), "rsa2048", PIN).signer
    signer.close()
    tokens.tool("--delete-object", "--type", "pubkey", "--label", "root")
    again = open_signer(uri(), passphrase=PIN)
    assert again.public_key_info == signer.public_key_info
    again.close()


def test_a_public_half_that_is_not_there_is_named(tokens: Tokens) -> None:
    create_key(uri(), "p256", PIN).signer.close()
    tokens.tool("--delete-object", "--type", "pubkey", "--label", "root")
    with pytest.raises(SignerError, match="no public key beside") as raised:
        open_signer(uri(), passphrase=PIN)
    assert raised.value.code == "public-key-missing"


def test_the_pin_comes_from_a_file(tokens: Tokens, tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_bytes(PIN + b"\r\n")
    address = uri(more=f"&pin-source=file:{file}")
    signer = create_key(address, "p256").signer
    check(signer.public_key_info, signer.sign(b"data"), b"data")
    signer.close()
    file.write_text("\n")
    with pytest.raises(PassphraseError, match="is empty"):
        open_signer(address)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(PassphraseError, match="not text"):
        open_signer(address)
    file.unlink()
    with pytest.raises(FileError, match="no such file"):
        open_signer(address)


def test_a_wrong_pin_is_a_wrong_passphrase(tokens: Tokens) -> None:
    address = uri()
    create_key(address, "p256", PIN).signer.close()
    with pytest.raises(PassphraseError) as raised:
        open_signer(address, passphrase=b"1357-other")
    assert address in raised.value.message
    assert "1357" not in str(raised.value.message) + str(raised.value.hint)


def test_a_wrong_pin_is_wrong_where_another_key_is_open(tokens: Tokens) -> None:
    signer = create_key(uri(), "p256", PIN).signer
    with pytest.raises(PassphraseError, match="the PIN does not open"):
        open_signer(uri(), passphrase=b"1357-other")
    check(signer.public_key_info, signer.sign(b"data"), b"data")
    signer.close()


def test_a_missing_pin_is_asked_for(tokens: Tokens) -> None:
    with pytest.raises(PassphraseError) as raised:
        open_signer(uri())
    assert raised.value.code == "passphrase-needed"


def test_two_keys_share_a_token_and_one_leaves(tokens: Tokens) -> None:
    first, second = (create_key(uri(name), "p256", PIN).signer for name in "ab")
    assert first.public_key_info != second.public_key_info
    first.close()
    first.close()
    check(second.public_key_info, second.sign(b"data"), b"data")
    with pytest.raises(SignerError, match="was closed"):
        first.sign(b"data")
    second.close()


def test_keys_of_two_tokens_are_used_in_turns(tokens: Tokens) -> None:
    tokens.add("other", b"97531-moat")
    signers = [
        create_key(uri(), "p256", PIN).signer,
        create_key(uri(label="other"), "p384", b"97531-moat").signer,
    ]
    for signer in signers * 3:
        check(signer.public_key_info, signer.sign(b"data"), b"data")
    for signer in signers:
        signer.close()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (uri(label="none"), "token-missing"),
        (uri("none"), "key-missing"),
        (f"pkcs11:slot-id=99;object=root?module-path={MODULE}", "token-missing"),
        (f"pkcs11:serial=0;object=root?module-path={MODULE}", "token-missing"),
        ("pkcs11:object=root?module-path=/nowhere/module.so", "module-missing"),
        ("pkcs11:object=root?module-path=/etc/passwd", "module-failed"),
    ],
)
def test_what_is_missing_is_named(tokens: Tokens, address: str, code: str) -> None:
    with pytest.raises(SignerError) as raised:
        open_signer(address, passphrase=PIN)
    assert (raised.value.code, raised.value.key) == (code, address)
    assert raised.value.hint


def test_what_fits_twice_is_refused(tokens: Tokens) -> None:
    for number in ("01", "02"):
        tokens.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "root",
                    "--id", number, "--usage-sign")  # fmt: skip
    with pytest.raises(SignerError, match="more than one key fits"):
        open_signer(uri(), passphrase=PIN)
    address = f"pkcs11:token=ca;object=root;id=%02?module-path={MODULE}"
    open_signer(address, passphrase=PIN).close()
    tokens.add("ca")
    with pytest.raises(SignerError, match="more than one token fits"):
        open_signer(address, passphrase=PIN)


def test_a_key_that_may_not_sign_is_refused(tokens: Tokens) -> None:
    code = f"""
from pkcs11 import *
from pkcs11.util.ec import encode_named_curve_parameters
token = lib({MODULE!r}).get_token(token_label="ca")
session = token.open(True, {PIN.decode()!r})
curve = {{Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}}
domain = session.create_domain_parameters(KeyType.EC, curve, local=True)
usage = MechanismFlag.DERIVE
domain.generate_keypair(label="root", store=True, capabilities=usage)
"""
    tokens.run(sys.executable, "-c", code)
    with pytest.raises(SignerError) as raised:
        open_signer(uri(), passphrase=PIN)
    assert raised.value.code == "key-cannot-sign"


def test_a_token_that_refuses_is_quoted(tokens: Tokens) -> None:
    tokens.tool("--keypairgen", "--key-type", "RSA:2048", "--label", "root",
                "--id", "01", "--usage-sign",
                "--allowed-mechanisms", "RSA-PKCS-PSS")  # fmt: skip
    signer = open_signer(uri(), passphrase=PIN)
    with pytest.raises(SignerError, match="refused: mechanism invalid") as raised:
        signer.sign(b"data")
    assert raised.value.key == uri()
    signer.close()


def test_a_key_is_never_replaced(tokens: Tokens) -> None:
    made = create_key(uri(), "p256", PIN).signer
    with pytest.raises(SignerError) as raised:
        create_key(uri(), "p256", PIN)
    assert raised.value.code == "key-exists"
    assert made.sign(b"data")
    made.close()


@pytest.mark.parametrize("kind", ["ml-dsa-65", "p224", ""])
def test_a_token_makes_no_other_kinds(tokens: Tokens, kind: str) -> None:
    with pytest.raises(InputError, match="a token makes no key of kind"):
        create_key(uri(), kind, PIN)


def test_a_key_of_another_curve_is_refused(tokens: Tokens) -> None:
    tokens.tool("--keypairgen", "--key-type", "EC:secp256k1", "--label", "root",
                "--id", "01", "--usage-sign")  # fmt: skip
    with pytest.raises(InputError) as raised:
        open_signer(uri(), passphrase=PIN)
    assert raised.value.code == "unsupported-key"


def test_threads_sign_at_the_same_time(tokens: Tokens) -> None:
    signers = [create_key(uri(name), "p256", PIN).signer for name in "ab"]
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(100):
                data = f"{number} {turn}".encode()
                signer = signers[turn % 2]
                check(signer.public_key_info, signer.sign(data), data)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for signer in signers:
        signer.close()


# Python warns of locks that a fork copies held: that is what is tried here.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_opens_the_token_anew(tokens: Tokens) -> None:
    signer = create_key(uri(), "p256", PIN).signer
    stop = threading.Event()

    def sign_on() -> None:
        while not stop.is_set():
            signer.sign(b"all the while")

    threads = [threading.Thread(target=sign_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    for turn in range(20):
                        data = b"%d" % turn
                        check(signer.public_key_info, signer.sign(data), data)
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            check(signer.public_key_info, signer.sign(b"parent"), b"parent")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    signer.close()
