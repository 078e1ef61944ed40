"""Everything that is published, as files: for a CDN, or behind an air gap."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.ocsp_service import is_over
from tlsmith.core.ocsp import SingleResponse, encode_ocsp_request, make_cert_id
from tlsmith.errors import FileError
from tlsmith.files import write_file
from tlsmith.storage.certificates import GOOD, statuses
from tlsmith.storage.moments import to_moment

if TYPE_CHECKING:
    from tlsmith.authority.issuers import LoadedIssuer
    from tlsmith.authority.service import Authority

_PAGE = 5_000
INDEX = "index.ocsp"


class Exported(NamedTuple):
    """How many files were written."""

    documents: int
    ocsp_responses: int


class PreSigned(NamedTuple):
    """An OCSP answer signed before anybody asked.

    Args:
        path: of a GET request for it, below the responder's URL (RFC 6960 A.1), once a
            web server has undone the percent signs: a slash in it is a folder's.
    """

    path: str
    response: bytes
    serial_number: int


def export_static(
    authority: Authority,
    folder: str,
    *,
    with_ocsp: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Write CA certificates, CRLs and, if asked, OCSP answers below a folder.

    The paths are those of the server, so that any web server can take its place.

    Raises:
        FileError: a file cannot be written.
    """
    documents = 0
    for path in authority.publication.paths():
        document = authority.publication.document(path)
        if document is not None:
            _write(folder, path, document.body)
            documents += 1
    responses = 0
    if with_ocsp:
        for one in pre_signed(authority):
            # One in 64 ends in a slash, and is to web servers the index of a folder.
            end = INDEX if one.path.endswith("/") else ""
            place = os.path.join(folder, "ocsp", one.path.rstrip("/"), end)
            _write_answer(place.rstrip("/"), one.response)
            responses += 1
            if responses % 10_000 == 0:
                progress(responses)
        # Each by itself on the disk would take a hundred times as long.
        os.sync()
    return Exported(documents, responses)


def pre_signed(authority: Authority) -> Iterator[PreSigned]:
    """Yield an OCSP answer for every certificate that has not expired."""
    from tlsmith.authority.responders import open_responder

    now = authority.clock().replace(microsecond=0)
    for record in authority.issuers.with_keys():
        if is_over(record, now):
            continue  # and so is everything it issued
        loaded = authority.issuers.load(record)
        responder = open_responder(
            authority.storage, loaded, authority.issuers.passphrase, now
        )
        next_update = min(now + authority.ocsp.lifetime, responder.not_after)
        yield from _of_issuer(authority, loaded, responder, (now, next_update))


def _of_issuer(
    authority: Authority,
    loaded: LoadedIssuer,
    responder: object,
    span: tuple[datetime, datetime],
) -> Iterator[PreSigned]:
    from tlsmith.authority.records import reason_name

    sign = responder.responder.sign  # type: ignore[attr-defined]
    after = 0
    while True:
        with authority.storage.read() as connection:
            last = connection.one("SELECT certificates FROM head")
            page = statuses(connection, loaded.id, (after, after + _PAGE), span[0])
        for _, serial_number, status, revoked_at, reason in page:
            cert_id = make_cert_id(loaded.issuer.view, serial_number)
            response = SingleResponse(cert_id.der, "good", *span)
            if status != GOOD:
                response = SingleResponse(
                    cert_id.der,
                    "revoked",
                    *span,
                    to_moment(revoked_at or 0),
                    reason_name(reason),
                )
            request = encode_ocsp_request([cert_id])
            path = base64.b64encode(request).decode()
            yield PreSigned(path, sign([response], span[0]), serial_number)
        after += _PAGE
        if last is None or after >= last[0]:
            return


def _write_answer(place: str, body: bytes) -> None:
    """Write a file that appears whole, and is on the disk after the next sync."""
    unfinished = place + ".new"
    try:
        try:
            file = open(unfinished, "wb")  # noqa: SIM115 -- closed below
        except FileNotFoundError:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            file = open(unfinished, "wb")  # noqa: SIM115
        with file:
            file.write(body)
        os.replace(unfinished, place)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(f"cannot write {place!r}: {reason}", path=place) from error


def _write(folder: str, path: str, body: bytes) -> None:
    place = os.path.join(folder, path)
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot make the folder {os.path.dirname(place)!r}: {reason}", path=place
        ) from error
    write_file(place, body)
