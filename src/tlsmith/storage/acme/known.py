"""Records by their ids, without asking the store where they are known; see `Kept`.

They are as of this moment: what another process has committed is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tlsmith.storage.acme.accounts import AccountRecord, account_by_id
from tlsmith.storage.acme.authorizations import AuthorizationRecord, authorization_by_id
from tlsmith.storage.acme.orders import OrderRecord, order_by_id
from tlsmith.storage.certificates import CertificateRecord, by_id

if TYPE_CHECKING:
    from tlsmith.storage.base import Storage
    from tlsmith.storage.connection import Connection, Transaction

Key = TypeVar("Key", int, str)
Record = TypeVar("Record")


def known_account(storage: Storage, account_id: str) -> AccountRecord | None:
    """Return an account, or None."""
    return _known(storage, "account", account_id, account_by_id)


def known_order(storage: Storage, order_id: str) -> OrderRecord | None:
    """Return an order, or None."""
    return _known(storage, "order", order_id, order_by_id)


def known_authorization(
    storage: Storage, authorization_id: str
) -> AuthorizationRecord | None:
    """Return an authorization, or None."""
    return _known(storage, "authorization", authorization_id, authorization_by_id)


def known_certificate(storage: Storage, number: int) -> CertificateRecord:
    """Return a certificate by its number in the store; its status may be an old one.

    Raises:
        NotFoundError: there is none.
    """
    # Of what ACME gives out of it nothing changes.
    found: CertificateRecord | None = storage.kept.former(("certificate", number))
    return found or _known(storage, "certificate", number, by_id)


def _known(
    storage: Storage, kind: str, key: Key, by: Callable[[Connection, Key], Record]
) -> Record:
    def find() -> Record:
        with storage.look() as connection:
            return by(connection, key)

    return storage.kept.read((kind, key), find)


def tell_order(transaction: Transaction, record: OrderRecord) -> None:
    """Say what an order is by now."""
    transaction.tell(("order", record.id), record)


def tell_authorization(transaction: Transaction, record: AuthorizationRecord) -> None:
    """Say what an authorization is by now."""
    transaction.tell(("authorization", record.id), record)


def tell_certificate(transaction: Transaction, record: CertificateRecord) -> None:
    """Say what a certificate is."""
    transaction.tell(("certificate", record.id), record)


def order_by_now(
    storage: Storage, transaction: Transaction, order_id: str
) -> OrderRecord | None:
    """Return an order as acts of a transaction have left it; None if not known."""
    key, changes = ("order", order_id), transaction.changes
    found: OrderRecord | None = (
        changes[key] if key in changes else storage.kept.get(key)
    )
    return found


def order_needs_one(storage: Storage, transaction: Transaction, order_id: str) -> bool:
    """Tell whether an order is known to need a single authorization."""
    key = ("order", order_id)
    found = transaction.changes.get(key) or storage.kept.former(key)
    return found is not None and len(found.authorizations) == 1


def forget_order(transaction: Transaction, order_id: str) -> None:
    """Say that an order is another by now."""
    transaction.tell(("order", order_id), None)
