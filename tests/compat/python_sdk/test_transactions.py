"""Labels through the SDK: from a rate, in one call, in two files, and never twice."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable

import shippo
from shippo.models import components, operations

from tests.compat.python_sdk.bodies import UNKNOWN, refused, shipment_request

SUCCESS = components.TransactionStatusEnum.SUCCESS


def bought_at(sdk: shippo.Shippo, rate: components.Rate, **changes: object) -> components.Transaction:
    given = {"async_": False, **changes}
    return sdk.transactions.create(request=components.TransactionCreateRequest(rate=rate.object_id, **given))


def test_a_label_is_bought_and_downloaded(sdk: shippo.Shippo) -> None:
    shipment = sdk.shipments.create(request=shipment_request())
    rate = next(entry for entry in shipment.rates if entry.provider == "USPS")
    label = bought_at(sdk, rate, label_file_type=components.LabelFileTypeEnum.PDF_4X6, metadata="compat")
    assert (label.status, label.rate, label.metadata) == (SUCCESS, rate.object_id, "compat")
    assert label.tracking_number and label.tracking_url_provider
    with urllib.request.urlopen(label.label_url) as answer:
        assert answer.read(5) == b"%PDF-"
    found = sdk.transactions.get(transaction_id=label.object_id)
    assert (found.tracking_number, found.rate) == (label.tracking_number, rate.object_id)
    assert sdk.transactions.list(request=operations.ListTransactionsRequest(results=1)).results == [found]
    assert bought_at(sdk, rate).object_id == label.object_id


def test_the_sdks_default_is_asynchronous_and_is_polled(sdk: shippo.Shippo) -> None:
    shipment = sdk.shipments.create(request=shipment_request())
    request = components.TransactionCreateRequest(rate=shipment.rates[0].object_id)
    label = sdk.transactions.create(request=request)
    for _ in range(1200):
        if label.status == SUCCESS:
            break
        assert label.status in (components.TransactionStatusEnum.QUEUED, components.TransactionStatusEnum.WAITING)
        time.sleep(0.05)
        label = sdk.transactions.get(transaction_id=label.object_id)
    assert label.status == SUCCESS and label.label_url


def instant(usps: str, **changes: object) -> components.InstantTransactionCreateRequest:
    given = {"carrier_account": usps, "servicelevel_token": "usps_ground_advantage", "async_": False}
    return components.InstantTransactionCreateRequest(**{**given, "shipment": shipment_request(), **changes})


def test_a_label_in_one_call_tells_its_rate(sdk: shippo.Shippo, usps: str) -> None:
    label = sdk.transactions.create(request=instant(usps))
    assert label.status == SUCCESS
    assert isinstance(label.rate, components.CoreRate)
    assert (label.rate.servicelevel_token, label.rate.provider) == ("usps_ground_advantage", "USPS")
    assert sdk.transactions.get(transaction_id=label.object_id).rate == label.rate.object_id


def test_labels_are_filtered(sdk: shippo.Shippo, buy: Callable[[], components.Transaction]) -> None:
    label = buy()
    by_rate = sdk.transactions.list(request=operations.ListTransactionsRequest(rate=label.rate)).results
    assert [entry.object_id for entry in by_rate] == [label.object_id]
    failed = operations.ListTransactionsRequest(object_status=components.TransactionStatusEnum.ERROR)
    assert label.object_id not in {entry.object_id for entry in sdk.transactions.list(request=failed).results}
    unknown = operations.ListTransactionsRequest(tracking_status=components.TrackingStatusEnum.DELIVERED)
    assert label.object_id not in {entry.object_id for entry in sdk.transactions.list(request=unknown).results}


def test_errors(sdk: shippo.Shippo, usps: str) -> None:
    with refused(400, "rate"):
        sdk.transactions.create(request=components.TransactionCreateRequest(rate=UNKNOWN))
    with refused(400, "servicelevel_token"):
        sdk.transactions.create(request=instant(usps, servicelevel_token="no_such_service"))
    with refused(400, "carrier_account"):
        sdk.transactions.create(request=instant(UNKNOWN))
    with refused(404):
        sdk.transactions.get(transaction_id=UNKNOWN)
