"""An HTTP/1.1 response, read strictly and no further than needed (RFC 9112).

The answer ends the connection, so nothing can be smuggled behind it; what is bounded
here is how much a peer can make us keep, and what is refused is what two programs may
read in two ways.
"""

from __future__ import annotations

import re

LARGEST_HEAD = 16 * 1024
_LONGEST_CHUNK_LINE = 256
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*"
)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_LENGTH_FIELD, _CODING_FIELD = b"content-length", b"transfer-encoding"
_HEAD, _BODY, _CHUNK_LINE, _CHUNK, _CHUNK_END, _TRAILER, _DONE = range(7)


class BadResponseError(ValueError):
    """What came is not an HTTP response, or not one that is taken."""


class ResponseParser:
    """Takes a response as it arrives.

    Args:
        most: bytes of the body to keep; `is_cut` tells that there are more.
    """

    def __init__(self, most: int) -> None:
        self.status = 0
        self.fields: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.is_cut = False
        self._most = most
        self._buffer = bytearray()
        self._state = _HEAD
        self._searched = 0
        self._head = 0
        self._left: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether all that is needed has come."""
        return self._state == _DONE

    def feed(self, data: bytes) -> bool:
        """Take what came next, and tell whether the response is complete.

        Raises:
            BadResponseError: it is none.
        """
        self._buffer += data
        while self._state != _DONE and self._steps[self._state](self):
            pass
        return self._state == _DONE

    def end(self) -> None:
        """Take that the peer has closed the connection.

        Raises:
            BadResponseError: in the middle of something.
        """
        if self._state == _DONE:
            return
        if self._state != _BODY or self._left is not None:
            raise BadResponseError(self._ending())
        self._state = _DONE  # a body without a length ends here (RFC 9112 6.3)

    def _ending(self) -> str:
        if self._state != _HEAD:
            got = len(self.body)
            missing = "" if self._left is None else f" of {got + self._left}"
            return f"the connection was closed after {got}{missing} bytes of the body"
        if not self._buffer and not self._head:
            return "the connection was closed without an answer"
        return "the connection was closed within the head of the answer"

    def _take_head(self) -> bool:
        """Take the head; again after an interim one (RFC 9110 15.2)."""
        found = _END_OF_HEAD.search(self._buffer, max(0, self._searched - 3))
        size = found.end() if found else len(self._buffer)
        if self._head + size > LARGEST_HEAD:
            raise BadResponseError(f"the head is larger than {LARGEST_HEAD} bytes")
        if not found:
            self._searched = size
            self._check_beginning()
            return False
        self._parse_head(bytes(self._buffer[: found.start()]))
        del self._buffer[:size]
        self._head += size
        self._searched = 0
        if self.status >= 200:
            self._state = self._begin_body()
        elif self.status == 101:
            raise BadResponseError("the peer switches to a protocol nobody asked for")
        return True

    def _check_beginning(self) -> None:
        """Refuse at once what does not begin like HTTP: an alert of TLS, for one."""
        beginning = bytes(self._buffer[:7])
        if not b"HTTP/1.".startswith(beginning):
            raise BadResponseError(_NOT_HTTP)

    def _parse_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\n")
        matched = _STATUS_LINE.fullmatch(first.removesuffix(b"\r"))
        if not matched:
            raise BadResponseError(_NOT_HTTP)
        self.status = int(matched[1])
        fields: dict[bytes, bytes] = {}
        for line in lines:
            field = _FIELD.fullmatch(line.removesuffix(b"\r"))
            if not field:
                raise BadResponseError("a line of the head is no HTTP field")
            name, value = field[1].lower(), field[2]
            if name in fields and fields[name] != value and name in _ONLY_ONCE:
                raise BadResponseError(f"two different fields {name.decode()}")
            fields[name] = value
        self.fields = fields

    def _begin_body(self) -> int:
        """Return the state in which the body is read (RFC 9112 6.3)."""
        coding = self.fields.get(_CODING_FIELD)
        length = self.fields.get(_LENGTH_FIELD)
        if self.status == 204 or self.status // 100 == 3:
            return _DONE  # there is none, or none that matters
        if coding is not None:
            if coding.lower() != b"chunked" or length is not None:
                raise BadResponseError("a transfer coding other than chunked alone")
            return _CHUNK_LINE
        if length is not None:
            if not _LENGTH.fullmatch(length):
                raise BadResponseError("a content-length that is no number")
            self._left = int(length)
            return _BODY if self._left else _DONE
        return _BODY

    def _take_body(self) -> bool:
        self._take(self._left)
        if self._left == 0:
            self._state = _DONE
        return False

    def _take_chunk_line(self) -> bool:
        line = self._line(_LONGEST_CHUNK_LINE)
        if line is None:
            return False
        matched = _CHUNK_SIZE.fullmatch(line)
        if not matched:
            raise BadResponseError("a chunk without a size")
        self._left = int(matched[1], 16)
        self._state = _CHUNK if self._left else _TRAILER
        return True

    def _take_chunk(self) -> bool:
        self._take(self._left)
        if self._state == _CHUNK and self._left == 0:
            self._left = None
            self._state = _CHUNK_END
        return self._state == _CHUNK_END

    def _take_chunk_end(self) -> bool:
        line = self._line(2)
        if line:
            raise BadResponseError("a chunk is longer than its size")
        self._state = _CHUNK_END if line is None else _CHUNK_LINE
        return line is not None

    def _take_trailer(self) -> bool:
        line = self._line(LARGEST_HEAD - self._head)
        if line is None:
            return False
        self._head += len(line) + 2
        if not line:
            self._left = None
            self._state = _DONE
        elif not _FIELD.fullmatch(line):
            raise BadResponseError("a line of the trailer is no HTTP field")
        return True

    def _take(self, most: int | None) -> None:
        """Move bytes of the body from the buffer, and stop when there are enough."""
        size = len(self._buffer) if most is None else min(most, len(self._buffer))
        self.body += self._buffer[: min(size, self._most - len(self.body) + 1)]
        del self._buffer[:size]
        if self._left is not None:
            self._left -= size
        if len(self.body) > self._most:
            del self.body[self._most :]
            self.is_cut = True
            self._state = _DONE

    def _line(self, longest: int) -> bytes | None:
        """Return the next line without its end, None while it has not come."""
        end = self._buffer.find(b"\n", 0, longest + 1)
        if end < 0:
            if len(self._buffer) > longest:
                raise BadResponseError("a line of the chunked body is too long")
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    _steps = {  # noqa: RUF012 -- what is done in each state
        _HEAD: _take_head,
        _BODY: _take_body,
        _CHUNK_LINE: _take_chunk_line,
        _CHUNK: _take_chunk,
        _CHUNK_END: _take_chunk_end,
        _TRAILER: _take_trailer,
    }


_NOT_HTTP = "what came is not HTTP/1.1"
_ONLY_ONCE = (_LENGTH_FIELD, _CODING_FIELD, b"location")
