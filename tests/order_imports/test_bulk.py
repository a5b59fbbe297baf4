"""Many orders in one request: each line has its own outcome, and a repeat makes nothing twice."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.orders.data import order_body

KEY = {"Idempotency-Key": "import-1"}


def ndjson(bodies: list[Any]) -> bytes:
    return b"\n".join(json.dumps(body).encode() for body in bodies)


async def count(api: httpx.AsyncClient) -> int:
    return len((await api.get("/orders?results=100")).json()["results"])


@pytest.mark.parametrize("as_array", [True, False])
async def test_every_line_has_its_outcome(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, as_array: bool
) -> None:
    foreign = (await charlie_api.post("/addresses", json={"country": "US"})).json()["object_id"]
    bodies: list[Any] = [order_body(order_number=str(number)) for number in range(6)]
    bodies[1] = {"placed_at": "never"}
    bodies[3] = order_body(to_address=foreign)
    bodies[4] = 5
    content = json.dumps(bodies).encode() if as_array else ndjson(bodies)
    answer = await api.post("/orders/bulk", content=content)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["created"], body["repeated"], body["failed"]) == (3, 0, 3)
    assert [row["status"] for row in body["results"]] == [201, 400, 201, 400, 400, 201]
    assert [row["line"] for row in body["results"]] == [1, 2, 3, 4, 5, 6]
    assert set(body["results"][1]["errors"]) >= {"placed_at", "to_address"}
    assert body["results"][3]["errors"] == {"to_address": ["Address with supplied object_id not found."]}
    assert await count(api) == 3
    assert (await api.get(f"/orders/{body['results'][0]['object_id']}")).json()["order_number"] == "0"


async def test_a_repeat_with_the_same_key_makes_nothing_twice(api: httpx.AsyncClient) -> None:
    bodies = [order_body(order_number=str(number)) for number in range(5)]
    first = (await api.post("/orders/bulk", content=ndjson(bodies[:3]), headers=KEY)).json()
    again = (await api.post("/orders/bulk", content=ndjson(bodies), headers=KEY)).json()
    assert (first["created"], again["created"], again["repeated"]) == (3, 2, 3)
    assert [row["object_id"] for row in again["results"][:3]] == [row["object_id"] for row in first["results"]]
    assert await count(api) == 5
    bodies[0] = order_body(order_number="another")
    changed = (await api.post("/orders/bulk", content=ndjson(bodies), headers=KEY)).json()
    assert [row["status"] for row in changed["results"]] == [409, 200, 200, 200, 200]
    assert await count(api) == 5


async def test_thousands_at_once(api: httpx.AsyncClient) -> None:
    bodies = [order_body(order_number=str(number)) for number in range(2300)]
    body = (await api.post("/orders/bulk", content=ndjson(bodies))).json()
    assert (body["created"], body["failed"]) == (2300, 0)
    assert len({row["object_id"] for row in body["results"]}) == 2300


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"order_number=1", b'"text"', b"[" * 100_000, b"[1,", b"{}\n" * 10_001]
)
async def test_what_is_no_import_is_refused(api: httpx.AsyncClient, content: bytes) -> None:
    assert (await api.post("/orders/bulk", content=content)).status_code == 400
