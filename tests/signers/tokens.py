"""Real PKCS#11 tokens, of SoftHSM 2, in folders of the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
MODULE = next((path for path in MODULES if os.path.exists(path)), "")
PIN = b"2468-tower"


class Tokens(NamedTuple):
    """A folder of tokens, and the environment that leads SoftHSM to it."""

    folder: Path
    environment: dict[str, str]

    def add(self, label: str = "ca", pin: bytes = PIN) -> None:
        self.run(
            "softhsm2-util", "--init-token", "--free", "--label", label,
            "--pin", pin.decode(), "--so-pin", "security-officer",
        )  # fmt: skip

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tool(self, *options: str, pin: bytes = PIN) -> str:
        return self.run(
            "pkcs11-tool",
            "--module",
            MODULE,
            "--login",
            "--pin",
            pin.decode(),
            *options,
        )

    def take_away(self) -> Path:
        """Move every token out of SoftHSM's sight."""
        away = self.folder.with_name("away")
        away.mkdir()
        for token in self.folder.iterdir():
            token.rename(away / token.name)
        return away

    def bring_back(self) -> None:
        away = self.folder.with_name("away")
        for token in away.iterdir():
            shutil.move(str(token), self.folder / token.name)
        away.rmdir()


def uri(name: str = "root", *, label: str = "ca", more: str = "") -> str:
    return f"pkcs11:token={label};object={name};type=private?module-path={MODULE}{more}"


def check(public_key_info: bytes, signature: bytes, data: bytes) -> None:
    """Have the library judge a signature."""
    key: PublicKeyTypes = load_der_public_key(public_key_info)
    if isinstance(key, ec.EllipticCurvePublicKey):
        sizes = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
        key.verify(signature, data, ec.ECDSA(sizes[key.key_size]))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg]
