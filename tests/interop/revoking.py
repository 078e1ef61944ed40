"""A CA that revokes: certificates of every fate, its CRLs, and its OCSP responder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from strategies import key_of_kind
from tlsmith.core.crl import CRLParameters, RevokedEntry, encode_entry, sign_crl
from tlsmith.core.extension_values import (
    authority_information_access,
    crl_distribution_points,
)
from tlsmith.core.formats import encode_chain, encode_pem
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.ocsp import (
    CertStatus,
    OCSPResponder,
    SingleResponse,
    parse_ocsp_request,
    responder_parameters,
)
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, end_entity
from tlsmith.core.subject import distinguished_name

URL = "http://ca.test/crl"
# Serial numbers, of several lengths, and what each means. The complete CRL is that of
# yesterday, the delta that of today.
GOOD, REVOKED, HELD, RELEASED, RECENT = 2**150 + 1, 200, 2**64, 2**100 + 7, 2**157
SERIALS = (GOOD, REVOKED, HELD, RELEASED, RECENT)
# Of certificates whose status is in shard 1, good and revoked.
SHARD_GOOD, SHARD_REVOKED = 5, 6
_REASONS = {
    REVOKED: "keyCompromise",
    HELD: "certificateHold",
    RELEASED: "certificateHold",
    SHARD_REVOKED: "superseded",
    RECENT: "cessationOfOperation",
}
_INTERMEDIATE = 77


class Revoking:
    """A root, an intermediate and their revocations, with keys of one kind.

    Args:
        folder: for the files, which are made when they are asked for.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.now = datetime.now(UTC).replace(microsecond=0)
        folder.mkdir(parents=True, exist_ok=True)
        span = (self.now - timedelta(days=9), self.now + timedelta(days=300))
        root_key, key = key_of_kind(kind), generate_private_key(_quick(kind))
        self._end_entity_key = key_of_kind("p256")
        parameters = certificate_authority(_name(f"Root {kind}"), span)
        self.root = Issuer(self_issue(parameters, root_key).der, root_key)
        below = certificate_authority(_name(f"CA {kind}"), span, path_length=0)
        below = below._replace(extensions=(crl_distribution_points([f"{URL}/root"]),))
        issued = self.root.issue(below, key.public_key(), serial_number=_INTERMEDIATE)
        self.issuer = Issuer(issued.der, key)
        self._span = (self.now - timedelta(days=8), self.now + timedelta(days=90))

    def pem(self, name: str, label: str, der: bytes) -> Path:
        """Return a file with one object in it."""
        path = self.folder / f"{name}.pem"
        path.write_bytes(encode_pem(label, der))
        return path

    def certificate(self, serial_number: int) -> bytes:
        """Return an end entity's certificate, the same one each time; DER."""
        path = self.folder / f"{serial_number}.der"
        if not path.exists():
            shard = "shard-1" if serial_number in (SHARD_GOOD, SHARD_REVOKED) else "all"
            names = parse_names([f"host-{serial_number % 1000}.test"])
            parameters = end_entity(names, "p256", self._span)._replace(
                extensions=(
                    crl_distribution_points([f"{URL}/{shard}"]),
                    authority_information_access(ocsp=["http://ca.test/ocsp"]),
                )
            )
            public_key = self._end_entity_key.public_key()
            path.write_bytes(
                self.issuer.issue(
                    parameters, public_key, serial_number=serial_number
                ).der
            )
        return path.read_bytes()

    def chain(self, serial_number: int) -> Path:
        """Return a file with an end entity's certificate and the intermediate."""
        path = self.folder / f"{serial_number}-chain.pem"
        ders = [self.certificate(serial_number), self.issuer.certificate]
        path.write_bytes(encode_chain(ders))
        return path

    def leaf(self, serial_number: int) -> Path:
        """Return a file with an end entity's certificate alone."""
        der = self.certificate(serial_number)
        return self.pem(str(serial_number), "CERTIFICATE", der)

    @cached_property
    def root_pem(self) -> Path:
        return self.pem("root", "CERTIFICATE", self.root.certificate)

    @cached_property
    def issuer_pem(self) -> Path:
        return self.pem("issuer", "CERTIFICATE", self.issuer.certificate)

    @cached_property
    def root_crl(self) -> bytes:
        """The root's, which revokes nothing; DER."""
        return sign_crl(self.root, self._parameters(1), [])

    @cached_property
    def revoked_issuer_crl(self) -> bytes:
        """The root's, which revokes the intermediate."""
        entry = RevokedEntry(_INTERMEDIATE, self.now, "cACompromise")
        return sign_crl(self.root, self._parameters(2), [encode_entry(entry)])

    @cached_property
    def complete_crl(self) -> bytes:
        serials = (REVOKED, HELD, RELEASED)
        parameters = self._parameters(7, freshest=(f"{URL}/delta",))
        return sign_crl(self.issuer, parameters, map(self._entry, serials))

    @cached_property
    def changed_crl(self) -> bytes:
        """The complete one, with another byte at the end of its signature."""
        return self.complete_crl[:-1] + bytes([self.complete_crl[-1] ^ 1])

    @cached_property
    def delta_crl(self) -> bytes:
        removed = RevokedEntry(RELEASED, self.now, "removeFromCRL")
        parameters = self._parameters(8, base_number=7)
        entries = [encode_entry(removed), self._entry(RECENT)]
        return sign_crl(self.issuer, parameters, entries)

    @cached_property
    def shard_crl(self) -> bytes:
        """Shard 1, for the certificates that name it alone."""
        return self._shard("shard-1", SHARD_REVOKED)

    @cached_property
    def other_shard_crl(self) -> bytes:
        return self._shard("shard-2", 2**40)

    @cached_property
    def users_crl(self) -> bytes:
        """Of end entities alone, which its issuingDistributionPoint says."""
        parameters = self._parameters(9, only_contains="user")
        return sign_crl(self.issuer, parameters, [self._entry(REVOKED)])

    @cached_property
    def responder(self) -> OCSPResponder:
        parameters = responder_parameters(f"OCSP {self.kind}", self._span)
        key = key_of_kind(self.kind)
        issued = self.issuer.issue(parameters, key.public_key())
        return OCSPResponder(issued.der, key)

    @cached_property
    def issuers_responder(self) -> OCSPResponder:
        """The CA answering for itself."""
        return OCSPResponder(self.issuer.certificate, self.issuer.signing_key)

    def answer(self, request: bytes, responder: OCSPResponder | None = None) -> bytes:
        """Return the OCSP response to a request, DER."""
        asked = parse_ocsp_request(request)
        responses = []
        for cert_id in asked.cert_ids:
            serial = cert_id.serial_number
            status: CertStatus = "good" if serial in SERIALS else "unknown"
            response = SingleResponse(
                cert_id.der, status, self.now, self.now + timedelta(days=1)
            )
            if serial in _REASONS:
                when = self.now - timedelta(days=1)
                response = response._replace(
                    status="revoked", revocation_time=when, reason=_REASONS[serial]
                )
            responses.append(response)
        signer = self.responder if responder is None else responder
        return signer.sign(responses, self.now, asked.nonce)

    def _entry(self, serial_number: int) -> bytes:
        moment = self.now - timedelta(days=1)
        reason = _REASONS.get(serial_number)
        return encode_entry(RevokedEntry(serial_number, moment, reason, moment))

    def _shard(self, name: str, serial_number: int) -> bytes:
        parameters = self._parameters(3, distribution_point=(f"{URL}/{name}",))
        return sign_crl(self.issuer, parameters, [self._entry(serial_number)])

    def _parameters(self, number: int, **fields: object) -> CRLParameters:
        first = self.now - timedelta(hours=1)
        last = self.now + timedelta(days=7)
        return CRLParameters(number, first, last)._replace(**fields)


def _name(common_name: str) -> bytes:
    return distinguished_name((COMMON_NAME, common_name))


def _quick(kind: str) -> str:
    """Return a kind of the same family whose keys are made at once."""
    return "rsa2048" if kind.startswith("rsa") else kind
