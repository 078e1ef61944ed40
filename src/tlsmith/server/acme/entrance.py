"""How a request comes in: its signature verified, then its nonce used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tlsmith.acme import problems
from tlsmith.errors import ACMEProblem
from tlsmith.server.acme.call import Endpoint
from tlsmith.server.acme.signed import Reached, Signer, find_signer
from tlsmith.server.acme.urls import Places, URLs
from tlsmith.server.direct import Asked
from tlsmith.storage.acme.nonces import Use, Used
from tlsmith.storage.acme.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tlsmith.authority.acme.service import ACMEService
    from tlsmith.storage.acme.accounts import AccountRecord

_Done = TypeVar("_Done")


class Request(NamedTuple):
    """A request, and the endpoint that it is to."""

    asked: Asked
    endpoint: Endpoint
    ids: tuple[str, ...]
    body: bytes
    urls: URLs
    request_id: str


class Entry(NamedTuple):
    """A request, who signed it, and the nonce that it uses up."""

    request: Request
    signer: Signer
    use: Use


class Entrance:
    """Lets requests in, whoever they are handled by."""

    def __init__(self, service: ACMEService, places: Places) -> None:
        self._service = service
        self._places = places

    def alone(
        self, request: Request, work: Callable[[Request, Signer | None], _Done]
    ) -> _Done:
        """Do a request by itself, once it is known whose it is."""
        if request.asked.method != "POST":
            return work(request, None)
        entry = self.entry(request)
        (used,) = self._service.nonces.use_and_read([entry.use])
        return self.let_in(entry, used, work)

    def entry(self, request: Request) -> Entry:
        """Return who signed a request, the nonce to be used up still."""
        service = self._service
        try:
            signer = self._signer(request, service.account_before)
        except ACMEProblem:
            if service.is_sure:
                raise
            signer = self._signer(request, service.account)
        about = [Wanted(kind, request.ids[0]) for kind in request.endpoint.about]
        nonce = signer.signed.header.nonce or ""
        return Entry(request, signer, service.use_of(nonce, signer.account, about))

    def let_in(
        self,
        entry: Entry,
        used: Used,
        work: Callable[[Request, Signer | None], _Done],
    ) -> _Done:
        """Do a request whose nonce was used up."""
        request, signer, _ = entry
        if not used.is_good:
            raise problems.bad_nonce(
                "the nonce is not one of this server, is too old, or was used before; "
                "use the one in this answer"
            )
        service = self._service
        service.remember(used)
        try:
            if signer.account and not service.is_current(signer.account):
                signer = self._signer(request, service.account)
            return work(request, signer)
        finally:
            service.forget()

    def _signer(
        self, request: Request, account_of: Callable[[str], AccountRecord]
    ) -> Signer:
        asked = request.asked
        query = asked.query.decode("latin-1")
        return find_signer(
            self._service.blocklist,
            account_of,
            request.body,
            Reached(
                f"{asked.target}?{query}" if query else asked.target,
                request.urls,
                asked.fields.get(b"host", b"").decode("latin-1"),
                self._places,
            ),
            request.endpoint.keys or "kid",
        )
