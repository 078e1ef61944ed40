"""The line that the log has of each request: the same as of any event, but made at
once where nothing in it is odd, and written with those of other requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

# What neither form has to encode, nor to cut; see `logs`.
_PLAIN = re.compile(r"[A-Za-z0-9._:/+-]{1,300}(?: [A-Za-z0-9._:/+-]{1,300}){3}")
_HIDDEN = "tlsmith_"


class Told(NamedTuple):
    """What the log says of a request, beside how it was answered."""

    client: str
    method: str
    path: str
    request_id: str


def facts_of(told: Told, status: int, milliseconds: float) -> dict[str, Any]:
    """Return what a request's event has."""
    return {
        "request_id": told.request_id,
        "client": told.client,
        "method": told.method,
        "path": told.path,
        "status": status,
        "milliseconds": milliseconds,
    }


# Takes the moment, the level's name, the request, its status and its milliseconds;
# returns None for one that is odd.
RequestLine = Callable[[float, str, Told, int, float], str | None]


def words(
    moment: float, level: str, told: Told, status: int, milliseconds: float
) -> str | None:
    """Return the line in words."""
    client, method, path, identifier = told
    if not _is_plain(told):
        return None
    return (
        f"{stamp(moment)} {level:<7} request request_id={identifier} client={client} "
        f"method={method} path={path} status={status} milliseconds={milliseconds!r}"
    )


def json_object(
    moment: float, level: str, told: Told, status: int, milliseconds: float
) -> str | None:
    """Return the line as a JSON object."""
    client, method, path, identifier = told
    if not _is_plain(told):
        return None
    return (
        f'{{"time": "{stamp(moment)}", "level": "{level}", "event": "request", '
        f'"request_id": "{identifier}", "client": "{client}", "method": "{method}", '
        f'"path": "{path}", "status": {status}, "milliseconds": {milliseconds!r}}}'
    )


def _is_plain(told: Told) -> bool:
    joined = " ".join(told)
    return _PLAIN.fullmatch(joined) is not None and _HIDDEN not in joined


def stamp(moment: float) -> str:
    """Return a moment as the log has it."""
    seconds, milliseconds = divmod(int(moment * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
