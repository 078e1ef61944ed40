"""When a certificate is to be made again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tlsmith.core import der, oid
from tlsmith.core.issuer import Issuer
from tlsmith.core.names import GeneralName
from tlsmith.local.places import Existing


def is_in_order(
    existing: Existing,
    issuer: Issuer,
    names: Sequence[GeneralName],
    client: bool,
    now: datetime,
) -> bool:
    """Tell whether a certificate does what is asked, and will for a while.

    It has exactly the names, in any order, this issuer, the usage asked for, and a
    third of its life left. Its key is the caller's to look at.
    """
    certificate = existing.certificate
    if certificate is None:
        return False
    life = certificate.not_after - certificate.not_before
    usage = certificate.extensions.get(der.object_identifier(oid.EXTENDED_KEY_USAGE))
    has_client = (
        usage is not None and der.object_identifier(oid.CLIENT_AUTH) in usage[1]
    )
    return (
        set(certificate.names) == set(names)
        and certificate.authority_key_identifier == issuer.view.subject_key_identifier
        and has_client == client
        and certificate.not_after - now > life / 3
    )
