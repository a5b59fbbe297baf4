"""/simulator: an account moves its own parcels on, and everybody who follows them hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.labelling import with_carrier_accounts

FROM = {
    "name": "Alice Example",
    "street1": "215 Clayton St.",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94117",
    "country": "US",
    "email": "alice@example.com",
    "phone": "4155550100",
}
TO = FROM | {"name": "Buyer Example", "street1": "1 Broadway", "city": "New York", "state": "NY", "zip": "10004"}
PARCEL = {"length": "10", "width": "8", "height": "4.5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}


@pytest.fixture(autouse=True)
async def accounts(alice: Person, charlie: Person) -> None:
    for person in (alice, charlie):
        await with_carrier_accounts(person)


@pytest.fixture
async def live_api(product: Callable[..., httpx.AsyncClient], alice: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with product(alice.live_token) as client:
        yield client


async def label(api: httpx.AsyncClient, metadata: str = "") -> dict[str, Any]:
    """A USPS label, bought as a client buys it."""
    shipment = await api.post("/shipments", json={"address_from": FROM, "address_to": TO, "parcels": [PARCEL]})
    assert shipment.status_code == 201, shipment.text
    rates = shipment.json()["rates"]
    rate = next(rate for rate in rates if rate["servicelevel"]["token"] == "usps_priority")
    answer = await api.post("/transactions", json={"rate": rate["object_id"], "metadata": metadata, "async": False})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def history(api: httpx.AsyncClient, number: str) -> list[str]:
    track = (await api.get(f"/tracks/usps/{number}")).json()
    return [scan["substatus"]["code"] for scan in track["tracking_history"]]


async def test_a_day_later_the_label_knows_where_its_parcel_is(api: httpx.AsyncClient) -> None:
    made = await label(api)
    assert made["status"] == "SUCCESS", made["messages"]
    number = made["tracking_number"]
    clock = await api.post("/simulator/advance", json={"days": 1})
    assert (clock.status_code, clock.json()["tracking_numbers"]) == (200, [number])
    await drain()
    after = (await api.get(f"/transactions/{made['object_id']}")).json()
    assert after["tracking_status"] == "TRANSIT"
    await api.post("/simulator/advance", json={"days": 30})
    await drain()
    assert (await api.get(f"/transactions/{made['object_id']}")).json()["tracking_status"] == "DELIVERED"
    assert (await history(api, number))[-1] == "delivered"


async def test_scan_by_scan(api: httpx.AsyncClient) -> None:
    number = (await label(api))["tracking_number"]
    seen = []
    for _ in range(3):
        answer = await api.post("/simulator/advance", json={"to_next_scan": True, "tracking_number": number})
        assert answer.json()["tracking_numbers"] == [number]
        seen.append((await history(api, number))[-1])
    assert seen == ["information_received", "package_accepted", "package_arrived"]


async def test_at_the_end_of_a_story_no_scan_is_to_come(api: httpx.AsyncClient) -> None:
    number = (await label(api, "SIM_STORY_PRE_TRANSIT"))["tracking_number"]
    await api.post("/simulator/advance", json={"days": 1})
    answer = await api.post("/simulator/advance", json={"to_next_scan": True, "tracking_number": number})
    assert answer.status_code == 404


async def test_another_story_is_told(api: httpx.AsyncClient) -> None:
    number = (await label(api))["tracking_number"]
    chosen = await api.post("/simulator/stories", json={"tracking_number": number, "story": "attempt_failed"})
    assert chosen.status_code == 200
    await api.post("/simulator/advance", json={"days": 30})
    assert "delivery_attempted" in await history(api, number)


async def test_the_log_shows_that_a_label_was_bought_once(api: httpx.AsyncClient) -> None:
    number = (await label(api))["tracking_number"]
    calls = (await api.get("/simulator/calls", params={"tracking_number": number})).json()["results"]
    (bought,) = [call for call in calls if call["operation"] == "buy"]
    assert (bought["outcome"], bought["carrier"]) == ("bought", "usps")
    by_reference = (await api.get("/simulator/calls", params={"reference": bought["reference"]})).json()["results"]
    assert by_reference == [bought]


async def test_what_a_refusal_looks_like(api: httpx.AsyncClient) -> None:
    made = await label(api, "SIM_REFUSE")
    assert made["status"] == "ERROR"
    assert "refuses to make the label" in made["messages"][0]["text"]


async def test_charlie_neither_sees_nor_moves_alices_parcels(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient
) -> None:
    number = (await label(api))["tracking_number"]
    moved = await charlie_api.post("/simulator/advance", json={"days": 30})
    assert (moved.status_code, moved.json()["tracking_numbers"]) == (200, [])
    assert await history(api, number) == ["information_received"]
    story = {"tracking_number": number, "story": "lost"}
    assert (await charlie_api.post("/simulator/stories", json=story)).status_code == 404
    step = {"to_next_scan": True, "tracking_number": number}
    assert (await charlie_api.post("/simulator/advance", json=step)).status_code == 404
    calls = await charlie_api.get("/simulator/calls", params={"tracking_number": number})
    assert calls.json() == {"results": []}


async def test_live_tokens_have_no_simulator(live_api: httpx.AsyncClient) -> None:
    answers = [
        await live_api.get("/simulator/clock"),
        await live_api.get("/simulator/calls"),
        await live_api.post("/simulator/advance", json={"days": 1}),
        await live_api.post("/simulator/clock", json={"speed": 2}),
        await live_api.post("/simulator/stories", json={"tracking_number": "1", "story": "lost"}),
    ]
    assert [answer.status_code for answer in answers] == [400] * 5
    assert "test tokens only" in answers[0].json()["detail"]


async def test_a_live_shipment_gets_no_rates_but_an_explanation(live_api: httpx.AsyncClient) -> None:
    given = {"address_from": FROM, "address_to": TO, "parcels": [PARCEL], "async": False}
    shipment = (await live_api.post("/shipments", json=given)).json()
    assert shipment["rates"] == []
    assert "test tokens only" in shipment["messages"][0]["text"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"days": 1, "hours": 1},
        {"days": -1},
        {"days": 401},
        {"seconds": 1e308},
        {"days": "soon"},
        {"days": 1, "to_next_scan": True},
        {"days": 1, "tracking_number": "1Z"},
    ],
)
async def test_bad_steps_are_explained(api: httpx.AsyncClient, given: dict[str, Any]) -> None:
    answer = await api.post("/simulator/advance", json=given)
    assert answer.status_code == 400, answer.text
    assert answer.json()


async def test_bad_stories_and_speeds_are_explained(api: httpx.AsyncClient) -> None:
    story = await api.post("/simulator/stories", json={"tracking_number": "1Z", "story": "dance"})
    assert story.status_code == 400 and "attempt_failed" in story.text
    for speed in (0, -1, 1e12):
        assert (await api.post("/simulator/clock", json={"speed": speed})).status_code == 400


async def test_the_clock_runs_as_fast_as_it_was_told(api: httpx.AsyncClient) -> None:
    assert (await api.get("/simulator/clock")).json()["speed"] == 1
    assert (await api.post("/simulator/clock", json={"speed": 60})).json()["speed"] == 60
    assert (await api.get("/simulator/clock")).json()["speed"] == 60


async def test_the_clock_cannot_leave_the_calendar(api: httpx.AsyncClient) -> None:
    answers = [await api.post("/simulator/advance", json={"days": 400}) for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 9 + [400]
