"""CAA: which CAs a domain lets issue (RFC 8659, RFC 8657)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.acme.issue_value import parse_issue_value
from tlsmith.errors import ACMEProblem
from tlsmith.validation.resolver import Resolver
from tlsmith.validation.words import quoted

# Those that say nothing about certificates of servers are known all the same: a CA
# stops at critical ones that it does not know (RFC 8659 section 4.1).
_KNOWN = frozenset(
    (
        "issue",
        "issuewild",
        "iodef",
        "contactemail",
        "contactphone",
        "issuemail",
        "issuevmc",
    )
)
_CRITICAL = 0x80


class Property(NamedTuple):
    """A CAA record: flags, tag in lower case, value."""

    flags: int
    tag: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.flags} {self.tag} {quoted(self.value)}"


class Asked(NamedTuple):
    """Who wants to issue what.

    Args:
        wildcard: whether the certificate is for all names below.
        identities: names of this CA, in lower case.
        account_uri: of the account that asks.
        method: by which the name was validated, such as "dns-01".
    """

    wildcard: bool
    identities: Collection[str]
    account_uri: str
    method: str


async def check_caa(resolver: Resolver, name: str, asked: Asked) -> None:
    """See that a domain's CAA records let this CA issue.

    Raises:
        ACMEProblem: caa: they do not; dns: they cannot be looked up, which has to be
            taken for a refusal (RFC 8659 section 3).
    """
    for domain in _climbed(name):
        found = await resolver.caa(domain)
        if found.records[0]:
            _judge(domain, found.records[0], asked)
            return


def _climbed(name: str) -> Iterator[str]:
    """Give a name and those above it, up to the top-level domain (RFC 8659 3)."""
    while name:
        yield name
        name = name.partition(".")[2]


def _judge(domain: str, records: Sequence[bytes], asked: Asked) -> None:
    properties = [_property(domain, record) for record in records]
    for each in properties:
        if each.flags & _CRITICAL and each.tag not in _KNOWN:
            raise _refused(domain, f"a critical one that is not known here: {each}")
    issue = [each for each in properties if each.tag == "issue"]
    wild = [each for each in properties if each.tag == "issuewild"]
    relevant = wild if asked.wildcard and wild else issue
    if not relevant:
        return  # nothing that restricts this kind of name (RFC 8659 section 4.2)
    reasons = [_reason(each.value, asked) for each in relevant]
    if None not in reasons:
        told = zip(relevant, reasons, strict=True)
        listed = ", ".join(f"{each} ({why})" for each, why in told)
        raise _refused(domain, listed[:500])


def _property(domain: str, record: bytes) -> Property:
    """Return what a record says (RFC 8659 section 4.1)."""
    length = record[1] if len(record) > 1 else 0
    tag = record[2 : 2 + length]
    if not tag or len(tag) != length or not tag.isalnum():
        raise _refused(domain, f"one that cannot be read: {quoted(record)}")
    return Property(record[0], tag.decode("ascii").lower(), record[2 + length :])


def _reason(value: bytes, asked: Asked) -> str | None:
    """Return why a property does not let this CA issue; None where it does."""
    try:
        issuer, parameters = parse_issue_value(value.decode("ascii"))
    except ValueError:
        return "not to be read, so for nobody"
    if issuer is None:
        return "for nobody"
    if issuer not in asked.identities:
        return "for another CA"
    accounts = [text for tag, text in parameters if tag == "accounturi"]
    if accounts and accounts != [asked.account_uri]:
        return "for another account"  # RFC 8657 section 3: several are never met
    methods = [text for tag, text in parameters if tag == "validationmethods"]
    if methods and (len(methods) > 1 or asked.method not in methods[0].split(",")):
        return f"not for {asked.method}"  # RFC 8657 section 4
    return None


def _refused(domain: str, records: str) -> ACMEProblem:
    return problems.caa(
        f"the CAA records of {domain} do not let this CA issue: {records}: add one "
        "with a name that the directory lists in caaIdentities"
    )
