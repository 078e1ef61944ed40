"""Orders' endpoints, and certificates' (RFC 8555 sections 7.4 and 7.6)."""

from __future__ import annotations

from tlsmith.acme import problems
from tlsmith.acme.identifiers import parse_identifiers
from tlsmith.acme.messages import Finalize, NewAuthorization, NewOrder, Revocation
from tlsmith.acme.renewal_info import parse_cert_id
from tlsmith.authority.acme.orders import WantedOrder
from tlsmith.server.acme.call import Call, Endpoint
from tlsmith.server.acme.reply import PEM_CHAIN, Pending, Reply, link, location
from tlsmith.server.acme.views import authorization_body, order_body
from tlsmith.storage.acme.authorizations import AuthorizationRecord
from tlsmith.storage.acme.orders import OrderRecord
from tlsmith.storage.acme.wanted import ORDER, PROOFS


def _new_order(call: Call) -> Pending:
    message = call.read(NewOrder)
    wanted = WantedOrder(
        parse_identifiers(message.asked),
        message.profile,
        message.not_before,
        message.not_after,
        None if message.replaces is None else parse_cert_id(message.replaces),
        call.address,
    )
    done = call.service.new_order(call.holder, wanted)
    return Pending(done, lambda record: _order(call, record, 201))


def _order(call: Call, record: OrderRecord, status: int) -> Reply:
    is_running = call.service.is_finalizing(record.id)
    body = order_body(call.urls, record, is_running=is_running)
    fields = (location(call.urls.order(record.id)),)
    return Reply(status, body, fields=fields)


def _show_order(call: Call) -> Reply:
    call.require_reading()
    return _order(call, call.service.order(call.holder, call.ids[0]), 200)


def order_to_finalize(call: Call) -> OrderRecord:
    """Return the order that is to be finalized, where nothing we know is against it.

    Raises:
        ACMEProblem: orderNotReady, badCSR, malformed.
    """
    message = call.read(Finalize)
    order = call.service.order(call.holder, call.ids[0])
    call.service.refuse_unfit(order, message.csr)
    return order


def _finalize(call: Call) -> Pending:
    message = call.read(Finalize)
    order = call.service.order(call.holder, call.ids[0])
    done = call.service.finalize(call.holder, order, message.csr, call.request_id)
    return Pending(done, lambda record: _order(call, record, 200))


def _new_authz(call: Call) -> Pending:
    message = call.read(NewAuthorization)
    asked = [(message.identifier.type, message.identifier.value)]
    identifier = parse_identifiers(asked, wildcards=False)[0]
    done = call.service.new_authorization(call.holder, identifier, call.address)

    def made(record: AuthorizationRecord) -> Reply:
        names = call.service.settings.caa_identities
        body = authorization_body(call.urls, record, names)
        fields = (location(call.urls.authorization(record.id)),)
        return Reply(201, body, fields=fields)

    return Pending(done, made)


def _certificate(call: Call) -> Reply:
    call.require_reading()
    order_id, *rest = call.ids
    order = call.service.order(call.holder, order_id)
    certificate, ways = call.service.certificate(order)
    number = int(rest[0]) if rest and rest[0].isdecimal() and len(rest[0]) < 4 else 0
    if (rest and number < 1) or number >= len(ways):
        raise problems.malformed("there is no such certificate", status=404)
    fields = tuple(
        link(call.urls.certificate(order_id, other), "alternate")
        for other in range(len(ways))
        if other != number
    )
    return Reply(200, certificate + ways[number], PEM_CHAIN, fields)


def _revoke(call: Call) -> Pending:
    message = call.read(Revocation)
    asker = call.account or call.key
    assert asker is not None  # noqa: S101 -- every request is signed
    done = call.service.revoke(
        message.certificate, message.reason, asker, call.request_id
    )
    return Pending(done, lambda _: Reply(200))


ENDPOINTS = (
    Endpoint("new-order", _new_order),
    Endpoint("order/{}", _show_order, about=(ORDER,)),
    Endpoint("order/{}/finalize", _finalize, about=(ORDER, PROOFS)),
    Endpoint("new-authz", _new_authz),
    Endpoint("cert/{}", _certificate, about=(ORDER,)),
    Endpoint("cert/{}/{}", _certificate, about=(ORDER,)),
    Endpoint("revoke-cert", _revoke, "either"),
)
