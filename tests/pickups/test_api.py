"""/pickups with the simulated carriers: booked, shown, called off, refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.cast import Person
from tests.support.labelling import FROM, bought, rated

STRANGER = "0" * 32
ADDRESS = {**FROM, "email": "alice@example.com", "phone": "+1 555 341 9393"}


def at(hours: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).isoformat()


SOON = at(60)
PAST_START = {"requested_start_time": ["requested_start_time is not a future date."]}


def required(*names: str) -> dict[str, list[str]]:
    return {name: ["This field is required."] for name in names}


def parsed(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


# The day on which the tests begin: midnight may come before they end.
TODAY = dt.datetime.now(dt.UTC)


def weekday(hour: int = 17) -> dt.datetime:
    """A moment of the next day but one that is no Sunday in California."""
    day = TODAY.replace(hour=hour, minute=0, second=0, microsecond=0) + dt.timedelta(days=2)
    return day + dt.timedelta(days=1) if day.weekday() == 6 else day


async def pickup(api: httpx.AsyncClient, status: int = 201, **changes: Any) -> dict[str, Any]:
    """The answer to a pickup of a fresh label; None leaves a field out."""
    accounts = (await api.get("/carrier_accounts?carrier=usps")).json()["results"]
    body: dict[str, Any] = {
        "carrier_account": accounts[0]["object_id"],
        "location": {"address": ADDRESS, "building_location_type": "Knock on Door"},
        "requested_start_time": weekday().isoformat(),
        "requested_end_time": weekday(20).isoformat(),
    }
    if "transactions" not in changes:
        body["transactions"] = [(await bought(api))["object_id"]]
    body = {name: value for name, value in {**body, **changes}.items() if value is not None}
    answer = await api.post("/pickups", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def location(**changes: Any) -> dict[str, Any]:
    return {"address": ADDRESS, "building_location_type": "Knock on Door", **changes}


async def test_a_pickup_is_confirmed_and_has_shippos_shape(api: httpx.AsyncClient, alice: Person) -> None:
    label = await bought(api)
    place = location(building_location_type="Other", building_type="suite", instructions="Behind the crane")
    made = await pickup(api, transactions=[label["object_id"]], location=place, metadata="dock 4", is_test=True)
    assert (made["status"], made["transactions"], made["messages"]) == ("CONFIRMED", [label["object_id"]], [])
    assert made["location"]["address"]["street1"] == ADDRESS["street1"]
    assert made["location"]["address"]["phone"] == "0015553419393"
    assert {**made["location"], "address": None} == {
        "address": None,
        "building_location_type": "Other",
        "building_type": "suite",
        "instructions": "Behind the crane",
    }
    assert made["confirmation_code"] and made["timezone"] == "America/Los_Angeles"
    assert parsed(made["requested_start_time"]) == parsed(made["confirmed_start_time"]) == weekday()
    assert parsed(made["requested_end_time"]) == parsed(made["confirmed_end_time"]) == weekday(20)
    assert parsed(made["cancel_by_time"]) == weekday(19)
    assert (made["metadata"], made["is_test"], made["object_owner"]) == ("dock 4", True, alice.email)
    assert (await api.get(f"/pickups/{made['object_id']}")).json() == made
    assert (await api.get("/pickups/")).json() == {"next": None, "previous": None, "results": [made]}


async def test_nobody_comes_on_a_sunday(api: httpx.AsyncClient) -> None:
    sunday = weekday() + dt.timedelta(days=6 - weekday().weekday())
    made = await pickup(
        api, requested_start_time=sunday.isoformat(), requested_end_time=(sunday + dt.timedelta(hours=2)).isoformat()
    )
    assert made["status"] == "CONFIRMED" and "Sundays" in made["messages"][0]
    assert 23 <= (parsed(made["confirmed_start_time"]) - sunday) / dt.timedelta(hours=1) <= 25


async def test_now_is_early_enough(api: httpx.AsyncClient) -> None:
    assert (await pickup(api, requested_start_time=at(0), requested_end_time=at(3)))["status"] == "CONFIRMED"


async def test_a_pickup_is_called_off_once_and_for_all(api: httpx.AsyncClient) -> None:
    made = await pickup(api)
    for _ in range(2):
        answer = await api.post(f"/pickups/{made['object_id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert (await api.get(f"/pickups/{made['object_id']}")).json()["status"] == "CANCELLED"
    calls = (await api.get("/simulator/calls")).json()["results"]
    assert [call["outcome"] for call in calls if call["operation"] == "cancel_pickup"] == ["cancelled"]


async def test_when_the_driver_is_nearly_there_it_is_too_late(api: httpx.AsyncClient) -> None:
    made = await pickup(api)
    await api.post("/simulator/advance", json={"days": 6})
    answer = await api.post(f"/pickups/{made['object_id']}/cancel")
    assert answer.status_code == 400
    assert answer.json() == {"detail": "It was not cancelled. USPS: It is too late to cancel this pickup."}
    after = (await api.get(f"/pickups/{made['object_id']}")).json()
    assert after["status"] == "CONFIRMED" and len(after["messages"]) == 1


async def test_the_carriers_refusal_is_an_object_in_error(api: httpx.AsyncClient) -> None:
    made = await pickup(api, location=location(instructions="sim_pickup_refuse"))
    assert (made["status"], made["confirmation_code"], made["timezone"]) == ("ERROR", None, None)
    assert made["messages"] == ["USPS: The carrier refuses to come. (SIM_PICKUP_REFUSE)"]
    answer = await api.post(f"/pickups/{made['object_id']}/cancel")
    assert answer.status_code == 400 and "nobody comes" in answer.json()["detail"]


async def test_errors_of_the_address_stand_at_the_top(api: httpx.AsyncClient) -> None:
    bare = {name: value for name, value in ADDRESS.items() if name in ("name", "country", "street1")}
    wrong = await pickup(
        api, 400, location=location(address=bare), requested_start_time=at(-30), requested_end_time=at(-6)
    )
    assert wrong == {
        **required("city", "zip", "email", "state"),
        "requested_start_time": ["requested_start_time is not a future date."],
        "requested_end_time": ["requested_end_time is not a future date."],
    }


async def test_all_that_is_wrong_is_said_at_once(api: httpx.AsyncClient) -> None:
    place = {"address": {"name": {}, "country": "Atlantis", "zip": "94111"}, "building_location_type": "Roof"}
    times = {"requested_start_time": "soon", "requested_end_time": at(-6)}
    wrong = await pickup(api, 400, carrier_account="x", transactions=["y"], metadata="m" * 101, location=place, **times)
    assert {field: texts for field, texts in wrong.items() if field in ("name", "country", "location")} == {
        "name": ["Not a valid string."],
        "country": ["Invalid country. Use an ISO 3166-1 code."],
        "location": [{"building_location_type": ['"Roof" is not a valid choice.']}],
    }
    told = {"street1", "city", "email", "carrier_account", "transactions", "metadata", *times}
    assert set(wrong) == told | {"name", "country", "location"}


async def test_what_a_readable_place_lacks_is_said_with_the_rest(api: httpx.AsyncClient) -> None:
    bare = {name: value for name, value in ADDRESS.items() if name != "email"}
    wrong = await pickup(api, 400, metadata="m" * 101, location=location(address=bare, building_location_type="Other"))
    assert set(wrong) == {"email", "location", "metadata"}
    assert list(wrong["location"][0]) == ["instructions"]
    wrong = await pickup(api, 400, location=location(address=bare, building_location_type="Roof"))
    assert set(wrong) == {"email", "location"}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"carrier_account": STRANGER}, {"carrier_account": ["Carrier account with supplied object_id not found."]}),
        ({"carrier_account": "x"}, {"carrier_account": ["Carrier account with supplied object_id not found."]}),
        ({"carrier_account": None, "location": None}, required("carrier_account", "location")),
        ({"location": {}}, {"location": [required("address", "building_location_type")]}),
        (
            {"location": location(building_location_type="Roof")},
            {"location": [{"building_location_type": ['"Roof" is not a valid choice.']}]},
        ),
        (
            {"location": location(building_type="castle")},
            {"location": [{"building_type": ['"castle" is not a valid choice.']}]},
        ),
        ({"location": location(address={**ADDRESS, "name": {}})}, {"name": ["Not a valid string."]}),
        (
            {"location": location(address={**ADDRESS, "name": {}}, building_type="castle")},
            {"name": ["Not a valid string."], "location": [{"building_type": ['"castle" is not a valid choice.']}]},
        ),
        ({"location": location(address={**ADDRESS, "country": ""})}, {"country": ["This field is required."]}),
        ({"location": location(address={**ADDRESS, "email": "nobody"})}, {"email": ["Enter a valid email address."]}),
        (
            {"location": location(building_location_type="Other")},
            {"location": [{"instructions": ["This field is required when building_location_type is Other."]}]},
        ),
        (
            {"location": location(building_location_type="Security Deck")},
            {"location": [{"building_location_type": ["Only DHL Express picks up at 'Security Deck'."]}]},
        ),
        ({"requested_end_time": None}, {"requested_end_time": ["This field is required."]}),
        (
            {"requested_start_time": SOON, "requested_end_time": SOON},
            {"requested_end_time": ["requested_end_time must be after requested_start_time."]},
        ),
        (
            {"requested_start_time": at(24 * 366), "requested_end_time": at(24 * 367)},
            {"requested_start_time": ["This is more than 365 days ahead."]},
        ),
        ({"requested_end_time": "9999-12-31T23:59:59Z"}, {"requested_end_time": ["This is more than 730 days ahead."]}),
        ({"requested_start_time": "1066-10-14"}, PAST_START),
        ({"requested_start_time": "0001-01-01T00:00:00+14:00"}, {"requested_start_time": ["This field is required."]}),
        (
            {"requested_end_time": "9999-12-31T23:59:59-14:00"},
            {"requested_end_time": ["Datetime has wrong format. Use ISO 8601, for example 2026-01-31T12:30:00Z."]},
        ),
        ({"requested_start_time": "soon"}, None),
        ({"transactions": []}, {"transactions": ["This list may not be empty."]}),
        ({"transactions": None}, {"transactions": ["This field is required."]}),
        ({"transactions": ["x"]}, {"transactions": ["Transaction x cannot be picked up: not found."]}),
        ({"transactions": [STRANGER]}, {"transactions": [f"Transaction {STRANGER} cannot be picked up: not found."]}),
        ({"metadata": "x" * 101}, {"metadata": ["Ensure this field has no more than 100 characters."]}),
    ],
)
async def test_what_is_wrong_is_named(
    api: httpx.AsyncClient, changes: dict[str, Any], wrong: dict[str, Any] | None
) -> None:
    answer = await pickup(api, 400, **changes)
    assert wrong is None or answer == wrong
    assert (await api.get("/pickups")).json()["results"] == []


async def test_every_transaction_that_cannot_be_fetched_is_named(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient
) -> None:
    foreign = (await bought(charlie_api))["object_id"]
    queued = (await api.post("/transactions", json={"rate": await rated(api)})).json()["object_id"]
    shipment = (await api.get("/shipments")).json()["results"][0]
    ups = next(rate for rate in shipment["rates"] if rate["provider"] == "UPS")
    other = (await api.post("/transactions", json={"rate": ups["object_id"], "async": False})).json()["object_id"]
    wrong = await pickup(api, 400, transactions=[foreign, queued, other])
    assert [text.split(": ")[1] for text in wrong["transactions"]] == [
        "not found.",
        "its status is QUEUED.",
        "it was bought with another carrier account.",
    ]
    fetched_by = await pickup(api, 400, transactions=[other], carrier_account=ups["carrier_account"])
    assert fetched_by == {"carrier_account": ["UPS offers no pickups. USPS and DHL Express accounts do."]}


async def test_missing_and_foreign_look_the_same(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    alice: Person,
    product: Callable[..., httpx.AsyncClient],
) -> None:
    made = await pickup(api)
    async with product(alice.live_token) as live_api:
        for outsider in (charlie_api, live_api):
            for verb, path in (("GET", ""), ("POST", "/cancel")):
                seen = await outsider.request(verb, f"/pickups/{made['object_id']}{path}")
                missing = await outsider.request(verb, f"/pickups/{STRANGER}{path}")
                assert seen.status_code == missing.status_code == 404 and seen.json() == missing.json()
            assert (await outsider.get("/pickups")).json()["results"] == []
            theirs = await pickup(outsider, 400, transactions=made["transactions"])
            assert "not found" in theirs["transactions"][0]
    assert (await api.get(f"/pickups/{made['object_id']}")).json() == made
