"""A small real authority for the server's tests: a root, its certificates, its CRL.

The folder it lives in is how a test reaches it in another process: `root.pem` and
`key.pem` make it, a file called `broken` makes a check fail, `slow` makes it hang.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import ocsp
from cryptography.x509.oid import OCSPExtensionOID

from tlsmith.core.issuer import Issuer, random_serial_number, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import certificate_authority, end_entity
from tlsmith.core.subject import distinguished_name
from tlsmith.errors import InputError, TLSmithError
from tlsmith.server.ports import (
    CRLFigures,
    Document,
    Figures,
    Meter,
    OCSPAnswer,
    OwnCertificate,
)

COMMON_NAME = "2.5.4.3"
HOUR = timedelta(hours=1)
# What the CRL is padded with, for tests that want it large.
LARGE = 3_000_000


def make_root(folder: Path) -> None:
    """Make the root that an authority in this folder has."""
    key = generate_private_key()
    now = datetime.now(UTC).replace(microsecond=0)
    parameters = certificate_authority(
        distinguished_name((COMMON_NAME, "Small Root")), (now - HOUR, now + 999 * HOUR)
    )
    root = x509.load_der_x509_certificate(self_issue(parameters, key).der)
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(pem_of(key))


def pem_of(key: Any) -> bytes:
    """The PKCS #8 PEM of a key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class SmallAuthority:
    """An `AuthorityPort`."""

    def __init__(self, folder: Path, meter: Meter) -> None:
        self._folder = folder
        self._meter = meter
        self._root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
        self._key: Any = load_pem_private_key((folder / "key.pem").read_bytes(), None)
        self._cache: dict[bytes, OCSPAnswer] = {}
        self._documents = self._published()

    def answer_ocsp(self, request: bytes) -> OCSPAnswer:
        if request == b"signer lost":
            raise TLSmithError("the signer is gone")
        if request == b"mistake":
            raise RuntimeError("a mistake in the code, about a private_key")
        if request in self._cache:
            return self._cache[request]
        try:
            parsed = ocsp.load_der_ocsp_request(request)
        except ValueError as error:
            raise InputError("not an OCSP request") from error
        answer = self._signed(parsed)
        if answer.expires is not None:
            self._cache[request] = answer
        return answer

    def _signed(self, request: ocsp.OCSPRequest) -> OCSPAnswer:
        now = datetime.now(UTC).replace(microsecond=0)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.serial_number,
            request.hash_algorithm,
            ocsp.OCSPCertStatus.GOOD,
            now,
            now + HOUR,
            None,
            None,
        )
        nonces = [
            one for one in request.extensions if one.oid == OCSPExtensionOID.NONCE
        ]
        for nonce in nonces:
            builder = builder.add_extension(nonce.value, critical=False)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self._root)
        body = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)
        expires = None if nonces else int((now + HOUR).timestamp())
        etag = hashlib.sha256(body).hexdigest()
        return OCSPAnswer(body, "good", int(now.timestamp()), expires, etag)

    def document(self, path: str) -> Document | None:
        if path == "/ca/fails":
            raise OSError("the disk is gone")
        return self._documents.get(path)

    def own_certificate(
        self, names: Sequence[str], profile: str, seconds: int
    ) -> OwnCertificate:
        if self._is("broken"):
            raise TLSmithError("the store is gone")
        key = generate_private_key()
        now = datetime.now(UTC).replace(microsecond=0)
        validity = now, now + timedelta(seconds=seconds)
        issuer = Issuer(self._root.public_bytes(Encoding.DER), self._key)
        parameters = end_entity(parse_names(list(names)), "p256", validity)
        made = issuer.issue(parameters, key.public_key())
        self._meter.count("issued", profile)
        self._meter.measure("commit-rows", 1)
        leaf = x509.load_der_x509_certificate(made.der)
        return OwnCertificate(leaf.public_bytes(Encoding.PEM), pem_of(key), *validity)

    def client_roots(self) -> bytes:
        return self._root.public_bytes(Encoding.PEM)

    def checks(self) -> Mapping[str, str | None]:
        if self._is("slow"):
            time.sleep(60)
        wrong = "cannot open it" if self._is("broken") else None
        return {"store": wrong, "signer": None}

    def figures(self) -> Figures:
        now = datetime.now(UTC)
        return Figures((CRLFigures("small.crl", 7, now, now + HOUR),), 4096)

    def maintain(self) -> float:
        if self._is("untidy"):
            raise RuntimeError("nothing can be done")
        return 0.1

    def close(self) -> None:
        (self._folder / "closed").touch()

    def _is(self, name: str) -> bool:
        return (self._folder / name).exists()

    def _published(self) -> dict[str, Document]:
        now = datetime.now(UTC).replace(microsecond=0)
        builder = x509.CertificateRevocationListBuilder(
            self._root.subject, now, now + HOUR
        )
        crl = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)
        root = self._root.public_bytes(Encoding.DER)
        moment, later = int(now.timestamp()), int((now + HOUR).timestamp())
        kinds = {
            "/crl/small.crl": (crl, "application/pkix-crl", later),
            "/crl/large.crl": (bytes(LARGE), "application/pkix-crl", later),
            "/ca/small.crt": (root, "application/pkix-cert", None),
        }
        return {
            path: Document(body, kind, moment, until, hashlib.sha256(body).hexdigest())
            for path, (body, kind, until) in kinds.items()
        }


def certificate_for_client(folder: Path) -> tuple[bytes, bytes]:
    """A client's certificate and key, PEM."""
    key = generate_private_key()
    root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    signer: Any = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    now = datetime.now(UTC).replace(microsecond=0)
    made = Issuer(root.public_bytes(Encoding.DER), signer).issue(
        end_entity(
            parse_names(["client.test"]), "p256", (now, now + HOUR), client=True
        ),
        key.public_key(),
    )
    leaf = x509.load_der_x509_certificate(made.der)
    return leaf.public_bytes(Encoding.PEM), pem_of(key)


def request_for(folder: Path, *, nonce: bytes | None = None) -> bytes:
    """A DER OCSPRequest for a certificate of this root."""
    root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        bytes(32), bytes(32), random_serial_number(), hashes.SHA256()
    )
    assert root.subject
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)
