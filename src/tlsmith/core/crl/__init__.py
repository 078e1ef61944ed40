"""Certificate revocation lists: complete, delta and sharded (RFC 5280 section 5)."""

from tlsmith.core.crl.entry import (
    REASON_CODES,
    REASONS,
    RevocationReason,
    RevokedEntry,
    count_entries,
    encode_entry,
    read_entries,
    reason_code,
    reason_name,
    without_entries,
)
from tlsmith.core.crl.sign import CRLParameters, sign_around, sign_crl
from tlsmith.core.crl.view import CRLView, crl_number, joined_entries, view_crl

__all__ = [
    "REASONS",
    "REASON_CODES",
    "CRLParameters",
    "CRLView",
    "RevocationReason",
    "RevokedEntry",
    "count_entries",
    "crl_number",
    "encode_entry",
    "joined_entries",
    "read_entries",
    "reason_code",
    "reason_name",
    "sign_around",
    "sign_crl",
    "view_crl",
    "without_entries",
]
