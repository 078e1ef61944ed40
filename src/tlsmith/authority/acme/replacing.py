"""Renewals: which order takes the place of which certificate (RFC 9773 section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.renewal_info import CertID, encode_cert_id
from tlsmith.authority.acme.context import requester
from tlsmith.core.view import view_certificate
from tlsmith.storage.certificates import CertificateRecord, by_serial_number

if TYPE_CHECKING:
    from tlsmith.storage import Connection
    from tlsmith.storage.acme.accounts import AccountRecord


def certificate_of(connection: Connection, wanted: CertID) -> CertificateRecord | None:
    """Return the certificate that an identifier of renewal information is for."""
    for record in by_serial_number(connection, wanted.serial_number):
        if record.certificate is None:
            continue
        issuer = view_certificate(record.certificate).authority_key_identifier
        if issuer == wanted.key_identifier:
            return record
    return None


def refuse_replacement(
    connection: Connection,
    account: AccountRecord,
    replaces: CertID,
    identifiers: Sequence[Identifier],
) -> bool:
    """Refuse an order that takes the place of what is not its to replace.

    Returns:
        Whether it is for no further names.

    Raises:
        ACMEProblem: malformed, unauthorized.
    """
    record = certificate_of(connection, replaces)
    named = encode_cert_id(replaces)
    if record is None:
        raise problems.malformed(f"replaces: there is no certificate {named}")
    if record.requester != requester(account.id):
        raise problems.unauthorized(
            f"replaces: the certificate {named} was not issued to this account"
        )
    ordered, names = {one.value for one in identifiers}, set(record.names)
    if not ordered & names:
        raise problems.malformed(
            f"replaces: the certificate {named} has none of these names"
        )
    return ordered <= names
