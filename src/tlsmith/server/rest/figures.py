"""Endpoints for a dashboard: one call for each thing it shows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tlsmith.authority.records import authority_facts, crl_facts
from tlsmith.errors import InputError
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.certificates import facts_of
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, json_answer
from tlsmith.storage import Connection
from tlsmith.storage.moments import to_day
from tlsmith.storage.search import Search, find, held, timeline, totals
from tlsmith.storage.status import latest_responder

_EPOCH = date(1970, 1, 1)
_LONGEST = 36_600
# How far ahead expiries are looked for, how many are shown, how many held are counted.
_AHEAD, _EXPIRIES, _MOST_HELD = timedelta(days=30), 10, 10_000


def _timeline(call: Call) -> Answer:
    query: messages.TimelineQuery = call.query
    first, last = (query.first - _EPOCH).days, (query.last - _EPOCH).days
    if not 0 <= last - first <= _LONGEST:
        raise InputError(
            f"from {query.first} to {query.last}: there may be 1 to {_LONGEST} days",
            code="bad-days",
            hint="give from and to, the earlier first",
        )
    with call.authority.storage.read() as connection:
        days = timeline(connection, query.what, first, last)
    found = [
        {"date": (_EPOCH + timedelta(days=day)).isoformat(), "number": number}
        for day, number in days
    ]
    return json_answer({"what": query.what, "days": found})


def _summary(call: Call) -> Answer:
    authority = call.authority
    now = authority.clock()
    records = authority.issuers.records()
    search = Search(status="good", expires_after=now, expires_before=now + _AHEAD)
    with authority.storage.read() as connection:
        counts = totals(connection, to_day(now))._asdict()
        counts["hold"] = held(connection, _MOST_HELD)
        ocsp = [_ocsp(connection, one.id, one.slug) for one in records if one.signer]
        expiries = find(connection, search, limit=_EXPIRIES).records
    return json_answer(
        {
            "authorities": [authority_facts(one) for one in records],
            "counts": counts,
            "crls": [crl_facts(*one) for one in authority.publication.crls().items()],
            "ocsp": ocsp,
            "next_expiries": facts_of(authority, expiries),
        }
    )


def _ocsp(connection: Connection, number: int, slug: str) -> dict[str, Any]:
    kept = latest_responder(connection, number)
    return {"issuer": slug, "not_after": kept[2].isoformat() if kept else None}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/timeline",
        _timeline,
        "Count what was issued, revoked or expires, by day",
        "viewer",
        answers.Timeline,
        query=messages.TimelineQuery,
    ),
    Endpoint(
        "GET",
        "/summary",
        _summary,
        "Sum up: CAs, counts, CRLs, OCSP, what expires next",
        "viewer",
        answers.Summary,
    ),
)
