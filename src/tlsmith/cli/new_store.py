"""A store in which a CA is about to be made: gone again where that fails."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tlsmith.errors import SignerError

if TYPE_CHECKING:
    from tlsmith.authority.creation import NewSigner
    from tlsmith.authority.interrupted import Beginning
    from tlsmith.storage import Storage

_SQLITE = "sqlite:///"


class NewStore:
    """A store without a CA yet.

    Args:
        earlier: what an interrupted run was about to make in it.

    Attributes:
        has_ca: to be set as soon as the CA is in it for good.
    """

    def __init__(self, storage: Storage, earlier: Beginning | None) -> None:
        self.storage = storage
        self.earlier = earlier
        self.has_ca = False


@contextlib.contextmanager
def new_store(url: str) -> Iterator[NewStore]:
    """Give a store in which a CA is to be made.

    A SQLite file that was made for it is removed where the block fails and left it
    without a CA.

    Raises:
        ConflictError: the store has a CA already.
        StorageError: it cannot be made or reached.
    """
    from tlsmith.authority.creation import refuse_second
    from tlsmith.authority.interrupted import interrupted_beginning
    from tlsmith.storage import open_storage

    path = url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else None
    is_new = path is not None and not os.path.exists(path)
    new: NewStore | None = None
    try:
        storage = open_storage(url, create=True)
        try:
            with storage.read() as connection:
                refuse_second(connection, storage)
                earlier = interrupted_beginning(connection)
            new = NewStore(storage, earlier)
            yield new
        finally:
            storage.close()
    except BaseException:
        kept = new is not None and (new.has_ca or _has_ca(url))
        if is_new and path is not None and not kept:
            _remove(path)
        raise


def issuing_key(
    uri: str, kind: str, passphrase: bytes, earlier: Beginning | None
) -> NewSigner:
    """Return a new issuing key; the one that an interrupted run made, if it did.

    Raises:
        SignerError: it cannot be made there.
    """
    from tlsmith.authority.creation import NewSigner
    from tlsmith.files import finish_interrupted
    from tlsmith.signers import create_key, open_signer
    from tlsmith.signers.encrypted import path_of

    if uri.startswith("file:"):
        finish_interrupted(path_of(uri))
    if earlier is not None and earlier.signer == uri and not uri.startswith("store:"):
        with contextlib.suppress(SignerError):
            left = open_signer(uri, passphrase=passphrase)
            return NewSigner(left.uri, left, None)
    made = create_key(uri, kind, passphrase)
    return NewSigner(made.signer.uri, made.signer, made.material)


def _has_ca(url: str) -> bool:
    from tlsmith.errors import TLSmithError
    from tlsmith.storage import open_storage
    from tlsmith.storage.authorities import authorities

    try:
        storage = open_storage(url)
        try:
            with storage.read() as connection:
                return bool(authorities(connection))
        finally:
            storage.close()
    except TLSmithError:
        return False


def _remove(path: str) -> None:
    for end in ("-wal", "-shm", "-journal", ""):
        with contextlib.suppress(OSError):
            os.unlink(path + end)
