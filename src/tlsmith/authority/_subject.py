"""The subject a certificate gets: of its profile, its names, and what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from tlsmith.core import der
from tlsmith.core.asked_names import looks_like_host, name_of
from tlsmith.core.attributes import EMAIL_ADDRESS, Attribute, parse_attributes
from tlsmith.core.names import GeneralName
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.subject import EMPTY, distinguished_name, subject_for
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.authority.profile import Profile


def make_subject(
    profile: Profile,
    names: tuple[GeneralName, ...],
    asked: bytes | None,
    reasons: list[str],
) -> bytes:
    """Return the DER subject; what is wrong with the one asked goes to `reasons`."""
    if asked is None or asked == EMPTY:
        if not profile.subject and profile.common_name != "none":
            return _subject_for(names)
        return _joined(profile, (), _common_name(profile, names, None))
    try:
        attributes = parse_attributes(asked)
    except InputError as error:
        reasons.append(f"subject: {error.message}")
        return EMPTY
    common = [part for part in attributes if part.oid == COMMON_NAME]
    if len(common) > 1:
        reasons.append("subject: more than one common name")
    others = [part for part in attributes if part.oid != COMMON_NAME]
    kept = _others(profile, names, others, reasons)
    chosen = _chosen(profile, names, common[0].text, reasons) if common else None
    return _joined(profile, kept, _common_name(profile, names, chosen))


# Renewals, and orders for the same host, come again and again.
_subject_for = lru_cache(maxsize=1024)(subject_for)


def _common_name(
    profile: Profile, names: Sequence[GeneralName], chosen: bytes | None
) -> bytes:
    """Return the RDN of the common name: the one chosen, or the first that can be."""
    if profile.common_name == "none":
        return b""
    return chosen or der.only(_subject_for(tuple(names)), der.SEQUENCE).content


def _joined(profile: Profile, kept: Sequence[Attribute], common: bytes) -> bytes:
    rdns = [part.rdn for part in (*profile.subject, *kept)]
    return der.sequence(*rdns, common)


def _chosen(
    profile: Profile, names: Sequence[GeneralName], text: str, reasons: list[str]
) -> bytes | None:
    """Return the RDN of a common name that may be had, None for one of our choice."""
    name = name_of(text)
    if name in names:
        # An address is never one: see `subject_for`.
        if name is None or name.kind not in ("dns", "email"):
            return None
        return _rdn(name.value)
    if profile.common_name == "any" and not looks_like_host(text):
        return _rdn(text)
    reasons.append(f"subject: the common name {text!r} is not among the names")
    return None


def _others(
    profile: Profile,
    names: Sequence[GeneralName],
    attributes: Sequence[Attribute],
    reasons: list[str],
) -> list[Attribute]:
    """Return the attributes that are taken over from the request."""
    for part in attributes:
        # Clients of mail read an address here as one in the names (RFC 8550 3).
        if part.oid == EMAIL_ADDRESS and name_of(part.text) not in names:
            reasons.append(f"subject: {part} is not among the names")
    fixed = {part.oid: part.text for part in profile.subject}
    if profile.subject_from_request == "refuse":
        for part in attributes:
            if fixed.get(part.oid) != part.text:
                reasons.append(f"subject: {part} is not what the profile gives")
    if profile.subject_from_request != "use":
        return []
    return [part for part in attributes if part.oid not in fixed]


def _rdn(text: str) -> bytes:
    name = distinguished_name((COMMON_NAME, text))
    return der.only(name, der.SEQUENCE).content
