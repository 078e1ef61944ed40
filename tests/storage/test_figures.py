"""Totals, and searching the audit log, on every store."""

from datetime import UTC, datetime, timedelta

from tlsmith.storage import Storage
from tlsmith.storage.audit import Act, Sought, append, find_records
from tlsmith.storage.certificates import (
    ON_HOLD,
    REVOKED,
    NewCertificate,
    by_id,
    change_status,
    insert_certificate,
)
from tlsmith.storage.moments import DAY, to_seconds
from tlsmith.storage.search import Totals, held, totals

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


def new(number: int, days: int) -> NewCertificate:
    return NewCertificate(
        authority_id=1,
        serial_number=(0x40 << 152) + number,
        certificate=b"certificate %d" % number,
        key_hash=bytes(32),
        names=(f"host-{number}.test",),
        not_before=NOW,
        not_after=NOW + timedelta(days=days),
        issued_at=NOW,
        profile="server",
        requester="token:ci",
    )


def test_totals_count_what_there_ever_was(storage: Storage) -> None:
    with storage.write() as transaction:
        numbers = [
            insert_certificate(transaction, new(one, days))
            for one, days in enumerate((1, 1, 90, 90, 90))
        ]
    with storage.write() as transaction:
        record = by_id(transaction, numbers[3])
        change_status(transaction, record, REVOKED, NOW, 0)
        record = by_id(transaction, numbers[4])
        change_status(transaction, record, ON_HOLD, NOW, 6)
    with storage.read() as connection:
        today = to_seconds(NOW) // DAY
        assert totals(connection, today) == Totals(5, 1, 0)
        assert totals(connection, today + 2) == Totals(5, 1, 2)
        assert held(connection, 10) == 1


def test_totals_of_an_empty_store_are_nothing(storage: Storage) -> None:
    with storage.read() as connection:
        assert totals(connection, 0) == Totals(0, 0, 0)
        assert held(connection, 10) == 0


def test_audit_records_are_found_newest_first_page_by_page(storage: Storage) -> None:
    with storage.write() as transaction:
        for one in range(1200):
            actor = "token:ci" if one % 400 == 0 else "cli:root"
            append(transaction, Act(actor, "certificate.issue", f"{one:x}", {}), NOW)
    with storage.read() as connection:
        sought = Sought(actor="token:ci")
        # A page ends after a moment, with however many it has found by then.
        found, before = find_records(connection, sought, limit=2)
        assert [record.sequence for record in found] == [801, 401][: len(found)]
        while before is not None:
            some, before = find_records(connection, sought, before=before, limit=2)
            assert len(some) <= 2
            found += some
        assert [record.sequence for record in found] == [801, 401, 1]
        one_object = Sought(action="certificate.issue", object="0")
        found, before = find_records(connection, one_object, limit=5)
        while before is not None:
            some, before = find_records(connection, one_object, before=before, limit=5)
            found += some
        assert [record.sequence for record in found] == [1]
        assert find_records(connection, Sought("nobody"), limit=5)[0] == []
