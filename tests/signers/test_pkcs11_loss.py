"""A token that goes away while it is used, and comes back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signers.tokens import MODULE, PIN, Tokens, check, uri
from tlsmith.errors import PassphraseError, SignerError
from tlsmith.signers import Signer, create_key, open_signer

pytestmark = pytest.mark.interop

CLIENTS = (
    f"/usr/lib/{os.uname().machine}-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib64/pkcs11/p11-kit-client.so",
)
CLIENT = next((path for path in CLIENTS if os.path.exists(path)), "")
SERVERS = ("/usr/libexec/p11-kit/p11-kit-server", "/usr/lib/p11-kit/p11-kit-server")
SERVER = next((path for path in SERVERS if os.path.exists(path)), "")


def signs(signer: Signer) -> None:
    check(signer.public_key_info, signer.sign(b"data"), b"data")


def test_a_token_taken_away_comes_back(tokens: Tokens) -> None:
    signer = create_key(uri(), "p256", PIN).signer
    for _ in range(2):
        signs(signer)
        tokens.take_away()
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(SignerError) as raised:
                signer.sign(b"data")
            assert time.monotonic() - start < 2
            assert raised.value.key == uri()
        tokens.bring_back()
        signs(signer)
    signer.close()


def test_another_token_goes_on_meanwhile(tokens: Tokens) -> None:
    lost = create_key(uri(), "p256", PIN).signer
    away = tokens.take_away()
    tokens.add("other", b"97531-moat")
    signer = create_key(uri(label="other"), "p256", b"97531-moat").signer
    for _ in range(3):
        with pytest.raises(SignerError):
            lost.sign(b"data")
        signs(signer)
    assert away.is_dir()
    tokens.bring_back()
    signs(lost)
    signs(signer)
    lost.close()
    signer.close()


def test_a_deleted_key_is_missing_and_another_in_its_place_is_not_used(
    tokens: Tokens,
) -> None:
    signer = create_key(uri(), "p256", PIN).signer
    for kind in ("privkey", "pubkey"):
        tokens.tool("--delete-object", "--type", kind, "--label", "root")
    with pytest.raises(SignerError) as raised:
        signer.sign(b"data")
    assert raised.value.code == "key-missing"
    other = create_key(uri(), "p256", PIN).signer
    for _ in range(2):
        with pytest.raises(SignerError) as raised:
            signer.sign(b"data")
        assert raised.value.code == "key-changed"
    signs(other)
    other.close()
    signer.close()


def test_a_pin_changed_meanwhile_is_not_tried_twice(
    tokens: Tokens, tmp_path: Path
) -> None:
    file = tmp_path / "pin"
    file.write_bytes(PIN)
    signer = create_key(uri(more=f"&pin-source={file}"), "p256").signer
    tokens.take_away()
    with pytest.raises(SignerError):
        signer.sign(b"data")
    tokens.bring_back()
    tokens.tool("--change-pin", "--new-pin", "8642-drawbridge")
    for code in ("bad-passphrase", "pin-refused", "pin-refused"):
        with pytest.raises(SignerError) as raised:
            signer.sign(b"data")
        assert raised.value.code == code
        assert PIN.decode() not in str(raised.value.message)
    file.unlink()
    with pytest.raises(SignerError, match="no such file"):
        signer.sign(b"data")
    file.write_text("8642-drawbridge")
    signs(signer)
    signer.close()


def test_the_module_is_gone_and_back(tokens: Tokens, tmp_path: Path) -> None:
    module = tmp_path / "module.so"
    module.write_bytes(Path(MODULE).read_bytes())
    address = f"pkcs11:token=ca;object=root?module-path={module}"
    signer = create_key(address, "p256", PIN).signer
    tokens.take_away()
    module.rename(tmp_path / "away.so")
    with pytest.raises(SignerError) as raised:
        signer.sign(b"data")
    assert raised.value.code == "module-missing"
    (tmp_path / "away.so").rename(module)
    tokens.bring_back()
    signs(signer)
    signer.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the service listens: its client asks for that once in a process."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("served") / "socket"
        patch.setenv("P11_KIT_SERVER_ADDRESS", f"unix:path={path}")
        yield path


@contextlib.contextmanager
def served(tokens: Tokens, socket: Path) -> Iterator[subprocess.Popen[bytes]]:
    """SoftHSM behind a process of its own, as a token in the network is."""
    with subprocess.Popen(
        [SERVER, "--foreground", "-n", str(socket), "--provider", MODULE, "pkcs11:"],
        env=tokens.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        for _ in range(100):
            if socket.exists():
                break
            time.sleep(0.02)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            socket.unlink(missing_ok=True)


needs_server = pytest.mark.skipif(
    not CLIENT or not SERVER, reason="p11-kit's server or client is not here"
)


@needs_server
def test_a_token_that_hangs_holds_nobody_up(tokens: Tokens, place: Path) -> None:
    create_key(uri(), "p256", PIN).signer.close()
    address = uri().replace(MODULE, CLIENT)
    with served(tokens, place) as process:
        signer = open_signer(address, passphrase=PIN, deadline=1)
        signs(signer)
        os.killpg(process.pid, signal.SIGSTOP)
        waits: list[float] = []

        def ask() -> None:
            start = time.monotonic()
            with pytest.raises(SignerError) as raised:
                signer.sign(b"data")
            assert raised.value.code == "signer-timeout"
            waits.append(time.monotonic() - start)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ask()
        assert len(waits) == 5
        assert max(waits) < 3
        # Once it is known to hang, nobody waits at all.
        assert waits[-1] < 0.8
        os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.5)
        signs(signer)
        os.killpg(process.pid, signal.SIGSTOP)
        start = time.monotonic()
        signer.close()
        assert time.monotonic() - start < 5
        os.killpg(process.pid, signal.SIGCONT)
        # It has left meanwhile, and who comes next is asked for the PIN.
        with pytest.raises(PassphraseError, match="the PIN does not open"):
            open_signer(address, passphrase=b"1357-other")


@needs_server
def test_a_service_killed_and_started_again(tokens: Tokens, place: Path) -> None:
    create_key(uri(), "p256", PIN).signer.close()
    address = uri().replace(MODULE, CLIENT)
    with served(tokens, place):
        signer = open_signer(address, passphrase=PIN, deadline=2)
        signs(signer)
    for _ in range(2):
        with pytest.raises(SignerError):
            signer.sign(b"data")
    with served(tokens, place):
        signs(signer)
        signer.close()
