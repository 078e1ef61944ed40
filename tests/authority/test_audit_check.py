"""The audit log is verified, while others write to it as well."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tlsmith.authority.audit_check import check_audit
from tlsmith.errors import InputError
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.audit import Act, append

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    opened = open_storage(f"sqlite:///{tmp_path}/store.db", create=True)
    write(opened, 3)
    yield opened
    opened.close()


def write(storage: Storage, count: int) -> None:
    with storage.write() as transaction:
        for _ in range(count):
            append(transaction, Act("cli:root", "policy.set", "1", {}), NOW)


def changed(storage: Storage, statement: str) -> tuple[str, ...]:
    with storage.write() as transaction:
        transaction.run(statement)
    with storage.read() as connection:
        return check_audit(connection).faults


def meanwhile(storage: Storage) -> Callable[[int], None]:
    return lambda _: write(storage, 2)


def test_a_log_that_nobody_touched_is_whole(storage: Storage) -> None:
    with storage.read() as connection:
        checked = check_audit(connection)
        assert (checked.number, checked.faults) == (3, ())
        assert check_audit(connection, known_head=checked.head).faults == ()


def test_records_written_meanwhile_are_no_fault(storage: Storage) -> None:
    write(storage, 9_997)
    with storage.read() as connection:
        # Progress is told after ten thousand: then two more are written.
        checked = check_audit(connection, progress=meanwhile(storage))
    assert checked.faults == ()


def test_what_is_changed_or_missing_is_named(storage: Storage) -> None:
    assert changed(storage, "UPDATE audit SET actor = 'x' WHERE sequence = 2")
    faults = changed(storage, "DELETE FROM audit WHERE sequence = 2")
    assert faults[0] == "record 2 is missing"


def test_a_log_cut_off_at_its_end_is_noticed(storage: Storage) -> None:
    faults = changed(storage, "DELETE FROM audit WHERE sequence = 3")
    assert "cut off" in faults[0]


def test_a_head_that_is_not_there_is_noticed(storage: Storage) -> None:
    with storage.read() as connection:
        assert "made anew" in check_audit(connection, known_head="00" * 32).faults[0]
        with pytest.raises(InputError):
            check_audit(connection, known_head="00")
