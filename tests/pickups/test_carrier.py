"""What becomes of a pickup, whatever its carrier does and whoever dies on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.kit.ids import Id
from portside.pickups import actions, flows
from tests.pickups.test_api import location, pickup
from tests.support.cast import Person
from tests.support.dispatch import DispatchCarrier, next_try_comes
from tests.support.labelling import bought

DOWN = CarrierError("rate_limited", "Too many calls.")


async def shown(api: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    return dict((await api.get(f"/pickups/{made['object_id']}")).json())


async def test_the_carrier_is_told_where_the_parcels_lie(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    label = await bought(api)
    place = location(building_location_type="Other", building_type="floor", instructions="third")
    made = await pickup(api, transactions=[label["object_id"]], location=place)
    (request,) = usps.pickups
    assert (request.reference, request.tracking_numbers) == (made["object_id"], (label["tracking_number"],))
    assert (request.spot, request.building, request.instructions) == ("Other", "floor", "third")
    assert request.ship_from.email == "alice@example.com"


async def test_a_carrier_that_is_down_is_asked_again_by_the_same_reference(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    usps.unwilling = DOWN
    made = await pickup(api)
    assert (made["status"], made["messages"]) == ("PENDING", ["USPS: Too many calls."])
    usps.unwilling = None
    await next_try_comes(alice, "pickups")
    after = await shown(api, made)
    assert (after["status"], after["messages"]) == ("CONFIRMED", [])
    assert set(usps.asked_for("pickup")) == {made["object_id"]} and len(usps.pickups) == 1


async def test_a_carrier_that_is_down_until_it_should_have_come_does_not_come(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    usps.unwilling = DOWN
    made = await pickup(api)
    async with begin() as tx:
        await tx.execute(
            "UPDATE pickups SET requested_end_at = now() - interval '1 minute' WHERE account_id = $1", alice.account_id
        )
    await next_try_comes(alice, "pickups")
    assert (await shown(api, made))["status"] == "ERROR"


async def test_a_cancellation_that_cannot_be_told_is_told_later(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    made = await pickup(api)
    usps.unwilling = DOWN
    answer = await api.post(f"/pickups/{made['object_id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "CONFIRMED")
    assert answer.json()["messages"] == ["It was not cancelled. USPS: Too many calls."]
    usps.unwilling = None
    await next_try_comes(alice, "pickups")
    assert (await shown(api, made))["status"] == "CANCELLED"
    assert set(usps.asked_for("cancel")) == {made["confirmation_code"]}


async def test_a_pickup_cancelled_before_the_carrier_answered_is_booked_and_cancelled(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    """Nobody knows whether the carrier read the booking, so it is asked by its reference and then told."""
    usps.unwilling = DOWN
    made = await pickup(api)
    assert (await api.post(f"/pickups/{made['object_id']}/cancel")).json()["status"] == "PENDING"
    usps.unwilling = None
    await next_try_comes(alice, "pickups")
    after = await shown(api, made)
    assert after["status"] == "CANCELLED" and usps.asked_for("cancel") == [after["confirmation_code"]]


async def test_who_dies_with_the_permission_is_followed_by_the_job(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    usps.unwilling = DOWN
    made = await pickup(api)
    usps.unwilling = None
    async with begin() as tx:
        await tx.execute("UPDATE pickups SET next_try_at = now() WHERE account_id = $1", alice.account_id)
        assert await actions.claim_pickup(tx, alice.scope, Id(made["object_id"]), 60)
    await drain(lanes=["fast"])
    assert (await shown(api, made))["status"] == "PENDING" and usps.pickups == []
    await next_try_comes(alice, "pickups")
    assert (await shown(api, made))["status"] == "CONFIRMED"


async def test_who_dies_before_the_outcome_is_written_asks_once_more(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    usps.unwilling = DOWN
    made = await pickup(api)
    usps.unwilling = None
    with monkeypatch.context() as patch:
        patch.setattr(actions, "confirm_pickup", _die)
        async with begin() as tx:
            await tx.execute("UPDATE pickups SET next_try_at = now() WHERE account_id = $1", alice.account_id)
        with pytest.raises(KeyboardInterrupt):
            await flows.carry_out(alice.scope, Id(made["object_id"]))
    assert (await shown(api, made))["status"] == "PENDING"
    await next_try_comes(alice, "pickups")
    assert (await shown(api, made))["status"] == "CONFIRMED"
    assert {request.reference for request in usps.pickups} == {made["object_id"]}


async def _die(*_arguments: object) -> None:
    raise KeyboardInterrupt


async def test_a_pickup_whose_job_was_lost_is_found(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    usps.unwilling = DOWN
    made = await pickup(api)
    usps.unwilling = None
    async with begin() as tx:
        await tx.execute("DELETE FROM jobs WHERE payload->>'pickup' = $1", made["object_id"])
        await tx.execute("UPDATE pickups SET next_try_at = now() - interval '2 hours' WHERE id = $1", made["object_id"])
        await actions.requeue_forgotten(tx, dt.timedelta(hours=1), limit=1000)
    await drain(lanes=["fast"])
    assert (await shown(api, made))["status"] == "CONFIRMED"
