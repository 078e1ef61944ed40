"""Judging what is asked for, by profile, policy and issuer, before it is signed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.authority._lifetime import wanted_validity, within
from tlsmith.authority._subject import make_subject
from tlsmith.authority.request import (
    IssuanceRequest,
    IssuerLimits,
)
from tlsmith.core.asked import NOTHING_ASKED, AskedExtensions
from tlsmith.core.blocklist import NO_KEYS, Blocklist
from tlsmith.core.extension_values import (
    Extension,
    no_revocation_available,
    tls_feature,
)
from tlsmith.core.keys import kind_of
from tlsmith.core.names import quoted
from tlsmith.core.profiles import CertificateParameters
from tlsmith.core.subject import EMPTY
from tlsmith.core.usages import (
    SIGNING_USAGES,
    extended_key_usage_name,
    key_usage_names,
)
from tlsmith.core.weak_keys import judge_key
from tlsmith.errors import ProfileError

if TYPE_CHECKING:
    from tlsmith.authority.policy import Policy
    from tlsmith.authority.profile import Profile
    from tlsmith.core.names import GeneralName

_MUST_STAPLE = tls_feature()
_NO_STATUS = no_revocation_available()


def judge(
    profile: Profile,
    policy: Policy,
    request: IssuanceRequest,
    issuer: IssuerLimits,
    now: datetime,
    blocklist: Blocklist = NO_KEYS,
) -> CertificateParameters:
    """Return the certificate that a request gets.

    Args:
        now: the present, in UTC.
        blocklist: compromised keys, beside those that are known to everybody.

    Raises:
        ProfileError: it gets none; every reason is listed.
    """
    reasons: list[str] = []
    kind = kind_of(request.public_key, request.public_key_info or b"")
    if not profile.admits(request.requester):
        reasons.append(f"requester: {quoted(request.requester)} may not use it")
    if kind not in profile.keys or (policy.keys and kind not in policy.keys):
        reasons.append(f"key: {kind} is not allowed")
    info = request.public_key_info
    for reason in judge_key(request.public_key, info, blocklist=blocklist):
        reasons.append(f"key: {reason}")
    _judge_names(profile, policy, request, issuer, reasons)
    subject = make_subject(profile, request.names, request.subject, reasons)
    if request.asked is not NOTHING_ASKED:
        _judge_asked(profile, request.asked, reasons)
    if profile.is_ca:
        _judge_path_length(profile, issuer, reasons)
    longest = profile.longest
    if policy.longest is not None and policy.longest < longest:
        longest = policy.longest
    wanted = wanted_validity(profile, request, longest, now, reasons)
    not_before, not_after = within(issuer, wanted, now, request.clamp, reasons)
    if subject == EMPTY and (profile.is_ca or not request.names):
        reasons.append("names: there are none, and no subject")
    if reasons:
        raise _refused(profile, reasons)
    return CertificateParameters(
        subject,
        request.names,
        not_before,
        not_after,
        profile.key_usage if kind[:3] == "rsa" else profile.key_usage & SIGNING_USAGES,
        profile.extended_key_usage,
        profile.is_ca,
        profile.path_length,
        profile.name_constraints,
        _extensions(profile, request.asked),
    )


def _refused(profile: Profile, reasons: list[str]) -> ProfileError:
    return ProfileError(f"profile {profile.name} does not allow this", reasons=reasons)


def _judge_names(
    profile: Profile,
    policy: Policy,
    request: IssuanceRequest,
    issuer: IssuerLimits,
    reasons: list[str],
) -> None:
    names = request.names
    most = most_names(profile, policy)
    if len(names) > most:
        # Each of thousands would make an answer as large as the attack.
        reasons.append(f"names: {len(names)} of them, and {most} is the most")
        return
    for name in names:
        for refusal in refusals(name, profile, policy, issuer):
            reasons.append(f"names: {quoted(name.value)}: {refusal}")


def most_names(profile: Profile, policy: Policy) -> int:
    """Return how many names a certificate may have."""
    return min(profile.most_names, policy.most_names or profile.most_names)


def refusals(
    name: GeneralName, profile: Profile, policy: Policy, issuer: IssuerLimits
) -> list[str]:
    """Return every reason why a name may not be in a certificate."""
    found = []
    for rules, whose in ((profile.names, "profile"), (policy.names, "policy")):
        refusal = None if rules is None else rules.refusal(name)
        if refusal:
            found.append(f"{whose}: {refusal}")
    constraints = issuer.name_constraints
    if constraints is not None and not constraints.permits(name.kind, name.host):
        found.append("outside the issuer's name constraints")
    return found


def _judge_asked(profile: Profile, asked: AskedExtensions, reasons: list[str]) -> None:
    """Find what is asked beyond the profile; to be a CA is never passed over."""
    if asked.is_ca and not profile.is_ca:
        reasons.append("basicConstraints: to be a CA is not allowed")
    if profile.asked_extensions == "ignore":
        return
    beyond = key_usage_names(asked.key_usage & ~profile.key_usage)
    if beyond:
        reasons.append(f"keyUsage: {', '.join(beyond)} is not allowed")
    extended = set(asked.extended_key_usage) - set(profile.extended_key_usage)
    for identifier in sorted(extended):
        usage = extended_key_usage_name(identifier)
        reasons.append(f"extendedKeyUsage: {usage} is not allowed")
    if asked.must_staple and profile.must_staple == "false":
        reasons.append("tlsfeature: must-staple is not allowed")
    given = {extension.oid for extension in profile.extensions}
    for identifier in asked.others:
        if identifier not in given:
            reasons.append(f"extensions: {identifier} is not allowed")


def _judge_path_length(
    profile: Profile, issuer: IssuerLimits, reasons: list[str]
) -> None:
    wanted, allowed = profile.path_length, issuer.path_length
    if allowed is not None and (wanted is None or wanted >= allowed):
        shown = "any" if wanted is None else wanted
        reasons.append(
            f"path_length: {shown}, and the issuer allows {allowed} CAs below it"
        )


def _extensions(profile: Profile, asked: AskedExtensions) -> tuple[Extension, ...]:
    if profile.revocation == "none":
        return (*profile.extensions, _NO_STATUS)
    staple = profile.must_staple
    if staple == "true" or (staple == "on-request" and asked.must_staple):
        return (*profile.extensions, _MUST_STAPLE)
    return profile.extensions
