"""Endpoints of the audit log."""

from __future__ import annotations

import threading

from tlsmith.authority.audit_check import check_audit
from tlsmith.authority.records import audit_facts
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, json_answer
from tlsmith.server.rest.faults import refused
from tlsmith.storage.audit import Sought, find_records

_verifying = threading.Lock()


def _list(call: Call) -> Answer:
    query: messages.AuditQuery = call.query
    sought = Sought(query.actor, query.action, query.object)
    before = None if query.cursor is None else int(query.cursor)
    with call.authority.storage.read() as connection:
        found, before = find_records(
            connection, sought, before=before, limit=query.limit
        )
    return json_answer(
        {
            "records": [audit_facts(one) for one in found],
            "next": None if before is None else str(before),
        }
    )


def _verify(call: Call) -> Answer:
    """Verify the whole log: once at a time, for it reads every record."""
    if not _verifying.acquire(blocking=False):
        raise refused(
            409,
            "the audit log is being verified",
            "in-progress",
            "ask again when that is done",
        )
    try:
        with call.authority.storage.read() as connection:
            checked = check_audit(connection, known_head=call.query.head)
    finally:
        _verifying.release()
    return json_answer(
        {
            "records": checked.number,
            "head": checked.head,
            "faults": checked.faults,
            "intact": not checked.faults,
        }
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/audit",
        _list,
        "Read the audit log, the newest first",
        "operator",
        answers.AuditPage,
        query=messages.AuditQuery,
    ),
    Endpoint(
        "GET",
        "/audit/verify",
        _verify,
        "Verify that no audit record was changed, and none is missing",
        "operator",
        answers.AuditState,
        query=messages.AuditHead,
    ),
)
