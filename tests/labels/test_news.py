"""A carrier's news: by push, by poll, by look-up; to everybody who follows the parcel, once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.labels import news
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import PUSH_SECRET, LabelCarrier, bought, events_of, scan

ACCEPTED = scan("TRANSIT", "package_accepted", 1)
DEPARTED = scan("TRANSIT", "package_departed", 5)
DELIVERED = scan("DELIVERED", "delivered", 30)


async def push(api: httpx.AsyncClient, number: str, event: str, secret: str = PUSH_SECRET) -> int:
    """What a carrier sends; it has no account here."""
    answer = await api.post(
        "/carrier-hooks/usps",
        json={"event": event, "number": number},
        headers={"Authorization": "", "X-Carrier-Secret": secret},
    )
    return answer.status_code


async def test_a_push_updates_track_label_and_order_and_tells_of_each(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    order = (await api.post("/orders", json=order_body())).json()
    label = await bought(api, order=order["object_id"], metadata="m")
    number = label["tracking_number"]
    usps.tells(number, ACCEPTED)
    assert await push(api, number, f"e-{number}") == 200
    assert (await api.get(f"/transactions/{label['object_id']}")).json()["tracking_status"] == "UNKNOWN"
    await drain(lanes=["fast"])
    changed = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert changed["tracking_status"] == "TRANSIT"
    shown = (await api.get(f"/orders/{order['object_id']}")).json()["transactions"]
    assert [entry["tracking_status"] for entry in shown] == ["TRANSIT"]
    events = await events_of(alice)
    told = [event["data"] for event in events if event["event"] == "track_updated"]
    assert [(data["transaction"], data["metadata"]) for data in told] == [(label["object_id"], "m")]
    assert told[0]["servicelevel"] == {"token": "usps_ground_advantage", "name": "Ground Advantage"}
    assert told[0]["address_to"]["city"] == "Chicago"
    of_label = await events_of(alice, label["object_id"])
    assert [event["event"] for event in of_label] == ["transaction_created", "transaction_updated"]
    assert of_label[-1]["data"]["tracking_status"] == "TRANSIT"


async def test_a_repeated_push_changes_nothing(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    label = await bought(api)
    number = label["tracking_number"]
    usps.tells(number, ACCEPTED)
    for event in ("one", "one", "two"):
        assert await push(api, number, f"{event}-{number}") == 200
    await drain(lanes=["fast"])
    before = len(await events_of(alice))
    assert await push(api, number, f"one-{number}") == 200
    await drain(lanes=["fast"])
    assert len(await events_of(alice)) == before == 3


async def test_a_scan_that_changes_no_status_tells_only_of_the_track(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    label = await bought(api)
    usps.tells(label["tracking_number"], ACCEPTED)
    await news.take_news("usps", label["tracking_number"])
    usps.tells(label["tracking_number"], ACCEPTED, DEPARTED)
    await news.take_news("usps", label["tracking_number"])
    names = [event["event"] for event in await events_of(alice)]
    assert names == ["transaction_created", "track_updated", "transaction_updated", "track_updated"]


@pytest.mark.parametrize(
    ("carrier", "secret", "body", "status"),
    [
        ("usps", "wrong", b'{"event": "e", "number": "1"}', 401),
        ("usps", PUSH_SECRET, b"not json", 400),
        ("usps", PUSH_SECRET, b"", 400),
        ("no_such_carrier", PUSH_SECRET, b"{}", 404),
    ],
)
async def test_a_push_that_is_not_the_carriers_is_refused(
    api: httpx.AsyncClient, carrier: str, secret: str, body: bytes, status: int
) -> None:
    headers = {"X-Carrier-Secret": secret, "Content-Type": "application/json"}
    answer = await api.post(f"/carrier-hooks/{carrier}", content=body, headers=headers)
    assert answer.status_code == status


async def test_all_who_follow_a_number_hear_of_it(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    alice: Person,
    charlie: Person,
    usps: LabelCarrier,
) -> None:
    number = (await bought(api))["tracking_number"]
    await charlie_api.post("/tracks", json={"carrier": "usps", "tracking_number": number})
    usps.tells(number, ACCEPTED)
    asked = usps.questions
    await news.take_news("usps", number)
    assert usps.questions == asked + 1
    assert "track_updated" in [event["event"] for event in await events_of(alice)]
    (event,) = await events_of(charlie)
    assert "transaction" not in event["data"]


async def test_a_look_up_that_finds_news_tells_the_label(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    label = await bought(api)
    usps.tells(label["tracking_number"], DELIVERED)
    track = (await api.get(f"/tracks/usps/{label['tracking_number']}")).json()
    assert track["transaction"] == label["object_id"]
    changed = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert changed["tracking_status"] == track["tracking_status"]["status"] == "DELIVERED"
    assert (await api.get("/transactions?tracking_status=DELIVERED")).json()["results"] == [changed]


async def next_polls(person: Person) -> list[Any]:
    async with reading() as tx:
        rows = await tx.fetch("SELECT next_poll_at FROM tracks WHERE account_id = $1 ORDER BY id", person.account_id)
    return [row["next_poll_at"] for row in rows]


async def test_polls_ask_what_is_due_and_stop_at_the_end(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    labels = [await bought(api) for _ in range(3)]
    usps.tells(labels[0]["tracking_number"], ACCEPTED)
    usps.tells(labels[1]["tracking_number"], DELIVERED)
    async with begin() as tx:
        await tx.execute("UPDATE tracks SET next_poll_at = NULL WHERE account_id <> $1", alice.account_id)
        await tx.execute("UPDATE tracks SET next_poll_at = now() WHERE account_id = $1", alice.account_id)
    assert await news.poll() == 3 and await news.poll() == 0
    statuses = [(await api.get(f"/transactions/{label['object_id']}")).json()["tracking_status"] for label in labels]
    assert statuses == ["TRANSIT", "DELIVERED", "UNKNOWN"]
    assert [moment is None for moment in await next_polls(alice)] == [False, True, False]


async def test_a_carrier_that_is_down_is_polled_again_later(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    await bought(api)
    async with begin() as tx:
        await tx.execute("UPDATE tracks SET next_poll_at = NULL WHERE account_id <> $1", alice.account_id)
        await tx.execute("UPDATE tracks SET next_poll_at = now() WHERE account_id = $1", alice.account_id)
    usps.fails_to_tell = CarrierError("carrier_down", "503")
    assert await news.poll() == 1
    (moment,) = await next_polls(alice)
    assert moment is not None and await news.poll() == 0


async def test_the_same_news_at_once_is_written_once(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    label = await bought(api)
    usps.tells(label["tracking_number"], ACCEPTED, DEPARTED)
    await asyncio.gather(*(news.take_news("usps", label["tracking_number"]) for _ in range(10)))
    names = [event["event"] for event in await events_of(alice)]
    assert names == ["transaction_created", "track_updated", "transaction_updated"]
    track = (await api.get(f"/tracks/usps/{label['tracking_number']}")).json()
    assert len(track["tracking_history"]) == 2
