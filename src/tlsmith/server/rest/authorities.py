"""Endpoints for the CAs: themselves, their CRLs, their profiles and policy."""

from __future__ import annotations

from tlsmith.authority.chains import chain_to_root
from tlsmith.authority.issuers import crl_path
from tlsmith.authority.records import authority_facts, crl_facts, profile_facts
from tlsmith.core.formats import encode_chain
from tlsmith.errors import InputError
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.endpoint import TOML, Answer, Call, Endpoint, json_answer
from tlsmith.storage.authorities import authority as authority_of
from tlsmith.storage.status import DELTA


def _list(call: Call) -> Answer:
    records = call.authority.issuers.records()
    return json_answer({"authorities": [authority_facts(one) for one in records]})


def _show(call: Call) -> Answer:
    with call.authority.storage.read() as connection:
        record = authority_of(connection, call.place.slug)
    facts = authority_facts(record)
    if record.certificate is not None:
        chain = chain_to_root(record, call.authority.issuers.records())
        facts["chain"] = encode_chain(chain).decode("ascii")
    return json_answer(facts)


def _crls(call: Call) -> Answer:
    found = call.authority.publication.crls()
    return json_answer({"crls": [crl_facts(*pair) for pair in found.items()]})


def _issue_crls(call: Call) -> Answer:
    issued = call.authority.refresh_crls(force=call.body.force)
    slugs = {one.id: one.slug for one in call.authority.issuers.records()}
    facts = [
        crl_facts(
            crl_path(slugs[one.authority_id], one.shard, delta=one.kind == DELTA), one
        )
        for one in issued
    ]
    return json_answer({"crls": facts})


def _profiles(call: Call) -> Answer:
    policy = call.authority.policy()
    return json_answer(
        {
            "profiles": [profile_facts(one) for one in policy.profiles.values()],
            "default_profile": policy.default_profile,
        }
    )


def _policy(call: Call) -> Answer:
    return Answer(200, call.authority.policy().encode().encode("utf-8"), TOML)


def _set_policy(call: Call) -> Answer:
    try:
        text = call.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("the policy is not UTF-8", code="bad-text") from error
    if "\0" in text:
        raise InputError("the policy has a NUL in it", code="bad-text")
    return json_answer({"version": call.authority.set_policy(text, call.actor)})


ENDPOINTS = (
    Endpoint(
        "GET", "/authorities", _list, "List the CAs", "viewer", answers.Authorities
    ),
    Endpoint(
        "GET",
        "/authorities/{slug}",
        _show,
        "Show a CA, with its chain",
        "viewer",
        answers.AuthorityFacts,
        place=messages.BySlug,
    ),
    Endpoint("GET", "/crls", _crls, "List the CRLs in force", "viewer", answers.CRLs),
    Endpoint(
        "POST",
        "/crls",
        _issue_crls,
        "Issue CRLs now",
        "operator",
        answers.CRLs,
        body=messages.NewCRLs,
    ),
    Endpoint(
        "GET",
        "/profiles",
        _profiles,
        "List the profiles in force",
        "viewer",
        answers.Profiles,
    ),
    Endpoint(
        "GET", "/policy", _policy, "Get the policy in force", "administrator", TOML
    ),
    Endpoint(
        "PUT",
        "/policy",
        _set_policy,
        "Put a policy into force; every mistake is named",
        "administrator",
        answers.PolicyVersion,
        body=bytes,
        takes=TOML,
    ),
)
