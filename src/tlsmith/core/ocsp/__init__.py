"""OCSP: requests read, responses signed (RFC 6960, 9654)."""

from tlsmith.core.ocsp.request import (
    LARGEST_REQUEST,
    CertID,
    OCSPRequest,
    encode_ocsp_request,
    issuer_hashes,
    make_cert_id,
    parse_ocsp_request,
)
from tlsmith.core.ocsp.responder import OCSPResponder, responder_parameters
from tlsmith.core.ocsp.response import CertStatus, SingleResponse, error_response

__all__ = [
    "LARGEST_REQUEST",
    "CertID",
    "CertStatus",
    "OCSPRequest",
    "OCSPResponder",
    "SingleResponse",
    "encode_ocsp_request",
    "error_response",
    "issuer_hashes",
    "make_cert_id",
    "parse_ocsp_request",
    "responder_parameters",
]
