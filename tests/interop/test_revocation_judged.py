"""Others take our CRLs and OCSP responses, and refuse what is revoked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_crl, ocsp

from interop import revoking
from interop.pkilint_findings import (
    Allowed,
    Finding,
    chain_findings,
    crl_findings,
    ocsp_findings,
    rfc5280_findings,
)
from interop.revocation_judges import (
    CRL_JUDGES,
    GOOD,
    OCSP_JUDGES,
    OK,
    REVOKED,
    UNKNOWN,
    CRLJudge,
    OCSPJudge,
    crl_pems,
)
from interop.revoking import Revoking
from interop.tools import needs
from interop.zlint_findings import zlint_findings
from tlsmith.core.keys import KINDS
from tlsmith.core.ocsp import encode_ocsp_request, error_response, make_cert_id

pytestmark = pytest.mark.interop

Worlds = Callable[[str], Revoking]
CRLS = ("root_crl", "complete_crl")
# Of each name: a serial number, CRLs, and whether the certificate is refused.
QUESTIONS: dict[str, tuple[int, tuple[str, ...], bool]] = {
    "good": (revoking.GOOD, CRLS, False),
    "revoked": (revoking.REVOKED, CRLS, True),
    "held": (revoking.HELD, CRLS, True),
    "below a revoked CA": (
        revoking.GOOD,
        ("revoked_issuer_crl", "complete_crl"),
        True,
    ),
}
OF_SHARDS: dict[str, tuple[int, tuple[str, ...], bool]] = {
    "good": (revoking.SHARD_GOOD, ("root_crl", "shard_crl"), False),
    "revoked": (revoking.SHARD_REVOKED, ("root_crl", "shard_crl"), True),
    "good, end entities only": (revoking.GOOD, ("root_crl", "users_crl"), False),
    "revoked, end entities only": (revoking.REVOKED, ("root_crl", "users_crl"), True),
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Give a CA that revokes, with keys of one kind, made at first need."""
    folder = tmp_path_factory.mktemp("revoking")
    return cache(lambda kind: Revoking(kind, folder / kind))


def pairs(judges: Mapping[str, CRLJudge | OCSPJudge]) -> list[Any]:
    """Return every implementation with every kind of key that it knows."""
    return [
        pytest.param(
            judge,
            kind,
            marks=[pytest.mark.network] if judge.is_fetched else [],
            id=f"{name}-{kind}",
        )
        for name, judge in judges.items()
        for kind in KINDS
        if kind not in judge.unknown
    ]


every_crl_judge = pytest.mark.parametrize(("judge", "kind"), pairs(CRL_JUDGES))
every_ocsp_judge = pytest.mark.parametrize(("judge", "kind"), pairs(OCSP_JUDGES))


def is_revoked(said: str) -> bool:
    return "revoked" in said


# CRLs -----------------------------------------------------------------------------


@every_crl_judge
def test_a_complete_crl_is_taken_and_what_it_lists_refused(
    judge: CRLJudge, kind: str, worlds: Worlds
) -> None:
    needs(*judge.tools)
    questions = [(serial, crls) for serial, crls, _ in QUESTIONS.values()]
    answers = judge.ask(worlds(kind), questions)
    for (name, (*_, refused)), said in zip(QUESTIONS.items(), answers, strict=True):
        assert is_revoked(said) if refused else said == OK, f"{name}: {said}"


@every_crl_judge
def test_a_crl_of_some_is_taken_for_those_it_covers(
    judge: CRLJudge, kind: str, worlds: Worlds
) -> None:
    """Its issuingDistributionPoint is critical, and matches the certificate's."""
    needs(*judge.tools)
    questions = [(serial, crls) for serial, crls, _ in OF_SHARDS.values()]
    answers = judge.ask(worlds(kind), questions)
    for (name, (*_, refused)), said in zip(OF_SHARDS.items(), answers, strict=True):
        if not judge.reads_shards:
            assert "CRITICAL_EXTENSION" in said, said
            continue
        assert is_revoked(said) if refused else said == OK, f"{name}: {said}"


@pytest.mark.parametrize(
    ("judge", "kind"),
    pairs({name: one for name, one in CRL_JUDGES.items() if one.needs_all}),
)
def test_a_crl_of_others_is_not_taken_for_those_it_does_not_cover(
    judge: CRLJudge, kind: str, worlds: Worlds
) -> None:
    needs(*judge.tools)
    other = ("root_crl", "other_shard_crl")
    questions = [(revoking.SHARD_GOOD, other), (revoking.SHARD_REVOKED, other)]
    questions.append((revoking.GOOD, ("root_crl",)))
    for said in judge.ask(worlds(kind), questions):
        assert said != OK
        assert not is_revoked(said)


@pytest.mark.parametrize(
    ("judge", "kind"),
    pairs({name: one for name, one in CRL_JUDGES.items() if "openssl" in name}),
)
def test_a_delta_adds_to_the_complete_crl_and_takes_off(
    judge: CRLJudge, kind: str, worlds: Worlds
) -> None:
    """Of those asked here, OpenSSL alone reads delta CRLs."""
    needs(*judge.tools)
    all_three = (*CRLS, "delta_crl")
    for serial, before, after in (
        (revoking.RECENT, False, True),
        (revoking.RELEASED, True, False),
        (revoking.GOOD, False, False),
        (revoking.REVOKED, True, True),
    ):
        said = judge.ask(worlds(kind), [(serial, CRLS), (serial, all_three)])
        for answer, refused in zip(said, (before, after), strict=True):
            assert is_revoked(answer) if refused else answer == OK, answer


@every_crl_judge
def test_a_crl_that_was_changed_is_refused(
    judge: CRLJudge, kind: str, worlds: Worlds
) -> None:
    needs(*judge.tools)
    questions = [(revoking.GOOD, ("root_crl", "changed_crl"))]
    (said,) = judge.ask(worlds(kind), questions)
    assert said != OK
    assert not is_revoked(said)


@pytest.mark.parametrize("kind", KINDS)
def test_the_library_takes_every_crl(kind: str, worlds: Worlds) -> None:
    world = worlds(kind)
    key: Any = load_der_public_key(world.issuer.view.public_key_info)
    for data in (world.complete_crl, world.delta_crl, world.shard_crl, world.users_crl):
        crl = load_der_x509_crl(data)
        assert crl.is_signature_valid(key)
        assert len(list(crl)) == len(crl)


# OCSP -----------------------------------------------------------------------------


@every_ocsp_judge
def test_an_ocsp_response_is_taken_for_what_it_says(
    judge: OCSPJudge, kind: str, worlds: Worlds
) -> None:
    needs(*judge.tools)
    world = worlds(kind)
    serials = (revoking.GOOD, revoking.REVOKED, revoking.SHARD_GOOD)
    for responder in (world.responder, world.issuers_responder):
        answers = judge.ask(world, [(serial, responder) for serial in serials])
        assert answers == [GOOD, REVOKED, UNKNOWN]


@every_ocsp_judge
def test_an_ocsp_response_of_another_cas_responder_is_refused(
    judge: OCSPJudge, kind: str, worlds: Worlds
) -> None:
    needs(*judge.tools)
    stranger = worlds("p384" if kind == "p256" else "p256")
    responders = (stranger.responder, stranger.issuers_responder)
    questions = [(revoking.GOOD, responder) for responder in responders]
    for said in judge.ask(worlds(kind), questions):
        assert said not in (GOOD, REVOKED, UNKNOWN)


# Linters --------------------------------------------------------------------------

_REASON = "cabf.crl_prohibited_reason_code"
# What a public CA may not do, and a private one may.
OF_CRLS = [
    Allowed(_REASON, "", "holding is asked for", says="certificateHold"),
    Allowed(_REASON, "", "how a delta CRL takes one off", says="removeFromCRL"),
]
LISTS = (
    "root_crl",
    "revoked_issuer_crl",
    "complete_crl",
    "delta_crl",
    "shard_crl",
    "users_crl",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LISTS)
def test_pkilint_finds_nothing_in_a_crl(kind: str, name: str, worlds: Worlds) -> None:
    hold(
        finding
        for finding in crl_findings(
            getattr(worlds(kind), name), is_arl=name in LISTS[:2]
        )
        if not any(one.covers(finding) for one in OF_CRLS)
    )


def test_every_reason_is_still_needed(worlds: Worlds) -> None:
    world = worlds("p256")
    lists = (world.complete_crl, world.delta_crl)
    found = [one for data in lists for one in crl_findings(data, is_arl=False)]
    for allowed in OF_CRLS:
        assert any(allowed.covers(finding) for finding in found), allowed


@pytest.mark.parametrize("kind", KINDS)
def test_pkilint_finds_nothing_in_an_ocsp_response(kind: str, worlds: Worlds) -> None:
    world = worlds(kind)
    for serial in (revoking.GOOD, revoking.REVOKED, revoking.SHARD_GOOD):
        for nonce in (None, os.urandom(32)):
            cert_id = make_cert_id(world.issuer.view, serial)
            response = world.answer(encode_ocsp_request([cert_id], nonce))
            assert ocsp.load_der_ocsp_response(response).serial_number == serial
            hold(ocsp_findings(response))
    several = [make_cert_id(world.issuer.view, one) for one in revoking.SERIALS]
    hold(ocsp_findings(world.answer(encode_ocsp_request(several))))


def test_pkilint_finds_nothing_in_an_ocsp_error() -> None:
    for name in ("malformedRequest", "internalError", "tryLater", "unauthorized"):
        hold(ocsp_findings(error_response(name)))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "ml-dsa" not in kind])
def test_pkilint_finds_nothing_in_what_names_where_revocation_is_published(
    kind: str, worlds: Worlds
) -> None:
    """The responder's certificate among them; it cannot check ML-DSA signatures."""
    world = worlds(kind)
    below = (world.certificate(revoking.GOOD), world.responder.view.der)
    for data in (world.issuer.certificate, *below):
        found = rfc5280_findings(data)
        hold(finding for finding in found if finding.severity != "INFO")
    for data in below:
        hold(chain_findings(world.issuer.certificate, data))


# Lists with reasons that zlint wants in none of a public CA's.
_ODD_REASONS = {
    "complete_crl": "holding is asked for",
    "delta_crl": "removeFromCRL is how a delta CRL takes one off",
    "revoked_issuer_crl": "cACompromise is said of CAs, which zlint cannot know",
}


@pytest.mark.network
@pytest.mark.parametrize("kind", KINDS)
def test_zlint_finds_nothing_in_a_crl(kind: str, worlds: Worlds) -> None:
    paths = crl_pems(worlds(kind), LISTS)
    for name, found in zip(LISTS, zlint_findings(paths), strict=True):
        expected = (
            {"e_cab_crl_has_valid_reason_code"} if name in _ODD_REASONS else set()
        )
        assert found == expected, name


def hold(found: Iterable[Finding]) -> None:
    faults = [str(finding) for finding in found]
    assert not faults
