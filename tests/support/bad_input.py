"""Bad values for every field of a request, from its JSON schema. Values are raw JSON, so that they may be no JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
MARK = "@@bad value@@"
NUL, SURROGATE = '"a\\u0000b"', '"a\\ud800b"'
NOT_NUMBERS = ('"abc"', "NaN", "Infinity", "-Infinity", "1e400000", "-1e400000", "9" * 400, "[]")
DEEP = "[" * 100_000 + "]" * 100_000
DEEP_OBJECT = '{"a":' * 100_000 + "1" + "}" * 100_000
_DEEPEST = 4


class Case(NamedTuple):
    """A body, and in words what is bad about it."""

    what: str
    body: bytes


class Schemas:
    """The OpenAPI document's component schemas, to follow references in."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]["schemas"]

    def choices(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The alternatives of a schema except null, references followed."""
        if "$ref" in schema:
            return self.choices(self._components[schema["$ref"].rsplit("/", 1)[1]])
        if "anyOf" in schema:
            return [choice for each in schema["anyOf"] for choice in self.choices(each)]
        return [] if schema.get("type") == "null" else [schema]

    def fields(self, schema: Mapping[str, Any], at: Path = ()) -> Iterator[tuple[Path, list[Mapping[str, Any]], bool]]:
        """Every field: where it is, its alternatives, and whether it is required."""
        if len(at) > _DEEPEST:
            return
        for choice in self.choices(schema):
            for name, field in choice.get("properties", {}).items():
                path = (*at, name)
                yield path, self.choices(field), name in choice.get("required", ())
                yield from self.fields(field, path)
            if isinstance(choice.get("items"), Mapping):
                yield from self.fields(choice["items"], (*at, 0))


def cases(schemas: Schemas, schema: Mapping[str, Any], good: Any) -> Iterator[Case]:
    """The good body with one field after the other made bad."""
    for path, choices, is_required in schemas.fields(schema):
        if not _has(good, path[:-1]):
            continue
        where = ".".join(map(str, path))
        if is_required:
            yield Case(f"{where} missing", json.dumps(_without(good, path)).encode())
            yield Case(f"{where} null", _with(good, path, "null"))
            if any(choice.get("type") == "object" for choice in choices):
                yield Case(f"{where} empty", _with(good, path, '""'))
        for value in _bad_values(choices):
            yield Case(f"{where} = {value[:40]}", _with(good, path, value))
        if any(choice.get("type") == "array" for choice in choices) and _has(good, (*path, 0)):
            many = json.dumps([_at(good, (*path, 0))] * 10_001)
            yield Case(f"{where} with 10,001 items", _with(good, path, many))


def _bad_values(choices: list[Mapping[str, Any]]) -> Iterator[str]:
    kinds = {choice.get("type") for choice in choices}
    if not choices or choices == [{}]:
        yield from (NUL, DEEP, DEEP_OBJECT)
        return
    if kinds <= {"string", "integer", "number", "boolean", None}:
        yield '{"a": 1}'
        yield '[{"a": [1]}]'
        yield NUL
        yield SURROGATE
    for choice in choices:
        yield from _bad_scalars(choice, alone=len(choices) == 1)
    if "object" in kinds and "string" not in kinds:
        yield from ("5", "true", '"text"', "[1]")
    if "array" in kinds:
        yield from ("5", "true", '"text"', "[[[[1]]]]", DEEP)


def _bad_scalars(choice: Mapping[str, Any], *, alone: bool) -> Iterator[str]:
    kind = choice.get("type")
    if kind in ("integer", "number") or choice.get("format") == "decimal":
        yield from NOT_NUMBERS
    if kind == "integer":
        yield "1.5"
    if kind == "boolean" and alone:
        yield from ('"perhaps"', "2")
    if "enum" in choice and alone:
        yield from ('"NOT-ONE-OF-THEM"', "5")
    if choice.get("format") == "date-time" and alone:
        yield from ('"yesterday"', '"2026-13-45T99:99:99Z"', '"9999-12-31T23:59:59-23:59"', "5")
    if "maxLength" in choice and alone:
        yield json.dumps("é" * (choice["maxLength"] + 1))
    for name, step in (("minimum", -1), ("maximum", 1)):
        if name in choice:
            yield json.dumps(choice[name] + step)


def _at(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body


def _has(body: Any, path: Path) -> bool:
    for step in path:
        known = range(len(body)) if isinstance(body, list) else body if isinstance(body, dict) else ()
        if step not in known:
            return False
        body = body[step]
    return True


def _copy(body: Any) -> Any:
    return json.loads(json.dumps(body))


def _without(body: Any, path: Path) -> Any:
    copy = _copy(body)
    _at(copy, path[:-1]).pop(path[-1], None)
    return copy


def _with(body: Any, path: Path, raw: str) -> bytes:
    copy = _copy(body)
    _at(copy, path[:-1])[path[-1]] = MARK
    return json.dumps(copy).replace(f'"{MARK}"', raw).encode()
