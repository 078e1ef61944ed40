"""The local CA of a person or machine: harmless by construction, made at first use."""

from tlsmith.local.authority import (
    LocalAuthority,
    load_authorities,
    load_authority,
    trusted_roots,
)
from tlsmith.local.creation import create_authority, ensure_authority
from tlsmith.local.inventory import Record, inventory, record

__all__ = [
    "LocalAuthority",
    "Record",
    "create_authority",
    "ensure_authority",
    "inventory",
    "load_authorities",
    "load_authority",
    "record",
    "trusted_roots",
]
