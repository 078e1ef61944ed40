"""The values of CAA's issue, which dns-persist-01's records have too (RFC 8659 4.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_ISSUER = re.compile(rf"{_WORD}(?:\.{_WORD})*", re.ASCII)
_PARAMETER = re.compile(rf"({_WORD})[ \t]*=[ \t]*([!-:<-~]*)", re.ASCII)
# Neither a name nor a URL is longer, and patterns take their time with long text.
_LONGEST = 4096


class IssueValue(NamedTuple):
    """What such a value says.

    Args:
        issuer_domain_name: in lower case; none where nobody is to issue.
        parameters: tags, in lower case, and values, in their order.
    """

    issuer_domain_name: str | None
    parameters: tuple[tuple[str, str], ...]


def parse_issue_value(text: str) -> IssueValue:
    """Return the issuer that a value names, and its parameters.

    Raises:
        ValueError: it breaks the grammar; an empty parameter does too.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    issuer, _, rest = text.partition(";")
    issuer, rest = issuer.strip(" \t"), rest.strip(" \t")
    if issuer and not _ISSUER.fullmatch(issuer):
        raise ValueError(f"not an issuer's domain name: {issuer[:80]!r}")
    parts = rest.split(";") if rest else []
    parameters = tuple(_parse_parameter(part.strip(" \t")) for part in parts)
    return IssueValue(issuer.lower() or None, parameters)


def _parse_parameter(text: str) -> tuple[str, str]:
    found = _PARAMETER.fullmatch(text)
    if not found:
        raise ValueError(f"not a parameter, such as tag=value: {text[:80]!r}")
    return found[1].lower(), found[2]
