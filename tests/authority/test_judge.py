"""Judging: what is given, and every reason why something is not."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from strategies import NOW, key_of_kind
from tlsmith.authority.judge import judge
from tlsmith.authority.policy import Policy, load_policy
from tlsmith.authority.request import (
    IssuanceRequest,
    IssuerLimits,
    limits_of,
)
from tlsmith.core.asked import AskedExtensions
from tlsmith.core.blocklist import load_blocklist
from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import KINDS, public_key_info
from tlsmith.core.names import parse_name, parse_names
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import CertificateParameters, certificate_authority
from tlsmith.core.subject import EMPTY, distinguished_name, parse_subject
from tlsmith.core.usages import EXTENDED_KEY_USAGES, KEY_USAGES
from tlsmith.errors import ProfileError

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
P256 = key_of_kind("p256").public_key()
ISSUER = IssuerLimits(NOW - 100 * DAY, NOW + 1000 * DAY)
BUILT_IN = load_policy()


def asking(*names: str, **wanted: Any) -> IssuanceRequest:
    """A request by a token named ci."""
    parsed = tuple(map(parse_name, names))
    return IssuanceRequest(
        parsed, **{"public_key": P256, "requester": "token:ci"} | wanted
    )


def judged(
    request: IssuanceRequest,
    policy: str | Policy = BUILT_IN,
    profile: str = "server",
    issuer: IssuerLimits = ISSUER,
) -> CertificateParameters:
    """What a request gets."""
    policy = load_policy(policy) if isinstance(policy, str) else policy
    return judge(policy.profile(profile), policy, request, issuer, NOW)


def reasons(*args: Any, **keywords: Any) -> list[str]:
    """Why a request gets nothing."""
    with pytest.raises(ProfileError, match="does not allow this") as caught:
        judged(*args, **keywords)
    return list(caught.value.reasons)


def test_a_server_gets_what_its_profile_says() -> None:
    made = judged(asking("a.test", "10.0.0.1"))
    assert made.names == parse_names(["a.test", "10.0.0.1"])
    assert made.subject == distinguished_name((COMMON_NAME, "a.test"))
    assert made.not_after - made.not_before + SECOND == 90 * DAY
    assert made.not_before == NOW.replace(microsecond=0) - timedelta(hours=1)
    assert made.extended_key_usage == (EXTENDED_KEY_USAGES["serverAuth"],)
    assert not made.is_ca


@pytest.mark.parametrize("kind", KINDS)
def test_keys_encipher_that_can(kind: str) -> None:
    made = judged(asking("a.test", public_key=key_of_kind(kind).public_key()))
    expected = KEY_USAGES["digitalSignature"]
    if kind.startswith("rsa"):
        expected |= KEY_USAGES["keyEncipherment"]
    assert made.key_usage == expected


def test_every_reason_is_given_at_once() -> None:
    policy = """
        [policy]
        keys = ["p256", "rsa2048"]
        names.dns = ["test"]
        [profiles.server]
        keys = ["p384"]
        requesters = ["token:web-*"]
        max_days = 100
        names.dns = ["corp.test"]
    """
    constraints = NameConstraints((Subtree("dns", "test"), Subtree("ip", "10.0.0.0/8")))
    issuer = IssuerLimits(NOW - DAY, NOW + 50 * DAY, 0, constraints)
    request = asking(
        "evil.org",
        "a.test",
        "192.0.2.1",
        lifetime=101 * DAY,
        subject=distinguished_name((COMMON_NAME, "bank.example")),
        asked=AskedExtensions(
            is_ca=True,
            key_usage=0xFF & ~1,
            extended_key_usage=("1.2.3", EXTENDED_KEY_USAGES["codeSigning"]),
            must_staple=True,
            others=("2.5.29.30",),
        ),
    )
    assert reasons(request, policy, issuer=issuer) == [
        "requester: 'token:ci' may not use it",
        "key: p256 is not allowed",
        "names: 'evil.org': profile: allowed DNS names: corp.test",
        "names: 'evil.org': policy: allowed DNS names: test",
        "names: 'evil.org': outside the issuer's name constraints",
        "names: 'a.test': profile: allowed DNS names: corp.test",
        "names: '192.0.2.1': profile: addresses are not allowed",
        "names: '192.0.2.1': policy: addresses are not allowed",
        "names: '192.0.2.1': outside the issuer's name constraints",
        "subject: the common name 'bank.example' is not among the names",
        "basicConstraints: to be a CA is not allowed",
        "keyUsage: contentCommitment, dataEncipherment, keyAgreement, keyCertSign, "
        "cRLSign is not allowed",
        "extendedKeyUsage: 1.2.3 is not allowed",
        "extendedKeyUsage: codeSigning is not allowed",
        "tlsfeature: must-staple is not allowed",
        "extensions: 2.5.29.30 is not allowed",
        "lifetime: 101 days, and 100 days is the most",
        f"lifetime: until {_moment(100)}, and the issuer lives until "
        f"{NOW + 50 * DAY:%Y-%m-%d %H:%M:%S} UTC; ask for less, or for it to be "
        "clamped",
    ]


def _moment(days: int) -> str:
    end = NOW.replace(microsecond=0) - timedelta(hours=1) + days * DAY - SECOND
    return f"{end:%Y-%m-%d %H:%M:%S} UTC"


def test_a_key_that_the_policy_forbids_is_refused() -> None:
    assert reasons(asking("a.test"), "[policy]\nkeys = ['p384']") == [
        "key: p256 is not allowed"
    ]


@pytest.mark.parametrize("requester", ["cli:root", "token:ci"])
def test_a_key_that_others_have_is_refused_however_it_comes(requester: str) -> None:
    """Some are handed in without a request: renewed, or in a table of thousands."""
    key = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    request = asking("a.test", public_key=key, requester=requester)
    assert reasons(request) == [
        "key: its private key is public: it comes with a package or a standard"
    ]
    info = public_key_info(P256)
    listed = load_blocklist(hashlib.sha256(info).hexdigest().encode())
    with pytest.raises(ProfileError) as caught:
        judge(BUILT_IN.profile(), BUILT_IN, asking("a.test"), ISSUER, NOW, listed)
    assert caught.value.reasons == ("key: it is on the list of compromised keys",)


# Names ------------------------------------------------------------------------------


def test_too_many_names_are_counted_not_listed() -> None:
    request = asking(*(f"a{number}.test" for number in range(101)))
    assert reasons(request) == ["names: 101 of them, and 100 is the most"]
    assert judged(request, "[profiles.server]\nmax_names = 101").names == request.names
    assert reasons(asking("a.test", "b.test"), "[policy]\nmax_names = 1") == [
        "names: 2 of them, and 1 is the most"
    ]


def test_without_a_name_and_a_subject_there_is_nothing_to_certify() -> None:
    assert reasons(asking()) == ["names: there are none, and no subject"]
    assert judged(asking(), "[profiles.server]\nsubject = 'O=Acme'").names == ()


# Subjects ----------------------------------------------------------------------------


def _subject(made: CertificateParameters) -> str:
    return x509.Name.from_bytes(made.subject).rfc4514_string()


def test_a_subject_of_the_profile_comes_with_the_common_name() -> None:
    acme = "[profiles.server]\nsubject = 'O=Acme,C=DE'\n"
    assert _subject(judged(asking("a.test"), acme)) == "CN=a.test,O=Acme,C=DE"
    assert _subject(judged(asking("10.0.0.1"), acme)) == "O=Acme,C=DE"
    bare = acme + "common_name = 'none'"
    assert _subject(judged(asking("a.test"), bare)) == "O=Acme,C=DE"
    none = "[profiles.server]\ncommon_name = 'none'"
    assert judged(asking("a.test"), none).subject == EMPTY


def test_the_common_name_asked_for_is_taken_where_it_is_a_name() -> None:
    subject = parse_subject("O=Evil,CN=B.test", None)
    request = asking("a.test", "b.test", "1.2.3.4", subject=subject)
    assert _subject(judged(request)) == "CN=b.test"
    address = request._replace(subject=distinguished_name((COMMON_NAME, "1.2.3.4")))
    assert _subject(judged(address)) == "CN=a.test"
    assert _subject(judged(request._replace(subject=EMPTY))) == "CN=a.test"


@pytest.mark.parametrize(
    ("how", "subject", "expected"),
    [
        ("ignore", "O=Evil,C=DE,CN=a.test", "CN=a.test,O=Acme"),
        ("use", "O=Evil,OU=Web,C=DE,CN=a.test", "CN=a.test,C=DE,OU=Web,O=Acme"),
        ("refuse", "O=Acme,CN=a.test", "CN=a.test,O=Acme"),
    ],
)
def test_attributes_of_a_request_are_used_or_not(
    how: str, subject: str, expected: str
) -> None:
    policy = f"[profiles.server]\nsubject='O=Acme'\nsubject_from_request = '{how}'"
    request = asking("a.test", subject=parse_subject(subject, None))
    found = _subject(judged(request, policy))
    assert sorted(found.split(",")) == sorted(expected.split(","))


def test_attributes_of_a_request_may_be_refused() -> None:
    policy = "[profiles.server]\nsubject='O=Acme'\nsubject_from_request = 'refuse'"
    request = asking("a.test", subject=parse_subject("O=Evil,C=DE", None))
    assert sorted(reasons(request, policy)) == [
        "subject: C='DE' is not what the profile gives",
        "subject: O='Evil' is not what the profile gives",
    ]


@pytest.mark.parametrize("text", ["alice", "Acme Release 4.2", "Müller, Jörg", "x_1"])
def test_an_account_may_be_the_common_name_where_any_is(text: str) -> None:
    subject = distinguished_name((COMMON_NAME, text))
    made = judged(asking("a.test", subject=subject), profile="client")
    found = x509.Name.from_bytes(made.subject)
    assert [part.value for part in found] == [text]
    assert reasons(asking("a.test", subject=subject), profile="server") == [
        f"subject: the common name {text!r} is not among the names"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "b.test",
        "B.TEST.",
        "localhost",
        "10.0.0.1",
        "::1",
        "me@b.test",
        "*.b.test",
        "b_.test",
        "b..test",
        "https://b.test/",
        "bücher.test",
        "xn--bcher-kva.test",
    ],
)
def test_a_host_hides_in_no_common_name(text: str) -> None:
    subject = distinguished_name((COMMON_NAME, text))
    for profile in ("client", "server", "code-signing"):
        request = asking("urn:x", subject=subject)
        assert f"the common name {text!r}" in str(reasons(request, profile=profile))


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (b"\x04\0", "subject: tag 0x04"),
        (
            distinguished_name((COMMON_NAME, "a.test"), (COMMON_NAME, "b.test")),
            "subject: more than one common name",
        ),
        (
            distinguished_name(("1.2.840.113549.1.9.1", "me@evil.org")),
            "subject: emailAddress='me@evil.org' is not among the names",
        ),
        (distinguished_name(("1.2.3", "x")), "subject: a subject with an attribute of"),
    ],
)
def test_a_subject_that_cannot_be_had_is_refused(subject: bytes, reason: str) -> None:
    found = reasons(asking("a.test", "b.test", subject=subject))
    assert len(found) == 1
    assert found[0].startswith(reason)


# Lifetimes ---------------------------------------------------------------------------


def test_a_lifetime_is_exactly_the_one_asked_for() -> None:
    for lifetime in (timedelta(minutes=5), timedelta(hours=36), 397 * DAY):
        made = judged(asking("a.test", lifetime=lifetime))
        assert made.not_after - made.not_before + SECOND == lifetime
        backdated = NOW.replace(microsecond=0) - made.not_before
        assert backdated == min(timedelta(hours=1), lifetime / 10)


def test_a_last_second_asked_for_is_the_last_second() -> None:
    end = NOW.replace(microsecond=0) + 30 * DAY
    assert judged(asking("a.test", not_after=end)).not_after == end
    assert reasons(asking("a.test", not_after=NOW + 397 * DAY)) == [
        "lifetime: 397 days, 1:00:01, and 397 days is the most"
    ]
    assert "a minute is the least" in reasons(asking("a.test", not_after=NOW - DAY))[0]


@pytest.mark.parametrize("lifetime", [timedelta(), -DAY, timedelta(seconds=59)])
def test_a_lifetime_of_nothing_is_refused(lifetime: timedelta) -> None:
    found = reasons(asking("a.test", lifetime=lifetime))
    assert "a minute is the least" in found[0]


def test_a_lifetime_beyond_the_end_of_time_is_refused() -> None:
    found = reasons(asking("a.test", lifetime=timedelta.max))
    assert found[0].endswith("and 397 days is the most")


def test_a_policy_shortens_the_default_and_the_longest() -> None:
    policy = "[policy]\nmax_lifetime = '36h'"
    made = judged(asking("a.test"), policy)
    assert made.not_after - made.not_before + SECOND == timedelta(hours=36)
    assert (
        "1 day, 12:00:00 is the most"
        in reasons(asking("a.test", lifetime=2 * DAY), policy)[0]
    )


def test_nothing_outlives_its_issuer_but_may_be_clamped() -> None:
    issuer = IssuerLimits(NOW - timedelta(minutes=1), NOW + 10 * DAY)
    assert "the issuer lives until" in reasons(asking("a.test"), issuer=issuer)[0]
    made = judged(asking("a.test", clamp=True), issuer=issuer)
    assert (made.not_before, made.not_after) == (issuer.not_before, issuer.not_after)


def test_an_issuer_that_is_not_living_signs_nothing_clamped_or_not() -> None:
    for clamp in (True, False):
        request = asking("a.test", clamp=clamp)
        old = IssuerLimits(NOW - 9 * DAY, NOW)
        young = IssuerLimits(NOW + SECOND, NOW + 900 * DAY)
        assert "issuer: it expired at" in reasons(request, issuer=old)[0]
        assert "issuer: it begins at" in reasons(request, issuer=young)[0]


@given(
    st.timedeltas(timedelta(minutes=1), 397 * DAY),
    st.timedeltas(timedelta(seconds=1), 400 * DAY),
)
def test_whatever_is_given_lies_within_the_issuers_life(
    lifetime: timedelta, left: timedelta
) -> None:
    issuer = IssuerLimits(NOW - timedelta(minutes=3), NOW + left)
    made = judged(asking("a.test", lifetime=lifetime, clamp=True), issuer=issuer)
    assert issuer.not_before <= made.not_before <= NOW
    assert made.not_after <= issuer.not_after
    assert made.not_after - made.not_before + SECOND <= lifetime


# Extensions --------------------------------------------------------------------------


def test_usages_within_the_profile_may_be_asked_for() -> None:
    asked = AskedExtensions(
        key_usage=0xA0, extended_key_usage=(EXTENDED_KEY_USAGES["serverAuth"],)
    )
    assert judged(asking("a.test", asked=asked)) == judged(asking("a.test"))


def test_what_is_asked_beyond_may_be_passed_over_but_never_a_ca() -> None:
    policy = "[profiles.server]\nasked_extensions = 'ignore'"
    asked = AskedExtensions(
        key_usage=0xFE, extended_key_usage=("1.2.3",), must_staple=True, others=("1.2",)
    )
    assert judged(asking("a.test", asked=asked), policy) == judged(asking("a.test"))
    request = asking("a.test", asked=asked._replace(is_ca=True))
    assert reasons(request, policy) == ["basicConstraints: to be a CA is not allowed"]


@pytest.mark.parametrize(
    ("setting", "asked", "expected"),
    [
        ("true", False, True),
        ("true", True, True),
        ("'on-request'", False, False),
        ("'on-request'", True, True),
        ("false", False, False),
    ],
)
def test_must_staple_is_always_on_request_or_never(
    setting: str, asked: bool, expected: bool
) -> None:
    policy = f"[profiles.server]\nmust_staple = {setting}"
    request = asking("a.test", asked=AskedExtensions(must_staple=asked))
    found = _issued(judged(request, policy)).extensions
    features = [each.value for each in found if each.oid == x509.TLSFeature.oid]
    status_request = x509.TLSFeature([x509.TLSFeatureType.status_request])
    assert features == [status_request] * expected


def test_an_extension_of_the_profile_is_in_the_certificate_and_may_be_asked_for() -> (
    None
):
    policy = """
        [[profiles.server.extensions]]
        oid = "1.2.3.4"
        value = "0500"
        critical = true
    """
    request = asking("a.test", asked=AskedExtensions(others=("1.2.3.4",)))
    found = _issued(judged(request, policy)).extensions
    oid = x509.ObjectIdentifier("1.2.3.4")
    extension = found.get_extension_for_oid(oid)
    assert extension.critical
    assert extension.value == x509.UnrecognizedExtension(oid, b"\5\0")


def _issued(parameters: CertificateParameters) -> x509.Certificate:
    return x509.load_der_x509_certificate(_ca().issue(parameters, P256).der)


def _ca(path_length: int | None = 1) -> Issuer:
    key = key_of_kind("p384")
    subject = distinguished_name((ORGANIZATION, "Test CA"))
    years: tuple[datetime, datetime] = (NOW - DAY, NOW + 3000 * DAY)
    parameters = certificate_authority(subject, years, path_length=path_length)
    return Issuer(self_issue(parameters, key).der, key)


# CAs --------------------------------------------------------------------------------


def _intermediate() -> IssuanceRequest:
    subject = distinguished_name((ORGANIZATION, "Acme"), (COMMON_NAME, "Acme CA 1"))
    asked = AskedExtensions(is_ca=True, key_usage=0x06)
    return asking(subject=subject, requester="cli:root", asked=asked)


def test_an_intermediate_is_a_ca_with_the_subject_it_asks_for() -> None:
    policy = "[profiles.intermediate.name_constraints]\npermitted.dns = ['corp.test']"
    limits = limits_of(_ca().view)
    made = judged(_intermediate(), policy, "intermediate", limits)
    assert made.is_ca
    assert _subject(made) == "CN=Acme CA 1,O=Acme"
    found = _issued(made).extensions
    basic = found.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)
    constraints = found.get_extension_for_class(x509.NameConstraints).value
    assert constraints.permitted_subtrees == [x509.DNSName("corp.test")]


def test_an_intermediate_is_refused_where_the_issuer_may_have_none() -> None:
    limits = limits_of(_ca(0).view)
    request = _intermediate()._replace(clamp=True)
    assert reasons(request, profile="intermediate", issuer=limits) == [
        "path_length: 0, and the issuer allows 0 CAs below it"
    ]
    deeper = "[profiles.deep]\nextends = 'intermediate'\npath_length = 1"
    limits = limits_of(_ca(1).view)
    assert reasons(request, deeper, "deep", limits) == [
        "path_length: 1, and the issuer allows 1 CAs below it"
    ]


def test_an_intermediate_needs_a_subject_and_the_command_line() -> None:
    limits = limits_of(_ca().view)
    request = _intermediate()._replace(subject=None, requester="token:ci")
    assert reasons(request, profile="intermediate", issuer=limits) == [
        "requester: 'token:ci' may not use it",
        "names: there are none, and no subject",
    ]


def test_a_requester_is_told_on_one_line() -> None:
    found = reasons(asking("a.test", requester="x\nevil"), profile="ocsp")
    assert found[0] == r"requester: 'x\nevil' may not use it"
