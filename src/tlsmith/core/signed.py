"""Checking who signed a certificate or a CRL, with any kind of key that signs here."""

from __future__ import annotations

from tlsmith.core import der
from tlsmith.errors import InputError

_FORGEABLE = ("md2", "md5")


def verify_signed_by(signed: bytes, public_key_info: bytes, what: str) -> None:
    """Refuse a certificate or CRL that a key did not sign.

    Args:
        signed: DER; RFC 5280 sections 4.1 and 5.1 give both the same three parts.
        public_key_info: DER SubjectPublicKeyInfo of the key that is to have signed it.
        what: it is, for the message.

    Raises:
        InputError: the signature is not that key's, or cannot be checked.
    """
    from tlsmith.core.describe.certificate import read_signature
    from tlsmith.core.describe.dissect import Dissection
    from tlsmith.core.describe.signature import GOOD, WRONG, check

    dissection = Dissection(signed)
    outer = dissection.outer("")
    signature = None
    if outer is not None and not outer.cut and outer.stop == len(signed):
        fields = dissection.reader(outer)
        body = fields.take("", der.SEQUENCE)
        signature = read_signature(dissection, fields, body)
    if signature is None:
        raise InputError(f"{what} cannot be read", code="bad-signature")
    verdict = check(signature, public_key_info)
    if signature.algorithm.digest in _FORGEABLE:
        verdict = f"{signature.algorithm.name} proves nothing any more"
    if verdict != GOOD:
        reason = "it is another key's" if verdict == WRONG else verdict
        raise InputError(
            f"the signature on {what} does not hold: {reason}",
            code="bad-signature",
            hint="the file is another one's, or was changed: compare fingerprints, and "
            "carry it again",
        )
