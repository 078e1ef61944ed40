"""What accounts, bindings, orders and authorizations are called."""

from __future__ import annotations

from datetime import datetime
from os import urandom

_MILLISECONDS = 12


def new_id(now: datetime) -> str:
    """Return a new id: the moment, so that they sort by it, then 64 bits of chance."""
    return id_from(now) + urandom(8).hex()


def may_be_id(text: str) -> bool:
    """Tell whether anything can be called so.

    What cannot is asked of no store: one may refuse it as an error, such as a NUL.
    """
    return text.isascii() and text.isalnum()


def id_from(moment: datetime) -> str:
    """Return what the ids of a moment and all later ones are not less than."""
    return f"{milliseconds(moment):0{_MILLISECONDS}x}"


def milliseconds(moment: datetime) -> int:
    """Return a moment in milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
