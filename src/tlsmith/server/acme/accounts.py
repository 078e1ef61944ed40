"""Accounts' endpoints (RFC 8555 section 7.3)."""

from __future__ import annotations

import re

from tlsmith.acme import problems
from tlsmith.acme.binding import verify_binding
from tlsmith.acme.contacts import parse_contacts
from tlsmith.acme.messages import AccountUpdate, NewAccount
from tlsmith.acme.resources import encode_orders
from tlsmith.acme.rollover import verify_key_change
from tlsmith.authority.acme.accounts import MadeAccount, WantedAccount
from tlsmith.core.names import quoted
from tlsmith.server.acme.call import Call, Endpoint
from tlsmith.server.acme.reply import Fields, Pending, Reply, link, location
from tlsmith.server.acme.views import account_body
from tlsmith.storage.acme.accounts import AccountRecord
from tlsmith.storage.acme.wanted import ACCOUNT

_PAGE = 100
# What the link to the next page has; see `new_id`.
_AFTER = re.compile(rb"after=([0-9a-f]+)")


def _new_account(call: Call) -> Reply | Pending:
    message = call.read(NewAccount)
    assert call.key is not None  # noqa: S101 -- the endpoint takes a key
    contacts = parse_contacts(message.contact or ())
    there = call.service.account_of_key(call.key)
    if there is not None:
        return _account(call, there, 200)
    if message.only_return_existing:
        raise problems.account_does_not_exist("there is no account with this key")
    wanted = WantedAccount(
        call.key,
        contacts,
        bool(message.terms_of_service_agreed),
        _binding(call, message.binding),
        call.address,
        call.request_id,
    )

    def made(done: MadeAccount) -> Reply:
        if not done.is_new:
            return _account(call, done.account, 200)
        # Section 7.3.4: what was verified is in the answer, as it came.
        return _account(call, done.account, 201, message.binding)

    return Pending(call.service.new_account(wanted), made)


def _binding(call: Call, given: bytes | None) -> tuple[str, bytes] | None:
    """Return the external account that the client proved to have."""
    service = call.service
    if given is None:
        if service.settings.require_binding:
            raise problems.external_account_required(
                "an external account is needed: ask who runs this CA for a key "
                "identifier and its key (tlsmith eab create)"
            )
        return None
    used: list[bytes] = []

    def mac_key(binding_id: str) -> bytes | None:
        found = service.mac_key_of(binding_id)
        if found is not None:
            used.append(found)
        return found

    assert call.key is not None  # noqa: S101
    binding_id = verify_binding(given, call.key, call.urls.new_account, mac_key)
    return binding_id, used[0]


def _account(
    call: Call, record: AccountRecord, status: int, binding: bytes | None = None
) -> Reply:
    where = location(call.urls.account(record.id))
    return Reply(status, account_body(call.urls, record, binding), fields=(where,))


def _update(call: Call) -> Reply | Pending:
    account = _own(call)
    if call.is_reading:
        return _account(call, account, 200)
    message = call.read(AccountUpdate)
    if message.status == "deactivated":
        done = call.service.deactivate_account(account, call.request_id)
    else:  # any other status is passed over: section 7.3.2
        contacts = None
        if message.contact is not None:
            contacts = parse_contacts(message.contact)
        done = call.service.update_account(
            account, contacts, terms_agreed=bool(message.terms_of_service_agreed)
        )
    return Pending(done, lambda record: _account(call, record, 200))


def _orders(call: Call) -> Reply:
    account = _own(call)
    call.require_reading()
    records = call.service.orders(account, _after(call.query), _PAGE + 1)
    page = records[:_PAGE]
    fields: Fields = ()
    if len(records) > _PAGE:
        more = f"{call.urls.orders(account.id)}?after={page[-1].id}"
        fields = (link(more, "next"),)
    body = encode_orders(call.urls.order(one.id) for one in page)
    return Reply(200, body, fields=fields)


def _after(query: bytes) -> str:
    """Return the id of the order behind which a page begins.

    Raises:
        ACMEProblem: malformed: to who means something else, no page is the right one.
    """
    if not query:
        return ""
    match = _AFTER.fullmatch(query)
    if match is None:
        raise problems.malformed(
            f"the query {quoted(query[:100].decode('latin-1'))} is not one that a list "
            'of orders has: follow the link "next" of the page before'
        )
    return match[1].decode("ascii")


def _key_change(call: Call) -> Reply | Pending:
    account = call.holder
    assert call.key is not None and call.signed is not None  # noqa: S101, PT018
    where = call.urls.account(account.id)
    new = verify_key_change(
        call.signed, where, call.key, blocklist=call.service.blocklist
    )

    def made(done: MadeAccount) -> Reply:
        if not done.is_new:
            # Where it is: section 7.3.5.
            words = "another account has the new key"
            if done.account.id == account.id:
                words = "the account has that key: a key change is to another one"
            return Reply(
                409,
                problems.encode_problem(problems.malformed(words, status=409)),
                problems.CONTENT_TYPE.encode(),
                (location(call.urls.account(done.account.id)),),
            )
        return _account(call, done.account, 200)

    return Pending(call.service.change_key(account, new, call.request_id), made)


def _own(call: Call) -> AccountRecord:
    """Return the account, where it asks for itself."""
    if call.holder.id != call.ids[0]:
        raise problems.unauthorized("the account is another one's")
    return call.holder


ENDPOINTS = (
    Endpoint("new-account", _new_account, "jwk"),
    Endpoint("account/{}", _update, about=(ACCOUNT,)),
    Endpoint("account/{}/orders", _orders),
    Endpoint("key-change", _key_change),
)
