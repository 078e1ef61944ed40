"""Nonces of a store in PostgreSQL: once each, by whatever replica."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import postgres
from storage.acme.records import account, authorization, order
from tlsmith.errors import StorageError
from tlsmith.storage import open_storage
from tlsmith.storage.acme.accounts import insert_account
from tlsmith.storage.acme.authorizations import insert_authorization
from tlsmith.storage.acme.nonces import Use, sealed
from tlsmith.storage.acme.orders import insert_order
from tlsmith.storage.acme.shared_nonces import LIFETIME, SKEW, SharedNonces, use_nonces
from tlsmith.storage.acme.wanted import (
    ACCOUNT,
    AUTHORIZATION,
    IN_USE,
    LIMIT,
    ORDER,
    PROOFS,
    Wanted,
)
from tlsmith.storage.postgres import PostgresStorage
from tlsmith.storage.settings import secret


def opened(address: str, *, create: bool = False) -> PostgresStorage:
    storage = open_storage(address, create=create)
    assert isinstance(storage, PostgresStorage)
    return storage


@pytest.fixture(params=["by threads", "by a loop"])
def replicas(
    postgres_server: postgres.Server, request: pytest.FixtureRequest
) -> Iterator[list[PostgresStorage]]:
    """Two replicas' stores: one database."""
    address = postgres_server.new_database()
    made = [opened(address, create=True), opened(address)]
    if request.param == "by a loop":
        for one in made:
            one.hurry_here()
    yield made
    for one in made:
        one.close()


@pytest.fixture
def pair(replicas: list[PostgresStorage]) -> Iterator[list[SharedNonces]]:
    made = [SharedNonces(one) for one in replicas]
    yield made
    for one in made:
        one.close()


def dated(storage: PostgresStorage, milliseconds: int) -> str:
    """A nonce as it was given out then."""
    body = (time.time_ns() // 1_000_000 + milliseconds).to_bytes(6, "big")
    return sealed(body + bytes(12), secret(storage, "acme_nonces"))


def test_a_nonce_of_one_is_used_once_at_any(pair: list[SharedNonces]) -> None:
    one, other = pair
    nonce = one.give()
    assert other.use(nonce)
    assert not other.use(nonce)
    assert not one.use(nonce)
    assert one.use(one.give())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda nonce: "",
        lambda nonce: nonce[:-1],
        lambda nonce: nonce + "A",
        lambda nonce: nonce + "==",
        lambda nonce: nonce.swapcase(),
        lambda nonce: ("B" if nonce[0] == "A" else "A") + nonce[1:],
        lambda nonce: "\N{FULLWIDTH LATIN SMALL LETTER A}" * 46,
        lambda nonce: "\udc80" + nonce[1:],
        lambda nonce: "A" * len(nonce),
    ],
)
def test_what_is_not_exactly_a_nonce_is_none(
    pair: list[SharedNonces], spoil: object
) -> None:
    nonce = pair[0].give()
    assert not pair[0].use(spoil(nonce))  # type: ignore[operator]
    assert pair[0].use(nonce)


def test_the_spare_bits_of_base64_make_no_second_nonce(
    pair: list[SharedNonces],
) -> None:
    nonce = pair[0].give()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    used = [one for one in letters if pair[0].use(nonce[:-1] + one)]
    assert used == [nonce[-1]]


def test_at_once_one_alone_has_it(pair: list[SharedNonces]) -> None:
    given = [pair[0].give() for _ in range(200)]
    with ThreadPoolExecutor(16) as threads:
        used = list(
            threads.map(
                lambda work: pair[work[0] % 2].use(work[1]),
                [(place, nonce) for nonce in given for place in range(6)],
            )
        )
    assert sum(used) == len(given)


def test_several_at_once_are_used_once_each(pair: list[SharedNonces]) -> None:
    given = [pair[0].give() for _ in range(9)]
    twice = [Use(one) for one in (*given, "none of ours", *given)]
    used = [one.is_good for one in pair[1].use_and_read(twice)]
    assert used == [True] * 9 + [False] + [False] * 9


def test_the_same_ones_at_both_wait_for_no_circle(pair: list[SharedNonces]) -> None:
    """In whatever order they came: a deadlock would take a second, and one of them."""
    for _ in range(20):
        given = [Use(pair[0].give()) for _ in range(40)]
        with ThreadPoolExecutor(2) as threads:
            one = threads.submit(pair[0].use_and_read, given)
            other = threads.submit(pair[1].use_and_read, given[::-1])
            good = zip(one.result(), other.result()[::-1], strict=True)
        assert all(here.is_good != there.is_good for here, there in good)


def test_with_a_nonce_is_read_what_the_request_is_about(
    replicas: list[PostgresStorage], pair: list[SharedNonces]
) -> None:
    known, deactivated = account(1), account(2, status="deactivated")
    with replicas[0].write() as transaction:
        insert_account(transaction, known)
        insert_account(transaction, deactivated)
        insert_order(transaction, order(1, authorizations=("authz-0001",)))
        insert_authorization(transaction, authorization(1))
    wanted = [
        *(Wanted(ORDER, "order-0001"), Wanted(PROOFS, "order-0001")),
        *(Wanted(ACCOUNT, known.id), Wanted(AUTHORIZATION, "none")),
        Wanted(LIMIT, "of nothing"),
    ]
    other_key = known._replace(jwk='{"kty":"RSA"}')
    uses = [Use(pair[0].give(), who, wanted) for who in (known, deactivated, other_key)]
    whole, *others = pair[1].use_and_read(uses)
    assert whole.records == {
        (ORDER, "order-0001"): order(1, authorizations=("authz-0001",)),
        (AUTHORIZATION, "authz-0001"): authorization(1),
        (ACCOUNT, known.id): known,
        (LIMIT, "of nothing"): 0,
        (IN_USE, known.id): known,
    }
    for one in others:
        assert one.is_good
        assert not [key for key in one.records or () if key[0] == IN_USE]


def test_too_old_or_from_the_future_is_none(
    replicas: list[PostgresStorage], pair: list[SharedNonces]
) -> None:
    # Since long ago it is known which were used.
    with replicas[0].write() as transaction:
        transaction.run("UPDATE acme_nonces SET at = 0 WHERE nonce = ''")
    old, young = (
        dated(replicas[0], -LIFETIME - 2000),
        dated(replicas[0], 5000 - LIFETIME),
    )
    assert (pair[0].use(old), pair[0].use(young)) == (False, True)
    ahead = dated(replicas[0], SKEW - 5000)
    assert (pair[0].use(dated(replicas[0], SKEW + 2000)), pair[0].use(ahead)) == (
        *(False, True),
    )


def test_clean_up_forgets_what_is_too_old_and_nothing_else(
    replicas: list[PostgresStorage], pair: list[SharedNonces]
) -> None:
    used = pair[0].give()
    assert pair[0].use(used)
    now = time.time_ns() // 1_000_000
    use_nonces(replicas[0], [(b"long ago", Use(""))], now - 2 * LIFETIME)
    pair[0].maintain()
    with replicas[0].read() as connection:
        rows = connection.all("SELECT nonce FROM acme_nonces WHERE nonce <> ''")
        assert len(rows) == 1
        assert connection.one("SELECT COUNT(*) FROM acme_nonces WHERE nonce = ''") == (
            1,
        )
    assert not pair[0].use(used)


def test_what_the_database_forgot_is_not_taken(
    replicas: list[PostgresStorage], pair: list[SharedNonces]
) -> None:
    """As after a crash, or where a standby took over: the table is empty then."""
    used, unused = pair[0].give(), pair[1].give()
    assert pair[0].use(used)
    with replicas[0].write() as transaction:
        transaction.run("TRUNCATE acme_nonces")
    time.sleep(0.003)
    assert not pair[1].use(used)
    assert not pair[0].use(unused)
    assert pair[0].use(pair[1].give())


def test_another_replica_that_starts_makes_no_nonce_unusable(
    replicas: list[PostgresStorage], pair: list[SharedNonces]
) -> None:
    nonce = pair[0].give()
    third = SharedNonces(replicas[0])
    assert third.use(nonce)
    third.close()


def test_a_store_without_its_table_leaves_nobody_waiting(
    replicas: list[PostgresStorage], pair: list[SharedNonces]
) -> None:
    with replicas[0].write() as transaction:
        transaction.run("ALTER TABLE acme_nonces RENAME TO gone")
    for _ in range(2):
        with pytest.raises(StorageError):
            pair[0].use(pair[0].give())
    with replicas[0].write() as transaction:
        transaction.run("ALTER TABLE gone RENAME TO acme_nonces")
    assert pair[0].use(pair[0].give())


def test_closed_ones_are_used_by_nobody(replicas: list[PostgresStorage]) -> None:
    nonces = SharedNonces(replicas[0])
    nonce = nonces.give()
    nonces.close()
    done = threading.Event()

    def use() -> None:
        with pytest.raises(StorageError):
            nonces.use(nonce)
        done.set()

    threading.Thread(target=use, daemon=True).start()
    assert done.wait(5)
