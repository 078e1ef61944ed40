"""Certificates as ACME gives them out: the chain, and others (RFC 8555 7.4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsmith.acme import problems
from tlsmith.authority.acme.context import ACMEContext
from tlsmith.authority.chains import chain_to_root, chain_without_root
from tlsmith.authority.requests import CROSS_SIGNED
from tlsmith.core.formats import encode_chain
from tlsmith.errors import NotFoundError
from tlsmith.storage.acme.known import known_certificate
from tlsmith.storage.certificates import CertificateRecord

if TYPE_CHECKING:
    from tlsmith.storage.acme.orders import OrderRecord
    from tlsmith.storage.authorities import AuthorityRecord


def certificate_of_order(context: ACMEContext, order: OrderRecord) -> CertificateRecord:
    """Return the certificate of an order.

    Raises:
        ACMEProblem: it has none, or it was deleted long after it expired.
    """
    missing = problems.malformed("there is no such certificate", status=404)
    if order.certificate_id is None:
        raise missing
    try:
        record = known_certificate(context.storage, order.certificate_id)
    except NotFoundError:
        raise missing from None
    if record.certificate is None:
        raise missing
    return record


class Chains:
    """What stands above certificates, kept until a CA changes."""

    def __init__(self, context: ACMEContext) -> None:
        self._issuers = context.authority.issuers
        self._generation = -1
        self._above: dict[int, list[bytes]] = {}

    def above(self, number: int) -> list[bytes]:
        """Return each way from a CA to a root, the usual one first: PEM, no root.

        Args:
            number: of the CA, in the store.
        """
        generation = self._issuers.generation
        if generation != self._generation:
            self._generation, self._above = generation, {}
        found = self._above.get(number)
        if found is None:
            found = self._above[number] = self._ways(number)
        return found

    def _ways(self, number: int) -> list[bytes]:
        issuer, records = self._issuer(number)
        ids = {one.certificate: one.id for one in records}
        whole = chain_to_root(issuer, records)
        # Where another CA signed for one as well, the way goes on above that one.
        others = [
            (*whole[:place], other)
            for place, certificate in enumerate(whole)
            for owner, kind, other in self._issuers.further()
            if kind == CROSS_SIGNED and owner == ids[certificate]
        ]
        usual = chain_without_root(issuer, records)
        return [encode_chain(one) for one in dict.fromkeys([usual, *others])]

    def _issuer(self, number: int) -> tuple[AuthorityRecord, list[AuthorityRecord]]:
        for is_known in (True, False):
            if not is_known:
                # Another replica has issued by a CA that was made just now.
                self._issuers.forget()
            records = self._issuers.records()
            for one in records:
                if one.id == number:
                    return one, records
        raise problems.server_internal(
            "the CA of this certificate is not in the store", status=503
        )
