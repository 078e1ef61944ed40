"""The description of the API (OpenAPI 3.1), made of the table that routes it and of the
types that validate it."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from tlsmith import __version__
from tlsmith.server.rest import answers
from tlsmith.server.rest.endpoint import (
    JSON,
    PROBLEM,
    Answer,
    Call,
    Endpoint,
    json_answer,
)

_REF = "#/components/schemas/{name}"
_PREFIX = "/api/v1"


def _describe(_call: Call) -> Answer:
    return _description()


@cache
def _description() -> Answer:
    from tlsmith.server.rest.table import ENDPOINTS

    return json_answer(describe(ENDPOINTS))


def describe(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """Return the description of endpoints."""
    kinds = {
        kind
        for one in endpoints
        for kind in (one.body, one.answer)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    }
    wanted = [answers.Problem, *sorted(kinds, key=lambda kind: kind.__name__)]
    _, schemas = msgspec.json.schema_components(wanted, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tlsmith",
            "version": __version__,
            "description": "A private CA: issue, find, renew and revoke certificates.",
        },
        "servers": [{"url": _PREFIX}],
        "security": [{"token": []}, {"certificate": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _brief(one) for name, one in schemas.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "certificate": {"type": "mutualTLS"},
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    needs = f"Needs the role {endpoint.role}." if endpoint.role else "For anybody."
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": needs,
        "operationId": _operation_id(endpoint),
        "parameters": [
            *_parameters(endpoint.place, "path"),
            *_parameters(endpoint.query, "query"),
        ],
        "responses": {str(endpoint.status): _response(endpoint), "default": _PROBLEM},
    }
    if endpoint.role is None:
        operation["security"] = []
    if endpoint.once:
        operation["parameters"].append(_KEY)
    if endpoint.body is not None:
        operation["requestBody"] = _body(endpoint)
    return operation


def _body(endpoint: Endpoint) -> dict[str, Any]:
    kind = endpoint.body
    assert kind is not None  # noqa: S101 -- the caller's condition
    if not issubclass(kind, msgspec.Struct):
        return {"required": True, "content": {endpoint.takes: {"schema": _TEXT}}}
    required = any(field.required for field in msgspec.structs.fields(kind))
    schema = {"$ref": _REF.format(name=kind.__name__)}
    return {"required": required, "content": {JSON: {"schema": schema}}}


def _response(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.answer is None:
        return {"description": "Done."}
    if isinstance(endpoint.answer, str):
        return {"description": "Done.", "content": {endpoint.answer: {"schema": _TEXT}}}
    schema = {"$ref": _REF.format(name=endpoint.answer.__name__)}
    if endpoint.answer is dict:
        schema = {"type": "object"}
    return {"description": "Done.", "content": {JSON: {"schema": schema}}}


def _parameters(kind: type | None, place: str) -> list[dict[str, Any]]:
    if kind is None:
        return []
    _, found = msgspec.json.schema_components([kind], ref_template=_REF)
    schema = found[kind.__name__]
    parameters = []
    for name, one in schema["properties"].items():
        needed = place == "path" or name in schema["required"]
        parameters.append(
            {
                "name": name,
                "in": place,
                "required": needed,
                "schema": _without_null(one),
            }
        )
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: one that is not there is no null."""
    if schema.get("default", 0) is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**choices[0], **rest}
    if None in schema.get("enum", ()):
        return {**schema, "enum": [one for one in schema["enum"] if one is not None]}
    return schema


def _operation_id(endpoint: Endpoint) -> str:
    parts = [part.strip("{}").replace(".", "_") for part in endpoint.path.split("/")]
    return "_".join([endpoint.method.lower(), *filter(None, parts)])


def _brief(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with the first sentence of its docstring alone."""
    text = str(schema.get("description", "")).split("\n\n")[0]
    return {**schema, "description": " ".join(text.split())}


_TEXT = {"type": "string"}
_PROBLEM = {
    "description": "What went wrong (RFC 9457).",
    "content": {PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with it, a request gets the answer it got before.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"},
}

ENDPOINTS = (
    Endpoint("GET", "/openapi.json", _describe, "Get this description", None, dict),
)
