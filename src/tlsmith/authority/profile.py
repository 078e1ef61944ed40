"""A profile: the shape of a certificate, and who may have which."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from tlsmith.authority.name_rules import NameRules
from tlsmith.core.attributes import Attribute
from tlsmith.core.constraints import NameConstraints
from tlsmith.core.extension_values import Extension

# What the service asks as; people and programs have a colon in their names.
SERVICE = "server"


class Profile(NamedTuple):
    """What certificates of this name may be; docs/profiles.md has each key.

    Args:
        keys: the kinds of key allowed.
        default: how long a certificate lives where nothing is asked.
        longest: how long it may live, both ends included.
        key_usage: bits of keyUsage.
        requesters: patterns, `*` for any number of characters.
        names: None for whatever the policy allows.
        subject: the attributes that every certificate has.
        revocation: "always", or "none" where nobody is to ask for a status (RFC 9608).
    """

    name: str
    keys: frozenset[str]
    default: timedelta
    longest: timedelta
    backdate: timedelta
    key_usage: int
    extended_key_usage: tuple[str, ...]
    names: NameRules | None
    most_names: int
    requesters: tuple[str, ...]
    must_staple: str
    subject: tuple[Attribute, ...]
    common_name: str
    subject_from_request: str
    asked_extensions: str
    extensions: tuple[Extension, ...]
    is_ca: bool
    path_length: int | None
    name_constraints: NameConstraints | None
    revocation: str = "always"

    def admits(self, requester: str) -> bool:
        """Tell whether a requester, such as "token:ci", may use this profile.

        The service may, for its own certificate: who holds a profile to some tokens
        does not mean to stop it.
        """
        return (
            requester == SERVICE
            or _pattern(self.requesters).match(requester) is not None
        )


@lru_cache(maxsize=256)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # Brackets have no meaning of their own: identities hold addresses of IPv6.
    texts = (translate(re.sub(r"([\[?])", r"[\1]", each)) for each in patterns)
    return re.compile("|".join(texts))
