"""TXT records: dns-01 (RFC 8555 8.4), dns-account-01, dns-persist-01."""

from __future__ import annotations

import time
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.challenges import dns_persist_name
from tlsmith.acme.dns_persist import account_uris, check_persist_records
from tlsmith.acme.identifiers import Identifier
from tlsmith.errors import ACMEProblem
from tlsmith.validation.attempt import Attempt
from tlsmith.validation.resolver import Found, Resolver
from tlsmith.validation.words import quoted

_MOST_SHOWN = 3


class Account(NamedTuple):
    """Who asks.

    Args:
        url: of the account.
        thumbprints: of its keys, the one it has first.
    """

    url: str
    thumbprints: tuple[str, ...]


class DNSValidation:
    """Looks for TXT records.

    Args:
        resolver: looks them up.
        issuer_names: what this CA is called in records that stay.
        account_hash_prefix: how URIs in records that stay begin.
    """

    def __init__(
        self,
        resolver: Resolver,
        issuer_names: tuple[str, ...],
        account_hash_prefix: str,
    ) -> None:
        self._resolver = resolver
        self._issuer_names = frozenset(name.lower() for name in issuer_names)
        self._prefix = account_hash_prefix

    async def validate(self, name: str, digest: str, attempt: Attempt) -> None:
        """See that one of a name's TXT records is the digest.

        Raises:
            ACMEProblem: none is.
        """
        found, texts = await self._texts(name, attempt)
        if digest.encode("ascii") not in texts:
            raise problems.incorrect_response(
                f"{_listed(name, found, texts)}, where {quoted(digest)} was expected: "
                "see that the ACME client sets the record in the zone that is served, "
                "and waits until all its servers have it"
            )

    async def validate_persistent(
        self, identifier: Identifier, wildcard: bool, account: Account, attempt: Attempt
    ) -> None:
        """See that a record lets this account have the name.

        Raises:
            ACMEProblem: none does.
        """
        name = dns_persist_name(identifier)
        found, texts = await self._texts(name, attempt)
        domain = identifier.base.value
        # Records that the first drafts asked for have the account's URL itself.
        uris = (
            *account_uris(self._prefix, domain, account.url, account.thumbprints),
            account.url,
        )
        try:
            record = check_persist_records(
                [text.decode("ascii", "replace") for text in texts],
                issuers=self._issuer_names,
                account_uris=uris,
                wildcard=wildcard,
                now=int(time.time()),
            )
        except ACMEProblem as problem:
            raise ACMEProblem(
                problem.type,
                f"{_listed(name, found, texts)}: {problem.message}",
                status=problem.status,
            ) from problem
        attempt.persist_until = record.persist_until

    async def _texts(self, name: str, attempt: Attempt) -> tuple[Found, list[bytes]]:
        attempt.does(f"looking up the TXT records of {name}", problems.dns)
        attempt.record = name
        found, texts = await self._resolver.texts(name, attempt.source)
        if not texts:
            kind = problems.incorrect_response if found.exists else problems.dns
            raise kind(
                f"{found.missing(name, 'TXT record')}: see that the ACME client sets "
                "it in the zone that is served, and waits until all its servers have it"
            )
        return found, texts


def _listed(name: str, found: Found, texts: list[bytes]) -> str:
    shown = ", ".join(quoted(text) for text in texts[:_MOST_SHOWN])
    more = f" and {len(texts) - _MOST_SHOWN} more" if len(texts) > _MOST_SHOWN else ""
    where = name if found.name == name else f"{name}, an alias of {found.name},"
    word = "record" if len(texts) == 1 else "records"
    return f"{where} has the TXT {word} {shown}{more}, says the resolver {found.server}"
