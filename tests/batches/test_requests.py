"""What batches take and refuse: lists that cannot be read, rows with something wrong, changes at the wrong time."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.batches.conftest import Batches
from tests.batches.data import FROM, PARCEL, SHIPMENT, batch_body
from tests.batches.test_lifecycle import counts, rows
from tests.support.cast import Person
from tests.support.labelling import events_of

UNKNOWN = "0" * 32


async def test_an_unknown_account_is_refused_in_shippos_words(batches: Batches) -> None:
    for account in (UNKNOWN, "NOT_VALID"):
        answer = await batches.api.post("/batches", json=batch_body(account))
        sentence = (
            f"Invalid account object_id provided '{account}'. Please list the available CarrierAccount objects "
            "(/v1/carrier_accounts) to get your valid object_ids."
        )
        assert (answer.status_code, answer.json()) == (400, {"default_carrier_account": [sentence]})


async def test_an_account_of_somebody_else_is_unknown(batches: Batches, charlie_api: httpx.AsyncClient) -> None:
    answer = await charlie_api.post("/batches", json=batch_body(batches.account))
    assert answer.status_code == 400 and list(answer.json()) == ["default_carrier_account"]


async def test_missing_fields_are_all_named(batches: Batches) -> None:
    answer = await batches.api.post("/batches", json={})
    required = ["This field is required."]
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "default_carrier_account": required,
            "default_servicelevel_token": required,
            "batch_shipments": required,
        },
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("shipments", "batch_shipments: Expected a list of items."),
        (["shipment"], "batch_shipments: Invalid data. Expected an object."),
        ([{}, {"shipment": SHIPMENT}], "batch_shipments[0].shipment: This field is required."),
        ([{"shipment": ""}], "batch_shipments[0].shipment: This field is required."),
        (
            [{"shipment": SHIPMENT}, {"shipment": SHIPMENT, "metadata": "x" * 101}],
            "batch_shipments[1].metadata: Ensure this field has no more than 100 characters.",
        ),
        ([{"shipment": UNKNOWN}] * 10_001, "A batch may have at most 10,000 shipments."),
    ],
)
async def test_a_malformed_list_is_refused_as_a_whole(batches: Batches, given: Any, sentence: str) -> None:
    answer = await batches.api.post("/batches", json=batch_body(batches.account, batch_shipments=given))
    assert answer.status_code == 400
    assert answer.json()["detail"].split("\n") == ["Invalid create request.", sentence]


async def test_each_wrong_row_says_what_is_wrong_and_spoils_the_batch(batches: Batches, alice: Person) -> None:
    given: list[dict[str, Any]] = [
        {"shipment": SHIPMENT},
        {"shipment": {"address_from": FROM, "parcels": [PARCEL]}},
        {"shipment": {**SHIPMENT, "address_to": {"country": "US", "zip": "60611"}}},
        {"shipment": SHIPMENT, "servicelevel_token": "usps_teleport"},
        {"shipment": SHIPMENT, "carrier_account": UNKNOWN},
        {"shipment": UNKNOWN},
        {"shipment": {**SHIPMENT, "parcels": [{**PARCEL, "weight": "heavy"}]}},
        {"shipment": {**SHIPMENT, "metadata": "SIM_NO_RATES"}},
    ]
    batch = await batches.validated(batch_shipments=given)
    assert (batch["status"], counts(batch)) == ("INVALID", (1, 7, 0, 0))
    assert [row["status"] for row in rows(batch)] == ["VALID", "INVALID", "INCOMPLETE", *["INVALID"] * 5]
    said = [row["messages"] for row in rows(batch)]
    assert said[0] == []
    assert said[1] == [{"shipment": [{"address_to": ["This field is required."]}]}]
    assert set(said[2][0]["shipment"][0]["address_to"][0]) == {"name", "street1", "city", "state"}
    assert said[3][0]["text"] == "USPS does not offer usps_teleport for this shipment."
    assert "Invalid account object_id" in said[4][0]["carrier_account"][0]
    assert said[5] == [{"shipment": ["Shipment with supplied object_id not found."]}]
    assert said[6] == [{"shipment": [{"parcels": [{"weight": ["A valid number is required."]}]}]}]
    assert said[7][0]["source"] == "USPS"
    assert [bool(row["shipment"]) for row in rows(batch)] == [True, False, True, True, False, False, False, True]
    refused = await batches.post(batch, "purchase")
    assert refused.status_code == 400 and "creation_failed" in refused.json()["detail"]
    bad = await batches.settled(batch["object_id"], object_results="creation_failed")
    removed = await batches.post(batch, "remove_shipments", [row["object_id"] for row in rows(bad)])
    assert (removed.status_code, removed.json()["status"], counts(removed.json())) == (200, "VALID", (1, 0, 0, 0))
    assert (await batches.post(batch, "purchase")).status_code == 202
    assert counts(await batches.settled(batch["object_id"])) == (1, 0, 1, 0)
    assert len(await events_of(alice, batch["object_id"])) == 2


async def test_rows_are_added_at_the_end_as_objects_or_ids(batches: Batches) -> None:
    batch = await batches.validated(1)
    shipment = (await batches.api.post("/shipments", json=SHIPMENT)).json()["object_id"]
    added = await batches.post(
        batch, "add_shipments", [{"shipment": shipment, "metadata": "by id"}, {"shipment": SHIPMENT}]
    )
    assert (added.status_code, added.json()["status"]) == (200, "VALIDATING")
    assert [row["shipment"] for row in rows(added.json())][1:] == [shipment, ""]
    valid = await batches.settled(batch["object_id"])
    assert (valid["status"], counts(valid)) == ("VALID", (3, 0, 0, 0))
    assert [row["metadata"] for row in rows(valid)] == ["row 1", "by id", ""]
    assert rows(valid)[1]["shipment"] == shipment
    await batches.post(batch, "add_shipments", [{"shipment": {**SHIPMENT, "address_to": None}}])
    assert (await batches.settled(batch["object_id"]))["status"] == "INVALID"


async def test_rows_that_wait_are_listed_as_the_valid_ones_that_they_are_shown_to_be(batches: Batches) -> None:
    batch = await batches.create(2)
    listed = {
        result: rows((await batches.api.get(f"/batches/{batch['object_id']}?object_results={result}")).json())
        for result in ("creation_succeeded", "creation_failed")
    }
    assert [row["status"] for row in listed["creation_succeeded"]] == ["VALID", "VALID"]
    assert listed["creation_failed"] == []


async def test_nothing_is_added_beyond_ten_thousand(batches: Batches) -> None:
    batch = await batches.validated(1)
    answer = await batches.post(batch, "add_shipments", [{"shipment": UNKNOWN}] * 10_000)
    assert answer.status_code == 400 and "at most 10,000 shipments" in answer.json()["detail"]
    assert counts(await batches.settled(batch["object_id"])) == (1, 0, 0, 0)


@pytest.mark.parametrize("body", [{"shipment": SHIPMENT}, [{"shipment": SHIPMENT}]])
async def test_a_lone_shipment_counts_as_a_list(batches: Batches, body: Any) -> None:
    batch = await batches.validated(0, batch_shipments=[])
    assert (await batches.post(batch, "add_shipments", body)).status_code == 200
    assert counts(await batches.settled(batch["object_id"])) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("add_shipments", None),
        ("add_shipments", {}),
        ("add_shipments", "text"),
        ("add_shipments", [{"shipment": SHIPMENT, "metadata": {"a": 1}}]),
        ("remove_shipments", {}),
        ("remove_shipments", ["x"]),
        ("remove_shipments", [UNKNOWN]),
        ("remove_shipments", [[UNKNOWN]]),
    ],
)
async def test_a_change_that_cannot_be_read_changes_nothing(batches: Batches, action: str, body: Any) -> None:
    batch = await batches.validated(1)
    answer = await batches.post(batch, action, body)
    assert answer.status_code == 400 and answer.json()["detail"]
    assert await batches.settled(batch["object_id"]) == batch


async def test_an_empty_batch_cannot_be_purchased(batches: Batches) -> None:
    batch = await batches.validated(0, batch_shipments=[])
    assert batch["status"] == "VALID"
    answer = await batches.post(batch, "purchase")
    assert (answer.status_code, answer.json()) == (400, {"detail": "Batch has no shipments to purchase."})


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}"])
async def test_any_body_purchases_and_only_once(batches: Batches, body: bytes) -> None:
    batch = await batches.create(1)
    url = f"/batches/{batch['object_id']}/purchase"
    early = await batches.api.post(url, content=body)
    assert early.status_code == 400 and "still being validated" in early.json()["detail"]
    await batches.settled(batch["object_id"])
    assert (await batches.api.post(url, content=body)).status_code == 202
    again = {"detail": "Batch has already been purchased"}
    assert (await batches.api.post(url, content=body)).json() == again
    await batches.settled(batch["object_id"])
    for action, given in (
        ("purchase", None),
        ("add_shipments", [{"shipment": SHIPMENT}]),
        ("remove_shipments", [rows(batch)[0]["object_id"]]),
    ):
        answer = await batches.post(batch, action, given)
        assert (answer.status_code, answer.json()) == (400, again)


async def test_pages_run_in_the_order_of_the_request(batches: Batches) -> None:
    batch = await batches.validated(7)
    url = f"/batches/{batch['object_id']}"
    first = (await batches.api.get(f"/v1{url}/?results=3&object_results=creation_succeeded")).json()["batch_shipments"]
    assert [row["metadata"] for row in first["results"]] == ["row 1", "row 2", "row 3"] and first["previous"] is None
    second = (await batches.api.get(first["next"])).json()["batch_shipments"]
    third = (await batches.api.get(second["next"])).json()["batch_shipments"]
    assert [row["metadata"] for row in second["results"] + third["results"]] == [f"row {n}" for n in (4, 5, 6, 7)]
    assert third["next"] is None
    back = (await batches.api.get(third["previous"])).json()["batch_shipments"]
    assert back["results"] == second["results"]
    numbered = (await batches.api.get(f"{url}?results=3&page=2")).json()["batch_shipments"]
    assert numbered["results"] == second["results"]
    assert len((await batches.api.get(url)).json()["batch_shipments"]["results"]) == 5
    assert (await batches.api.get(f"{url}?object_results=purchased")).status_code == 400


async def test_a_new_batch_shows_a_hundred_rows_and_leads_to_the_others(batches: Batches) -> None:
    batch = await batches.create(130)
    shown = batch["batch_shipments"]
    assert len(shown["results"]) == 100
    rest = (await batches.api.get(shown["next"])).json()["batch_shipments"]
    assert [row["metadata"] for row in rest["results"]] == [f"row {n}" for n in range(101, 131)]
    valid = await batches.settled(batch["object_id"])
    added = (await batches.post(valid, "add_shipments", [{"shipment": UNKNOWN}])).json()["batch_shipments"]
    assert len((await batches.api.get(added["next"])).json()["batch_shipments"]["results"]) == 31
    assert valid["status"] == "VALID"


async def test_the_list_shows_batches_as_they_are_retrieved(batches: Batches, charlie_api: httpx.AsyncClient) -> None:
    made = [await batches.validated(rows_) for rows_ in (1, 6)]
    listed = (await batches.api.get("/batches")).json()
    single = [(await batches.api.get(f"/batches/{batch['object_id']}")).json() for batch in made]
    assert listed["results"] == single[::-1]
    rest = (await batches.api.get(listed["results"][0]["batch_shipments"]["next"])).json()
    assert [row["metadata"] for row in rest["batch_shipments"]["results"]] == ["row 6"]
    assert (await charlie_api.get("/batches")).json()["results"] == []


@pytest.mark.parametrize("action", ["", "/add_shipments", "/remove_shipments", "/purchase"])
async def test_missing_and_foreign_look_the_same(batches: Batches, charlie_api: httpx.AsyncClient, action: str) -> None:
    batch = await batches.create(1)
    method = "POST" if action else "GET"
    for batch_id in (batch["object_id"], UNKNOWN, "x"):
        bodies: list[Any] = [["x"], [], [{"shipment": [SHIPMENT]}], [{}], "text"]
        for body in bodies:
            answer = await charlie_api.request(method, f"/batches/{batch_id}{action}", json=body)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_the_simulated_carriers_refuse_live_rows(batches: Batches, alice: Person, product: Any) -> None:
    async with product(alice.live_token) as live:
        accounts = (await live.get("/carrier_accounts")).json()["results"]
        usps = next(account["object_id"] for account in accounts if account["carrier"] == "usps")
        batch = await Batches(live, usps).validated(1)
    assert (batch["status"], batch["test"]) == ("INVALID", False)
    assert "test tokens only" in rows(batch)[0]["messages"][0]["text"]
