"""Our OpenAPI document against the contract of the official SDKs (data/contract.json, scripts/contract_facts.py).

Answers must fit: the SDKs refuse a whole answer for one required field that is missing or null, or for one value
outside a closed enum. Requests must be taken: every field that an SDK can send is known, and no more is demanded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portside.carriers.templates import templates
from portside.main import API, openapi_document
from portside.rest.openapi import operations

CONTRACT = json.loads((Path(__file__).parent / "data/contract.json").read_text(encoding="utf-8"))
MODELS, ENUMS = CONTRACT["models"], CONTRACT["enums"]
DOCUMENT = openapi_document()
# Ids that ?expand= may replace by objects; an SDK never asks for that.
EXPANDED = {name for operation in operations(API) for name in operation.expands}
# Set by the server, or taken from the catalogue that `test_parcel_templates_…` compares.
OURS_TO_SAY = {"object_id", "object_created", "object_updated", "object_owner", "object_state", "test"}
CATALOGUED = {"template"}
# An SDK may leave these out, but nothing can be meant by that.
NEEDED = {"account_object_id", "service_level_token", "object_id", "country"}
# An SDK can send these, but they mean nothing there.
MEANINGLESS = {
    "POST /live-rates.parcel.extra",
    "POST /live-rates.parcel.metadata",
    "GET /customs/declarations/{}: page",
    "GET /customs/items/{}: page",
}
PLAIN = {"string": "string", "datetime": "string", "boolean": "boolean", "integer": "integer", "map": "object"}


def served() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": described
        for path, methods in DOCUMENT["paths"].items()
        for method, described in methods.items()
    }


SERVED = served()
SHARED = [(name, facts, SERVED[name]) for name, facts in CONTRACT["operations"].items() if name in SERVED]


def choices(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives of a schema, references followed."""
    if "$ref" in schema:
        return choices(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in schema:
        return [choice for each in schema["anyOf"] for choice in choices(each)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": name} for name in schema["type"]]
    return [schema]


def is_null(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "null" or schema.get("enum") == [None]


def values(schema: dict[str, Any]) -> set[Any]:
    return set(schema.get("enum", [])) - {None}


def allowed(kind: Any) -> set[Any] | None:
    """The values of a closed kind."""
    if isinstance(kind, str) and kind.startswith("enum "):
        return set(ENUMS[kind.split()[1]])
    return set(kind[1:]) if isinstance(kind, list) and kind[0] == "const" else None


def misfits(where: str, schema: dict[str, Any], kind: Any, *, is_id: bool = False) -> Iterator[str]:
    """What an SDK that expects `kind` could not read of an answer with this schema."""
    if kind == "any":
        return
    if isinstance(kind, list) and kind[0] == "one of":
        for choice in choices(schema):
            if not is_null(choice) and all(list(misfits(where, choice, one)) for one in kind[1:]):
                yield f"{where}: none of {kind[1:]} fits {choice.get('type', choice)}"
        return
    for choice in choices(schema):
        if is_null(choice) or (is_id and choice.get("type") == "object"):
            continue
        yield from _misfit(where, choice, kind, is_id=is_id)


def _misfit(where: str, schema: dict[str, Any], kind: Any, *, is_id: bool) -> Iterator[str]:
    closed = allowed(kind)
    if closed is not None:
        if not values(schema):
            yield f"{where}: any {schema.get('type')}, where only {sorted(closed)[:4]}… can be read"
        elif extra := values(schema) - closed:
            yield f"{where}: {sorted(extra)} cannot be read"
    elif isinstance(kind, list):
        if schema.get("type") != "array":
            yield f"{where}: {schema.get('type')} instead of array"
        else:
            yield from misfits(f"{where}[]", schema["items"], kind[1], is_id=is_id)
    elif kind.startswith("model "):
        yield from _model_misfits(where, schema, MODELS[kind.split()[1]])
    elif kind == "number":
        if schema.get("type") not in ("number", "integer"):
            yield f"{where}: {schema.get('type')} instead of number"
    elif schema.get("type") != PLAIN[kind] and not (kind == "string" and values(schema)):
        yield f"{where}: {schema.get('type')} instead of {kind}"


def _model_misfits(where: str, schema: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    fields = schema.get("properties", {})
    if schema.get("type") != "object":
        yield f"{where}: {schema.get('type')} instead of object"
        return
    for name in model["required"]:
        if name not in fields or name not in schema.get("required", ()):
            yield f"{where}.{name}: may be missing, but is required"
        elif any(map(is_null, choices(fields[name]))):
            yield f"{where}.{name}: may be null, but is required"
    for name in model["fields"].keys() & fields.keys():
        if name not in CATALOGUED:
            yield from misfits(f"{where}.{name}", fields[name], model["fields"][name], is_id=name in EXPANDED)


def refusals(where: str, schema: dict[str, Any], kind: Any) -> Iterator[str]:
    """What an SDK could send as `kind` that this schema does not take."""
    if isinstance(kind, list) and kind[0] == "one of":
        for one in kind[1:]:
            yield from refusals(where, schema, one)
        return
    offered = [choice for choice in choices(schema) if not is_null(choice)]
    if isinstance(kind, str) and kind.startswith("model "):
        offered = [choice for choice in offered if choice.get("type") == "object"] or offered
    found = [list(_refusal(where, choice, kind)) for choice in offered]
    if found and all(found):
        yield from min(found, key=len)


def _refusal(where: str, schema: dict[str, Any], kind: Any) -> Iterator[str]:
    closed = allowed(kind)
    taken = schema.get("type")
    if taken is None and not values(schema):
        return
    if closed is not None:
        if values(schema) and (missing := closed - values(schema)):
            yield f"{where}: {sorted(missing)} is not taken"
        elif not values(schema) and taken != "string":
            yield f"{where}: {taken} instead of a word"
    elif isinstance(kind, list):
        if taken != "array":
            yield f"{where}: {taken} instead of array"
        else:
            yield from refusals(f"{where}[]", schema["items"], kind[1])
    elif kind.startswith("model "):
        yield from _model_refusals(where, schema, MODELS[kind.split()[1]])
    elif kind not in ("any", "number") and taken != PLAIN[kind]:
        yield f"{where}: {taken} instead of {kind}"


def _model_refusals(where: str, schema: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    fields = schema.get("properties")
    if schema.get("type") != "object":
        yield f"{where}: {schema.get('type')} instead of object"
    elif fields is not None:
        always = {name for name, kind in model["fields"].items() if isinstance(kind, list) and kind[0] == "const"}
        for name in set(schema.get("required", ())) - set(model["required"]) - always - NEEDED:
            yield f"{where}.{name}: is demanded, but may be left out"
        for name, kind in model["fields"].items():
            if name not in fields and name not in OURS_TO_SAY and f"{where}.{name}" not in MEANINGLESS:
                yield f"{where}.{name}: is not known"
            elif name in fields:
                yield from refusals(f"{where}.{name}", fields[name], kind)


def test_every_operation_is_served() -> None:
    assert [name for name in CONTRACT["operations"] if name not in SERVED] == []


def test_names_and_success_codes_are_the_contracts() -> None:
    wrong: list[str] = []
    for name, facts, ours in SHARED:
        if ours["operationId"].lower() != facts["name"].lower():
            wrong.append(f"{name}: {ours['operationId']} instead of {facts['name']}")
        if [code for code in ours["responses"] if code < "400"] != [str(facts["status"])]:
            wrong.append(f"{name}: {min(ours['responses'])} instead of {facts['status']}")
    assert wrong == []


def test_queries_know_every_parameter() -> None:
    wrong: list[str] = []
    for name, facts, ours in SHARED:
        known = {parameter["name"] for parameter in ours["parameters"] if parameter.get("in") == "query"}
        wrong += [f"{name}: {each}" for each in facts.get("query", ()) if each not in known]
    assert [each for each in wrong if each not in MEANINGLESS] == []


def test_answers_can_be_read_by_the_sdks() -> None:
    wrong: list[str] = []
    for name, facts, ours in SHARED:
        answer = ours["responses"].get(str(facts["status"]), {}).get("content")
        if "gives" in facts:
            assert answer, f"{name} does not say what it gives"
            wrong += misfits(name, answer["application/json"]["schema"], facts["gives"])
    assert wrong == []


def test_requests_of_the_sdks_are_taken() -> None:
    wrong: list[str] = []
    for name, facts, ours in SHARED:
        if "takes" in facts:
            body = ours.get("requestBody")
            assert body, f"{name} takes no body"
            wrong += refusals(name, body["content"]["application/json"]["schema"], facts["takes"])
    assert wrong == []


def test_parcel_templates_are_the_contracts() -> None:
    known = {value for name, values in ENUMS.items() if name.startswith("ParcelTemplate") for value in values}
    assert set(templates()) == known


def test_the_check_sees_what_an_sdk_could_not_read() -> None:
    order = {"type": "object", "properties": {"order_status": {"enum": ["PAID", "LOST"]}}}
    assert list(misfits("x", order, "model Order")) == [
        "x.placed_at: may be missing, but is required",
        "x.to_address: may be missing, but is required",
        "x.order_status: ['LOST'] cannot be read",
    ]
    assert list(misfits("x", {"type": "integer"}, "string")) == ["x: integer instead of string"]
    assert list(refusals("x", {"type": "object", "properties": {}, "required": ["a"]}, "model Billing"))
