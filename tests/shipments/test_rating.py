"""How a shipment gets its rates: at once or by a job, once, and from whichever carriers answer."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx

from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.ids import Id
from portside.shipments import flows, jobs
from tests.shipments.conftest import PARCEL, SHIPMENT, Carriers, account_ids
from tests.support.cast import Person


async def create(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    made = await client.post("/shipments", json=SHIPMENT | fields)
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


async def test_an_asynchronous_shipment_is_rated_by_a_job(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    body = await create(merchant, **{"async": True})
    assert (body["status"], body["rates"], body["messages"]) == ("QUEUED", [], [])
    path = f"/shipments/{body['object_id']}"
    assert (await merchant.get(path)).json() == body and not carriers.usps.asked
    assert (await merchant.get(f"{path}/rates")).json()["results"] == []
    await drain()
    rated = (await merchant.get(path)).json()
    assert rated["status"] == "SUCCESS" and len(rated["rates"]) == 4
    assert rated | {"status": "QUEUED", "rates": [], "object_updated": body["object_updated"]} == body


async def test_a_refusing_carrier_is_a_message(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    carriers.ups.refusal = CarrierError("unserviceable", "We do not go there.", code="120")
    body = await create(merchant)
    assert body["messages"] == [{"source": "UPS", "code": "120", "text": "We do not go there."}]
    assert {rate["provider"] for rate in body["rates"]} == {"USPS"} and body["status"] == "SUCCESS"


async def test_a_carrier_that_we_do_not_speak_to_is_a_message(merchant: httpx.AsyncClient, carriers: Carriers) -> None:
    account = {"carrier": "fedex", "account_id": "1", "parameters": {}}
    assert (await merchant.post("/carrier_accounts", json=account)).status_code == 201
    body = await create(merchant)
    assert body["messages"] == [{"source": "FedEx", "code": "", "text": "This Portside has no connection to FedEx."}]
    assert {rate["provider"] for rate in body["rates"]} == {"USPS", "UPS"}


async def test_a_broken_adapter_is_a_message_without_its_secrets(
    merchant: httpx.AsyncClient, carriers: Carriers
) -> None:
    carriers.ups.defect = RuntimeError("password=hunter2")
    body = await create(merchant)
    assert [message["source"] for message in body["messages"]] == ["UPS"]
    assert "hunter2" not in str(body) and {rate["provider"] for rate in body["rates"]} == {"USPS"}


async def test_when_every_carrier_refuses_the_shipment_is_there_all_the_same(
    merchant: httpx.AsyncClient, carriers: Carriers
) -> None:
    carriers.usps.tariff = ()
    carriers.ups.refusal = CarrierError("auth", "Unknown account.")
    body = await create(merchant)
    assert (body["status"], body["rates"]) == ("SUCCESS", [])
    assert {message["source"] for message in body["messages"]} == {"USPS", "UPS"}
    assert (await merchant.get(f"/shipments/{body['object_id']}")).json() == body


async def test_two_accounts_of_one_carrier_give_two_sets_of_rates(merchant: httpx.AsyncClient) -> None:
    own = await merchant.post("/carrier_accounts", json={"carrier": "ups", "account_id": "94567e", "parameters": {}})
    assert own.status_code == 201, own.text
    first = (await account_ids(merchant))["ups"]
    rates = (await create(merchant))["rates"]
    grounds = [rate for rate in rates if rate["servicelevel"]["token"] == "ups_ground"]
    assert len({rate["carrier_account"] for rate in grounds}) == 2
    assert own.json()["object_id"] in {rate["carrier_account"] for rate in grounds} and first
    assert sorted(name for rate in rates for name in rate["attributes"]) == ["BESTVALUE", "CHEAPEST", "FASTEST"]


async def test_without_any_active_account_a_message_says_so(api: httpx.AsyncClient, carriers: Carriers) -> None:
    for account in (await api.get("/carrier_accounts")).json()["results"]:
        known = {"carrier": account["carrier"], "account_id": account["account_id"], "active": False}
        await api.put(f"/carrier_accounts/{account['object_id']}", json=known)
    body = await create(api)
    assert body["rates"] == [] and "no active carrier account" in body["messages"][0]["text"]


async def test_two_raters_save_one_set_of_rates(merchant: httpx.AsyncClient, alice: Person, carriers: Carriers) -> None:
    body = await create(merchant, **{"async": True})
    shipment_id = Id(body["object_id"])
    carriers.usps.waits_for = asyncio.Event()
    raters = [asyncio.create_task(flows.rate(alice.scope, shipment_id)) for _ in range(3)]
    async with asyncio.timeout(60):
        while len(carriers.usps.asked) < len(raters):
            await asyncio.sleep(0.005)
    carriers.usps.waits_for.set()
    await asyncio.gather(*raters)
    rated = (await merchant.get(f"/shipments/{shipment_id}")).json()
    assert len(carriers.usps.asked) == 3 and len(rated["rates"]) == 4
    await drain()
    assert (await merchant.get(f"/shipments/{shipment_id}")).json() == rated


async def test_a_shipment_whose_rating_was_forgotten_is_rated(merchant: httpx.AsyncClient, alice: Person) -> None:
    body = await _forgotten(merchant, alice, dt.timedelta(minutes=2), dt.timedelta(minutes=2))
    assert body["status"] == "SUCCESS" and len(body["rates"]) == 4


async def test_a_shipment_that_still_waits_its_turn_is_left_alone(merchant: httpx.AsyncClient, alice: Person) -> None:
    body = await _forgotten(merchant, alice, dt.timedelta(seconds=20), dt.timedelta(seconds=20))
    assert body["status"] == "QUEUED"


async def test_a_shipment_that_cannot_be_rated_for_an_hour_has_failed(
    merchant: httpx.AsyncClient, alice: Person
) -> None:
    body = await _forgotten(merchant, alice, dt.timedelta(hours=3), dt.timedelta(minutes=2))
    assert (body["status"], body["rates"]) == ("ERROR", []) and body["messages"][0]["text"]


async def _forgotten(
    merchant: httpx.AsyncClient, alice: Person, created: dt.timedelta, touched: dt.timedelta
) -> dict[str, Any]:
    """A shipment whose process died so long ago, after the housekeeping job ran."""
    body = await create(merchant, **{"async": True})
    async with begin() as tx:
        await tx.execute("DELETE FROM jobs WHERE payload ->> 'shipment' = $1", body["object_id"])
        await tx.execute(
            "UPDATE shipments SET created_at = created_at - $3::interval, updated_at = updated_at - $4::interval "
            "WHERE account_id = $1 AND id = $2",
            alice.account_id,
            body["object_id"],
            created,
            touched,
        )
    await jobs.requeue_forgotten(Run(job_id=0, attempt=1, payload={}))
    await drain()
    found: dict[str, Any] = (await merchant.get(f"/shipments/{body['object_id']}")).json()
    return found


async def test_heavier_parcels_cost_more(merchant: httpx.AsyncClient) -> None:
    light = await create(merchant)
    heavy = await create(merchant, parcels=[PARCEL, PARCEL | {"weight": "20"}])
    assert float(heavy["rates"][0]["amount"]) > float(light["rates"][0]["amount"])
