"""What holds for every store: one suite over SQLite and PostgreSQL."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from tlsmith.core.crl import read_entries
from tlsmith.errors import ConflictError, InputError, NotFoundError, StorageError
from tlsmith.storage import Storage, Transaction, Writer, open_storage
from tlsmith.storage.access import (
    GrantRecord,
    TokenRecord,
    delete_grant,
    grants,
    insert_token,
    keep_reply,
    reply,
    revoke_token,
    set_grant,
    token_by_hash,
    tokens,
)
from tlsmith.storage.audit import Act, append, head, latest_records, records
from tlsmith.storage.certificates import (
    GOOD,
    ON_HOLD,
    REVOKED,
    NewCertificate,
    block_key,
    by_id,
    by_serial_number,
    change_status,
    delete_expired,
    insert_certificate,
    joined_revoked,
    status_of,
    why_blocked,
)
from tlsmith.storage.moments import to_seconds
from tlsmith.storage.search import Search, find, timeline
from tlsmith.storage.settings import add_policy, policy, set_setting, setting
from tlsmith.storage.status import changes, has_changed

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


def new_certificate(number: int, *names: str, **more: object) -> NewCertificate:
    names = names or (f"host-{number}.example.test",)
    new = NewCertificate(
        authority_id=1,
        serial_number=(0x40 << 152) + number,
        certificate=f"certificate {number}".encode(),
        key_hash=sha256(f"key {number}".encode()).digest(),
        names=names,
        not_before=NOW,
        not_after=NOW + timedelta(days=90),
        issued_at=NOW,
        profile="server",
        requester="cli:root",
    )
    return new._replace(**more)


def filled(storage: Storage, *certificates: NewCertificate) -> list[int]:
    with storage.write() as transaction:
        return [insert_certificate(transaction, one) for one in certificates]


def test_a_certificate_comes_back_as_it_went_in(storage: Storage) -> None:
    new = new_certificate(7, "a.test", "b.test")
    (number,) = filled(storage, new)
    with storage.read() as connection:
        record = by_id(connection, number)
        assert by_serial_number(connection, new.serial_number) == [record]
        assert by_serial_number(connection, new.serial_number, 2) == []
        assert status_of(connection, 1, new.serial_number) == (
            GOOD,
            None,
            None,
            to_seconds(new.not_after),
        )
        assert status_of(connection, 1, 5) is None
    assert record.names == ("a.test", "b.test")
    assert record.certificate == new.certificate
    assert record.not_after == new.not_after
    assert record.fingerprint == sha256(new.certificate or b"").hexdigest()


def test_a_serial_number_is_taken_once(storage: Storage) -> None:
    filled(storage, new_certificate(1))
    with pytest.raises(ConflictError), storage.write() as transaction:
        insert_certificate(transaction, new_certificate(1))
    # What failed left nothing behind, and the numbers go on.
    assert filled(storage, new_certificate(2)) == [2]


def test_nothing_of_a_failed_transaction_stays(storage: Storage) -> None:
    def half_way() -> None:
        with storage.write() as transaction:
            insert_certificate(transaction, new_certificate(1))
            transaction.flush()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        half_way()
    with storage.read() as connection:
        assert by_serial_number(connection, new_certificate(1).serial_number) == []
        assert head(connection) == (0, b"")


def test_there_is_no_certificate_of_another_number(storage: Storage) -> None:
    with storage.read() as connection, pytest.raises(NotFoundError):
        by_id(connection, 5)


def test_a_change_of_status_is_noted(storage: Storage) -> None:
    (number,) = filled(storage, new_certificate(1))
    assert storage.revision() == 0
    with storage.write() as transaction:
        record = by_id(transaction, number)
        held = change_status(transaction, record, ON_HOLD, NOW, 6)
        change_status(transaction, held, REVOKED, NOW, 1)
    assert storage.revision() == 2
    with storage.read() as connection:
        found = by_id(connection, number)
        noted = changes(connection, 1, 0, 0)
        assert not has_changed(connection, 1, 0, 2)
        assert has_changed(connection, 1, 0, 1)
    assert (found.status, found.revoked_at, found.reason) == (REVOKED, NOW, 1)
    assert [(one.previous, one.status) for one in noted] == [
        (GOOD, ON_HOLD),
        (ON_HOLD, REVOKED),
    ]


def test_a_crl_lists_what_is_revoked_and_of_its_shard(storage: Storage) -> None:
    filled(
        storage,
        new_certificate(1, shard=1, revocation=(REVOKED, NOW, 4)),
        new_certificate(2, shard=2, revocation=(REVOKED, NOW, 1)),
        new_certificate(3, shard=1),
        new_certificate(4, shard=1, authority_id=2, revocation=(REVOKED, NOW, 1)),
    )
    with storage.read() as connection:
        ((whole, number),) = joined_revoked(connection, 1, 0, NOW)
        ((first, _),) = joined_revoked(connection, 1, 1, NOW)
        later = list(joined_revoked(connection, 1, 0, NOW + timedelta(days=91)))
    assert number == 2
    assert [one.reason for one in read_entries(whole)] == [
        "superseded",
        "keyCompromise",
    ]
    assert [one.reason for one in read_entries(first)] == ["superseded"]
    assert later == []


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(), [6, 5, 4, 3, 2, 1]),
        (Search(name="two.example.test"), [2]),
        (Search(name=".example.test"), [3, 2, 1]),
        (Search(name="*.example.test"), [3, 2, 1]),
        (Search(name="example.test"), []),
        (Search(name="TWO.example.TEST"), [2]),
        (Search(profile="client"), [4]),
        (Search(requester="token:ci"), [5]),
        (Search(status="revoked"), [6]),
        (Search(status="good", name=".test"), [5, 4, 3, 2, 1]),
        (Search(serial_number=(0x40 << 152) + 3), [3]),
        (Search(fingerprint=sha256(b"certificate 4").digest()), [4]),
        (Search(fingerprint=sha256(b"certificate 9").digest()), []),
        (Search(expires_before=NOW + timedelta(days=11)), [5]),
        (Search(expires_after=NOW + timedelta(days=80)), [6, 4, 3, 2, 1]),
        (Search(authority_id=2), []),
    ],
)
def test_a_search_finds_what_it_asks_for(
    storage: Storage, search: Search, expected: list[int]
) -> None:
    filled(
        storage,
        new_certificate(1, "one.example.test"),
        new_certificate(2, "two.example.test", "other.test"),
        new_certificate(3, "*.example.test"),
        new_certificate(4, "four.test", profile="client"),
        new_certificate(
            5, "five.test", requester="token:ci", not_after=NOW + timedelta(days=10)
        ),
        new_certificate(6, "six.org", revocation=(REVOKED, NOW, 0)),
    )
    with storage.read() as connection:
        page = find(connection, search)
    assert [record.id for record in page.records] == expected
    assert page.next is None


def test_pages_give_every_certificate_once(storage: Storage) -> None:
    filled(
        storage, *(new_certificate(number, f"{number}.test") for number in range(95))
    )
    for search in (
        Search(),
        Search(name=".test"),
        Search(profile="server"),
        Search(expires_before=NOW + timedelta(days=365)),
    ):
        seen: list[int] = []
        after: str | None = None
        with storage.read() as connection:
            while True:
                page = find(connection, search, after=after, limit=10)
                seen += [record.id for record in page.records]
                after = page.next
                if after is None:
                    break
        assert sorted(seen) == list(range(1, 96)), search


def test_days_are_counted(storage: Storage) -> None:
    filled(storage, new_certificate(1), new_certificate(2))
    today = to_seconds(NOW) // 86400
    with storage.read() as connection:
        assert timeline(connection, "issued", today, today) == [(today, 2)]
        assert timeline(connection, "expires", today, today + 100) == [(today + 90, 2)]


def test_expired_certificates_are_deleted_with_their_names(storage: Storage) -> None:
    filled(storage, new_certificate(1), new_certificate(2, not_after=NOW))
    with storage.write() as transaction:
        assert delete_expired(transaction, NOW + timedelta(seconds=1), 10) == 1
        assert delete_expired(transaction, NOW + timedelta(seconds=1), 10) == 0
    with storage.read() as connection:
        page = find(connection, Search(name=".test"))
    assert [record.id for record in page.records] == [1]


def test_a_blocked_key_stays_blocked(storage: Storage) -> None:
    key = sha256(b"key").digest()
    with storage.write() as transaction:
        block_key(transaction, key, "stolen", NOW)
        block_key(transaction, key, "again", NOW)
    with storage.read() as connection:
        assert why_blocked(connection, key) == "stolen"
        assert why_blocked(connection, sha256(b"other").digest()) is None


def test_the_audit_log_is_a_chain(storage: Storage) -> None:
    with storage.write() as transaction:
        append(transaction, Act("cli:root", "ca.create", "x", {"name": "Ä"}), NOW)
        append(transaction, Act("cli:root", "certificate.issue", "1", {}, "r1"), NOW)
    with storage.write() as transaction:
        append(transaction, Act("token:ci", "certificate.issue", "2", {}), NOW)
    with storage.read() as connection:
        found = list(records(connection))
        assert [record.sequence for record in found] == [1, 2, 3]
        assert head(connection) == (3, found[-1].hash)
        assert [one.sequence for one in latest_records(connection, limit=2)] == [3, 2]
        assert [
            one.sequence for one in latest_records(connection, before=2, limit=2)
        ] == [1]


def test_settings_and_policies(storage: Storage) -> None:
    with storage.write() as transaction:
        assert policy(transaction) == (0, "")
        assert add_policy(transaction, "one", NOW) == 1
        assert add_policy(transaction, "two", NOW) == 2
        set_setting(transaction, "a", "1")
        set_setting(transaction, "a", "2")
    with storage.read() as connection:
        assert policy(connection) == (2, "two")
        assert setting(connection, "a") == "2"
        assert setting(connection, "b") is None


def test_tokens_are_found_by_their_hash(storage: Storage) -> None:
    record = TokenRecord("id1", "ci", "issuer", ("server",), (), NOW, None, None)
    with storage.write() as transaction:
        insert_token(transaction, record, b"hash")
    with storage.write() as transaction:
        assert token_by_hash(transaction, b"hash") == record
        assert token_by_hash(transaction, b"other") is None
        assert revoke_token(transaction, "id1", NOW)
        assert not revoke_token(transaction, "id1", NOW)
    with storage.read() as connection:
        assert tokens(connection) == [record._replace(revoked_at=NOW)]


def test_grants_are_set_and_taken_back(storage: Storage) -> None:
    record = GrantRecord("web.test", "issuer", (), ("test",), NOW)
    with storage.write() as transaction:
        set_grant(transaction, record._replace(role="viewer"))
        set_grant(transaction, record)
        assert grants(transaction) == [record]
        assert delete_grant(transaction, "web.test")
        assert not delete_grant(transaction, "web.test")


def test_a_reply_is_kept_once(storage: Storage) -> None:
    with storage.write() as transaction:
        keep_reply(transaction, ("token:ci", "k1"), b"hash", (201, b"body"), NOW)
    with storage.read() as connection:
        assert reply(connection, "token:ci", "k1") == (b"hash", 201, b"body")
        assert reply(connection, "token:other", "k1") is None
    with pytest.raises(ConflictError), storage.write() as transaction:
        keep_reply(transaction, ("token:ci", "k1"), b"hash", (201, b"body"), NOW)


def test_concurrent_writes_share_commits(storage: Storage) -> None:
    batches: list[int] = []
    writer = Writer(storage, observe=batches.append)
    begun, gate = threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> int:
        begun.set()
        gate.wait(30)
        return insert_certificate(transaction, new_certificate(0))

    def insert(number: int) -> int:
        return writer.submit(lambda tx: insert_certificate(tx, new_certificate(number)))

    with ThreadPoolExecutor(40) as pool:
        first = pool.submit(writer.submit, slow)
        assert begun.wait(30)
        others = [pool.submit(insert, number) for number in range(1, 40)]
        deadline = time.monotonic() + 30
        while writer.waiting() < 39 and time.monotonic() < deadline:
            time.sleep(0.01)
        gate.set()
        numbers = [first.result(), *(other.result() for other in others)]
    writer.close()
    assert sorted(numbers) == list(range(1, 41))
    assert batches == [1, 39]


def test_an_act_that_is_refused_disturbs_no_other(storage: Storage) -> None:
    filled(storage, new_certificate(1))
    writer = Writer(storage)

    def insert(number: int) -> int:
        return writer.submit(lambda tx: insert_certificate(tx, new_certificate(number)))

    def refuse(transaction: Transaction) -> None:
        by_id(transaction, 99)

    with ThreadPoolExecutor(20) as pool:
        refused = pool.submit(writer.submit, refuse)
        taken = pool.submit(insert, 1)
        good = [pool.submit(insert, number) for number in range(2, 18)]
        assert sorted(one.result() for one in good) != []
        with pytest.raises(NotFoundError):
            refused.result()
        with pytest.raises(ConflictError):
            taken.result()
    writer.close()
    with storage.read() as connection:
        page = find(connection, Search())
    assert len(page.records) == 17


@pytest.mark.parametrize("refusals", range(4, 9))
def test_after_refusals_at_the_commit_the_store_takes_on(
    storage: Storage, refusals: int
) -> None:
    # PostgreSQL skips what follows a refusal in a pipeline, and a statement that was to
    # be prepared there is not: which one that is changes with the number of refusals.
    filled(storage, new_certificate(1))
    for _ in range(refusals):
        with pytest.raises(ConflictError), storage.write() as transaction:
            insert_certificate(transaction, new_certificate(1))
    assert filled(storage, new_certificate(2)) == [2]


def test_a_closed_writer_refuses(storage: Storage) -> None:
    writer = Writer(storage)
    writer.close()
    with pytest.raises(StorageError):
        writer.submit(lambda tx: tx.certificates)


def test_two_openings_of_a_store_number_on(address: str) -> None:
    first, second = open_storage(address, create=True), open_storage(address)
    try:
        with ThreadPoolExecutor(8) as pool:
            done = [
                pool.submit(
                    filled, (first, second)[number % 2], new_certificate(number)
                )
                for number in range(60)
            ]
            numbers = [number for one in done for number in one.result()]
        assert sorted(numbers) == list(range(1, 61))
    finally:
        first.close()
        second.close()


def test_a_schema_is_made_once(address: str) -> None:
    storage = open_storage(address, create=True)
    assert storage.migrate() == []
    assert storage.size() > 0
    storage.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        open_storage("mysql://x")
    assert "sqlite:///FILE" in (caught.value.hint or "")


def test_what_a_read_sees_does_not_change_meanwhile(storage: Storage) -> None:
    """Else a CRL lists what was revoked while it was made, and the next one again."""
    with storage.write() as transaction:
        number = insert_certificate(transaction, new_certificate(1))
    with storage.read() as connection:
        before = connection.one("SELECT revision FROM head")
        with storage.write() as transaction:
            record = by_id(transaction, number)
            change_status(transaction, record, REVOKED, NOW, 1)
        assert list(joined_revoked(connection, 1, 0, NOW)) == []
        assert connection.one("SELECT revision FROM head") == before
    with storage.read() as connection:
        assert len(list(joined_revoked(connection, 1, 0, NOW))) == 1


def test_an_act_with_a_fault_of_ours_fails_alone(storage: Storage) -> None:
    """A request that nobody thought of is not to fail those it shares a commit with."""
    writer, go = Writer(storage), threading.Event()
    first = writer.begin(lambda _: go.wait(10))
    good = [
        writer.begin(lambda tx, n=n: insert_certificate(tx, new_certificate(n)))
        for n in (1, 2)
    ]
    bad = writer.begin(lambda tx: set_setting(tx, "x", object()))  # type: ignore[arg-type]
    late = writer.begin(lambda tx: insert_certificate(tx, new_certificate(3)))
    missing = writer.begin(_writes_and_finds_nothing)
    go.set()
    assert first.result(10)
    assert [one.result(10) for one in (*good, late)] == [1, 2, 3]
    with pytest.raises(Exception):  # noqa: B017, PT011 -- each driver has its own
        bad.result(10)
    with pytest.raises(NotFoundError):
        missing.result(10)
    writer.close()


def _writes_and_finds_nothing(transaction: Transaction) -> None:
    set_setting(transaction, "x", "y")
    by_id(transaction, 99)
