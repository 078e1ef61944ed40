"""Authorizations' endpoints (RFC 8555 section 7.5); challenges': `challenges`."""

from __future__ import annotations

from tlsmith.acme import problems
from tlsmith.acme.messages import AuthorizationUpdate
from tlsmith.server.acme.call import Call, Endpoint
from tlsmith.server.acme.reply import Pending, Reply, retry_after
from tlsmith.server.acme.views import authorization_body
from tlsmith.storage.acme.authorizations import PROCESSING, AuthorizationRecord
from tlsmith.storage.acme.wanted import AUTHORIZATION, TRIES

# Seconds until asking again is worth while.
_SOON = 1


def _authorization(call: Call) -> Reply | Pending:
    record = call.service.authorization(call.holder, call.ids[0])
    if call.is_reading:
        return _shown(call, record)
    message = call.read(AuthorizationUpdate)
    if message.status != "deactivated":
        raise problems.malformed(
            f"status: {(message.status or 'none')[:40]}: an authorization can be "
            "changed to deactivated alone"
        )
    done = call.service.deactivate_authorization(record)
    return Pending(done, lambda changed: _shown(call, changed))


def _shown(call: Call, record: AuthorizationRecord) -> Reply:
    names = call.service.settings.caa_identities
    body = authorization_body(call.urls, record, names)
    is_running = any(one.status == PROCESSING for one in record.challenges)
    return Reply(200, body, fields=(retry_after(_SOON),) if is_running else ())


def _challenge(call: Call) -> Reply:
    raise AssertionError("validating takes time: see `challenges`")


ENDPOINTS = (
    Endpoint("authz/{}", _authorization, about=(AUTHORIZATION,)),
    Endpoint("challenge/{}/{}", _challenge, about=(AUTHORIZATION, TRIES)),
)
