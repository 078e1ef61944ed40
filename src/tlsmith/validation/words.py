"""What a peer sent, as people may be shown it: short, printable, on one line."""

from __future__ import annotations

import os
import socket
import ssl

_MOST = 100


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
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "no answer"
    if error.errno and not isinstance(error, socket.gaierror):
        # asyncio's own words say again which address it was.
        return os.strerror(error.errno).lower()
    return (error.strerror or str(error) or type(error).__name__).lower()
