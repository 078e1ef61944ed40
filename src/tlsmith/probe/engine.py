"""A TLS client that hands us its octets: Python's own, or pyOpenSSL's newer one.

Both speak through memory, so that the connection keeps one deadline, and the first
octets of a server that speaks no TLS can be looked at.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.guard import attempt
from tlsmith.core.describe.hosts import is_for_host
from tlsmith.errors import MissingExtraError


@dataclass(frozen=True, slots=True)
class Offer:
    """What the client's first message says.

    Args:
        sni: the host name that is asked for, in A-labels.
        protocols: for ALPN; none of them offered where it is empty.
    """

    sni: str | None
    protocols: tuple[str, ...] = ()


class RefusedError(Exception):
    """The handshake failed.

    Args:
        reason: OpenSSL's word for it, such as TLSV1_ALERT_PROTOCOL_VERSION.
        verify_code: OpenSSL's X509_V_ERR number, where the certificate is the reason.
    """

    def __init__(self, reason: str, verify_code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.verify_code = verify_code


@dataclass(frozen=True, slots=True)
class Session:
    """What a handshake agreed on."""

    version: str | None
    cipher: str | None
    alpn: str | None
    group: str | None = None


class Engine(Protocol):
    """One side of a handshake."""

    def step(self) -> bool:
        """Go on; True when done. Raises RefusedError."""

    def outgoing(self) -> bytes:
        """Return what is to be sent now."""

    def feed(self, data: bytes) -> None:
        """Take in what the peer has sent."""

    def chain(self) -> list[bytes]:
        """Return the certificates that the peer has sent, DER, in its order."""

    def session(self) -> Session:
        """Return what was agreed on."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the peer's certificate is held against.

    Args:
        roots: DER roots to trust besides the system's.
        name: a host name or address that the certificate must be for.
    """

    roots: Sequence[bytes]
    name: str


class StandardEngine:
    """Python's ssl module."""

    def __init__(self, offer: Offer, trust: Trust | None) -> None:
        context = _inspecting() if trust is None else _verifying(trust)
        if offer.protocols:
            context.set_alpn_protocols(list(offer.protocols))
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = offer.sni if trust is None else trust.name
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=name
        )

    def step(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLCertVerificationError as error:
            raise RefusedError(error.verify_message, error.verify_code) from error
        except ssl.SSLError as error:
            raise RefusedError(error.reason or str(error)) from error
        return True

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def feed(self, data: bytes) -> None:
        self._incoming.write(data)

    def chain(self) -> list[bytes]:
        public = getattr(self._object, "get_unverified_chain", None)
        if public is not None:  # Python 3.13 and later
            return list(public() or ())
        inner: Any = self._object._sslobj  # type: ignore[attr-defined]
        # ENCODING_DER of the _ssl module.
        return [one.public_bytes(2) for one in inner.get_unverified_chain() or ()]

    def session(self) -> Session:
        cipher = self._object.cipher()
        return Session(
            self._object.version(),
            cipher[0] if cipher else None,
            self._object.selected_alpn_protocol(),
        )


def _inspecting() -> ssl.SSLContext:
    """Return a context that takes any certificate: it is there to be looked at.

    Nothing is ever sent or read behind such a handshake, so nothing can be stolen by
    whoever answers. Old versions and weak keys are let through to be reported.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _verifying(trust: Trust) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if trust.roots:
        context.load_verify_locations(cadata=b"".join(trust.roots))
    return context


class NewerEngine:
    """pyOpenSSL, with the OpenSSL 4 of the cryptography library.

    Raises:
        MissingExtraError: it is not installed.
    """

    def __init__(self, offer: Offer, trust: Trust | None) -> None:
        try:
            from OpenSSL import SSL
        except ImportError as error:
            raise MissingExtraError("probe", needed_for="this handshake") from error
        self._module = SSL
        self._trust = trust
        self._fault: tuple[int, int] | None = None
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        if trust is None:
            # As in `_inspecting`: to look, with nothing sent or read behind it.
            context.set_verify(SSL.VERIFY_NONE, None)
            context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
        else:
            context.set_verify(SSL.VERIFY_PEER, self._note)
            _load_roots(context, trust.roots)
        if offer.protocols:
            context.set_alpn_protos([one.encode() for one in offer.protocols])
        self._connection = SSL.Connection(context, None)
        if offer.sni is not None:
            self._connection.set_tlsext_host_name(offer.sni.encode())
        self._connection.set_connect_state()

    def _note(self, _: Any, __: Any, code: int, depth: int, good: int) -> bool:
        """Keep the first fault that OpenSSL's verification finds."""
        if not good and self._fault is None:
            self._fault = (code, depth)
        return bool(good)

    def step(self) -> bool:
        try:
            self._connection.do_handshake()
        except self._module.WantReadError:
            return False
        except self._module.Error as error:
            if self._fault is not None:
                raise RefusedError(
                    _verify_text(self._fault[0]), self._fault[0]
                ) from error
            raise RefusedError(_last_reason(error)) from error
        self._check_name()
        return True

    def _check_name(self) -> None:
        """Hold the certificate against the name: pyOpenSSL's handshake does not."""
        if self._trust is not None:
            certificate = read_certificate(self.chain()[0])
            if not is_for_host(certificate, self._trust.name):
                raise RefusedError(_verify_text(62), 62)

    def outgoing(self) -> bytes:
        try:
            data: bytes = self._connection.bio_read(65536)
        except self._module.WantReadError:
            return b""
        return data

    def feed(self, data: bytes) -> None:
        if data:
            self._connection.bio_write(data)

    def chain(self) -> list[bytes]:
        from cryptography.hazmat.primitives.serialization import Encoding

        found, _ = attempt(
            lambda: [
                one.public_bytes(Encoding.DER)
                for one in self._connection.get_peer_cert_chain(as_cryptography=True)
                or ()
            ]
        )
        return found or []

    def session(self) -> Session:
        alpn = self._connection.get_alpn_proto_negotiated()
        return Session(
            self._connection.get_protocol_version_name(),
            self._connection.get_cipher_name(),
            alpn.decode("ascii", "replace") or None,
            self._connection.get_group_name(),
        )


def _load_roots(context: Any, roots: Sequence[bytes]) -> None:
    from cryptography import x509
    from OpenSSL import crypto

    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        context.load_verify_locations(paths.cafile, paths.capath)
    store = context.get_cert_store()
    for root in roots:
        certificate = x509.load_der_x509_certificate(root)
        store.add_cert(crypto.X509.from_cryptography(certificate))


def _verify_text(code: int) -> str:
    """Return OpenSSL's words for an X509_V_ERR number that people meet."""
    return _VERIFY_TEXTS.get(code, f"certificate verify error {code}")


_VERIFY_TEXTS = {
    7: "certificate signature failure",
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "self-signed certificate",
    19: "self-signed certificate in certificate chain",
    20: "unable to get local issuer certificate",
    21: "unable to verify the first certificate",
    24: "invalid CA certificate",
    25: "path length constraint exceeded",
    26: "unsuitable certificate purpose",
    32: "key usage does not include certificate signing",
    47: "permitted subtree violation",
    62: "hostname mismatch",
    66: "EE certificate key too weak",
    67: "CA certificate key too weak",
    68: "CA signature digest algorithm too weak",
}


def _last_reason(error: Exception) -> str:
    """Return the reason out of pyOpenSSL's list of (library, function, reason)."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(entries[-1][2]) if entries else "the connection was closed"
