"""What `account`, `order` and `eab` have in common: the opening, ids, failures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tlsmith.cli.store import open_authority
from tlsmith.errors import MissingExtraError

if TYPE_CHECKING:
    from tlsmith.authority.acme.reasons import Failure
    from tlsmith.authority.service import Authority


@contextlib.contextmanager
def open_acme(store: str | None) -> Iterator[Authority]:
    """Give the authority over a store whose ACME is looked at.

    Raises:
        MissingExtraError: the extra `server`, which ACME is part of, is not installed.
    """
    from importlib.util import find_spec

    if find_spec("msgspec") is None:
        raise MissingExtraError("server", needed_for="ACME")
    with open_authority(store) as authority:
        yield authority


def bare_id(text: str) -> str:
    """Return the id that is meant by an id, a URL, or the requester `acme:ID`."""
    return text.rstrip("/").rpartition("/")[2].removeprefix("acme:")


def shown(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return facts as rows of a table, without those that say nothing."""
    rows = []
    for name, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else value
        if text not in (None, "") and not isinstance(text, dict):
            rows.append((name.replace("_", " "), _word(text)))
    return rows


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def short(names: Sequence[str], most: int = 4) -> str:
    """Return the first of some names."""
    more = f" +{len(names) - most}" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def told(failed: Failure) -> str:
    """Return a failure in two lines: what happened and its detail, what to do."""
    from tlsmith.core.describe.plain import safe

    detail = f": {safe(failed.detail)}" if failed.detail else ""
    return f"{failed.said}{detail}\n      do: {failed.advice}"
