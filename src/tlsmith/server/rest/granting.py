"""Endpoints that say who may do what: tokens and grants; and who asks."""

from __future__ import annotations

from tlsmith.authority.access import (
    Scope,
    create_token,
    grant,
    take_grant_back,
    take_token_back,
)
from tlsmith.authority.records import grant_facts, token_facts
from tlsmith.errors import NotFoundError
from tlsmith.server.reply import problem_body
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, Pending, json_answer
from tlsmith.storage import Transaction
from tlsmith.storage.access import grants, tokens


def _whoami(call: Call) -> Answer:
    actor = call.actor
    return json_answer(
        {
            "name": actor.name,
            "role": actor.role,
            "profiles": actor.profiles,
            "names": actor.names,
        }
    )


def _tokens(call: Call) -> Answer:
    with call.authority.storage.read() as connection:
        return json_answer({"tokens": [token_facts(one) for one in tokens(connection)]})


def _make_token(call: Call) -> Pending:
    body: messages.NewToken = call.body
    now, scope = call.authority.clock(), _scope(call)

    def work(transaction: Transaction) -> Answer:
        token, record = create_token(
            transaction,
            body.name,
            scope,
            call.actor,
            now,
            expires_at=body.expires_at,
        )
        facts = token_facts(record) | {"token": token}
        kept = problem_body(
            409,
            f"the token {record.id} was made by this request before, and answered then",
            code="token-answered-once",
            hint="if that answer was lost: delete the token, and make another",
        )
        return json_answer(facts, 201)._replace(kept=(409, kept))

    return Pending(call.begin(work), lambda: None)


def _delete_token(call: Call) -> Answer:
    now = call.authority.clock()
    number = call.place.id
    call.authority.writer.submit(
        lambda tx: take_token_back(tx, number, call.actor, now)
    )
    return Answer(204)


def _grants(call: Call) -> Answer:
    with call.authority.storage.read() as connection:
        return json_answer({"grants": [grant_facts(one) for one in grants(connection)]})


def _grant(call: Call) -> Answer:
    with call.authority.storage.read() as connection:
        for one in grants(connection):
            if one.identity == call.place.identity:
                return json_answer(grant_facts(one))
    raise NotFoundError(
        "nothing is granted to this name", hint="see what is: GET /grants"
    )


def _set_grant(call: Call) -> Pending:
    now = call.authority.clock()
    scope, identity = _scope(call), call.place.identity

    def work(transaction: Transaction) -> Answer:
        grant(transaction, identity, scope, call.actor, now)
        # As the store has it: since when, does not change with what.
        there = (one for one in grants(transaction) if one.identity == identity)
        return json_answer(grant_facts(next(there)))

    return Pending(call.begin(work), lambda: None)


def _delete_grant(call: Call) -> Answer:
    now = call.authority.clock()
    identity = call.place.identity
    call.authority.writer.submit(
        lambda tx: take_grant_back(tx, identity, call.actor, now)
    )
    return Answer(204)


def _scope(call: Call) -> Scope:
    body: messages.NewToken | messages.NewGrant = call.body
    scope = Scope(body.role, tuple(body.profiles), tuple(body.names))
    scope.check_profiles(call.authority.policy())
    return scope


ENDPOINTS = (
    Endpoint("GET", "/whoami", _whoami, "Show who asks", "viewer", answers.Identity),
    Endpoint("GET", "/tokens", _tokens, "List tokens", "administrator", answers.Tokens),
    Endpoint(
        "POST",
        "/tokens",
        _make_token,
        "Make a token; it is answered once",
        "administrator",
        answers.MadeToken,
        status=201,
        body=messages.NewToken,
        once=True,
    ),
    Endpoint(
        "DELETE",
        "/tokens/{id}",
        _delete_token,
        "Take a token back",
        "administrator",
        None,
        status=204,
        place=messages.ByID,
    ),
    Endpoint("GET", "/grants", _grants, "List grants", "administrator", answers.Grants),
    Endpoint(
        "GET",
        "/grants/{identity}",
        _grant,
        "Show what a client certificate may do",
        "administrator",
        answers.Grant,
        place=messages.ByIdentity,
    ),
    Endpoint(
        "PUT",
        "/grants/{identity}",
        _set_grant,
        "Say what client certificates with a name may do",
        "administrator",
        answers.Grant,
        body=messages.NewGrant,
        place=messages.ByIdentity,
    ),
    Endpoint(
        "DELETE",
        "/grants/{identity}",
        _delete_grant,
        "Take a grant back",
        "administrator",
        None,
        status=204,
        place=messages.ByIdentity,
    ),
)
