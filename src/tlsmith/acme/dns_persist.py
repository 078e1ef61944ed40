"""Records of dns-persist-01, which stay (draft-ietf-acme-dns-persist-02)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.issue_value import parse_issue_value
from tlsmith.acme.problems import malformed, unauthorized
from tlsmith.core.names import quoted
from tlsmith.errors import ACMEProblem

_SECONDS = re.compile(r"[0-9]{1,18}", re.ASCII)
_KNOWN = ("accounturi", "policy", "persistuntil")
# Instead of a domain: the same record for all of them (section 4.1).
_ANY_DOMAIN = "*"


class PersistRecord(NamedTuple):
    """What a record says (section 4.1).

    Args:
        issuer_domain_name: of the CA that it lets issue.
        account_uri: of the account that it lets order.
        covers_wildcards: whether for wildcards too, and for names below.
        persist_until: Unix time after which it says nothing any more.
    """

    issuer_domain_name: str
    account_uri: str
    covers_wildcards: bool = False
    persist_until: int | None = None


def parse_persist_record(text: str) -> PersistRecord:
    """Return what a TXT record says; parameters that are not known are ignored.

    Raises:
        ACMEProblem: malformed.
    """
    try:
        issuer, parameters = parse_issue_value(text)
    except ValueError as error:
        raise malformed(f"the record {quoted(text)}: {error}") from None
    known = [(tag, value) for tag, value in parameters if tag in _KNOWN]
    values = dict(known)
    if len(known) != len(values):
        raise malformed(f"the record {quoted(text)} has a parameter twice")
    if issuer is None or not values.get("accounturi"):
        raise malformed(f"the record {quoted(text)} names no issuer or no accounturi")
    return PersistRecord(
        issuer,
        values["accounturi"],
        values.get("policy", "").lower() == "wildcard",
        _seconds(values.get("persistuntil"), text),
    )


def account_uris(
    prefix: str, domain: str, account_url: str, thumbprints: Iterable[str]
) -> tuple[str, ...]:
    """Return every name by which a record may call an account (section 4.2).

    Args:
        prefix: "accountHashPrefix" of the directory.
        domain: below whose `_validation-persist` the record is.
        thumbprints: of all keys that the account has had, the latest first.
    """
    return tuple(
        f"{prefix}sha-256/{_digest(name, thumbprint, account_url)}"
        for thumbprint in thumbprints
        for name in (domain, _ANY_DOMAIN)
    )


def check_persist_records(
    records: Sequence[str],
    *,
    issuers: Collection[str],
    account_uris: Collection[str],
    wildcard: bool,
    now: int,
) -> PersistRecord:
    """Return the record that lets this account have the name (section 4.2).

    Args:
        records: of the name, the strings of each joined.
        issuers: names of ours, in lower case.
        account_uris: by which the account may be called, see `account_uris`.
        wildcard: whether a wildcard is asked for, or a name below.
        now: Unix time.

    Raises:
        ACMEProblem: unauthorized, or malformed where a record cannot be read and none
            is right.
    """
    problem = unauthorized(
        f"none of {len(records)} TXT records names {' or '.join(sorted(issuers))}"
    )
    for text in records:
        try:
            record = parse_persist_record(text)
        except ACMEProblem as error:
            problem = error
            continue
        if record.issuer_domain_name not in issuers:
            continue
        reason = _refusal(record, account_uris, wildcard=wildcard, now=now)
        if reason is None:
            return record
        problem = unauthorized(f"the record {quoted(text)} {reason}")
    raise problem


def _refusal(
    record: PersistRecord, account_uris: Collection[str], *, wildcard: bool, now: int
) -> str | None:
    """Return why a record of ours is not enough; None where it is."""
    if record.account_uri not in account_uris:
        return "is for another account"
    if record.persist_until is not None and now > record.persist_until:
        return "has ended: its persistUntil is in the past"
    if wildcard and not record.covers_wildcards:
        return "does not cover wildcards: add policy=wildcard"
    return None


def _digest(domain: str, thumbprint: str, account_url: str) -> str:
    name = domain.encode("ascii")
    data = bytes([len(name)]) + name + f"{thumbprint}{account_url}".encode("ascii")
    return encode_base64url(hashlib.sha256(data).digest())


def _seconds(text: str | None, record: str) -> int | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise malformed(f"the record {quoted(record)}: persistUntil is not a number")
    return int(text)
