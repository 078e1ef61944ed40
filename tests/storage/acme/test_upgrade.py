"""A store from before ACME, with what is in it, brought up to date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.acme.records import account, order
from tlsmith.errors import MigrationError
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.acme.accounts import account_by_id, insert_account
from tlsmith.storage.acme.orders import insert_order, order_by_id
from tlsmith.storage.audit import Act, append, records
from tlsmith.storage.certificates import NewCertificate, by_id, insert_certificate
from tlsmith.storage.migration import migrations

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
_TABLES = (
    *("acme_accounts", "acme_bindings", "acme_orders", "acme_authorizations"),
    *("acme_nonces", "acme_limits"),
)


@pytest.fixture
def old(storage: Storage) -> Storage:
    """A store as the first version made it, and somebody used it."""
    age(storage)
    with storage.write() as transaction:
        new = NewCertificate(
            authority_id=1,
            serial_number=(0x40 << 152) + 1,
            certificate=b"certificate",
            key_hash=bytes(32),
            names=("a.test",),
            not_before=NOW,
            not_after=NOW + timedelta(days=9),
            issued_at=NOW,
            profile="server",
            requester="cli:root",
        )
        assert insert_certificate(transaction, new) == 1
        append(transaction, Act("cli:root", "certificate.issue", "1", {}), NOW)
    return storage


def age(storage: Storage) -> None:
    """Have a store be as the first version made it."""
    with storage.write() as transaction:
        for table in _TABLES:
            transaction.run(f"DROP TABLE {table}")
        transaction.run("DELETE FROM migrations WHERE number > 1")


def kept(storage: Storage) -> Any:
    with storage.read() as connection:
        return by_id(connection, 1), list(records(connection))


def test_nothing_is_lost_and_acme_is_there(old: Storage, address: str) -> None:
    with old.read() as connection:
        before = by_id(connection, 1), list(records(connection))
    upgraded = open_storage(address)
    with pytest.raises(MigrationError), upgraded.read():
        pass
    steps = [number for number, _ in migrations() if number > 1]
    assert upgraded.migrate() == steps
    assert upgraded.migrate() == []
    assert kept(upgraded) == before
    with upgraded.write() as transaction:
        insert_account(transaction, account(1))
        insert_order(transaction, order(1))
    with upgraded.look() as connection:
        assert account_by_id(connection, account(1).id) == account(1)
        assert order_by_id(connection, order(1).id) == order(1)
    nonces = upgraded.nonces()
    nonce = nonces.give()
    assert (nonces.use(nonce), nonces.use(nonce)) == (True, False)
    nonces.close()
    upgraded.close()


def test_an_upgraded_store_is_as_a_new_one(storage: Storage, address: str) -> None:
    """By what the database says of each table."""
    new = described(storage)
    age(storage)
    assert described(storage) != new
    upgraded = open_storage(address)
    upgraded.migrate()
    assert described(upgraded) == new
    upgraded.close()


def described(storage: Storage) -> list[Any]:
    """What the database has of ACME."""
    queries = ["SELECT name, sql FROM sqlite_master WHERE substr(name, 1, 4) = 'acme'"]
    if storage.dialect == "postgresql":
        queries = [
            "SELECT table_name, column_name, data_type, is_nullable, collation_name "
            "FROM information_schema.columns WHERE substr(table_name, 1, 4) = 'acme'",
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE substr(tablename, 1, 4) = 'acme'",
            "SELECT relname, relpersistence::text FROM pg_class "
            "WHERE relname = 'acme_nonces'",
        ]
    with storage.read() as connection:
        return [sorted(map(str, connection.all(query))) for query in queries]
