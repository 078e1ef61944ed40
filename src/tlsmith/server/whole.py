"""Requests of ACME that come whole and plain, read at a glance.

A parser that calls for each part of a request takes as long as everything that is done
with it. What has anything odd is left to the parser, which also says what is wrong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.server.envelope import ACME

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bytes of a body; of one that is longer, nothing is read.
MOST_BODY = 128 * 1024
# Bytes of a head that is looked at here: the least that the setting of most allows.
_MOST_HEAD = 1024
_LINE = re.compile(
    rb"(GET|HEAD|POST) (%b[A-Za-z0-9/._~-]*)(?:\?([A-Za-z0-9/._~=&-]*))? HTTP/1\.1"
    % ACME.encode()
)
# RFC 9110 section 5: a token, and what can be seen in ASCII.
_FIELD = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?"
    rb"[ \t]*"
)
# RFC 3986: a host, of any kind or none, and a port.
HOST = re.compile(rb"(\[[0-9A-Za-z:.%_~-]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(:[0-9]*)?")
_LENGTH = re.compile(rb"[0-9]{1,6}")
_METHODS = {b"GET": "GET", b"HEAD": "HEAD", b"POST": "POST"}
# With these, a request is left to the parser.
_ODD = (b"transfer-encoding", b"expect", b"upgrade")


class Fields(NamedTuple):
    """The fields of a head, by their names in small letters.

    Args:
        length: of the body.
    """

    values: Mapping[bytes, bytes]
    length: int


class Whole(NamedTuple):
    """A request that was read.

    Args:
        target: its path, as it was sent.
        query: what follows that, without the question mark.
        body: as far as it has come.
        is_whole: whether that is all of it.
    """

    method: str
    target: str
    query: bytes
    fields: Mapping[bytes, bytes]
    body: bytes
    is_whole: bool


def read_whole(data: bytes) -> Whole | None:
    """Return the request that data is; None where a parser is to see."""
    end = data.find(b"\r\n\r\n", 0, _MOST_HEAD)
    first = data.find(b"\r\n")
    line = _LINE.fullmatch(data, 0, first) if end > first > 0 else None
    fields = None if line is None else _fields(data[first + 2 : end])
    if line is None or fields is None:
        return None
    body = data[end + 4 :]
    if len(body) > fields.length:  # another one behind it
        return None
    method, target, query = line.groups()
    return Whole(
        _METHODS[method],
        target.decode("ascii"),
        query or b"",
        fields.values,
        body,
        len(body) == fields.length,
    )


@lru_cache(maxsize=1024)
def _fields(lines: bytes) -> Fields | None:
    """Return the fields of a head; None where one is odd.

    One client sends the same ones again and again.
    """
    found: dict[bytes, bytes] = {}
    for line in lines.split(b"\r\n"):
        match = _FIELD.fullmatch(line)
        if match is None or match[1].lower() in found:
            return None
        found[match[1].lower()] = match[2] or b""
    host, length = found.get(b"host"), found.get(b"content-length", b"0")
    if host is None or not HOST.fullmatch(host) or not _LENGTH.fullmatch(length):
        return None
    is_staying = found.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    if not is_staying or any(name in found for name in _ODD):
        return None
    if int(length) > MOST_BODY:
        return None
    return Fields(MappingProxyType(found), int(length))
