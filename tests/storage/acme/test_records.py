"""What ACME keeps: one suite over SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.acme.records import HOUR, NOW, account, authorization, binding, order
from tlsmith.errors import ConflictError
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.acme.accounts import (
    AccountCount,
    account_by_id,
    account_by_thumbprint,
    accounts,
    count_orders,
    insert_account,
    set_account_key,
    set_account_status,
    set_contacts,
    set_terms,
)
from tlsmith.storage.acme.authorizations import (
    ChallengeRecord,
    authorization_by_id,
    authorizations_by_id,
    authorizations_left_running,
    delete_authorizations,
    insert_authorization,
    revoke_authorizations,
    set_outcome,
    set_running,
    valid_authorizations,
)
from tlsmith.storage.acme.bindings import (
    accounts_bound,
    binding_by_id,
    bindings,
    insert_binding,
    revoke_binding,
    use_binding,
)
from tlsmith.storage.acme.limits import Limit, delete_paid, spend, wait_for
from tlsmith.storage.acme.orders import (
    delete_orders,
    expire_by,
    insert_order,
    latest_orders,
    make_all_invalid,
    make_invalid,
    make_ready,
    make_valid,
    order_by_id,
    order_that_replaces,
    orders_of_account,
    status_at,
)
from tlsmith.storage.sqlite import SQLiteStorage


def put(storage: Storage, *records: object) -> None:
    kinds = {
        "AccountRecord": insert_account,
        "BindingRecord": insert_binding,
        "OrderRecord": insert_order,
        "AuthorizationRecord": insert_authorization,
    }
    with storage.write() as transaction:
        for record in records:
            kinds[type(record).__name__](transaction, record)  # type: ignore[operator]


# Accounts


def test_accounts_come_back_as_they_went_in(storage: Storage) -> None:
    one, other = account(1), account(2, contacts=(), terms_agreed_at=None, binding="b")
    put(storage, one, other)
    with storage.look() as connection:
        assert account_by_id(connection, one.id) == one
        assert account_by_id(connection, "account-9999") is None
        assert account_by_thumbprint(connection, other.thumbprint) == other
        assert account_by_thumbprint(connection, "") is None
        assert accounts(connection) == [one, other]
        assert accounts(connection, after=one.id) == [other]
        assert accounts(connection, limit=1) == [one]
        assert accounts_bound(connection, "b") == [other.id]
        assert accounts_bound(connection, "c") == []


def test_a_key_is_one_accounts(storage: Storage) -> None:
    put(storage, account(1))
    with pytest.raises(ConflictError):
        put(storage, account(2, thumbprint=account(1).thumbprint))
    with storage.look() as connection:
        assert accounts(connection) == [account(1)]


def test_accounts_change(storage: Storage) -> None:
    put(storage, account(1, terms_agreed_at=None))
    with storage.write() as transaction:
        set_contacts(transaction, account(1).id, ("mailto:b@b.test",))
        set_terms(transaction, account(1).id, NOW + HOUR)
        set_account_key(transaction, account(1).id, "other", "{}")
        assert set_account_status(transaction, account(1).id, "revoked")
        # Only from valid: what is over stays as it is.
        assert not set_account_status(transaction, account(1).id, "deactivated")
    with storage.look() as connection:
        assert account_by_id(connection, account(1).id) == account(
            1,
            contacts=("mailto:b@b.test",),
            terms_agreed_at=NOW + HOUR,
            thumbprint="other",
            jwk="{}",
            status="revoked",
        )


def test_an_account_is_counted(storage: Storage) -> None:
    put(
        storage,
        order(1),
        order(2, created_at=NOW + HOUR, certificate_id=5),
        order(3, account_id="other"),
    )
    with storage.look() as connection:
        assert count_orders(connection, "account-0001") == AccountCount(
            *(2, 1), NOW + HOUR
        )
        assert count_orders(connection, "none") == AccountCount(0, 0, None)


# Bindings


def test_bindings_come_back_as_they_went_in(storage: Storage) -> None:
    one = binding(1)
    other = binding(
        2, is_reusable=True, expires_at=NOW + HOUR, preauthorized=("a.test",)
    )
    put(storage, one, other)
    with storage.look() as connection:
        assert binding_by_id(connection, one.id) == one
        assert binding_by_id(connection, "none") is None
        assert bindings(connection) == [one, other]


def test_used_one_alone_loses_its_key_and_taken_back_any_does(
    storage: Storage,
) -> None:
    one, many = binding(1), binding(2, is_reusable=True)
    put(storage, one, many)
    with storage.write() as transaction:
        use_binding(transaction, one, NOW)
        use_binding(transaction, many, NOW)
    with storage.look() as connection:
        assert binding_by_id(connection, one.id) == one._replace(
            mac_key=None, used_at=NOW
        )
        assert binding_by_id(connection, many.id) == many._replace(used_at=NOW)
    with storage.write() as transaction:
        assert revoke_binding(transaction, many.id, NOW + HOUR)
        assert not revoke_binding(transaction, many.id, NOW)
        assert not revoke_binding(transaction, "none", NOW)
    with storage.look() as connection:
        assert binding_by_id(connection, many.id) == many._replace(
            mac_key=None, used_at=NOW, revoked_at=NOW + HOUR
        )


# Orders


def test_orders_come_back_as_they_went_in(storage: Storage) -> None:
    plain = order(1)
    full = order(
        2,
        status="invalid",
        profile="server",
        not_before=NOW,
        not_after=NOW + HOUR,
        replaces="aki.serial",
        error='{"type":"x"}',
        certificate_id=1 << 40,
    )
    put(storage, plain, full)
    with storage.look() as connection:
        assert order_by_id(connection, plain.id) == plain
        assert order_by_id(connection, full.id) == full
        assert order_by_id(connection, "none") is None


def test_orders_take_the_arrows_alone(storage: Storage) -> None:
    put(storage, order(1), order(2), order(3))
    with storage.write() as transaction:
        assert not make_valid(transaction, order(1).id, 7, NOW)  # not ready yet
        assert status_at(transaction, order(1).id, NOW) == "pending"
        assert make_ready(transaction, order(1).id, NOW + 2 * HOUR)
        assert not make_ready(transaction, order(1).id, NOW)
        late = NOW + 2 * HOUR
        assert not make_valid(transaction, order(1).id, 7, late)
        assert make_valid(transaction, order(1).id, 7, NOW)
        assert not make_invalid(transaction, order(1).id, "{}")
        assert make_invalid(transaction, order(2).id, "{}")
        assert not make_invalid(transaction, order(2).id, '{"other":1}')
        assert not make_ready(transaction, order(2).id, NOW)
        assert not make_valid(transaction, order(2).id, 8, NOW)
    with storage.look() as connection:
        assert order_by_id(connection, order(1).id) == order(
            1, status="valid", certificate_id=7
        )
        assert order_by_id(connection, order(2).id) == order(
            2, status="invalid", error="{}"
        )
        assert status_at(connection, order(1).id, NOW + 9 * HOUR) == "valid"
        assert status_at(connection, order(3).id, NOW) == "pending"
        assert status_at(connection, order(3).id, NOW + HOUR) == "invalid"
        assert status_at(connection, "none", NOW) == "invalid"


def test_an_order_expires_sooner_and_never_later(storage: Storage) -> None:
    put(storage, order(1), order(2))
    with storage.write() as transaction:
        expire_by(transaction, order(1).id, NOW + HOUR / 2)
        expire_by(transaction, order(1).id, NOW + 3 * HOUR)
        make_ready(transaction, order(2).id, NOW + HOUR / 3)
        expire_by(transaction, order(2).id, NOW)  # it is pending no more
    with storage.look() as connection:
        assert order_by_id(connection, order(1).id) == order(
            1, expires_at=NOW + HOUR / 2
        )
        assert order_by_id(connection, order(2).id) == order(
            2, status="ready", expires_at=NOW + HOUR / 3
        )


def test_open_orders_fail_together(storage: Storage) -> None:
    put(
        storage,
        order(1, authorizations=("authz-1",)),
        order(2, authorizations=("authz-2", "authz-1"), status="ready"),
        order(3, authorizations=("authz-1",), status="valid"),
        order(4, authorizations=("authz-3",)),
        order(5, authorizations=("authz-1",), account_id="other"),
    )
    mine = ["account-0001"]
    with storage.write() as transaction:
        assert make_all_invalid(transaction, [], "{}") == 0
        assert (
            make_all_invalid(
                transaction, mine, "{}", authorization="authz-1", since="order-0002"
            )
            == 1
        )
        assert make_all_invalid(transaction, mine, "{}", authorization="authz-1") == 1
        assert make_all_invalid(transaction, [*mine, "other", "none"], "{}") == 2
    with storage.look() as connection:
        found = latest_orders(connection)
        assert [one.status for one in found] == [
            *("invalid", "invalid", "valid", "invalid", "invalid")
        ]


def test_what_replaces_is_found_unless_it_failed(storage: Storage) -> None:
    put(
        storage,
        order(1, replaces="a", status="invalid"),
        order(2, replaces="a", expires_at=NOW),
        order(3),
    )
    with storage.look() as connection:
        assert order_that_replaces(connection, "a", NOW) is None
    put(storage, order(4, replaces="a"))
    with storage.look() as connection:
        assert order_that_replaces(connection, "a", NOW) == order(4, replaces="a")
        assert order_that_replaces(connection, "a", NOW + HOUR) is None
    done = order(5, replaces="b", status="valid")
    put(storage, done)
    with storage.look() as connection:
        assert order_that_replaces(connection, "b", NOW + 9 * HOUR) == done


def test_what_replaces_is_seen_in_the_same_transaction(storage: Storage) -> None:
    """Two orders in one batch: the second must find the first."""
    with storage.write() as transaction:
        insert_order(transaction, order(1, replaces="a"))
        assert order_that_replaces(transaction, "a", NOW) is not None


def test_an_accounts_orders_are_listed_page_by_page(storage: Storage) -> None:
    put(
        storage,
        *(order(number) for number in range(1, 5)),
        order(5, status="invalid"),
        order(6, expires_at=NOW),
        order(7, status="valid", expires_at=NOW),
        order(8, account_id="other"),
    )
    with storage.look() as connection:
        mine = "account-0001"
        every = [one.id for one in orders_of_account(connection, mine, NOW)]
        assert every == [f"order-000{number}" for number in (1, 2, 3, 4, 7)]
        page = orders_of_account(connection, mine, NOW, after="order-0002", limit=2)
        assert [one.id for one in page] == every[2:4]
        assert orders_of_account(connection, "none", NOW) == []


def test_orders_are_forgotten_when_they_are_over(storage: Storage) -> None:
    put(storage, order(1), order(2, expires_at=NOW + 9 * HOUR), order(3), order(5))
    with storage.write() as transaction:
        later = NOW + 2 * HOUR
        assert delete_orders(transaction, "order-0004", NOW, 9) == 0
        assert delete_orders(transaction, "order-0004", later, 1) == 1
        assert delete_orders(transaction, "order-0004", later, 9) == 1
    with storage.look() as connection:
        left = [one.id for one in latest_orders(connection)]
        assert left == ["order-0005", "order-0002"]


# Authorizations


def test_authorizations_come_back_as_they_went_in(storage: Storage) -> None:
    plain = authorization(1)
    full = authorization(
        2,
        order_id=None,
        type="ip",
        value="2001:db8::1",
        wildcard=True,
        status="valid",
        challenges=(ChallengeRecord("http-01", "valid", 5, {"detail": "é\u2028"}),),
        proof="network 192.0.2.0/24",
        running_until=NOW,
    )
    put(storage, plain, full)
    with storage.look() as connection:
        assert authorization_by_id(connection, plain.id) == plain
        assert authorization_by_id(connection, full.id) == full
        assert authorization_by_id(connection, "none") is None
        ids = [full.id, "none", plain.id]
        assert authorizations_by_id(connection, ids) == [full, plain]
        assert authorizations_by_id(connection, ["none"]) == []
        assert authorizations_by_id(connection, [plain.id]) == [plain]


def test_hundreds_are_found_at_once(storage: Storage) -> None:
    every = [authorization(number) for number in range(300)]
    put(storage, *every)
    with storage.look() as connection:
        ids = [one.id for one in reversed(every)]
        assert authorizations_by_id(connection, ids) == every[::-1]


def test_an_outcome_is_kept_once_and_in_time(storage: Storage) -> None:
    put(storage, authorization(1), authorization(2))
    valid = authorization(1, status="valid", expires_at=NOW + 5 * HOUR)
    with storage.write() as transaction:
        assert set_outcome(transaction, valid, NOW)
        assert not set_outcome(transaction, valid._replace(status="invalid"), NOW)
        assert set_outcome(transaction, valid._replace(proof="x"), NOW, "valid")
        late = authorization(2, status="valid")
        assert not set_outcome(transaction, late, NOW + HOUR)
        assert not set_outcome(transaction, authorization(3), NOW)
    with storage.look() as connection:
        assert authorization_by_id(connection, valid.id) == valid
        assert authorization_by_id(connection, late.id) == authorization(2)


def test_valid_ones_are_found_the_longest_first(storage: Storage) -> None:
    put(
        storage,
        authorization(1, status="valid"),
        authorization(2, status="valid", expires_at=NOW + 2 * HOUR, wildcard=True),
        authorization(3),
        authorization(4, status="valid", value="b.test"),
        authorization(5, status="valid", account_id="other"),
    )
    with storage.look() as connection:
        found = valid_authorizations(connection, "account-0001", "a.test")
        assert [one.id for one in found] == ["authz-0002", "authz-0001"]
    with storage.write() as transaction:
        assert revoke_authorizations(transaction, "account-0001") == 3
        assert revoke_authorizations(transaction, "account-0001") == 0
    with storage.look() as connection:
        assert valid_authorizations(connection, "account-0001", "a.test") == []
        assert valid_authorizations(connection, "other", "a.test") != []


def test_what_was_left_running_is_found_the_oldest_first(storage: Storage) -> None:
    put(
        storage,
        authorization(1, running_until=NOW + HOUR / 2),
        authorization(2, running_until=NOW + HOUR / 4),
        authorization(3),
        authorization(4, running_until=NOW, status="valid"),
        authorization(5, running_until=NOW, expires_at=NOW + HOUR / 2),
    )
    with storage.write() as transaction:
        later = NOW + HOUR * 3 / 4
        found = authorizations_left_running(transaction, later)
        assert [one.id for one in found] == ["authz-0002", "authz-0001"]
        assert len(authorizations_left_running(transaction, later, limit=1)) == 1
        assert authorizations_left_running(transaction, NOW) == []
        set_running(transaction, ["authz-0002"], NOW + HOUR)
        found = authorizations_left_running(transaction, later)
        assert [one.id for one in found] == ["authz-0001"]


def test_authorizations_are_forgotten_when_they_are_over(storage: Storage) -> None:
    long = authorization(2, expires_at=NOW + 9 * HOUR)
    put(storage, authorization(1), long, authorization(3), authorization(5))
    with storage.write() as transaction:
        later = NOW + 2 * HOUR
        assert delete_authorizations(transaction, "authz-0004", NOW, 9) == 0
        assert delete_authorizations(transaction, "authz-0004", later, 1) == 1
        assert delete_authorizations(transaction, "authz-0004", later, 9) == 1
        ids = [f"authz-000{number}" for number in (1, 2, 3, 5)]
        left = authorizations_by_id(transaction, ids)
        assert [one.id for one in left] == ["authz-0002", "authz-0005"]


# Limits


def test_a_limit_fills_and_drains(storage: Storage) -> None:
    limit, start = Limit("orders of é", 4, 3600), 1_700_000_000_000
    each = 900_000
    with storage.write() as transaction:
        for _ in range(4):
            assert wait_for(transaction, limit, start) == 0
            spend(transaction, limit, start)
        assert wait_for(transaction, limit, start) == each
        assert wait_for(transaction, limit, start + each - 1) == 1
        assert wait_for(transaction, limit, start + each) == 0
        spend(transaction, limit, start + each)
        assert wait_for(transaction, limit, start + each) == each
        # One that lay idle begins anew.
        much_later = start + 100 * each
        for _ in range(4):
            assert wait_for(transaction, limit, much_later) == 0
            spend(transaction, limit, much_later)
        assert wait_for(transaction, limit, much_later) == each
        assert wait_for(transaction, Limit("other", 1, 1), start) == 0
        assert delete_paid(transaction, much_later) == 0
        assert delete_paid(transaction, much_later + 5 * each) == 1


# Backups


def test_a_backup_has_it_all(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/store.db", create=True)
    assert isinstance(storage, SQLiteStorage)
    put(storage, account(1), binding(1), order(1), authorization(1))
    nonce = storage.nonces().give()
    storage.copy_to(f"{tmp_path}/backup.db")
    storage.close()
    copy = open_storage(f"sqlite:///{tmp_path}/backup.db")
    with copy.look() as connection:
        assert accounts(connection) == [account(1)]
        assert bindings(connection) == [binding(1)]
        assert latest_orders(connection) == [order(1)]
        assert authorization_by_id(connection, "authz-0001") == authorization(1)
    # Whoever runs the copy gives out nonces of its own.
    assert not copy.nonces().use(nonce)
    copy.close()
