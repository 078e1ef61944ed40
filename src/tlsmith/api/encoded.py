"""Bytes of certificates and keys that can write themselves to a file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tlsmith.files import NewFile, write_together


class Encoded(bytes):
    """A certificate, a key or several of them, as PEM, DER or PKCS#12.

    Args:
        secret: whether there is a private key in it: its files are 0600 then, and it
            is never printed.
        ending: what the name of a temporary file ends in.
    """

    secret: bool
    ending: str

    def __new__(
        cls, data: bytes, *, secret: bool = False, ending: str = ".pem"
    ) -> Encoded:
        encoded = super().__new__(cls, data)
        encoded.secret = secret
        encoded.ending = ending
        return encoded

    def __repr__(self) -> str:
        # What a failing test prints, logs keep.
        if self.secret:
            return f"<{len(self)} bytes with a private key>"
        return super().__repr__()

    def __str__(self) -> str:
        return repr(self)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write this to `path`, whole or not at all, and return `path`.

        Raises:
            FileError: the folder is missing, full, or not ours to write.
        """
        write_together([NewFile(os.fspath(path), self, secret=self.secret)])
        return Path(path)

    @contextlib.contextmanager
    def tempfile(self, folder: str | os.PathLike[str] | None = None) -> Iterator[str]:
        """Write this to a file of its own, 0600; it is gone after the `with` block.

        Args:
            folder: where; by default where the system keeps such files.
        """
        descriptor, path = tempfile.mkstemp(self.ending, "tlsmith-", folder)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(self)
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
