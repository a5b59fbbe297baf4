"""Refunds in Shippo's shapes."""

from __future__ import annotations

from typing import Any

import msgspec

from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.labels.wire import TransactionOut
from portside.rates.wire import MessageOut, message_out
from portside.refunds.models import Refund, RefundStatus
from portside.refunds.rules import NOT_FOUND
from portside.rest.parse import REQUIRED


class RefundIn(msgspec.Struct, kw_only=True):
    """`transaction` is an id, or a transaction as the API returned it. The answer is QUEUED whatever `async` says."""

    transaction: str | dict[str, Any] | None = None
    is_async: bool | None = msgspec.field(name="async", default=None)


class RefundOut(msgspec.Struct, kw_only=True):
    """`messages` say why the carrier refused, or why it takes so long."""

    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    status: RefundStatus
    transaction: TransactionOut | str
    test: bool
    messages: list[MessageOut]


def label_id(given: RefundIn) -> Id:
    """Which label. Raises FieldErrors."""
    value = given.transaction
    text = value.get("object_id") if isinstance(value, dict) else value
    if text in (None, ""):
        raise FieldErrors({"transaction": [REQUIRED]})
    found = as_id(text)
    if found is None:
        raise FieldErrors({"transaction": [NOT_FOUND]})
    return found


def refund_out(refund: Refund, scope: Scope) -> RefundOut:
    return RefundOut(
        object_created=to_wire(refund.created_at),
        object_updated=to_wire(refund.updated_at),
        object_id=refund.id,
        object_owner=scope.owner,
        status=refund.status,
        transaction=refund.label_id,
        test=scope.is_test,
        messages=[message_out(message) for message in refund.messages],
    )
