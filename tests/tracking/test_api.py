"""Tracks over HTTP: registering, looking up, mock numbers, and what webhooks hear."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.kit.clock import UTC
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, events_of, scan

ACCEPTED = scan("TRANSIT", "package_accepted", 1)
DEPARTED = scan("TRANSIT", "package_departed", 5)
HELD = scan("TRANSIT", "package_held", 9)
DELIVERED = scan("DELIVERED", "delivered", 30)


async def register(api: httpx.AsyncClient, number: str, **more: Any) -> dict[str, Any]:
    answer = await api.post("/tracks", json={"carrier": "usps", "tracking_number": number, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_all_that_is_wrong_is_said_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post("/tracks", json={"carrier": "pigeon", "tracking_number": "?"})
    assert answer.status_code == 400 and set(answer.json()) == {"carrier", "tracking_number"}


async def test_an_unknown_number_is_followed_before_its_carrier_knows_it(api: httpx.AsyncClient, alice: Person) -> None:
    track = await register(api, "9400 1000", metadata="order 77")
    assert track == {
        "messages": [],
        "carrier": "usps",
        "tracking_number": "94001000",
        "address_from": None,
        "address_to": None,
        "eta": None,
        "original_eta": None,
        "servicelevel": {"token": None, "name": None},
        "metadata": "order 77",
        "tracking_status": None,
        "tracking_history": [],
        "transaction": None,
        "test": True,
    }
    assert await events_of(alice) == []


async def test_news_is_recorded_once_and_told_in_full(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    await register(api, "94001001", metadata="order 77")
    eta = dt.datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
    usps.tells("94001001", ACCEPTED, HELD, eta=eta)
    track = (await api.get("/tracks/usps/94001001")).json()
    assert (await api.get("/tracks/USPS/94001001/")).json() == track
    assert track["tracking_status"] == track["tracking_history"][-1]
    assert track["tracking_status"]["substatus"]["code"] == "package_held"
    assert track["tracking_status"]["substatus"]["action_required"] is True
    assert track["tracking_status"]["status_date"] == "2026-03-02T17:00:00.000Z"
    assert track["tracking_status"]["location"] == {"city": "Reno", "state": "NV", "zip": "89501", "country": "US"}
    assert track["eta"] == track["original_eta"] == "2026-03-04T20:00:00.000Z"
    (event,) = await events_of(alice)
    assert list(event) == ["event", "test", "carrier", "data"]
    assert (event["event"], event["test"], event["carrier"]) == ("track_updated", True, "usps")
    assert event["data"]["tracking_history"] == track["tracking_history"] and event["data"]["metadata"] == "order 77"
    assert "transaction" not in event["data"] and "address_from" not in event["data"]
    assert all(entry["object_updated"] for entry in event["data"]["tracking_history"])


async def test_a_late_scan_joins_the_history_and_leaves_the_status(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.tells("94001002", ACCEPTED, DELIVERED)
    await register(api, "94001002")
    usps.tells("94001002", ACCEPTED, DEPARTED, DELIVERED, scan("TRANSIT", "package_processed", 50))
    track = (await api.get("/tracks/usps/94001002")).json()
    codes = [entry["substatus"]["code"] for entry in track["tracking_history"]]
    assert codes == ["package_accepted", "package_departed", "delivered", "package_processed"]
    assert track["tracking_status"]["status"] == "DELIVERED"
    assert len(await events_of(alice)) == 2


async def test_registering_twice_is_one_track_and_one_event_per_change(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    await register(api, "94001003", metadata="first")
    usps.tells("94001003", ACCEPTED)
    again = await register(api, "94001003")
    assert again["metadata"] == "first" and again["tracking_status"]["status"] == "TRANSIT"
    assert (await register(api, "94001003", metadata="second"))["metadata"] == "second"
    assert len(await events_of(alice)) == 1


async def test_a_number_may_be_looked_up_without_following_it(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    assert (await api.get("/tracks/usps/94001004")).status_code == 404
    usps.tells("94001004", ACCEPTED)
    track = (await api.get("/tracks/usps/94001004")).json()
    assert track["tracking_status"]["status"] == "TRANSIT" and (await api.get("/tracks/usps/94001004")).json() == track
    assert await events_of(alice) == []
    registered = await register(api, "94001004", metadata="mine")
    (event,) = await events_of(alice)
    assert event["data"]["tracking_status"] == registered["tracking_status"] == track["tracking_status"]
    assert (await charlie_api.get("/tracks/usps/94001004")).json()["metadata"] is None


async def test_a_carrier_that_cannot_be_asked_is_a_message(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    usps.tells("94001005", ACCEPTED)
    await register(api, "94001005")
    usps.fails_to_tell = CarrierError("carrier_down", "USPS is down.")
    known = await api.get("/tracks/usps/94001005")
    assert known.status_code == 200 and known.json()["messages"] == ["USPS is down."]
    assert known.json()["tracking_status"]["status"] == "TRANSIT"
    unknown = await api.get("/tracks/usps/94001006")
    assert unknown.status_code == 200 and unknown.json()["messages"] == ["USPS is down."]
    assert unknown.json()["tracking_status"] is None
    assert (await api.post("/tracks", json={"carrier": "usps", "tracking_number": "94001007"})).status_code == 200


async def test_a_pause_between_two_questions_is_kept(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    usps.limits = type(usps.limits)(parcel_grams=1, parcels=1, address_line_length=1, track_pause_seconds=60)
    usps.tells("94001008", ACCEPTED)
    await register(api, "94001008")
    asked = usps.questions
    assert (await api.get("/tracks/usps/94001008")).json()["tracking_status"]["status"] == "TRANSIT"
    assert usps.questions == asked


@pytest.mark.parametrize("status", ["PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE", "UNKNOWN"])
async def test_mock_numbers_tell_their_status(api: httpx.AsyncClient, alice: Person, status: str) -> None:
    body = {"carrier": "shippo", "tracking_number": f"SHIPPO_{status}", "metadata": "order 1"}
    looked_up = (await api.get(f"/tracks/shippo/SHIPPO_{status}")).json()
    track = (await api.post("/tracks/", json=body)).json()
    assert track["tracking_status"]["status"] == status == track["tracking_history"][-1]["status"]
    assert (track["tracking_number"], track["metadata"]) == (f"SHIPPO_{status}", "order 1")
    assert {**looked_up, "metadata": "order 1"} == track == (await api.get(f"/tracks/shippo/SHIPPO_{status}")).json()
    (event,) = await events_of(alice)
    assert event["data"]["tracking_status"]["status"] == status and event["carrier"] == "shippo"


async def test_unknown_carriers_and_numbers_are_refused(api: httpx.AsyncClient) -> None:
    got = await api.get("/tracks/no_such_carrier/123456")
    assert (got.status_code, got.json()) == (400, {"detail": "Carrier with name 'no_such_carrier' is not supported."})
    posted = await api.post("/tracks", json={"carrier": "no_such_carrier", "tracking_number": "123456"})
    shown = {"carrier": ["Invalid value specified for provider 'no_such_carrier'"]}
    assert (posted.status_code, posted.json()) == (400, shown)
    assert (await api.get("/tracks/shippo/NO_SUCH_NUMBER")).status_code == 404
    mock = await api.post("/tracks", json={"carrier": "shippo", "tracking_number": "NO_SUCH_NUMBER"})
    assert (mock.status_code, list(mock.json())) == (400, ["tracking_number"])
    bad = await api.post("/tracks", json={"carrier": "usps", "tracking_number": "?"})
    assert (bad.status_code, list(bad.json())) == (400, ["tracking_number"])
    assert (await api.get("/tracks/usps/%3F%3F")).status_code == 404
    missing = await api.post("/tracks", json={})
    needed = ["This field is required."]
    assert (missing.status_code, missing.json()) == (400, {"carrier": needed, "tracking_number": needed})


async def test_mock_numbers_do_not_exist_in_live_mode(product: Callable[..., httpx.AsyncClient], alice: Person) -> None:
    async with product(alice.live_token) as live:
        answer = await live.post("/tracks", json={"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT"})
        assert (answer.status_code, answer.json()) == (
            400,
            {"carrier": ["Invalid value specified for provider 'shippo'"]},
        )
        assert (await live.get("/tracks/shippo/SHIPPO_TRANSIT")).status_code == 400
