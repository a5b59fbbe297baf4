"""Batches through the SDK: put together, looked over, bought."""

from __future__ import annotations

import time
import urllib.request

import pytest
import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, refused, sender, shipment_request

Status = components.BatchStatus


def row(**changes: object) -> components.BatchShipmentCreateRequest:
    return components.BatchShipmentCreateRequest(**{"shipment": shipment_request(), **changes})


def settled(sdk: shippo.Shippo, batch_id: str) -> components.Batch:
    """The batch once nothing goes on in it; polled as people poll."""
    for _ in range(1200):
        batch = sdk.batches.get(batch_id=batch_id, page=1, results=100)
        if batch.status not in (Status.VALIDATING, Status.PURCHASING):
            return batch
        time.sleep(0.05)
    raise AssertionError(f"the batch stays {batch.status}")


def request_of(usps: str, *rows: components.BatchShipmentCreateRequest) -> components.BatchCreateRequest:
    return components.BatchCreateRequest(
        default_carrier_account=usps,
        default_servicelevel_token="usps_priority",
        label_filetype=components.LabelFileTypeEnum.PDF_4X6,
        metadata="compat",
        batch_shipments=list(rows),
    )


@pytest.fixture
def batch(sdk: shippo.Shippo, usps: str) -> components.Batch:
    """Two valid rows."""
    made = sdk.batches.create(request=request_of(usps, row(metadata="one"), row(metadata="two")))
    assert made.status == Status.VALIDATING
    assert [entry.metadata for entry in made.batch_shipments.results] == ["one", "two"]
    found = settled(sdk, made.object_id)
    assert found.status == Status.VALID and found.object_results.creation_succeeded == 2
    return found


def test_rows_are_added_and_removed(sdk: shippo.Shippo, batch: components.Batch) -> None:
    added = sdk.batches.add_shipments(batch_id=batch.object_id, request_body=[row(metadata="three")])
    rows = added.batch_shipments.results
    assert [entry.metadata for entry in rows] == ["one", "two", "three"]
    settled(sdk, batch.object_id)
    left = sdk.batches.remove_shipments(batch_id=batch.object_id, request_body=[rows[0].object_id])
    assert [entry.metadata for entry in left.batch_shipments.results] == ["two", "three"]


def test_a_batch_is_bought(sdk: shippo.Shippo, batch: components.Batch) -> None:
    assert sdk.batches.purchase(batch_id=batch.object_id).status == Status.PURCHASING
    done = settled(sdk, batch.object_id)
    assert (done.status, done.object_results.purchase_succeeded) == (Status.PURCHASED, 2)
    for entry in done.batch_shipments.results:
        label = sdk.transactions.get(transaction_id=entry.transaction)
        assert label.status == components.TransactionStatusEnum.SUCCESS and label.tracking_number
    with urllib.request.urlopen(done.label_url[0]) as answer:
        assert answer.read(5) == b"%PDF-"


def test_a_bad_row_makes_the_batch_invalid_until_it_is_removed(
    sdk: shippo.Shippo, usps: str, batch: components.Batch
) -> None:
    nowhere = shipment_request(address_to=sender(street1="", city="", zip="", state=""))
    sdk.batches.add_shipments(batch_id=batch.object_id, request_body=[row(shipment=nowhere)])
    found = settled(sdk, batch.object_id)
    assert found.status == Status.INVALID and found.object_results.creation_failed == 1
    bad = [entry for entry in found.batch_shipments.results if entry.status != components.Status.VALID]
    assert len(bad) == 1 and bad[0].messages
    sdk.batches.remove_shipments(batch_id=batch.object_id, request_body=[bad[0].object_id])
    assert settled(sdk, batch.object_id).status == Status.VALID


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "default_carrier_account"):
        sdk.batches.create(request=request_of(UNKNOWN, row()))
    with refused(404):
        sdk.batches.get(batch_id=UNKNOWN)
    with refused(404):
        sdk.batches.add_shipments(batch_id=UNKNOWN, request_body=[row()])
    with refused(404):
        sdk.batches.remove_shipments(batch_id=UNKNOWN, request_body=[UNKNOWN])
    with refused(404):
        sdk.batches.purchase(batch_id=UNKNOWN)
