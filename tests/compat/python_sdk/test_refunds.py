"""Refunds through the SDK."""

from __future__ import annotations

from collections.abc import Callable

import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, refused


def test_a_label_is_refunded_once(sdk: shippo.Shippo, buy: Callable[[], components.Transaction]) -> None:
    label = buy()
    refund = sdk.refunds.create(transaction=label.object_id, async_=False)
    assert (refund.transaction, refund.status) == (label.object_id, components.RefundStatus.QUEUED)
    assert sdk.refunds.get(refund_id=refund.object_id).transaction == label.object_id
    assert sdk.refunds.list().results[0].object_id == refund.object_id
    with refused(400, "Refund with this Transaction already exists."):
        sdk.refunds.create(transaction=label.object_id)


def test_the_label_tells_of_its_refund(sdk: shippo.Shippo, buy: Callable[[], components.Transaction]) -> None:
    label = buy()
    sdk.refunds.create(transaction=label.object_id)
    status = sdk.transactions.get(transaction_id=label.object_id).status
    assert status in (components.TransactionStatusEnum.REFUNDPENDING, components.TransactionStatusEnum.REFUNDED)


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "transaction"):
        sdk.refunds.create(transaction=UNKNOWN)
    with refused(404):
        sdk.refunds.get(refund_id=UNKNOWN)
