"""A store: reads at any time, writes one transaction at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from tlsmith.storage.acme.nonces import Nonces
from tlsmith.storage.connection import Connection, Cursor, Head, Transaction
from tlsmith.storage.kept import Kept


class Begun(Protocol):
    """A transaction that somebody else may end than began it.

    Each of its ends may raise a StorageError; nothing was written then.
    """

    transaction: Transaction

    def commit(self) -> None:
        """Commit: durable when this returns."""
        ...

    def roll_back(self) -> None:
        """Undo everything."""
        ...


HEAD = "SELECT certificates, audit_sequence, audit_hash, revision FROM head"


class Storage(ABC):
    """What SQLite and PostgreSQL have in common.

    Args:
        url: how the person named it, without a password.

    Attributes:
        kept: what is known of its records without asking it.
    """

    dialect: ClassVar[str]
    words: ClassVar[dict[str, str]]
    # Whether `begin_now` ever begins anything.
    begins_now: ClassVar[bool] = False
    # Whether statements of a transaction go out together: most acts wait for none.
    gathers: ClassVar[bool] = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.kept = Kept(self)

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection to read by; what it reads is one committed state.

        Raises:
            StorageError: the store cannot be reached or read.
        """

    @abstractmethod
    def look(self) -> AbstractContextManager[Connection]:
        """Give a connection to read by, each statement by itself: quicker than `read`.

        Raises:
            StorageError: the store cannot be reached or read.
        """

    @abstractmethod
    def write(self) -> AbstractContextManager[Transaction]:
        """Give a transaction, committed and durable when the block ends well.

        Raises:
            StorageError: the store cannot be reached or written; nothing was, unless
                its code is "commit-unknown".
            ConflictError: a row is there already.
        """

    def write_trusting(self) -> AbstractContextManager[Transaction]:
        """Give a transaction, as `write`, that may take for granted what is likely.

        Raises:
            OvertakenError: that was not so; nothing was written.
        """
        return self.write()

    @property
    def is_near(self) -> bool:
        """Whether an event loop may wait for it: it answers as soon as a disk does."""
        return True

    def begin_now(self) -> Begun | None:
        """Begin a transaction; None where somebody else would have to be waited for.

        Raises:
            StorageError: the store cannot be reached or written.
        """
        return None

    def state(self) -> bytes | None:
        """Return what changes with each commit, whoever makes it.

        None where that cannot be told without asking the store.
        """
        return None

    def is_next(self, before: bytes, after: bytes) -> bool:
        """Tell whether at most one commit was made between two states."""
        return False

    def hurry_here(self) -> None:  # noqa: B027 -- a file is never waited for
        """Have this thread, an event loop's, wait for a moment at most.

        What takes longer raises, there, a StorageError: store-slow.
        """

    @abstractmethod
    def migrate(self) -> list[int]:
        """Bring the schema up to ours; return the migrations that were made."""

    @abstractmethod
    def revision(self) -> int:
        """Return how many changes of status there were: cheap enough to ask often."""

    @abstractmethod
    def nonces(self) -> Nonces:
        """Return where the nonces of every process that uses this store come from."""

    @abstractmethod
    def size(self) -> int:
        """Return the bytes the store takes."""

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection."""


def head_of(cursor: Cursor) -> Head:
    """Return the head that `HEAD` found, as `Transaction` has it."""
    certificates, sequence, digest, revision = cursor.fetchone()
    return certificates, sequence, bytes(digest), revision
