"""What is published over HTTP as files: conditional requests and ranges (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from tlsmith.server.ports import Document
from tlsmith.server.reply import Reply, http_date

Fields = Mapping[bytes, bytes]

_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")


def published(document: Document, fields: Fields, route: str, now: int) -> Reply:
    """Return the reply that gives a document, a part of it, or says it is the same.

    Args:
        fields: of the request, names in lower case.
    """
    head = _validators(document, now)
    if is_same(document.etag, document.last_modified, fields):
        return Reply(304, head, b"", route)
    head += b"content-type: %b\r\naccept-ranges: bytes\r\n" % (
        document.content_type.encode("latin-1")
    )
    wanted = fields.get(b"range")
    if wanted is None or not _range_holds(document, fields):
        return Reply(200, head, document.body, route)
    return _part(document, wanted, head, route)


def is_same(etag: str, last_modified: int, fields: Fields) -> bool:
    """Tell whether the client has this already (RFC 9110 13.1.2, 13.1.3)."""
    known = fields.get(b"if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix(b"W/") for tag in known.split(b",")}
        return b"*" in tags or b'"%b"' % etag.encode() in tags
    since = fields.get(b"if-modified-since")
    return since is not None and last_modified <= _moment(since)


def _validators(document: Document, now: int) -> bytes:
    head = b'etag: "%b"\r\nlast-modified: %b\r\n' % (
        document.etag.encode(),
        http_date(document.last_modified),
    )
    if document.expires is None:
        return head + b"cache-control: no-cache\r\n"
    return head + b"expires: %b\r\ncache-control: max-age=%d, public\r\n" % (
        http_date(document.expires),
        max(0, document.expires - now),
    )


def _range_holds(document: Document, fields: Fields) -> bool:
    """Tell whether a range is of what we have (RFC 9110 13.1.5)."""
    condition = fields.get(b"if-range")
    if condition is None:
        return True
    tag = b'"%b"' % document.etag.encode()
    return condition in (tag, http_date(document.last_modified))


def _part(document: Document, wanted: bytes, head: bytes, route: str) -> Reply:
    """Return one range; several at once are answered with the whole."""
    size = len(document.body)
    match = _RANGE.fullmatch(wanted.replace(b" ", b""))
    if match is None or not (match[1] or match[2]):
        return Reply(200, head, document.body, route)
    if match[1]:
        start = int(match[1])
        end = min(int(match[2]) if match[2] else size - 1, size - 1)
    else:
        start, end = max(0, size - int(match[2])), size - 1
    if start > end:
        return Reply(416, head + b"content-range: bytes */%d\r\n" % size, b"", route)
    head += b"content-range: bytes %d-%d/%d\r\n" % (start, end, size)
    # A view: a CRL may be large, and a client may ask for many ranges at once.
    return Reply(206, head, memoryview(document.body)[start : end + 1], route)


def _moment(date: bytes) -> float:
    try:
        return parsedate_to_datetime(date.decode("ascii")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return -1.0
