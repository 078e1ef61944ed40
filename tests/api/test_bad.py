"""Every bad certificate is refused, for its own reason and no other."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import get_args

import pytest

from handshakes import handshake
from tlsmith.api import (
    BAD_KINDS,
    CA,
    BadCertificate,
    BadCertificates,
    BadKind,
    Certificate,
    KeyKind,
)
from tlsmith.core.names import parse_names
from tlsmith.errors import InputError, PathLengthError

ROOT = CA()
GOOD = ROOT.issue("localhost", "127.0.0.1", "::1")
# Of the reasons, the one that is not about the host, for each kind that is.
_HOST = ("wrong_host", "common_name_only")


def _refusal(
    client: ssl.SSLContext, server: Certificate, host: str = "localhost"
) -> int:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(client, server.server_context(), host)
    return caught.value.verify_code


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
@pytest.mark.parametrize("kind", BAD_KINDS)
def test_clients_refuse_it_for_the_reason_it_names(kind: BadKind, host: str) -> None:
    bad = ROOT.bad.make(kind)
    assert bad.kind == kind
    assert _refusal(bad.client_context(), bad, host) in bad.verify_codes


@pytest.mark.parametrize("kind", BAD_KINDS)
def test_the_client_that_refuses_it_accepts_a_good_one(kind: BadKind) -> None:
    context = ROOT.bad.make(kind).client_context()
    assert handshake(context, GOOD.server_context())


@pytest.mark.parametrize("key", ["rsa2048", "ed25519"])
@pytest.mark.parametrize("kind", BAD_KINDS)
def test_it_is_the_same_with_other_keys_below_an_intermediate(
    kind: BadKind, key: KeyKind
) -> None:
    bad = _BELOW[key].bad.make(kind, "a.test")
    assert _refusal(bad.client_context(), bad, "a.test") in bad.verify_codes


_BELOW: dict[KeyKind, CA] = {
    key: CA(key=key).intermediate() for key in ("rsa2048", "ed25519")
}


@pytest.mark.parametrize("kind", [kind for kind in BAD_KINDS if kind not in _HOST])
def test_servers_refuse_clients_that_present_it(kind: BadKind) -> None:
    bad = ROOT.bad.make(kind, "alice.test", client=True)
    server = GOOD.server_context(client_ca=ROOT)
    if kind == "revoked":
        ROOT.trust(server, check_revocation=True)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(ROOT.client_context(bad), server)
    assert caught.value.verify_code in bad.verify_codes


@pytest.mark.parametrize("kind", _HOST)
def test_servers_do_not_look_at_the_host_of_a_client(kind: BadKind) -> None:
    bad = ROOT.bad.make(kind, "alice.test", client=True)
    server = GOOD.server_context(client_ca=ROOT)
    assert handshake(ROOT.client_context(bad), server)


def test_there_is_a_method_for_each_kind_and_each_is_yielded() -> None:
    assert get_args(BadKind) == BAD_KINDS
    methods = {name for name in vars(BadCertificates) if name[0] != "_"} - {"make"}
    assert methods == set(BAD_KINDS)
    assert tuple(bad.kind for bad in ROOT.bad) == BAD_KINDS
    assert ROOT.bad.expired().kind == "expired"


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in BAD_KINDS
        if kind not in ("wrong_host", "common_name_only", "self_signed", "untrusted")
    ],
)
def test_with_a_constrained_ca_the_reason_stays_the_same(kind: BadKind) -> None:
    ca = CA(permit=["a.test"])
    bad = ca.bad.make(kind, "a.test")
    assert _refusal(bad.client_context(), bad, "a.test") in bad.verify_codes


@pytest.mark.parametrize(
    ("permit", "host"),
    [
        (["a.test"], "a.test"),
        (["127.0.0.0/8"], "127.0.0.1"),
        (["::/64"], "::1"),
        (["a.test"], "*.a.test"),
    ],
)
def test_the_wrong_host_is_one_the_ca_may_sign_for(
    permit: list[str], host: str
) -> None:
    bad = CA(permit=permit).bad.wrong_host(host)
    asked = host.replace("*", "x")
    assert _refusal(bad.client_context(), bad, asked) in bad.verify_codes


def test_the_wrong_host_is_none_of_the_hosts() -> None:
    names = [f"10.0.0.{n}" for n in range(16)]
    assert ROOT.bad.wrong_host(*names).names == ("10.0.0.16",)
    assert ROOT.bad.wrong_host("me@a.test").names == ("wrong.host.invalid",)
    assert ROOT.bad.wrong_host().names == ("wrong.host.localhost",)


def test_python_alone_would_take_a_host_from_the_common_name() -> None:
    """So that this kind is worth a test."""
    bad = ROOT.bad.common_name_only()
    context = bad.client_context()
    context.hostname_checks_common_name = True
    assert handshake(context, bad.server_context())


def test_a_bad_certificate_is_a_certificate() -> None:
    bad = ROOT.bad.expired("a.test")
    assert isinstance(bad, Certificate)
    assert isinstance(bad, BadCertificate)
    assert bad.names == ("a.test",)
    assert repr(bad).startswith("<BadCertificate for a.test, until ")


def test_times_are_those_of_the_ca() -> None:
    ca = CA(now=datetime(2040, 6, 1))
    assert ca.bad.expired().not_after == datetime(2040, 5, 31, tzinfo=UTC)
    assert ca.bad.not_yet_valid().not_before == datetime(2040, 6, 2, tzinfo=UTC)
    for kind in ("untrusted", "self_signed", "wrong_usage"):
        assert ca.bad.make(kind).not_after.year == 2040


def test_names_are_judged_as_elsewhere() -> None:
    for kind in BAD_KINDS:
        with pytest.raises(InputError, match="not a DNS name"):
            ROOT.bad.make(kind, "a b")
    assert parse_names(["localhost"])


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="'make'") as caught:
        ROOT.bad.make("make")  # type: ignore[arg-type]
    assert "not_yet_valid" in str(caught.value.hint)


@pytest.mark.parametrize("kind", BAD_KINDS)
def test_the_reason_is_the_same_for_newer_pythons(kind: BadKind) -> None:
    """Since 3.13 they are stricter by default, and take an intermediate for a root."""
    bad = ROOT.bad.make(kind)
    context = bad.client_context()
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    assert handshake(context, GOOD.server_context())
    assert _refusal(context, bad) in bad.verify_codes


def test_a_ca_that_may_have_none_below_has_no_intermediate_to_miss() -> None:
    with pytest.raises(PathLengthError):
        CA(path_length=0).bad.missing_intermediate()
