"""A certificate that a client obtained, judged with OpenSSL."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from interop.acme.servers import ACMEServer


class Obtained(NamedTuple):
    """The files that a client has: its certificate, those behind it, its key."""

    certificate: Path
    chain: Path
    key: Path

    @property
    def serial_number(self) -> int:
        return self._parsed.serial_number

    @property
    def names(self) -> set[str]:
        """DNS names and addresses, as they stand in subjectAltName."""
        extension = self._parsed.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        return {str(name.value) for name in extension.value}

    @property
    def _parsed(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())

    def is_right(self, server: ACMEServer, *names: str) -> None:
        """Check that it leads to the root, has the names, and fits its key."""
        assert self.names == set(names)
        for name in names:
            self._verifies(server, name)
        assert _public(self.certificate, "x509") == _public(self.key, "pkey")

    def _verifies(self, server: ACMEServer, name: str) -> None:
        kind = (
            "-verify_ip" if re.fullmatch(r"[0-9.]+|.*:.*", name) else "-verify_hostname"
        )
        asked = name.replace("*", "any", 1)
        files = "-CAfile", server.root, "-untrusted", self.chain
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
        done = subprocess.run(
            [*command, *files, kind, asked, self.certificate],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _public(file: Path, command: str) -> str:
    """Return the public key of a certificate or a private key, as OpenSSL prints it."""
    asked = ["-pubkey", "-noout"] if command == "x509" else ["-pubout"]
    done = subprocess.run(
        ["openssl", command, "-in", file, *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
