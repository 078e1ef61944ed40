"""The shapes of certificates: which usages, which extensions, for how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from tlsmith.core import der
from tlsmith.core.constraints import NameConstraints
from tlsmith.core.extension_values import Extension
from tlsmith.core.names import GeneralName
from tlsmith.core.oid import CLIENT_AUTH, EMAIL_PROTECTION, SERVER_AUTH
from tlsmith.core.subject import subject_for
from tlsmith.core.view import CertificateView
from tlsmith.errors import ValidityError

# A little of the past, for clients whose clock is behind ours.
BACKDATE = timedelta(hours=1)
DAY = timedelta(days=1)
# CA/B Baseline Requirements 6.3.2 let a public CA give 200 days at most since March
# 2026, and advise one less: what works here by default works there.
LOCAL_DAYS = 199
LONGEST_LOCAL_DAYS = 397
SELF_SIGNED_DAYS = 397
# What Apple's clients take from a root that a user added.
LONGEST_SELF_SIGNED_DAYS = 825
CA_DAYS = 3650

# Bits of keyUsage, the first one the highest (RFC 5280 4.2.1.3).
DIGITAL_SIGNATURE, KEY_ENCIPHERMENT = 0x80, 0x20
KEY_CERT_SIGN, CRL_SIGN = 0x04, 0x02


class CertificateParameters(NamedTuple):
    """What a certificate is to say, without its key and issuer.

    Args:
        subject: DER Name.
        not_before: first second of its validity, in UTC.
        not_after: last second of its validity, in UTC (RFC 5280 4.1.2.5).
        key_usage: bits of keyUsage; 0 for no such extension.
        extended_key_usage: OIDs, dotted; empty for no such extension.
        path_length: for a CA, how many intermediates may follow; None for any number.
        extensions: further ones, in the order they are to have.
    """

    subject: bytes
    names: tuple[GeneralName, ...]
    not_before: datetime
    not_after: datetime
    key_usage: int = 0
    extended_key_usage: tuple[str, ...] = ()
    is_ca: bool = False
    path_length: int | None = None
    name_constraints: NameConstraints | None = None
    extensions: tuple[Extension, ...] = ()


def end_entity(
    names: Sequence[GeneralName],
    kind: str,
    validity: tuple[datetime, datetime],
    *,
    client: bool = False,
    subject: bytes | None = None,
) -> CertificateParameters:
    """Return the parameters of a certificate for a server, and maybe a client.

    Args:
        kind: of the key, as `kind_of` names it.
        validity: first and last second, as the function of that name makes them.
        client: for a client's authentication as well.
        subject: DER Name; by default the first name that can be a common name.
    """
    names = tuple(names)
    return CertificateParameters(
        subject_for(names) if subject is None else subject,
        names,
        *validity,
        end_entity_key_usage(kind),
        end_entity_usages(names, client=client),
    )


def certificate_authority(
    subject: bytes,
    validity: tuple[datetime, datetime],
    *,
    path_length: int | None = None,
    name_constraints: NameConstraints | None = None,
) -> CertificateParameters:
    """Return the parameters of a root or an intermediate."""
    return CertificateParameters(
        subject,
        (),
        *validity,
        KEY_CERT_SIGN | CRL_SIGN,
        is_ca=True,
        path_length=path_length,
        name_constraints=name_constraints,
    )


def end_entity_key_usage(kind: str) -> int:
    """Return keyUsage for a key of this kind: RSA keys may also encipher keys."""
    if kind.startswith("rsa"):
        return DIGITAL_SIGNATURE | KEY_ENCIPHERMENT
    return DIGITAL_SIGNATURE


def end_entity_usages(names: Sequence[GeneralName], *, client: bool) -> tuple[str, ...]:
    """Return extendedKeyUsage for certificates with these names.

    Hosts and URIs are for servers, e-mail addresses for mail, as mkcert has it; a
    client's certificate is for clients as well.
    """
    kinds = {name.kind for name in names}
    usages = []
    if kinds - {"email"}:
        usages.append(SERVER_AUTH)
    if client:
        usages.append(CLIENT_AUTH)
    if "email" in kinds:
        usages.append(EMAIL_PROTECTION)
    return tuple(usages)


def validity(
    now: datetime, days: int, *, longest: int, within: CertificateView | None = None
) -> tuple[datetime, datetime]:
    """Return (not_before, not_after) of exactly `days`, both ends included.

    Args:
        now: the present, in UTC.
        longest: the most days there may be.
        within: the issuer's certificate: a shorter validity is made to fit in its.

    Raises:
        ValidityError: fewer than 1 day, more than `longest`, or nothing left.
    """
    if not 1 <= days <= longest:
        raise ValidityError(
            f"{days} days: there may be 1 to {longest}",
            code="bad-days",
            hint="clients refuse certificates that live longer; make a new one before "
            "this one expires",
        )
    not_before = now.replace(microsecond=0) - BACKDATE
    try:
        not_after = not_before + days * DAY - timedelta(seconds=1)
    except OverflowError as error:
        raise ValidityError(
            f"{days} days from {now:%Y-%m-%d} end after the year 9999",
            hint="check the clock of this machine",
        ) from error
    if within is not None:
        if within.not_after <= now:
            raise ValidityError(
                f"the CA's own certificate expired {within.not_after:%Y-%m-%d}",
                code="issuer-expired",
                hint="make a new CA: tlsmith ca init --local --replace",
            )
        if within.not_before > now:
            raise ValidityError(
                f"the CA's own certificate begins {within.not_before:%Y-%m-%d} only",
                code="issuer-not-yet",
                hint="see whether this machine's clock is right",
            )
        not_before = max(not_before, within.not_before)
        not_after = min(not_after, within.not_after)
    return not_before, not_after


@lru_cache(maxsize=64)
def encode_key_usage(bits: int) -> bytes:
    """Return the DER KeyUsage: a named bit list has no zero bits at its end."""
    unused = (bits & -bits).bit_length() - 1
    return der.bit_string(bytes((bits,)), unused)
