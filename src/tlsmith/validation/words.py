"""What a peer sent, as people may be shown it: short, printable, on one line."""

from __future__ import annotations

import errno
import os
import socket
import ssl

_MOST = 100
# What libraries raise without a word or a number.
_NUMBERS: tuple[tuple[type[OSError], int], ...] = (
    (ConnectionResetError, errno.ECONNRESET),
    (ConnectionAbortedError, errno.ECONNABORTED),
    (ConnectionRefusedError, errno.ECONNREFUSED),
    (BrokenPipeError, errno.EPIPE),
)


def quoted(data: bytes | str, most: int = _MOST) -> str:
    """Return the beginning of `data` in quotation marks, what is odd in it escaped."""
    if isinstance(data, str):
        data = data.encode("utf-8", "backslashreplace")
    shown = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in data[:most]
    )
    return f'"{shown}"' + ("..." if len(data) > most else "")


def reason_of(error: OSError) -> str:
    """Return why the system says something failed, in lower case."""
    # Of errors that Python's own code makes, TLS gives no reason.
    if isinstance(error, ssl.SSLError) and (why := getattr(error, "reason", None)):
        return str(why).replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "no answer"
    # Numbers of TLS and of look-ups are not the system's.
    number = None if isinstance(error, ssl.SSLError | socket.gaierror) else error.errno
    if number:
        # asyncio's own words say again which address it was.
        return os.strerror(number).lower()
    return (error.strerror or str(error) or _words_for(error)).lower()


def _words_for(error: OSError) -> str:
    for kind, number in _NUMBERS:
        if isinstance(error, kind):
            return os.strerror(number)
    return "the system does not say why"
