"""Nonces of a store in PostgreSQL: once each, by whatever replica."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import postgres
from tlsmith.errors import StorageError
from tlsmith.storage import open_storage
from tlsmith.storage.acme.nonces import sealed
from tlsmith.storage.acme.shared_nonces import LIFETIME, SKEW, SharedNonces, use_nonce
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
    use_nonce(replicas[0], b"long ago", now - 2 * LIFETIME)
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
