"""Revocation status over HTTP: OCSP (RFC 6960 appendix A, RFC 5019), CRLs, CA files.

Nothing here waits: a reply is made in the event loop, in a few microseconds, by
whichever side the request came in at.
"""

from __future__ import annotations

import logging
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote_to_bytes

from tlsmith.errors import InputError, TLSmithError
from tlsmith.server.logs import event
from tlsmith.server.ports import Document, OCSPAnswer
from tlsmith.server.published import Fields, is_same, published
from tlsmith.server.readiness import Readiness
from tlsmith.server.reply import Reply, http_date, problem

# RFC 6960 4.2.1: OCSPResponse with nothing but its status.
MALFORMED = OCSPAnswer(b"\x30\x03\x0a\x01\x01", "malformedRequest")
INTERNAL = OCSPAnswer(b"\x30\x03\x0a\x01\x02", "internalError")
TRY_LATER = OCSPAnswer(b"\x30\x03\x0a\x01\x03", "tryLater")

# An OCSP request for one certificate has 80 bytes or so.
LARGEST_OCSP = 64 * 1024

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_TYPE = b"content-type: application/ocsp-response\r\n"
_NOT_KEPT = _TYPE + b"cache-control: no-store\r\n"


class Publisher(Protocol):
    """The part of the authority that answers at once."""

    def answer_ocsp(self, request: bytes) -> OCSPAnswer:
        """Answer a DER OCSPRequest of any quality."""
        ...

    def document(self, path: str) -> Document | None:
        """Return what is published at a path."""
        ...


class StatusSite:
    """Replies to whatever is asked on the plain side.

    `answers` counts OCSP answers by the status they give.

    Args:
        clock: seconds of Unix time.
    """

    def __init__(
        self,
        publisher: Publisher,
        readiness: Readiness,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._publisher = publisher
        self._readiness = readiness
        self._clock = clock
        self.answers: Counter[str] = Counter()

    def reply(self, method: bytes, target: bytes, fields: Fields, body: bytes) -> Reply:
        """Return the reply to one request.

        Args:
            target: path and query, as they came.
            fields: names in lower case.
        """
        if not target.startswith(b"/"):  # absolute-form, RFC 9112 3.2.2
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        if target.startswith(b"/ocsp") and target[5:6] in (b"", b"/", b"?"):
            return self._ocsp(method, target, fields, body)
        if method not in (b"GET", b"HEAD"):
            return not_allowed(b"GET, HEAD", "other")
        path = target.partition(b"?")[0]
        if path.startswith((b"/crl/", b"/ca/")):
            return self._document(path, fields)
        if path == b"/healthz":
            return healthy()
        if path == b"/readyz":
            return self._readiness.reply()
        return problem(404, "nothing is published here")

    def _ocsp(self, method: bytes, target: bytes, fields: Fields, body: bytes) -> Reply:
        if method == b"POST":
            request: bytes | None = body
            kind = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
            if kind != b"application/ocsp-request":
                detail = "the content type is not application/ocsp-request"
                return problem(415, detail, route="/ocsp")
        elif method in (b"GET", b"HEAD"):
            request = decode_request_path(target[6:].partition(b"?")[0])
        else:
            return not_allowed(b"GET, HEAD, POST", "/ocsp")
        answer = MALFORMED if not request else self._answer(request)
        self.answers[answer.status] += 1
        if answer.expires is None:
            return Reply(200, _NOT_KEPT, answer.body, "/ocsp")
        return self._kept(answer, fields, is_get=method != b"POST")

    def _answer(self, request: bytes) -> OCSPAnswer:
        try:
            return self._publisher.answer_ocsp(request)
        except InputError:
            return MALFORMED
        except TLSmithError as error:
            event(_LOG, logging.WARNING, "ocsp-failed", error=error)
            return TRY_LATER
        except Exception as error:
            event(_LOG, logging.ERROR, "ocsp-failed", error=error)
            return INTERNAL

    def _kept(self, answer: OCSPAnswer, fields: Fields, *, is_get: bool) -> Reply:
        """Return an answer with what RFC 5019 section 6.2 has caches told."""
        expires = answer.expires or 0
        head = (
            b'%betag: "%b"\r\nlast-modified: %b\r\nexpires: %b\r\n'
            b"cache-control: max-age=%d, public, no-transform, must-revalidate\r\n"
            % (
                _TYPE,
                answer.etag.encode(),
                http_date(answer.last_modified),
                http_date(expires),
                max(0, expires - int(self._clock())),
            )
        )
        if is_get and is_same(answer.etag, answer.last_modified, fields):
            return Reply(304, head, b"", "/ocsp")
        return Reply(200, head, answer.body, "/ocsp")

    def _document(self, path: bytes, fields: Fields) -> Reply:
        route = "/crl" if path.startswith(b"/crl/") else "/ca"
        try:
            name = unquote_to_bytes(path).decode("ascii")
            found = self._publisher.document(name)
        except UnicodeDecodeError:
            found = None
        except Exception as error:
            event(_LOG, logging.ERROR, "document-failed", error=error)
            return problem(503, "the document cannot be read now", route=route)
        if found is None:
            return problem(404, "nothing is published here", route=route)
        return published(found, fields, route, int(self._clock()))


def decode_request_path(encoded: bytes) -> bytes | None:
    """Return the OCSPRequest of a GET's path, or None where it is not base64.

    RFC 6960 A.1 has it percent-encoded; clients leave that out, or the padding, or
    write the URL-safe alphabet.
    """
    if b"%" in encoded:
        encoded = unquote_to_bytes(encoded)
    encoded = encoded.translate(_URL_SAFE).rstrip(b"=")
    try:
        return b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except Base64Error:
        return None


def healthy() -> Reply:
    """Return the reply that says the process is there."""
    fields = b"content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n"
    return Reply(200, fields, b"ok\n", "/healthz")


def not_allowed(allowed: bytes, route: str) -> Reply:
    """Return the reply to a method that is not one here."""
    refusal = problem(405, "this method is not one here", route=route)
    return refusal._replace(fields=refusal.fields + b"allow: %b\r\n" % allowed)


_LOG = logging.getLogger("tlsmith.server.status")
