"""JSON whose members are told twice is refused: readers differ in what it says."""

from __future__ import annotations

import json


def check_unique(data: bytes) -> None:
    """Refuse JSON in which an object names a member twice (RFC 7515 section 4).

    Args:
        data: JSON that has been read already; this is about its names alone.

    Raises:
        ValueError: a name comes twice, the nesting is too deep, or what nobody has read
            is not JSON in UTF-8.
    """
    try:
        text = data.decode("utf-8")
        json.loads(text, object_pairs_hook=_members, parse_int=str, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("not JSON in UTF-8") from None


def _members(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a member comes twice in one object")
