"""Bad input to every operation that takes a body: always a 4xx in the contract's shape, and nothing half-written."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest

from portside.db.begin import reading
from portside.main import openapi_document
from portside.rest.endpoint import Operation
from tests.support.bad_input import DEEP, DEEP_OBJECT, Case, Schemas, cases
from tests.support.cast import Person, make_person
from tests.support.objects import BOX, all_operations, bodies, stocked

Maker = Callable[..., httpx.AsyncClient]

DOCUMENT = openapi_document()
SCHEMAS = Schemas(DOCUMENT)
WRITES = {
    f"{operation.method} {operation.path}": operation for operation in all_operations() if operation.takes is not None
}
# These read the body themselves, field by field as POST /orders does, or line by line.
LIKE = {"PUT /orders/{order_id}": "POST /orders"}
# Every line has an answer of its own there.
LINES = "POST /orders/bulk"


class Bench(msgspec.Struct):
    """alice with one of everything, in both modes, and what charlie has."""

    alice: Person
    api: httpx.AsyncClient
    stock: dict[str, str]
    live: dict[str, str]
    charlies: dict[str, str]
    deleted: str

    async def send(self, operation: Operation, body: bytes, **headers: str) -> httpx.Response:
        return await self.api.request(
            operation.method,
            operation.path.format_map(self.stock),
            content=body,
            headers={"Content-Type": "application/json", **headers},
        )

    async def rows(self) -> dict[str, int]:
        """How many rows alice has in each table."""
        async with reading() as tx:
            tables = await tx.fetch(
                "SELECT table_name FROM information_schema.columns WHERE column_name = 'account_id' "
                "AND table_schema = 'public' AND table_name !~ '_[0-9]{6}$'"
            )
            return {
                row["table_name"]: await tx.fetchval(
                    f"SELECT count(*) FROM {row['table_name']} WHERE account_id::text = $1::uuid::text",
                    self.alice.account_id,
                )
                for row in tables
            }


@pytest.fixture(scope="module")
async def bench(product: Maker) -> AsyncIterator[Bench]:
    alice, charlie = await make_person("alice"), await make_person("charlie")
    async with product(alice.token) as api, product(alice.live_token) as live, product(charlie.token) as other:
        stock = await stocked(api)
        gone = (await api.post("/user-parcel-templates", json=BOX)).json()["object_id"]
        await api.delete(f"/user-parcel-templates/{gone}")
        yield Bench(alice, api, stock, await stocked(live, ships=False), await stocked(other), gone)


def schema_of(name: str) -> dict[str, Any]:
    operation = WRITES[LIKE.get(name, name)]
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    schema: dict[str, Any] = described["requestBody"]["content"]["application/json"]["schema"]
    return schema


def complaint(what: str, answer: httpx.Response) -> str | None:
    """What is wrong with the answer to a bad request; None if it is as it should be."""
    if not 400 <= answer.status_code < 500:
        return f"{what}: {answer.status_code} {answer.text[:200]}"
    if answer.headers["content-type"] != "application/json":
        return f"{what}: {answer.status_code} in {answer.headers['content-type']}"
    body = answer.json()
    fits = is_errors(body) if answer.status_code == 400 else isinstance(body, dict) and "detail" in body
    return None if fits else f"{what}: {answer.status_code} in the shape {answer.text[:200]}"


def is_errors(body: Any) -> bool:
    """`{field: [sentence, …]}`, nested as the request was, or `{"detail": sentence}`."""
    if not isinstance(body, dict) or not body:
        return False
    return all(
        isinstance(errors, str)
        or (isinstance(errors, dict) and is_errors(errors))
        or (isinstance(errors, list) and errors and all(_is_error(error) for error in errors))
        for errors in body.values()
    )


def _is_error(error: Any) -> bool:
    return isinstance(error, str) or error == {} or is_errors(error)


def whole_bodies(good: Any) -> list[Case]:
    """Bodies that are bad as a whole."""
    text = json.dumps(good)
    return [
        Case("nothing", b""),
        Case("null", b"null"),
        Case("a number", b"5"),
        Case("a word", b"hello"),
        Case("text", b'"text"'),
        Case("half", text[: len(text) // 2].encode()),
        Case("two", (text + text).encode()),
        Case("bad UTF-8", b"\xff\xfe\xfa"),
        Case("deep arrays", DEEP.encode()),
        Case("deep objects", DEEP_OBJECT.encode()),
        Case("deep in a field", ('{"metadata": ' + DEEP + "}").encode()),
        Case("NaN", b"NaN"),
        Case("control characters", b"\x00\x01\x02"),
        Case("a huge number", b"1e400000"),
    ]


def demands(name: str) -> bool:
    """Whether something must be in the body."""
    return any(is_required for _, _, is_required in SCHEMAS.fields(schema_of(name))) and not name.startswith("PATCH")


@pytest.mark.parametrize("name", sorted(WRITES.keys() - {LINES}))
async def test_bad_fields(bench: Bench, name: str) -> None:
    before = await bench.rows()
    bad = list(cases(SCHEMAS, schema_of(name), bodies(bench.stock)[name]))
    answers = [complaint(case.what, await bench.send(WRITES[name], case.body)) for case in bad]
    assert [each for each in answers if each] == []
    assert await bench.rows() == before


@pytest.mark.parametrize("name", sorted(WRITES.keys() - {LINES}))
async def test_bad_bodies(bench: Bench, name: str) -> None:
    operation, good = WRITES[name], bodies(bench.stock)[name]
    before = await bench.rows()
    bad = [case for case in whole_bodies(good) if demands(name) or case.what not in ("nothing", "null")]
    answers = [complaint(case.what, await bench.send(operation, case.body)) for case in bad]
    text = json.dumps(good).encode()
    for header, value in (
        ("Content-Type", "application/json; charset=klingon"),
        ("Content-Type", "application/json; charset=base64"),
        ("Content-Encoding", "br"),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "deflate, gzip"),
    ):
        answers.append(complaint(value, await bench.send(operation, text, **{header: value})))
    assert [each for each in answers if each] == []
    assert await bench.rows() == before


HUGE = b" " * 50_000_001
BOMB = gzip.compress(HUGE * 2)


@pytest.mark.parametrize("name", WRITES)
async def test_huge_bodies(bench: Bench, name: str) -> None:
    assert (await bench.send(WRITES[name], HUGE)).status_code == 413
    assert (await bench.send(WRITES[name], BOMB, **{"Content-Encoding": "gzip"})).status_code == 413


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_foreign_ids(bench: Bench, name: str) -> None:
    """Another account's, the other mode's, a deleted or another kind of thing's id is as good as none. Only managed
    accounts are the platform's in both modes."""
    operation, good = WRITES[name], bodies(bench.stock)[name]
    mine = {bench.stock[key]: key for key in bench.stock}
    before = await bench.rows()
    wrong = []
    for path, id_ in ids_in(good, mine):
        if path[-1] == "shipment" and "/batches" in name:
            # A row of a batch is INVALID by itself.
            continue
        key = mine[id_]
        strangers = {
            "charlie's": bench.charlies.get(key),
            "live": bench.live.get(key),
            "another kind of": bench.stock["webhook_id"],
            "deleted": bench.deleted,
            "no": "0" * 32,
        }
        for whose, stranger in strangers.items():
            if stranger and not (whose == "live" and key == "shippo_account_id"):
                answer = await bench.send(operation, json.dumps(replaced(good, path, stranger)).encode())
                wrong.append(complaint(f"{whose} {key} at {path}", answer))
    assert [each for each in wrong if each] == []
    assert await bench.rows() == before


def ids_in(body: Any, mine: dict[str, str], at: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    """Where in the body alice's own ids stand."""
    if isinstance(body, str):
        return [(at, body)] if body in mine and len(body) == 32 else []
    inside = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [found for name, value in inside for found in ids_in(value, mine, (*at, name))]


def replaced(body: Any, path: tuple[str | int, ...], value: str) -> Any:
    copy = json.loads(json.dumps(body))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copy


PATHS = sorted(
    f"{operation.method} {operation.path}" for operation in all_operations() if operation.path.endswith("_id}")
)


@pytest.mark.parametrize("name", PATHS)
async def test_foreign_paths(bench: Bench, name: str) -> None:
    method, path = name.split()
    body = bodies(bench.stock).get(name)
    parameter = path.rsplit("{", 1)[1][:-1]
    # A managed account is there in both modes.
    live = None if parameter == "shippo_account_id" else bench.live.get(parameter)
    for stranger in (bench.charlies.get(parameter), live, "0" * 32, "x", "%00", "😀"):
        if stranger:
            answer = await bench.api.request(method, path.format_map({**bench.stock, parameter: stranger}), json=body)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."}), stranger


@pytest.mark.parametrize(
    "operation", [each for each in all_operations() if "{" in each.path], ids=lambda each: f"{each.method} {each.path}"
)
async def test_a_path_that_holds_a_null_character_leads_nowhere(api: httpx.AsyncClient, operation: Operation) -> None:
    path = re.sub(r"\{\w+\}", "%00", operation.path)
    answer = await api.request(operation.method, path, json={}, headers={"Idempotency-Key": "null"})
    assert answer.status_code == 404, answer.text
