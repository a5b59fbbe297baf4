"""The list of labels: every filter finds what it should, alone and together, and nothing of anybody else's."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from portside.db.begin import begin
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import bought


async def found(api: httpx.AsyncClient, **filters: Any) -> list[str]:
    answer = await api.get("/transactions", params=filters)
    assert answer.status_code == 200, answer.text
    return [label["metadata"] for label in answer.json()["results"]]


async def test_an_order_has_its_labels(api: httpx.AsyncClient) -> None:
    orders = [(await api.post("/orders", json=order_body())).json()["object_id"] for _ in range(2)]
    for number, order in enumerate([*orders, orders[0]]):
        await bought(api, order=order, metadata=f"label {number}")
    await bought(api, metadata="of no order")
    assert await found(api, order=orders[0]) == ["label 2", "label 0"]
    assert await found(api, order=orders[1].upper()) == ["label 1"]
    assert await found(api, order="0" * 32) == await found(api, order="nonsense") == []


async def test_a_label_is_found_by_its_number_or_its_metadata(api: httpx.AsyncClient) -> None:
    labels = [await bought(api, metadata=f"box {number}") for number in range(3)]
    first, second, _ = (label["tracking_number"] for label in labels)
    assert await found(api, tracking_number=first) == ["box 0"]
    assert await found(api, tracking_number=f" {second[:4]} {second[4:]}") == ["box 1"]
    assert await found(api, tracking_number=first[:-1]) == [], "the whole number, or none"
    assert await found(api, metadata="box 2") == ["box 2"] and await found(api, metadata="box") == []
    assert await found(api, q=first[:-1]) == ["box 0"] and await found(api, q="box 1") == ["box 1"]
    assert await found(api, q=first[:4].lower()) == ["box 2", "box 1", "box 0"], "carriers print capitals"
    assert await found(api, q="box 1", tracking_number=first) == []
    assert await found(api, q="   ") == ["box 2", "box 1", "box 0"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "US%", "' OR true --", "ﬁ"])
async def test_no_character_is_a_wildcard(api: httpx.AsyncClient, text: str) -> None:
    await bought(api, metadata="box")
    assert await found(api, q=text) == await found(api, tracking_number=text) == await found(api, metadata=text) == []


async def test_a_window_of_time(api: httpx.AsyncClient, alice: Person) -> None:
    for day in range(4):
        label = await bought(api, metadata=f"day {day}")
        moment = dt.datetime(2026, 3, 1 + day, 12, tzinfo=dt.UTC)
        # As if it had been made then: an id begins with the time it was made at.
        aged = f"{int(moment.timestamp() * 1000):012x}{label['object_id'][12:]}"
        async with begin() as tx:
            await tx.execute("DELETE FROM tracks WHERE label_id = $1", label["object_id"])
            await tx.execute(
                "UPDATE labels SET id = $2, created_at = $3 WHERE id = $1", label["object_id"], aged, moment
            )
    await bought(api, metadata="today")
    noon = "2026-03-02T12:00:00Z"
    assert await found(api, object_created_gte=noon, object_created_lte="2026-03-04") == ["day 2", "day 1"]
    assert await found(api, object_created_gt=noon, object_created_lt="2026-03-04T14:00:00+02:00") == ["day 2"]
    assert await found(api, object_created_gt="2026-03-04T12:00:00Z") == ["today"]
    assert await found(api, object_created_lte=noon, q="day 0") == ["day 0"]
    assert await found(api, object_created_lte="1970-01-01") == await found(api, object_created_gte="9999-12-31") == []


async def test_pages_keep_their_filters(api: httpx.AsyncClient) -> None:
    for number in range(5):
        await bought(api, metadata="kept" if number % 2 else "left out")
    await bought(api, metadata="kept")
    first = (await api.get("/transactions", params={"metadata": "kept", "results": 2})).json()
    second = (await api.get(first["next"])).json()
    assert [len(first["results"]), len(second["results"])] == [2, 1] and second["next"] is None
    assert {label["metadata"] for page in (first, second) for label in page["results"]} == {"kept"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("object_created_gt", "yesterday"),
        ("object_created_lte", "2026-13-01"),
        ("object_status", "LOST"),
        ("q", "x" * 101),
        ("metadata", "x" * 101),
        ("tracking_number", "x" * 101),
    ],
)
async def test_a_filter_that_says_nothing_is_refused(api: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await api.get("/transactions", params={name: value})
    assert (answer.status_code, list(answer.json())) == (400, [name]), answer.text
    assert (await api.get("/transactions", params={name: "a\x00b"})).status_code == 400


async def test_an_outsider_finds_nothing(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    order = (await api.post("/orders", json=order_body())).json()["object_id"]
    label = await bought(api, order=order, metadata="hers")
    number = label["tracking_number"]
    for filters in (
        {"order": order},
        {"tracking_number": number},
        {"q": number[:6]},
        {"metadata": "hers"},
        {"q": "hers"},
    ):
        assert await found(charlie_api, **filters) == []
        assert await found(api, **filters) == ["hers"]
