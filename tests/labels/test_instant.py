"""Instalabels, and repeating a purchase with its Idempotency-Key."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.kit.ids import Id
from portside.labels import flows
from portside.labels.models import LabelRequest
from tests.support.cast import Person
from tests.support.labelling import (
    PARCEL,
    SHIPMENT,
    TO,
    LabelCarrier,
    bought,
    events_of,
    rated,
    settle_time_comes,
)


async def usps_account(api: httpx.AsyncClient, person: Person) -> str:
    async with begin() as tx:
        found = await tx.fetchval(
            "SELECT id FROM carrier_accounts WHERE account_id = $1 AND mode = 'test' AND carrier = 'usps'",
            person.account_id,
        )
    return str(found)


async def body_for(api: httpx.AsyncClient, person: Person, **changes: Any) -> dict[str, Any]:
    return {
        "shipment": SHIPMENT,
        "carrier_account": await usps_account(api, person),
        "servicelevel_token": "usps_priority",
        **changes,
    }


async def shipments(api: httpx.AsyncClient) -> int:
    return len((await api.get("/shipments")).json()["results"])


async def test_an_instalabel_is_one_call(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    answer = await api.post("/transactions", json=await body_for(api, alice, metadata="m"))
    label = answer.json()
    assert (answer.status_code, label["status"], label["metadata"]) == (201, "SUCCESS", "m")
    assert set(label["rate"]) == {
        "object_id",
        "amount",
        "currency",
        "amount_local",
        "currency_local",
        "provider",
        "carrier_account",
        "servicelevel_name",
        "servicelevel_token",
    }
    assert label["rate"]["servicelevel_token"] == "usps_priority"
    read = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert read == {**label, "rate": label["rate"]["object_id"]} and read["parcel"]
    assert [event["event"] for event in await events_of(alice, label["object_id"])] == ["transaction_created"]


async def test_an_instalabel_of_many_parcels_has_a_label_each(api: httpx.AsyncClient, alice: Person) -> None:
    shipment = {**SHIPMENT, "parcels": [PARCEL, PARCEL]}
    label = (await api.post("/transactions", json=await body_for(api, alice, shipment=shipment, metadata="m"))).json()
    labels = (await api.get(f"/transactions?rate={label['rate']['object_id']}")).json()["results"]
    assert [(entry["status"], entry["metadata"]) for entry in labels] == [("SUCCESS", "m")] * 2
    assert label["object_id"] in {entry["object_id"] for entry in labels}


async def test_an_instalabel_may_be_asynchronous(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    label = (await api.post("/transactions", json=await body_for(api, alice, **{"async": True}))).json()
    assert label["status"] == "QUEUED" and label["rate"]["provider"] == "USPS" and usps.purchases == []
    await drain(lanes=["fast"])
    assert (await api.get(f"/transactions/{label['object_id']}")).json()["status"] == "SUCCESS"
    names = [event["event"] for event in await events_of(alice, label["object_id"])]
    assert names == ["transaction_created", "transaction_updated"] and len(usps.purchases) == 1


async def test_no_rate_is_an_error_that_says_why(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    usps.refusal = CarrierError("input", "The parcel is too heavy.")
    answer = await api.post("/transactions", json=await body_for(api, alice))
    assert answer.status_code == 201
    label = answer.json()
    assert (label["status"], label["rate"]) == ("ERROR", None)
    assert label["messages"] == [{"source": "USPS", "code": "", "text": "The parcel is too heavy."}]
    usps.refusal = None
    usps.tariff = usps.tariff[:1]
    label = (await api.post("/transactions", json=await body_for(api, alice))).json()
    assert label["status"] == "ERROR" and "usps_priority" in label["messages"][0]["text"]
    (event,) = await events_of(alice, label["object_id"])
    assert event["event"] == "transaction_created" and "rate" not in event["data"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"servicelevel_token": "no_such_service"}, "servicelevel_token"),
        ({"servicelevel_token": ""}, "servicelevel_token"),
        ({"carrier_account": "0" * 32}, "carrier_account"),
        ({"carrier_account": "x"}, "carrier_account"),
        ({"shipment": {**SHIPMENT, "parcels": []}}, "shipment"),
        ({"shipment": {**SHIPMENT, "address_to": "0" * 32}}, "shipment"),
        ({"shipment": {**SHIPMENT, "address_to": {**TO, "name": ""}}}, "shipment"),
    ],
)
async def test_a_wrong_instalabel_is_a_400_and_leaves_nothing(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier, change: dict[str, Any], field: str
) -> None:
    wrong = await body_for(api, alice, **change)
    headers = {"Idempotency-Key": "once"}
    answer = await api.post("/transactions", json=wrong, headers=headers)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert (await api.get("/transactions")).json()["results"] == [] and usps.purchases == []
    await settle_time_comes(alice)
    async with begin() as tx:
        errors = await tx.fetch("SELECT last_error FROM jobs WHERE payload->>'account' = $1", alice.account_id)
    assert [row["last_error"] for row in errors if row["last_error"]] == []
    assert (await api.post("/transactions", json=await body_for(api, alice), headers=headers)).status_code == 201


async def test_what_is_wrong_with_the_shipment_of_an_instalabel_looks_the_same_whoever_finds_it(
    api: httpx.AsyncClient, alice: Person
) -> None:
    for wrong in ({**TO, "name": ""}, {**TO, "name": "x" * 101}, {**TO, "email": "no address"}):
        shipment = {**SHIPMENT, "address_to": wrong}
        answer = await api.post("/transactions", json=await body_for(api, alice, shipment=shipment))
        assert answer.status_code == 400
        ((field, _),) = answer.json()["shipment"][0]["address_to"][0].items()
        assert wrong[field] != TO.get(field)


async def test_another_accounts_carrier_account_is_not_found(
    charlie_api: httpx.AsyncClient, api: httpx.AsyncClient, alice: Person
) -> None:
    answer = await charlie_api.post("/transactions", json=await body_for(api, alice))
    assert (answer.status_code, list(answer.json())) == (400, ["carrier_account"])


async def test_a_key_makes_one_shipment_and_one_label(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    body = await body_for(api, alice)
    headers = {"Idempotency-Key": "order 77"}
    usps.holds = asyncio.Event()
    asking = [asyncio.create_task(api.post("/transactions", json=body, headers=headers)) for _ in range(5)]
    while not usps.purchases:
        await asyncio.sleep(0.01)
    usps.holds.set()
    answers = [answer.json() for answer in await asyncio.gather(*asking)]
    answers.append((await api.post("/transactions", json=body, headers=headers)).json())
    assert all(answer == answers[0] for answer in answers) and answers[0]["rate"]["provider"] == "USPS"
    assert len(usps.purchases) == 1 and await shipments(api) == 1
    other = await api.post("/transactions", json={**body, "metadata": "another"}, headers=headers)
    assert other.status_code == 409


async def test_a_key_left_open_by_a_crash_answers_with_what_it_points_to(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    body = await body_for(api, alice, **{"async": True})
    request = api.build_request("POST", "/transactions", json=body)
    crashed = LabelRequest(idempotency_key="k", body=request.content)
    account = Id(body["carrier_account"])
    await flows._reserve_instant(alice.scope, account, "usps_priority", crashed)
    headers = {"Idempotency-Key": "k"}
    waiting = (await api.post("/transactions", json=body, headers=headers)).json()
    assert (waiting["status"], waiting["rate"]) == ("WAITING", None)
    await settle_time_comes(alice)
    refused = (await api.post("/transactions", json=body, headers=headers)).json()
    assert (refused["status"], refused["object_id"]) == ("ERROR", waiting["object_id"])
    assert usps.purchases == [] and await shipments(api) == 0


async def test_a_key_for_a_rate_answers_with_its_first_label(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    usps.refuses = CarrierError("input", "No.")
    body, headers = {"rate": await rated(api), "async": False}, {"Idempotency-Key": "a"}
    refused = (await api.post("/transactions", json=body, headers=headers)).json()
    usps.refuses = None
    assert (await api.post("/transactions", json=body, headers=headers)).json() == refused
    second = (await api.post("/transactions", json=body, headers={"Idempotency-Key": "b"})).json()
    assert second["status"] == "SUCCESS" and second["object_id"] != refused["object_id"]
    assert (await api.post("/transactions", json=body, headers={"Idempotency-Key": "c"})).json() == second
    assert (await api.post("/transactions", json=body, headers={"Idempotency-Key": "c"})).json() == second
    assert len(usps.purchases) == 2


async def test_a_key_too_long_is_refused(api: httpx.AsyncClient) -> None:
    label = await bought(api)
    answer = await api.post("/transactions", json={"rate": label["rate"]}, headers={"Idempotency-Key": "x" * 256})
    assert answer.status_code == 400
