"""AWS KMS, emulated by moto in a process of its own.

moto signs the hash of what it is sent, also where the request says that it was sent a
digest (MessageType=DIGEST); what runs in that process is taught the difference, as
AWS documents it.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import NamedTuple


class Emulator(NamedTuple):
    """Where it listens, on this machine."""

    port: int

    def uri(self, key: str = "", *, port: int | None = None) -> str:
        endpoint = f"http://127.0.0.1:{port or self.port}"
        return f"awskms:///{key}?region=eu-central-1&endpoint={endpoint}"


@contextlib.contextmanager
def started() -> Iterator[Emulator]:
    """Have an emulator run meanwhile."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    with subprocess.Popen(
        [sys.executable, __file__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield Emulator(int(process.stdout.readline()))
        process.stdin.close()  # it ends then


class Gate:
    """A way to a server that can be shut, or stop to move, while both sides run."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener: socket.socket | None = None
        self._stuck = threading.Event()
        self._open: list[socket.socket] = []
        self.port = 0
        self.open()

    def open(self) -> None:
        """Let connections through, at the same port as before."""
        self._stuck.clear()
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse connections, and cut those there are."""
        assert self._listener is not None
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def stick(self) -> None:
        """Take what comes, and pass on nothing."""
        self._stuck.set()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                threading.Thread(
                    target=self._pass, args=(near, far), daemon=True
                ).start()

    def _pass(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, contextlib.suppress(OSError, ValueError):
            while True:
                ready, _, _ = select.select([near, far], [], [])
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if not self._stuck.is_set():
                        (far if source is near else near).sendall(data)


def _main() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from moto.kms.responses import KmsResponse
    from moto.kms.utils import ECDSAPrivateKey, RSAPrivateKey
    from moto.server import ThreadedMotoServer

    request = threading.local()
    answer, ecdsa, pkcs1 = (
        KmsResponse.sign,
        ECDSAPrivateKey.sign,
        RSAPrivateKey.sign,
    )

    def sign(self: KmsResponse) -> str:
        request.is_digest = self._get_param("MessageType") == "DIGEST"
        return answer(self)

    def hash_of(algorithm: str) -> Prehashed:
        kind: hashes.HashAlgorithm = getattr(hashes, f"SHA{algorithm[-3:]}")()
        return Prehashed(kind)

    def sign_ecdsa(self: ECDSAPrivateKey, message: bytes, algorithm: str) -> bytes:
        if not request.is_digest:
            return ecdsa(self, message, algorithm)
        key: ec.EllipticCurvePrivateKey = self.private_key
        return key.sign(message, ec.ECDSA(hash_of(algorithm)))

    def sign_pkcs1(self: RSAPrivateKey, message: bytes, algorithm: str) -> bytes:
        if not request.is_digest:
            return pkcs1(self, message, algorithm)
        key: rsa.RSAPrivateKey = self.private_key
        return key.sign(message, padding.PKCS1v15(), hash_of(algorithm))

    KmsResponse.sign = sign
    ECDSAPrivateKey.sign = sign_ecdsa
    RSAPrivateKey.sign = sign_pkcs1
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    _main()
