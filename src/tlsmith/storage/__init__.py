"""Where the authority keeps what it knows: SQLite or PostgreSQL, one schema."""

from tlsmith.storage.address import open_storage
from tlsmith.storage.base import Storage
from tlsmith.storage.connection import Connection, Transaction
from tlsmith.storage.writer import Writer

__all__ = ["Connection", "Storage", "Transaction", "Writer", "open_storage"]
