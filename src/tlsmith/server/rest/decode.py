"""Reading the parts of a request: strictly, and saying where something is wrong."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tlsmith.errors import InputError, RequestRefusedError
from tlsmith.server.rest.endpoint import JSON
from tlsmith.server.rest.words import PATTERNS

_HINT = "see what there is: GET /api/v1/openapi.json, or docs/api.md"
_AT = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
# Whole numbers of queries, which come as text.
_WHOLE = ("limit",)


def decode_body(kind: type, body: bytes) -> Any:
    """Return what a JSON body says.

    Raises:
        InputError: it is no JSON, or not of this type; the message says where.
    """
    try:
        return _decoder(kind).decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise _wrong(kind, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "the body is not JSON that can be read", code="bad-json", hint=_HINT
        ) from error


def decode_query(kind: type, query: bytes) -> Any:
    """Return what a query says.

    Raises:
        InputError: something of it is not as it should be.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=32,
        )
    except ValueError as error:
        raise InputError(
            "the query is not one that can be read", code="bad-query", hint=_HINT
        ) from error
    values: dict[str, Any] = dict(pairs)
    if len(values) != len(pairs):
        raise InputError("a parameter is given twice", code="bad-query", hint=_HINT)
    for name in _WHOLE:
        if re.fullmatch(r"[0-9]{1,6}", values.get(name, ""), re.ASCII):
            values[name] = int(values[name])
    return convert(kind, values)


def convert(kind: type, values: dict[str, Any]) -> Any:
    """Return values as a type has them.

    Raises:
        InputError: one is not as it should be.
    """
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _wrong(kind, str(error)) from error


def check_content_type(given: bytes, wanted: str) -> None:
    """Refuse a body of another media type.

    Raises:
        RequestRefusedError: with 415.
    """
    name, _, parameters = given.decode("latin-1").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if name.strip() != wanted or charset not in ("", "charset=utf-8"):
        raise RequestRefusedError(
            415,
            f"a body of the type {wanted} is needed",
            code="bad-content-type",
            hint=f"say so: Content-Type: {wanted}",
            fields=[(b"accept", wanted.encode())] if wanted == JSON else [],
        )


@cache
def _decoder(kind: type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _wrong(kind: type, said: str) -> InputError:
    """Return the error that a library's message is, in our words."""
    found = _AT.fullmatch(said)
    what, where = (found[1], found[2] or "") if found else (said, "")
    unknown = _UNKNOWN.fullmatch(what)
    if unknown is not None:
        name = unknown[1][:80]
        return InputError(
            f"{where + ': ' if where else ''}no such field: {name!r}"
            f"{_guess(name, _fields(kind))}",
            code="unknown-field",
            hint=_HINT,
        )
    for pattern, words in PATTERNS.items():
        what = what.replace(f"matching regex {pattern!r}", words)
    what = what[:1].lower() + what[1:].replace("`", "")
    return InputError(
        f"{where or 'the request'}: {what}"[:500], code="bad-field", hint=_HINT
    )


def _guess(name: str, names: tuple[str, ...]) -> str:
    near = get_close_matches(name.lower(), names, n=1)
    return f"; did you mean {near[0]}?" if near else ""


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """Return the names of all fields of a type, and of those within."""
    _, found = msgspec.json.schema_components([kind], ref_template="{name}")
    return tuple({name for one in found.values() for name in one.get("properties", {})})
