"""TLS between a connection and a protocol above it.

An event loop's own costs a small request more than its encryption does: it reads into
a quarter of a megabyte each time, and asks again until there is nothing more. Here a
request is read once, and an answer is one record and one system call.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, cast

# A record of TLS has no more than this.
_RECORD = 16 * 1024


class TLSPatience(NamedTuple):
    """How long a client is waited for, in seconds.

    Args:
        handshake: until a connection is there.
        good_bye: until it says that it heard us close; many never do.
    """

    handshake: float
    good_bye: float


class Above(Protocol):
    """A protocol over TLS: asyncio's, as far as it is called here."""

    def connection_made(self, transport: Any, /) -> None: ...

    def data_received(self, data: bytes, /) -> None: ...

    def eof_received(self) -> object: ...

    def connection_lost(self, error: Exception | None, /) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class TLSConnection(asyncio.Protocol):
    """One connection: a protocol to what is below it, a transport to what is above.

    Args:
        context: of the server; may present another certificate from some time on.
        make: makes what is above, once the handshake is done.
    """

    def __init__(
        self, context: ssl.SSLContext, make: Callable[[], Above], patience: TLSPatience
    ) -> None:
        self._context, self._make, self._patience = context, make, patience
        self._loop = asyncio.get_running_loop()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._above: Above | None = None
        self._is_closing = self._is_paused = False
        # What is written in one turn of the event loop, to be sent together.
        self._parts: list[bytes] = []

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the handshake."""
        self._below = cast("asyncio.Transport", transport)
        self._timer = self._loop.call_later(self._patience.handshake, self.abort)

    def data_received(self, data: bytes) -> None:
        """Hand on what a client says, decrypted."""
        if self._is_closing:
            return
        self._incoming.write(data)
        if self._above is not None or self._shake_hands():
            self._read()

    def eof_received(self) -> None:
        """Take note that nothing more comes; the loop closes the connection."""
        if self._above is not None and not self._is_closing:
            self._above.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._is_closing = True
        self._timer.cancel()
        if self._above is not None:
            self._above.connection_lost(error)

    def pause_writing(self) -> None:
        """Have no more written: the client does not take it."""
        if self._above is not None:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """Have more written."""
        if self._above is not None:
            self._above.resume_writing()

    # What is above calls.

    def write(self, data: bytes) -> None:
        """Have something sent, before anything else happens."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def send(self, data: bytes) -> None:
        """Send something at once, behind what was written before."""
        if self._parts:
            self._parts.append(data)
            self._flush()
        else:
            self._encrypt(data)

    def close(self) -> None:
        """Send what was written, and close; what still comes in is thrown away."""
        if self._is_closing:
            return
        self._flush()
        self._is_closing = True
        if self._above is None:
            self._below.abort()
            return
        # Which asks for the client's good bye.
        with suppress(ssl.SSLError):
            self._tls.unwrap()
        self._send_outgoing()
        if self._below.is_closing():
            return
        if self._below.can_write_eof():
            self._below.write_eof()
        # To close at once would reset the connection where more came than was read,
        # and the client would not get what was sent.
        self.resume_reading()
        self._timer = self._loop.call_later(self._patience.good_bye, self._below.close)

    def abort(self) -> None:
        """Close at once."""
        self._is_closing = True
        self._below.abort()

    def is_closing(self) -> bool:
        """Tell whether nothing more is sent."""
        return self._is_closing or self._below.is_closing()

    def pause_reading(self) -> None:
        """Hand nothing on."""
        self._is_paused = True
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Hand on what has come, and what comes."""
        if not self._is_paused:
            return
        self._is_paused = False
        self._below.resume_reading()
        self._loop.call_soon(self._read)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are not sent yet."""
        return self._below.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        if name == "ssl_object":
            return self._tls
        if name == "sslcontext":
            return self._context
        return self._below.get_extra_info(name, default)

    # Its own.

    def _shake_hands(self) -> bool:
        """Go on with the handshake; tell whether it is done."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send_outgoing()
            return False
        except ssl.SSLError:
            self._send_outgoing()  # an alert says why
            self._is_closing = True
            self._below.close()
            return False
        self._send_outgoing()
        self._timer.cancel()
        self._above = self._make()
        self._above.connection_made(self)
        return True

    def _read(self) -> None:
        above = self._above
        while above is not None and not (self._is_closing or self._is_paused):
            try:
                data = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:
                self._send_outgoing()
                self.abort()
                return
            if not data:  # the client said good bye
                above.eof_received()
                self.close()
                return
            above.data_received(data)
            if not self._incoming.pending and not self._tls.pending():
                break
        # Such as keys that the client wants changed.
        if self._outgoing.pending:
            self._send_outgoing()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._encrypt(b"".join(parts))

    def _encrypt(self, data: bytes) -> None:
        if self._is_closing:
            return
        try:
            written = self._tls.write(data)
            while written < len(data):  # a record at a time
                written += self._tls.write(data[written : written + _RECORD])
        except ssl.SSLError:
            self.abort()
            return
        self._below.write(self._outgoing.read())

    def _send_outgoing(self) -> None:
        if self._outgoing.pending and not self._below.is_closing():
            self._below.write(self._outgoing.read())
