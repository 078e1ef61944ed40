"""A folder with a CA, and commands run in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography import x509

from running import Done, tlsmith_here


class Shell:
    """A folder with a CA, and commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ca.pass").write_text("correct horse\n")
        (folder / "ca.pass").chmod(0o600)

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, *words: str, typed: bytes = b"") -> Done:
        return tlsmith_here(*words, typed=typed)

    def works(self, *words: str, typed: bytes = b"") -> Done:
        done = self.run(*words, typed=typed)
        assert done.code == 0, done.err
        return done

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.path(name).read_bytes())

    def openssl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["openssl", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
