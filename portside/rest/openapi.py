"""The OpenAPI 3.1 document of what we serve, made from the routes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from portside.rest.endpoint import Operation, Route
from portside.rest.pages import Page

_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
_REFERENCE = "#/components/schemas/{name}"

_ERRORS = {
    "400": "Something in the request is wrong; the body names the fields.",
    "401": "No valid token.",
    "404": "There is no such object in this account and mode.",
    "429": "Too many requests; see Retry-After.",
}


def operations(routes: Iterable[Any]) -> list[Operation]:
    """The operations of a router table, in its order."""
    return [route.operation for route in routes if isinstance(route, Route)]


def openapi(described: Sequence[Operation], version: str) -> dict[str, Any]:
    """The document as plain values."""
    kinds = [kind for operation in described for kind in (operation.takes, operation.gives) if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    by_kind = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in described:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Portside", "version": version, "description": "Speaks the Shippo API of 2018-02-08."},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
            "schemas": dict(sorted({**components, **_ERROR_SCHEMAS}.items())),
        },
    }


_ERROR_SCHEMAS: dict[str, Any] = {
    "Detail": {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]},
    "Errors": {"type": "object", "description": "Field names and what is wrong with each."},
}


def _described(operation: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = operation.summary.partition("\n")
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": _operation_id(operation),
        "summary": summary.strip(),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation, by_kind),
    }
    if description.strip():
        described["description"] = " ".join(description.split())
    if operation.takes is not None:
        content = {"application/json": {"schema": by_kind[repr(operation.takes)]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _operation_id(operation: Operation) -> str:
    path = re.sub(r"[{}]", "", operation.path).strip("/").replace("/", ".").replace("-", "_")
    return f"{operation.method.lower()}.{path}"


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PARAMETER.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    if operation.query is not None:
        schema = msgspec.json.schema(operation.query)
        definition = next(iter(schema["$defs"].values()))
        for name, field in definition["properties"].items():
            parameters.append({"name": name, "in": "query", "schema": field})
    if getattr(operation.gives, "__origin__", None) is Page:
        parameters += _PAGING
    return parameters


_PAGING: list[dict[str, Any]] = [
    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}},
    {"name": "results", "in": "query", "schema": {"type": "integer", "minimum": 1}},
    {"name": "page_token", "in": "query", "schema": {"type": "string"}},
]


def _responses(operation: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    if operation.gives is not None:
        success["content"] = {"application/json": {"schema": by_kind[repr(operation.gives)]}}
    responses = {str(operation.status): success}
    for status, text in _ERRORS.items():
        name = "Errors" if status == "400" else "Detail"
        content = {"application/json": {"schema": {"$ref": _REFERENCE.format(name=name)}}}
        responses[status] = {"description": text, "content": content}
    return responses
