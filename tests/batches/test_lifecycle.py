"""A batch over HTTP: from its shipments to one label each, told once, printed a hundred to a file."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pypdfium2
import pytest

from tests.batches.conftest import Batches
from tests.batches.data import PARCEL, SHIPMENT, TO
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import events_of

COUNTS = ("creation_succeeded", "creation_failed", "purchase_succeeded", "purchase_failed")


def counts(batch: dict[str, Any]) -> tuple[int, ...]:
    """How many rows: (made, not made, bought, not bought)."""
    return tuple(batch["object_results"][name] for name in COUNTS)


def rows(batch: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = batch["batch_shipments"]["results"]
    return found


async def pages(api: httpx.AsyncClient, url: str) -> list[str]:
    """The text of each page of a PDF."""
    answer = await api.get(url)
    assert answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(io.BytesIO(answer.content))
    return [page.get_textpage().get_text_range() for page in document]


async def test_a_batch_goes_from_its_shipments_to_its_labels(batches: Batches, alice: Person) -> None:
    made = await batches.create(3, metadata="November", label_filetype="PDF_4x6")
    assert (made["status"], made["metadata"], made["label_url"], made["test"]) == ("VALIDATING", "November", [], True)
    assert [row["metadata"] for row in rows(made)] == ["row 1", "row 2", "row 3"]
    assert made["object_owner"] == alice.email and counts(made) == (0, 0, 0, 0)
    valid = await batches.settled(made["object_id"])
    assert (valid["status"], counts(valid)) == ("VALID", (3, 0, 0, 0))
    assert [(row["status"], row["transaction"], row["messages"]) for row in rows(valid)] == [("VALID", None, [])] * 3
    bought = await batches.post(valid, "purchase")
    assert (bought.status_code, bought.json()["status"]) == (202, "PURCHASING")
    assert {row["transaction"] for row in rows(bought.json())} == {None}
    done = await batches.settled(made["object_id"])
    assert (done["status"], counts(done)) == ("PURCHASED", (3, 0, 3, 0))
    assert [row["object_id"] for row in rows(done)] == [row["object_id"] for row in rows(made)]
    labels = [(await batches.api.get(f"/transactions/{row['transaction']}")).json() for row in rows(done)]
    assert [(label["status"], label["metadata"]) for label in labels] == [
        ("SUCCESS", f"row {number}") for number in (1, 2, 3)
    ]
    (url,) = done["label_url"]
    printed = await pages(batches.api, url)
    for label, page in zip(labels, printed, strict=True):
        assert label["tracking_number"] in page.replace(" ", "")


async def test_only_the_wanted_service_of_the_wanted_account_is_rated(batches: Batches) -> None:
    accounts = (await batches.api.get("/carrier_accounts?results=100")).json()["results"]
    ups = next(account["object_id"] for account in accounts if account["carrier"] == "ups")
    own = {"shipment": SHIPMENT, "carrier_account": ups, "servicelevel_token": "ups_ground"}
    batch = await batches.validated(batch_shipments=[{"shipment": SHIPMENT}, own])
    assert batch["status"] == "VALID"
    assert [(row["carrier_account"], row["servicelevel_token"]) for row in rows(batch)] == [
        (None, None),
        (ups, "ups_ground"),
    ]
    shipments = [(await batches.api.get(f"/shipments/{row['shipment']}")).json() for row in rows(batch)]
    offered = [[rate["servicelevel"]["token"] for rate in shipment["rates"]] for shipment in shipments]
    assert offered == [["usps_priority"], ["ups_ground"]]


async def test_creation_and_purchase_are_told_once_in_a_sentence(batches: Batches, alice: Person) -> None:
    batch = await batches.validated(1)
    await batches.post(batch, "add_shipments", [{"shipment": SHIPMENT}])
    await batches.settled(batch["object_id"])
    assert (await batches.post(batch, "purchase")).status_code == 202
    await batches.settled(batch["object_id"])
    await batches.settled(batch["object_id"])
    assert await events_of(alice, batch["object_id"]) == [
        {"event": "batch_created", "test": True, "data": f"batch {batch['object_id']} created"},
        {"event": "batch_purchased", "test": True, "data": f"batch {batch['object_id']} processing complete"},
    ]


async def test_rows_that_cannot_be_bought_say_why_and_the_others_are(batches: Batches) -> None:
    given = [{"shipment": SHIPMENT, "metadata": text} for text in ("one", "SIM_REFUSE", "three", "SIM_UNSERVICEABLE")]
    done = await batches.purchased(batch_shipments=given)
    assert (done["status"], counts(done)) == ("PURCHASED", (4, 0, 2, 2))
    assert [row["status"] for row in rows(done)] == ["VALID", "TRANSACTION_FAILED", "VALID", "TRANSACTION_FAILED"]
    refused = rows(done)[1]
    assert refused["messages"][0]["source"] == "USPS" and "SIM_REFUSE" in refused["messages"][0]["text"]
    label = (await batches.api.get(f"/transactions/{refused['transaction']}")).json()
    assert label["status"] == "ERROR"
    assert len(await pages(batches.api, done["label_url"][0])) == 2
    failed = await batches.settled(done["object_id"], object_results="purchase_failed")
    assert [row["metadata"] for row in rows(failed)] == ["SIM_REFUSE", "SIM_UNSERVICEABLE"]


async def test_a_batch_of_which_nothing_can_be_bought_ends_without_files(batches: Batches) -> None:
    done = await batches.purchased(batch_shipments=[{"shipment": SHIPMENT, "metadata": "SIM_REFUSE"}])
    assert (done["status"], counts(done), done["label_url"]) == ("PURCHASED", (1, 0, 0, 1), [])


async def test_the_labels_of_orders_ship_them(batches: Batches) -> None:
    order = (await batches.api.post("/orders", json=order_body())).json()["object_id"]
    done = await batches.purchased(batch_shipments=[{"shipment": {**SHIPMENT, "order": order}}])
    shipped = (await batches.api.get(f"/orders/{order}")).json()
    assert shipped["order_status"] == "SHIPPED"
    assert [label["object_id"] for label in shipped["transactions"]] == [rows(done)[0]["transaction"]]


async def test_a_hundred_labels_make_a_file_and_every_piece_is_printed(batches: Batches) -> None:
    accounts = (await batches.api.get("/carrier_accounts?results=100")).json()["results"]
    ups = next(account["object_id"] for account in accounts if account["carrier"] == "ups")
    many = {**SHIPMENT, "parcels": [PARCEL] * 34}
    given = [{"shipment": many, "carrier_account": ups, "servicelevel_token": "ups_ground"} for _ in range(3)]
    done = await batches.purchased(batch_shipments=given)
    assert counts(done) == (3, 0, 3, 0)
    assert [len(await pages(batches.api, url)) for url in done["label_url"]] == [100, 2]


@pytest.mark.parametrize(("file_type", "start"), [("PNG", b"%PDF"), ("ZPLII", b"^XA"), ("PDF_A4", b"%PDF")])
async def test_files_are_of_the_type_that_was_asked_for(batches: Batches, file_type: str, start: bytes) -> None:
    done = await batches.purchased(2, label_filetype=file_type)
    assert done["label_filetype"] == file_type
    (url,) = done["label_url"]
    content = (await batches.api.get(url)).content
    assert content.startswith(start)
    if file_type == "ZPLII":
        assert content.count(b"^XA") == 2 and url.split("?")[0].endswith(".zpl")
    else:
        document = pypdfium2.PdfDocument(io.BytesIO(content))
        width, height = document.get_page_size(0)
        inches = (8.27, 11.69) if file_type == "PDF_A4" else (4, 6)
        assert len(document) == 2 and (width / 72, height / 72) == pytest.approx(inches, abs=0.02)


async def test_a_shipment_that_exists_gets_a_label_of_its_own(batches: Batches) -> None:
    shipment = (await batches.api.post("/shipments", json=SHIPMENT)).json()
    rate = next(rate for rate in shipment["rates"] if rate["servicelevel"]["token"] == "usps_priority")
    first = (await batches.api.post("/transactions", json={"rate": rate["object_id"], "async": False})).json()
    given = [{"shipment": shipment["object_id"]}, {"shipment": shipment["object_id"]}]
    done = await batches.purchased(batch_shipments=given)
    labels = {row["transaction"] for row in rows(done)}
    assert {row["shipment"] for row in rows(done)} == {shipment["object_id"]}
    assert len(labels) == 2 and first["object_id"] not in labels


async def test_one_parcel_as_old_clients_send_it(batches: Batches) -> None:
    old = {"address_from": SHIPMENT["address_from"], "address_to": TO, "parcel": PARCEL}
    batch = await batches.validated(batch_shipments=[{"shipment": old}])
    assert batch["status"] == "VALID"
