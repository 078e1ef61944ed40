"""A CA whose making was interrupted: what it left is known, and begun anew.

The root's file and the store cannot be written in one instant. Before the file is
written, the store notes which root is about to come: a file that holds this root, while
the store has no CA, is of a run that was killed, and signed nothing that anyone has.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from tlsmith.core.formats import split_pem
from tlsmith.core.keys import fingerprint
from tlsmith.errors import InputError
from tlsmith.storage import Connection, Storage, Transaction
from tlsmith.storage.authorities import authorities
from tlsmith.storage.settings import set_setting, setting

_NAME = "beginning"


class Beginning(NamedTuple):
    """What a run was about to make.

    Args:
        root: SHA-256 of the root's certificate; empty where there is none.
        signer: where the issuing key was to be.
    """

    root: str
    signer: str

    def left(self, data: bytes) -> bool:
        """Tell whether the bytes of a file are the root that was to be made."""
        try:
            blocks = split_pem(data)
        except InputError:
            return False
        found = [fingerprint(der) for label, der in blocks if label == "CERTIFICATE"]
        return bool(self.root) and found[:1] == [self.root]


def note_beginning(storage: Storage, beginning: Beginning) -> None:
    """Note what is about to be made."""
    with storage.write() as transaction:
        set_setting(transaction, _NAME, json.dumps(beginning._asdict()))


def forget_beginning(transaction: Transaction) -> None:
    """Note that it was made."""
    set_setting(transaction, _NAME, "")


def interrupted_beginning(connection: Connection) -> Beginning | None:
    """Return what an earlier run was about to make, and did not."""
    text = setting(connection, _NAME)
    if not text or authorities(connection):
        return None
    return Beginning(**json.loads(text))
