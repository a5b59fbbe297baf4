"""Buying a label for a rate: one label, its file, its track, its order, its events."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import FROM, PARCEL, TO, LabelCarrier, bought, events_of, rated


async def test_a_label_is_bought_and_can_be_printed(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    rate = await rated(api)
    answer = await api.post("/transactions/", json={"rate": rate, "async": False, "metadata": "order 77"})
    label = answer.json()
    assert answer.status_code == 201
    assert (label["status"], label["object_state"], label["rate"], label["metadata"], label["test"]) == (
        "SUCCESS",
        "VALID",
        rate,
        "order 77",
        True,
    )
    assert label["tracking_number"].startswith("USPS") and label["tracking_status"] == "UNKNOWN"
    assert label["tracking_url_provider"] == f"https://usps.example/{label['tracking_number']}"
    assert label["messages"] == [] and label["billing"] == {"payments": []} and label["created_by"] is None
    assert label["eta"] == "2026-03-02T08:00:00.000Z" and label["label_file_type"] == "PDF_4x6"
    assert (await api.get(f"/transactions/{label['object_id']}")).json() == label
    file = await api.get(label["label_url"])
    assert file.status_code == 200 and file.content.startswith(b"%PDF")
    assert len(usps.purchases) == 1 and usps.purchases[0].hint == "order 77"


async def test_the_same_rate_again_answers_with_the_label_that_exists(
    api: httpx.AsyncClient, usps: LabelCarrier
) -> None:
    first = await bought(api)
    again = await api.post("/transactions", json={"rate": first["rate"], "async": False})
    queued = await api.post("/transactions", json={"rate": {"object_id": first["rate"]}})
    assert (again.status_code, again.json()) == (201, first) and queued.json() == first
    assert len(usps.purchases) == 1


async def test_a_refusal_is_an_object_in_error_and_frees_the_rate(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.refuses = CarrierError("input", "The ZIP code does not exist.", code="A1")
    refused = await bought(api)
    assert (refused["status"], refused["label_url"], refused["tracking_number"]) == ("ERROR", "", "")
    assert refused["messages"] == [{"source": "USPS", "code": "A1", "text": "The ZIP code does not exist."}]
    assert refused["tracking_status"] is None
    (event,) = await events_of(alice, refused["object_id"])
    assert event["event"] == "transaction_created" and event["data"]["status"] == "ERROR"
    usps.refuses = None
    second = (await api.post("/transactions", json={"rate": refused["rate"], "async": False})).json()
    assert second["status"] == "SUCCESS" and second["object_id"] != refused["object_id"]


async def test_a_sync_purchase_is_told_once(api: httpx.AsyncClient, alice: Person) -> None:
    label = await bought(api, metadata="told")
    (event,) = await events_of(alice, label["object_id"])
    assert list(event) == ["event", "test", "data"]
    assert (event["event"], event["test"]) == ("transaction_created", True)
    # Absent instead of null, but for the one key that the official Python SDK needs to find.
    kept = {key: value for key, value in label.items() if value is not None or key == "created_by"}
    assert event["data"] == kept


async def test_an_async_purchase_is_answered_queued_and_told_twice(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    answer = (await api.post("/transactions", json={"rate": await rated(api)})).json()
    assert (answer["status"], answer["tracking_number"], answer["label_url"]) == ("QUEUED", "", "")
    assert answer["tracking_status"] is None and answer["tracking_url_provider"] == ""
    assert usps.purchases == [] and await events_of(alice, answer["object_id"]) == []
    await drain(lanes=["fast"])
    label = (await api.get(f"/transactions/{answer['object_id']}")).json()
    assert label["status"] == "SUCCESS" and len(usps.purchases) == 1
    events = await events_of(alice, label["object_id"])
    assert [event["event"] for event in events] == ["transaction_created", "transaction_updated"]
    assert all(event["data"]["tracking_number"] == label["tracking_number"] for event in events)


async def test_a_label_for_an_order_makes_it_shipped(api: httpx.AsyncClient) -> None:
    order = (await api.post("/orders", json=order_body())).json()
    label = await bought(api, order=order["object_id"])
    assert label["order"] == order["object_id"]
    shipped = (await api.get(f"/orders/{order['object_id']}")).json()
    assert shipped["order_status"] == "SHIPPED"
    assert [entry["object_id"] for entry in shipped["transactions"]] == [label["object_id"]]


async def test_many_parcels_are_one_purchase_with_a_label_each(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    rate = await rated(api, parcels=[PARCEL, PARCEL, PARCEL])
    master = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    labels = (await api.get(f"/transactions?rate={rate}")).json()["results"]
    assert len(usps.purchases) == 1 and len(labels) == 3
    assert master["object_id"] in {label["object_id"] for label in labels}
    assert len({label["tracking_number"] for label in labels}) == len({label["parcel"] for label in labels}) == 3
    for label in labels:
        (event,) = await events_of(alice, label["object_id"])
        assert event["data"]["tracking_number"] == label["tracking_number"]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"rate": ["This field is required."]}),
        ({"rate": ""}, {"rate": ["This field is required."]}),
        ({"rate": "0" * 32}, {"rate": ["Rate with supplied object_id not found."]}),
        ({"rate": "nonsense"}, {"rate": ["Rate with supplied object_id not found."]}),
        ({"rate": "0" * 32, "label_file_type": "DOC"}, {"label_file_type": ['"DOC" is not a valid choice.']}),
        (
            {"rate": "0" * 32, "metadata": "x" * 101},
            {"metadata": ["Ensure this field has no more than 100 characters."]},
        ),
        ({"rate": "0" * 32, "order": "x"}, {"order": ["Order with supplied object_id not found."]}),
    ],
)
async def test_a_wrong_request_names_its_field(
    api: httpx.AsyncClient, body: dict[str, object], errors: dict[str, object]
) -> None:
    answer = await api.post("/transactions", json=body)
    assert (answer.status_code, answer.json()) == (400, errors)


async def test_an_old_rate_is_refused(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    rate = await rated(api)
    async with begin() as tx:
        await tx.execute(
            "UPDATE rates SET created_at = created_at - interval '8 days' WHERE account_id = $1", alice.account_id
        )
    answer = await api.post("/transactions", json={"rate": rate})
    assert answer.status_code == 400 and "expired" in answer.json()["rate"][0]
    assert usps.purchases == []


async def test_a_missing_name_is_named(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    rate = await rated(api, address_to={**TO, "name": "", "state": ""}, address_from={**FROM, "street1": ""})
    answer = await api.post("/transactions", json={"rate": rate})
    assert answer.status_code == 400
    needed = ["This field is required to buy a label."]
    assert answer.json() == {"address_from": [{"street1": needed}], "address_to": [{"name": needed, "state": needed}]}
    assert usps.purchases == []


async def test_another_account_sees_and_buys_nothing(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    label = await bought(api)
    assert (await charlie_api.get(f"/transactions/{label['object_id']}")).status_code == 404
    assert (await charlie_api.get("/transactions")).json()["results"] == []
    stolen = await charlie_api.post("/transactions", json={"rate": label["rate"], "async": False})
    assert (stolen.status_code, list(stolen.json())) == (400, ["rate"])
    order = (await api.post("/orders", json=order_body())).json()["object_id"]
    foreign = await charlie_api.post("/transactions", json={"rate": await rated(charlie_api), "order": order})
    assert (foreign.status_code, list(foreign.json())) == (400, ["order"])


async def test_lists_are_filtered_and_expanded(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    good = await bought(api)
    usps.refuses = CarrierError("input", "No.")
    bad = await bought(api)

    async def ids(query: str) -> list[str]:
        return [label["object_id"] for label in (await api.get(f"/transactions?{query}")).json()["results"]]

    assert await ids("") == [bad["object_id"], good["object_id"]]
    assert await ids("object_status=ERROR") == [bad["object_id"]]
    assert await ids("tracking_status=UNKNOWN") == [good["object_id"]]
    assert await ids(f"rate={good['rate']}") == [good["object_id"]]
    assert await ids("rate=nonsense") == []
    assert (await api.get("/transactions?object_status=NONE")).status_code == 400
    for expand in ('expand="rate"', "expand=rate", 'expand=["rate"]', "expand[]=rate"):
        shown = (await api.get(f"/transactions/{good['object_id']}?{expand}")).json()
        assert shown["rate"]["object_id"] == good["rate"]
        assert shown["rate"]["servicelevel_token"] == "usps_ground_advantage"


async def test_a_caller_who_goes_away_still_gets_the_label(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    rate = await rated(api)
    usps.holds = asyncio.Event()
    asking = asyncio.create_task(api.post("/transactions", json={"rate": rate, "async": False}))
    while not usps.purchases:
        await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    usps.holds.set()
    label = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    assert label["status"] == "SUCCESS" and len(usps.purchases) == 1
