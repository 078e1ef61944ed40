"""A transport that sends what is written in one turn of the event loop at once."""

from __future__ import annotations

import asyncio
from typing import Any


class CorkedTransport:
    """Another transport, with fewer records and system calls.

    uvicorn writes a response's head and its body apart: each would be a record of TLS
    and a system call, which cost more than anything else of a small response.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Have something sent, before anything else happens."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def send(self, data: bytes) -> None:
        """Send something at once, behind what was written before."""
        if self._parts:
            self._flush()
        self._transport.write(data)

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))

    def close(self) -> None:
        """Send what was written, and close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
