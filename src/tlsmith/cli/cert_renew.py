"""The work of `tlsmith cert renew`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tlsmith.cli.durations import parse_duration
from tlsmith.cli.issued_files import write_issued
from tlsmith.cli.output import standard_or
from tlsmith.cli.store import person
from tlsmith.core.keys import generate_private_key, kind_of
from tlsmith.core.view import view_certificate
from tlsmith.errors import ConflictError, InputError
from tlsmith.files import NewFile

if TYPE_CHECKING:
    from tlsmith.authority.issued import Issued
    from tlsmith.authority.service import Authority
    from tlsmith.storage.certificates import CertificateRecord


def renew_certificate(
    authority: Authority, old: CertificateRecord, cert_file: str, options: Any
) -> Issued | None:
    """Issue a certificate again and write its files; None where it is not yet time.

    Raises:
        ConflictError: the old one is revoked.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    from tlsmith.core.formats import encode_chain, encode_private_key

    if options["if_expires_in"]:
        left = old.not_after - authority.clock()
        if left > parse_duration(options["if_expires_in"]):
            return None
    view = _view_of(old)
    if old.status != 0:
        raise ConflictError(
            f"the certificate {old.serial_number:x} is revoked",
            code="revoked",
            hint="issue a new one: tlsmith cert issue NAME...",
        )
    public_key: Any = load_der_public_key(view.public_key_info)
    files = []
    if not options["same_key"]:
        key = generate_private_key(kind_of(public_key))
        public_key = key.public_key()
        files.append(NewFile(options["key_file"], encode_private_key(key), secret=True))
    issued = authority.renew(old, public_key, _length(options), person())
    files.append(NewFile(standard_or(cert_file), encode_chain(issued.chain)))
    write_issued(issued, files)
    if options["revoke_old"]:
        from tlsmith.cli.cert_revoke import publish

        authority.revoke(old.id, "superseded", person())
        publish(authority)
    return issued


def _length(options: Any) -> timedelta | None:
    from tlsmith.cli.cert_issue import Lifetime

    return Lifetime(options["days"], options["lifetime"]).length()


def _view_of(old: CertificateRecord) -> Any:
    if old.certificate is None:
        raise InputError(
            f"of {old.serial_number:x} the store knows the number alone",
            hint="issue a new one: tlsmith cert issue NAME...",
        )
    return view_certificate(old.certificate)
