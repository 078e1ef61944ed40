"""`tlsmith serve`, as ACME clients find it."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from interop.acme.name_server import NameServer
from interop.acme.servers import ACMEServer, Binding
from serving_ca import Replica, ServedCA


class TLSmith(ACMEServer):
    """A CA of its own, served by the real command."""

    knows = frozenset({"addresses", "ari", "profiles"})

    def __init__(self, folder: Path, names: NameServer) -> None:
        super().__init__(folder, names)
        self.ca = ServedCA(folder)
        self.ca.init()
        self.root.write_bytes((folder / "root.pem").read_bytes())
        self._replica: Replica | None = None

    @contextlib.contextmanager
    def serving(self, **settings: str) -> Iterator[None]:
        """Serve, with further settings of the group `acme`."""
        for name, value in settings.items():
            self.ca.environment[f"TLSMITH_SERVE_ACME__{name.upper()}"] = value
        options = (
            *("--acme-http-port", str(self.http_port)),
            *("--acme-tls-port", str(self.tls_port)),
            *("--acme-resolver", self.names.address, "--acme-allow", "127.0.0.0/8"),
        )
        with self.ca.served(*options) as replica:
            self._replica = replica
            self.directory = f"{replica.url}/acme/directory"
            yield

    def eab(self, *bounds: str) -> Binding:
        name = "a client of the tests"
        made = self.ca.works("eab", "create", name, *bounds, "--json").facts
        return Binding(made["id"], made["hmac_key"])

    def is_revoked(self, certificate: Path) -> bool:
        """Ask OCSP, and read the CRL: both must say the same."""
        answers = self._ocsp_says_revoked(certificate), self._is_on_crl(certificate)
        deadline = time.monotonic() + 10
        # A CRL is issued a moment after the revocation.
        while answers[0] and not answers[1] and time.monotonic() < deadline:
            time.sleep(0.1)
            answers = answers[0], self._is_on_crl(certificate)
        assert answers[0] == answers[1], "OCSP and the CRL disagree"
        return answers[0]

    def is_bound(self, binding: Binding) -> bool:
        lines = self.ca.works("eab", "list", "--json").out.splitlines()
        found = {facts["id"]: facts["status"] for facts in map(json.loads, lines)}
        return bool(found[binding.kid] == "used")

    def do(self, command: str) -> None:
        name, *words = shlex.split(command)
        assert name == "tlsmith"
        self.ca.works(*words)

    def revoke(self, certificate: Path) -> None:
        self.ca.works("cert", "revoke", str(certificate), "--reason", "superseded")

    @property
    def log(self) -> str:
        return "" if self._replica is None else self._replica.log()

    def _ocsp_says_revoked(self, certificate: Path) -> bool:
        parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        access = parsed.extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        )
        url = next(
            one.access_location.value
            for one in access.value
            if one.access_method == AuthorityInformationAccessOID.OCSP
        )
        chain = self.ca.path("chain.pem")
        done = subprocess.run(
            [
                *("openssl", "ocsp", "-issuer", chain, "-cert", certificate),
                *("-url", url, "-CAfile", self.root, "-no_nonce"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Response verify OK" in done.stderr
        status = done.stdout.partition(f"{certificate}: ")[2].split()[0]
        assert status in ("good", "revoked"), done.stdout
        return status == "revoked"

    def _is_on_crl(self, certificate: Path) -> bool:
        parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        points = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints)
        (point,) = points.value
        assert point.full_name is not None
        url = point.full_name[0].value
        fetched = subprocess.run(
            ["curl", "--silent", "--fail", url], capture_output=True, check=True
        )
        crl = x509.load_der_x509_crl(fetched.stdout)
        number = parsed.serial_number
        return crl.get_revoked_certificate_by_serial_number(number) is not None


@contextlib.contextmanager
def tlsmith_served(
    folder: Path, names: NameServer, **settings: str
) -> Iterator[TLSmith]:
    """Make a CA in a folder and serve it."""
    folder.mkdir(parents=True)
    server = TLSmith(folder, names)
    with server.serving(**settings):
        yield server
