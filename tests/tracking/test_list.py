"""The list of tracks: what is followed, as it was last heard of, found by carrier, status, number and metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, bought, scan

ACCEPTED = scan("TRANSIT", "package_accepted", 1)
DELIVERED = scan("DELIVERED", "delivered", 30)


async def register(api: httpx.AsyncClient, number: str, carrier: str = "usps", **more: Any) -> dict[str, Any]:
    answer = await api.post("/tracks", json={"carrier": carrier, "tracking_number": number, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def numbers(api: httpx.AsyncClient, **filters: Any) -> list[str]:
    answer = await api.get("/tracks", params=filters)
    assert answer.status_code == 200, answer.text
    return [track["tracking_number"] for track in answer.json()["results"]]


async def test_what_is_listed_is_what_is_retrieved(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    label = await bought(api)
    usps.tells("94001001", ACCEPTED, DELIVERED)
    await register(api, "94001001", metadata="order 77")
    usps.tells("94001002", ACCEPTED)
    assert (await api.get("/tracks/usps/94001002")).status_code == 200, "looked up, and not followed"
    page = (await api.get("/tracks/")).json()
    assert [track["tracking_number"] for track in page["results"]] == ["94001001", label["tracking_number"]]
    assert page["results"][0] == (await api.get("/tracks/usps/94001001")).json()
    assert [entry["status"] for entry in page["results"][0]["tracking_history"]] == ["TRANSIT", "DELIVERED"]
    assert page["results"][1]["transaction"] == label["object_id"]
    assert (page["next"], page["previous"]) == (None, None)


async def test_every_filter(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    usps.tells("94001001", ACCEPTED)
    usps.tells("94001002", ACCEPTED, DELIVERED)
    for number in ("94001001", "94001002", "94001003"):
        await register(api, number, metadata=f"order {number[-1]}")
    await register(api, "1ZDEMO01", "ups")
    assert await numbers(api, carrier="UPS ") == ["1ZDEMO01"] and await numbers(api, carrier="pigeon") == []
    assert await numbers(api, status="DELIVERED") == ["94001002"] and await numbers(api, status="TRANSIT") == [
        "94001001"
    ]
    assert await numbers(api, tracking_number="9400 1003") == ["94001003"]
    assert await numbers(api, tracking_number="9400100") == []
    assert await numbers(api, q="9400 100") == ["94001003", "94001002", "94001001"]
    assert await numbers(api, q="1zdemo") == ["1ZDEMO01"] and await numbers(api, q="order 2") == ["94001002"]
    assert await numbers(api, q="order 2", status="TRANSIT") == []
    assert await numbers(api, q="%") == await numbers(api, q="9400_001") == await numbers(api, q="\\") == []


async def test_pages(api: httpx.AsyncClient) -> None:
    for number in range(5):
        await register(api, f"9400100{number}")
    first = (await api.get("/tracks", params={"results": 2, "q": "9400"})).json()
    second = (await api.get(first["next"])).json()
    third = (await api.get(second["next"])).json()
    seen = [track["tracking_number"] for page in (first, second, third) for track in page["results"]]
    assert seen == [f"9400100{number}" for number in (4, 3, 2, 1, 0)] and third["next"] is None
    assert (await api.get(second["previous"])).json()["results"] == first["results"]


@pytest.mark.parametrize(
    ("name", "value"), [("status", "LOST"), ("q", "x" * 101), ("q", "\x00"), ("carrier", "x" * 61), ("results", "many")]
)
async def test_a_filter_that_says_nothing_is_refused(api: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await api.get("/tracks", params={name: value})
    assert answer.status_code == 400, answer.text


async def test_nobody_sees_anothers_tracks(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    alice: Person,
    product: Callable[..., httpx.AsyncClient],
) -> None:
    await register(api, "94001001", metadata="hers")
    await register(charlie_api, "94001001", metadata="his")
    for text in ("9400", "his"):
        page = (await charlie_api.get("/tracks", params={"q": text})).json()
        assert [track["metadata"] for track in page["results"]] == ["his"]
    assert await numbers(charlie_api, q="hers") == []
    async with product(alice.live_token) as live:
        assert await numbers(live) == []
