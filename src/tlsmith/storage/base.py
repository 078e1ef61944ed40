"""A store: reads at any time, writes one transaction at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import ClassVar

from tlsmith.storage.acme.nonces import Nonces
from tlsmith.storage.connection import Connection, Execute, Head, Transaction

HEAD = "SELECT certificates, audit_sequence, audit_hash, revision FROM head"


class Storage(ABC):
    """What SQLite and PostgreSQL have in common.

    Args:
        url: how the person named it, without a password.
    """

    dialect: ClassVar[str]
    words: ClassVar[dict[str, str]]

    def __init__(self, url: str) -> None:
        self.url = url

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

    @property
    def is_near(self) -> bool:
        """Whether an event loop may wait for it: it answers as soon as a disk does."""
        return True

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


def head_of(execute: Execute, lock: str = "") -> Head:
    """Return the head, as `Transaction` has it."""
    certificates, sequence, digest, revision = execute(HEAD + lock, ()).fetchone()
    return certificates, sequence, bytes(digest), revision
