"""Delegated OCSP responders: one for each CA, renewed by whoever finds it old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.issuance import Prepared, record_certificate
from tlsmith.authority.issuers import LoadedIssuer
from tlsmith.authority.serials import next_serial_number
from tlsmith.core.keys import generate_private_key, kind_of, public_key_info
from tlsmith.core.ocsp import OCSPResponder, responder_parameters
from tlsmith.core.signing import signing_key
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import ConflictError, PassphraseError
from tlsmith.storage import Storage
from tlsmith.storage.certificates import NewCertificate
from tlsmith.storage.status import insert_responder, latest_responder

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

RESPONDER_DAYS = 30
PROFILE = "ocsp"
_AUTHORITY = Actor("authority")


class Responder(NamedTuple):
    """What signs OCSP answers for a CA (RFC 6960 section 4.2.2.2).

    Args:
        renew_at: from when on there should be a new one.
    """

    responder: OCSPResponder
    not_after: datetime
    renew_at: datetime


def open_responder(
    storage: Storage,
    loaded: LoadedIssuer,
    passphrase: Callable[[], bytes | None],
    now: datetime,
) -> Responder:
    """Return the responder of a CA, made just now where there is none that will do.

    Its key is kept encrypted with the passphrase, for the other replicas; without a
    passphrase each process has its own, in memory.

    Raises:
        SignerError: the CA's key cannot be reached.
    """
    secret = _secret(passphrase)
    kept = _kept(storage, loaded, secret, now)
    if kept is not None:
        return kept
    try:
        return _make(storage, loaded, secret, now)
    except ConflictError:
        # Another process has just made one.
        kept = _kept(storage, loaded, secret, now)
        if kept is None:
            raise
        return kept


def _kept(
    storage: Storage, loaded: LoadedIssuer, secret: bytes | None, now: datetime
) -> Responder | None:
    """Return the responder in the store, if it will do."""
    if secret is None:
        return None
    with storage.read() as connection:
        kept = latest_responder(connection, loaded.id)
    if kept is None or now >= _renew_at(loaded, view_certificate(kept[0])):
        return None
    return _opened(loaded, kept[0], kept[1], secret)


def _secret(passphrase: Callable[[], bytes | None]) -> bytes | None:
    """Return the passphrase; None where the CA's key is elsewhere and needs none."""
    try:
        return passphrase()
    except PassphraseError as error:
        if error.code != "passphrase-needed":
            raise
        return None


def _opened(
    loaded: LoadedIssuer, certificate: bytes, material: bytes, secret: bytes
) -> Responder:
    from tlsmith.signers import open_signer

    key = open_signer("store:", passphrase=secret, material=material)
    view = view_certificate(certificate)
    return Responder(
        OCSPResponder(certificate, key),
        view.not_after,
        _renew_at(loaded, view),
    )


def _make(
    storage: Storage, loaded: LoadedIssuer, secret: bytes | None, now: datetime
) -> Responder:
    from tlsmith.signers import encrypt_key

    key = generate_private_key(_kind_for(loaded))
    prepared = _certify(loaded, key, now)
    new = prepared.new
    material = encrypt_key(key, secret) if secret is not None else None
    with storage.write() as transaction:
        record_certificate(transaction, prepared, _AUTHORITY)
        if material is not None:
            insert_responder(
                transaction, loaded.id, prepared.issued.der, material, new.not_after
            )
    return Responder(
        OCSPResponder(prepared.issued.der, signing_key(key)),
        new.not_after,
        _renew_at(loaded, view_certificate(prepared.issued.der)),
    )


def _certify(loaded: LoadedIssuer, key: PrivateKey, now: datetime) -> Prepared:
    now = now.replace(microsecond=0)
    view = loaded.issuer.view
    span = (
        max(now - timedelta(hours=1), view.not_before),
        min(now + timedelta(days=RESPONDER_DAYS), view.not_after),
    )
    serial = next_serial_number(int(now.timestamp()))
    parameters = responder_parameters(f"OCSP responder {serial & 0xFFFFFFFF:08x}", span)
    public_key = key.public_key()
    issued = loaded.issuer.issue(parameters, public_key, serial_number=serial)
    info = public_key_info(public_key)
    new = NewCertificate(
        authority_id=loaded.id,
        serial_number=serial,
        certificate=issued.der,
        key_hash=sha256(info).digest(),
        names=(),
        not_before=issued.not_before,
        not_after=issued.not_after,
        issued_at=now,
        profile=PROFILE,
        requester=_AUTHORITY.name,
        shard=loaded.shard_of(serial),
    )
    return Prepared(new, issued, (issued.der, loaded.issuer.certificate))


def _kind_for(loaded: LoadedIssuer) -> str:
    """Return the kind of key that whoever reads the CA's signatures reads as well."""
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    kind = kind_of(load_der_public_key(loaded.issuer.view.public_key_info))
    # Longer ones sign more slowly, for answers that hold for days.
    return "rsa2048" if kind.startswith("rsa") else kind


def _renew_at(loaded: LoadedIssuer, responder: CertificateView) -> datetime:
    """Return when two thirds of its life are over; its end where the CA's is no later.

    A new one could then last no longer, and would be due at once.
    """
    not_before, not_after = responder.not_before, responder.not_after
    if not_after >= loaded.issuer.view.not_after:
        return not_after
    return not_before + (not_after - not_before) * 2 / 3
