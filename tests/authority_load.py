"""Load on a served CA: what every client was told, to be held against the store."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from random import Random
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

_RANDOM = Random()  # noqa: S311 -- when to do what, not what nobody may guess


class Told(NamedTuple):
    """What clients were told, all of them together."""

    issued: dict[str, str]
    revoked: set[str]
    crl_numbers: list[int]
    problems: list[tuple[int, dict[str, Any]]]
    disconnected: list[float]


class Load:
    """Clients that issue, revoke and read CRLs until they are told to stop.

    Args:
        url: (host, port) pairs of the HTTPS side; a client goes to the next where one
            does not answer.
        crl: (port, path) of a CRL to read meanwhile.
    """

    def __init__(
        self,
        ports: list[int],
        root_file: str,
        token: str,
        crl: tuple[int, str] | None = None,
        clients: int = 6,
    ) -> None:
        self.told = Told({}, set(), [], [], [])
        self._ports = ports
        self._context = ssl.create_default_context(cafile=root_file)
        self._token = token
        self._crl = crl
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        key = ec.generate_private_key(ec.SECP256R1())
        self._requests = [request_for(f"host-{n}.test", key) for n in range(64)]
        works = [self._issue] * clients + ([self._read_crls] if crl else [])
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _issue(self) -> None:
        client = Client(self._ports, self._context, self._token, self._disconnected)
        while not self._stopping.is_set():
            body = {"csr": _RANDOM.choice(self._requests)}
            answer = client.post("/api/v1/certificates", body, self._stopping)
            if answer is None:
                continue
            status, facts = answer
            if status != 201:
                self.told.problems.append((status, facts))
                time.sleep(0.05)
                continue
            serial = facts["serial_number"]
            with self._lock:
                assert serial not in self.told.issued, "a serial number twice"
                self.told.issued[serial] = facts["chain"]
            if _RANDOM.random() < 0.2:
                self._revoke(client, serial)
        client.close()

    def _revoke(self, client: Client, serial: str) -> None:
        path = f"/api/v1/certificates/{serial}/revoke"
        answer = client.post(path, {"reason": "superseded"}, self._stopping)
        if answer is not None and answer[0] == 200:
            with self._lock:
                self.told.revoked.add(serial)

    def _read_crls(self) -> None:
        assert self._crl is not None
        port, path = self._crl
        while not self._stopping.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200:
                    self.told.crl_numbers.append(crl_number(body))
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.03)

    def _disconnected(self) -> None:
        self.told.disconnected.append(time.monotonic())


class Client:
    """One connection, made anew where it breaks, to the next port."""

    def __init__(
        self, ports: list[int], context: ssl.SSLContext, token: str, broken: Any
    ) -> None:
        self._ports = ports
        self._at = _RANDOM.randrange(len(ports))
        self._context = context
        self._token = token
        self._broken = broken
        self._connection: http.client.HTTPSConnection | None = None

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def post(
        self, path: str, body: dict[str, Any], stopping: threading.Event
    ) -> tuple[int, dict[str, Any]] | None:
        """Post once; None where the connection broke, so that nothing is known."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(
                    "localhost",
                    self._ports[self._at],
                    timeout=30,
                    context=self._context,
                )
            fields = {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            }
            self._connection.request("POST", path, json.dumps(body), fields)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            self._at = (self._at + 1) % len(self._ports)
            self._broken()
            stopping.wait(0.02)
            return None


def request_for(name: str, key: ec.EllipticCurvePrivateKey) -> str:
    """Return a CSR, PEM."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    request = builder.add_extension(names, False).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def crl_number(der: bytes) -> int:
    """Return the number of a CRL."""
    crl = x509.load_der_x509_crl(der)
    found = crl.extensions.get_extension_for_class(x509.CRLNumber)
    return found.value.crl_number
