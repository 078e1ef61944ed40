"""How long a certificate lives: as asked and allowed, and within its issuer's life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tlsmith.authority.profile import Profile
    from tlsmith.authority.request import IssuanceRequest, IssuerLimits

_SECOND = timedelta(seconds=1)
_SHORTEST = timedelta(minutes=1)
# How much of a lifetime backdating may take: of an hour not all of it.
_BACKDATED_PART = 10


def wanted_validity(
    profile: Profile,
    request: IssuanceRequest,
    longest: timedelta,
    now: datetime,
    reasons: list[str],
) -> tuple[datetime, datetime]:
    """Return (not_before, not_after), both part of the lifetime (4.1.2.5).

    A last second that is asked for is kept to where it is allowed; a lifetime has the
    time of backdating in it, so that no client finds it longer than the maximum.
    """
    begin = now.replace(microsecond=0)
    lifetime, end = request.lifetime, request.not_after
    if end is not None:
        lifetime = lifetime_until(profile, end, now)
        backdated = _backdated(profile, end.replace(microsecond=0) - begin)
    else:
        if lifetime is None:
            lifetime = min(profile.default, longest)
        backdated = _backdated(profile, lifetime)
    if lifetime < _SHORTEST:
        reasons.append(f"lifetime: {shown(lifetime)}, and a minute is the least")
    elif lifetime > longest:
        reasons.append(f"lifetime: {shown(lifetime)}, and {shown(longest)} is the most")
        lifetime = longest
    not_before = begin - backdated
    return not_before, not_before + (lifetime - _SECOND)


def lifetime_until(profile: Profile, end: datetime, now: datetime) -> timedelta:
    """Return how long a certificate lives that is made now and ends at a moment."""
    left = end.replace(microsecond=0) - now.replace(microsecond=0)
    return left + _backdated(profile, left) + _SECOND


def _backdated(profile: Profile, lifetime: timedelta) -> timedelta:
    """Return whole seconds, never most of a short life."""
    if lifetime >= profile.backdate * _BACKDATED_PART:
        return profile.backdate
    return timedelta(seconds=max(0, lifetime // _SECOND) // _BACKDATED_PART)


def within(
    issuer: IssuerLimits,
    validity: tuple[datetime, datetime],
    now: datetime,
    clamp: bool,
    reasons: list[str],
) -> tuple[datetime, datetime]:
    """Return a validity that lies in the issuer's, cut at its end where `clamp` says.

    What begins before its issuer begins with it: that much is backdating only.
    """
    not_before, not_after = validity
    if issuer.not_after <= now:
        reasons.append(f"issuer: it expired at {_moment(issuer.not_after)}")
    elif issuer.not_before > now:
        reasons.append(f"issuer: it begins at {_moment(issuer.not_before)} only")
    elif not_after > issuer.not_after and not clamp:
        reasons.append(
            f"lifetime: until {_moment(not_after)}, and the issuer lives until "
            f"{_moment(issuer.not_after)}; ask for less, or for it to be clamped"
        )
    return max(not_before, issuer.not_before), min(not_after, issuer.not_after)


def shown(lifetime: timedelta) -> str:
    """Return a lifetime in whole days where it is so many, else as 1 day, 2:03:04."""
    if lifetime.seconds or lifetime.microseconds or not lifetime.days:
        return str(lifetime)
    return f"{lifetime.days} days"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
