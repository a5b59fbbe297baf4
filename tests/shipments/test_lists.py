"""Lists of shipments: pages and windows of time."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from portside.db.begin import begin
from portside.kit.clock import now, to_wire
from tests.shipments.conftest import SHIPMENT
from tests.support.cast import Person


async def _three(merchant: httpx.AsyncClient) -> list[str]:
    """The ids of three new shipments, newest first."""
    made = [(await merchant.post("/shipments", json=SHIPMENT)).json()["object_id"] for _ in range(3)]
    return made[::-1]


async def _age(alice: Person, shipment_id: str, days: float) -> None:
    async with begin() as tx:
        for table, column in (("rates", "shipment_id"), ("shipments", "id")):
            await tx.execute(
                f"UPDATE {table} SET created_at = created_at - $3::interval WHERE account_id = $1 AND {column} = $2",
                alice.account_id,
                shipment_id,
                dt.timedelta(days=days),
            )


async def test_pages_follow_their_token(merchant: httpx.AsyncClient) -> None:
    ids = await _three(merchant)
    first = (await merchant.get("/shipments?results=2")).json()
    assert [row["object_id"] for row in first["results"]] == ids[:2] and "page_token=" in first["next"]
    second = (await merchant.get(first["next"])).json()
    assert [row["object_id"] for row in second["results"]] == ids[2:] and second["next"] is None
    assert all(row["rates"] for row in first["results"])


async def test_a_window_of_time_filters(merchant: httpx.AsyncClient) -> None:
    ids = await _three(merchant)
    created = (await merchant.get(f"/shipments/{ids[1]}")).json()["object_created"]

    async def listed(**window: str) -> list[str]:
        found = await merchant.get("/shipments", params=window)
        assert found.status_code == 200, found.text
        return [row["object_id"] for row in found.json()["results"]]

    assert ids[1] in await listed(object_created_gte=created, object_created_lte=created)
    assert ids[1] not in await listed(object_created_gt=created)
    assert ids[1] not in await listed(object_created_lt=created)
    assert await listed(object_created_gt=to_wire(now() + dt.timedelta(days=1))) == []
    assert await listed(object_created_lt=to_wire(now() - dt.timedelta(days=1))) == []
    assert await listed(object_created_gte=created[:10], object_created_gt="") == ids
    week = {"object_created_gte": to_wire(now() - dt.timedelta(days=7)), "object_created_lt": to_wire(now())}
    assert await listed(**week, page="1") == ids


async def test_a_window_stays_in_the_links(merchant: httpx.AsyncClient) -> None:
    ids = await _three(merchant)
    since = to_wire(now() - dt.timedelta(hours=1))
    first = (await merchant.get("/shipments", params={"object_created_gt": since, "results": 2})).json()
    assert "object_created_gt=" in first["next"]
    assert [row["object_id"] for row in (await merchant.get(first["next"])).json()["results"]] == ids[2:]


@pytest.mark.parametrize(
    "query",
    [
        "object_created_gt=2026-01-01&object_created_lt=2026-06-01",
        "object_created_gte=2026-01-01T00:00:00Z&object_created_lte=2026-04-02T00:00:00Z",
        "object_created_gt=yesterday",
        "object_created_lte=2026-13-01",
        "results=x",
        "page_token=nonsense",
    ],
)
async def test_a_window_that_cannot_be_is_a_400(merchant: httpx.AsyncClient, query: str) -> None:
    assert (await merchant.get(f"/shipments?{query}")).status_code == 400


async def test_shipments_are_kept_for_390_days(merchant: httpx.AsyncClient, alice: Person) -> None:
    newest, middle, oldest = await _three(merchant)
    rate_id = (await merchant.get(f"/shipments/{oldest}")).json()["rates"][0]["object_id"]
    await _age(alice, middle, 389)
    await _age(alice, oldest, 391)
    listed = (await merchant.get("/shipments")).json()["results"]
    assert [row["object_id"] for row in listed] == [newest, middle]
    assert (await merchant.get(f"/shipments/{oldest}")).status_code == 404
    assert (await merchant.get(f"/rates/{rate_id}")).status_code == 404
