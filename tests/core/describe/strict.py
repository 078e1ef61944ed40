"""Whether the cryptography library refuses something: it reads DER to the letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp

from tlsmith.core.describe.guard import attempt


def refuses(kind: str, data: bytes) -> str | None:
    """Return what the library has against `data`, None where it reads it."""
    _, error = attempt(lambda: _READERS[kind](data))
    if error is None or isinstance(error, UnsupportedAlgorithm | KeyError):
        return None  # a TLS feature that it has no name for is a KeyError
    return str(error)


def _certificate(data: bytes) -> Any:
    read = x509.load_der_x509_certificate(data)
    names = (read.subject, read.issuer, read.extensions, read.version)
    return names, read.not_valid_before_utc, read.not_valid_after_utc


def _request(data: bytes) -> Any:
    read = x509.load_der_x509_csr(data)
    return read.subject, read.extensions, read.is_signature_valid


def _revocation_list(data: bytes) -> Any:
    read = x509.load_der_x509_crl(data)
    return read.issuer, read.extensions, read.next_update_utc


def _response(data: bytes) -> Any:
    read = ocsp.load_der_ocsp_response(data)
    successful = read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return list(read.responses) if successful else None


_READERS: dict[str, Callable[[bytes], Any]] = {
    "certificate": _certificate,
    "certificate-signing-request": _request,
    "certificate-revocation-list": _revocation_list,
    "ocsp-response": _response,
}
