"""The OpenAPI 3.1 document of what we serve, made from the routes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from portside.rest.endpoint import Operation, Route
from portside.rest.idempotency import LONGEST_KEY
from portside.rest.pages import Page

_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
_REFERENCE = "#/components/schemas/{name}"

# The names that Shippo's own SDKs give to operations whose handlers are called otherwise here.
_NAMES = {
    "GET /carrier_accounts/reg-status": "GetCarrierRegistrationStatus",
    "GET /carrier_accounts/{}/signin/initiate": "InitiateOauth2Signin",
    "GET /parcel-templates": "ListCarrierParcelTemplates",
    "GET /parcel-templates/{}": "GetCarrierParcelTemplate",
    "GET /user-parcel-templates": "ListUserParcelTemplates",
    "POST /user-parcel-templates": "CreateUserParcelTemplate",
    "GET /user-parcel-templates/{}": "GetUserParcelTemplate",
    "PUT /user-parcel-templates/{}": "UpdateUserParcelTemplate",
    "DELETE /user-parcel-templates/{}": "DeleteUserParcelTemplate",
    "GET /customs/declarations": "ListCustomsDeclarations",
    "POST /customs/declarations": "CreateCustomsDeclaration",
    "GET /customs/declarations/{}": "GetCustomsDeclaration",
    "GET /customs/items": "ListCustomsItems",
    "POST /customs/items": "CreateCustomsItem",
    "GET /customs/items/{}": "GetCustomsItem",
    "GET /shipments/{}/rates/{}": "ListShipmentRatesByCurrencyCode",
    "POST /live-rates": "CreateLiveRate",
    "GET /live-rates/settings/parcel-template": "GetDefaultParcelTemplate",
    "PUT /live-rates/settings/parcel-template": "UpdateDefaultParcelTemplate",
    "DELETE /live-rates/settings/parcel-template": "DeleteDefaultParcelTemplate",
    "POST /tracks": "CreateTrack",
}

_WRONG = "Something in the request is wrong: field names and what is wrong with each, nested as the request was."
_UNKNOWN = "There is no such object in this account and mode."
_KEY = (
    "Makes the request safe to repeat for 24 hours: it is carried out once, and repeats with the same key are answered "
    "as the first time, with `Idempotent-Replayed: true`."
)


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
        "servers": [{"url": "/"}],
        "info": {"title": "Portside", "version": version, "description": "Speaks the Shippo API of 2018-02-08."},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": _TOKEN},
            "parameters": {"ManagedAccount": _MANAGED_ACCOUNT},
            "schemas": dict(sorted({**_completed(described, components, by_kind), **_ERROR_SCHEMAS}.items())),
        },
    }


_TOKEN = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "`ShippoToken shippo_test_…` or `ShippoToken shippo_live_…`; OAuth tokens as `Bearer oauth.…`, "
    "short-lived tokens as `JWT …`.",
}
_MANAGED_ACCOUNT = {
    "name": "SHIPPO-ACCOUNT-ID",
    "in": "header",
    "description": "The `object_id` of a managed account: the request is carried out in that account.",
    "schema": {"type": "string"},
}
_ERROR_SCHEMAS: dict[str, Any] = {
    "Detail": {
        "type": "object",
        "description": "What is wrong, in a sentence.",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    },
    "Errors": {
        "type": "object",
        "description": "By field: sentences, or the errors of the fields within. Of the whole request: `detail`.",
        "additionalProperties": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Errors"}]}},
                {"$ref": "#/components/schemas/Errors"},
            ]
        },
    },
}


def _completed(
    described: Sequence[Operation], components: dict[str, Any], by_kind: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What is only given out always has every field, also those that have a default when we make it."""
    given = reachable([by_kind[repr(one.gives)] for one in described if one.gives is not None], components)
    taken = reachable([by_kind[repr(one.takes)] for one in described if one.takes is not None], components)
    whole = given - taken - sparse_types()
    return {name: _complete(schema) if name in whole else schema for name, schema in components.items()}


def sparse_types(base: type[msgspec.Struct] = msgspec.Struct) -> set[str]:
    """The types that leave out what has its default."""
    found: set[str] = set()
    for kind in base.__subclasses__():
        found |= sparse_types(kind)
        if kind.__struct_config__.omit_defaults:
            found.add(kind.__name__)
    return found


def reachable(schemas: Sequence[Any], components: Mapping[str, Any]) -> set[str]:
    """The components that these schemas refer to, directly or not."""
    found: set[str] = set()
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, Mapping):
            name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
            if name in components and name not in found:
                found.add(name)
                waiting.append(components[name])
            waiting += schema.values()
        elif isinstance(schema, list):
            waiting += schema
    return found


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        return schema
    fields = schema["properties"]
    required = [field for field in fields if field in schema.get("required", ()) or "default" in fields[field]]
    shown = {field: {key: fact for key, fact in fields[field].items() if key != "default"} for field in fields}
    return {**schema, "properties": shown, "required": required}


def _described(operation: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = operation.summary.partition("\n")
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": _operation_id(operation),
        "summary": summary.strip(),
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation),
            *_header_parameters(operation),
            {"$ref": "#/components/parameters/ManagedAccount"},
        ],
        "responses": _responses(operation, by_kind),
    }
    if description.strip():
        described["description"] = " ".join(description.split())
    if operation.takes is not None:
        described["requestBody"] = {"required": True, "content": _body(operation, by_kind)}
    return described


def _body(operation: Operation, by_kind: dict[str, Any]) -> dict[str, Any]:
    if operation.takes is not bytes:
        return {"application/json": {"schema": by_kind[repr(operation.takes)]}}
    lines = {"type": "string", "description": "One object on each line."}
    return {
        "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        "application/x-ndjson": {"schema": lines},
    }


def _operation_id(operation: Operation) -> str:
    known = _NAMES.get(f"{operation.method} {_PATH_PARAMETER.sub('{}', operation.path)}")
    return known or "".join(word.capitalize() for word in operation.name.split("_"))


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
    if operation.expands:
        names = ", ".join(f"`{name}`" for name in sorted(operation.expands))
        text = f"Ids to replace by the objects that they name, with commas between: {names}."
        parameters.append({"name": "expand", "in": "query", "description": text, "schema": {"type": "string"}})
    return parameters


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.method != "POST":
        return []
    schema = {"type": "string", "maxLength": LONGEST_KEY}
    return [{"name": "Idempotency-Key", "in": "header", "description": _KEY, "schema": schema}]


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
    for status, text in _errors(operation).items():
        name = "Errors" if status == 400 else "Detail"
        content: dict[str, Any] = {"application/json": {"schema": {"$ref": _REFERENCE.format(name=name)}}}
        if status == 404:
            # A program that does not say it accepts JSON gets a short page, as it always did.
            content["text/html"] = {"schema": {"type": "string"}}
        responses[str(status)] = {"description": text, "content": content}
    return responses


def _forbidden(operation: Operation) -> str:
    if operation.permission:
        return f"The token was not granted the scope that this needs: `{operation.permission}`."
    return "The token was not granted the scope that is asked for."


def _errors(operation: Operation) -> dict[int, str]:
    errors = {400: _WRONG, 401: "No valid token.", 403: _forbidden(operation), 404: _UNKNOWN}
    if operation.method == "POST":
        errors[409] = "The Idempotency-Key was used for another request, or the state of things forbids this."
    if operation.takes is not None:
        errors[413] = "The body is too large."
    return {
        **errors,
        429: "Too many requests, or too much is waiting; see Retry-After.",
        503: "The database cannot be reached. Nothing was done.",
    }
