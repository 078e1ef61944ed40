"""Subjects as mkcert gives them: who made it, where, and with what."""

from __future__ import annotations

import os
import sys

from tlsmith.core.oid import COMMON_NAME, ORGANIZATION, ORGANIZATIONAL_UNIT
from tlsmith.core.subject import distinguished_name

# ub-organizational-unit-name and ub-common-name of RFC 5280 appendix A.1.
_LONGEST = 64


def user_and_host() -> str:
    """Return who made a certificate, as mkcert notes it: "me@laptop (My Name)"."""
    user, name = _user()
    host = _host()
    text = f"{user}@{host}" if user else host
    if name and name != user:
        text += f" ({name})"
    return text


def mkcert_subject(
    organization: str, unit: str, common_name: str | None = None
) -> bytes:
    """Return a DER Name as mkcert gives; a part that is empty is left out."""
    parts = (
        (ORGANIZATION, organization),
        (ORGANIZATIONAL_UNIT, unit),
        (COMMON_NAME, common_name or ""),
    )
    return distinguished_name(*((oid, text[:_LONGEST]) for oid, text in parts if text))


def _user() -> tuple[str, str]:
    """Return the person's account and full name; empty where they are not known."""
    if sys.platform == "win32":
        domain = os.environ.get("USERDOMAIN", "")
        user = os.environ.get("USERNAME", "")
        return (f"{domain}\\{user}" if domain and user else user), ""
    import pwd

    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:  # a container run under a number that has no account
        return "", ""
    return entry.pw_name, entry.pw_gecos.partition(",")[0]


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    return os.uname().nodename
