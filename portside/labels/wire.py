"""Labels in Shippo's shapes, where they are called transactions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from portside.errors import FieldErrors
from portside.events.models import EventName, envelope
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.kit.nulls import json_without_nulls
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.models import Label, LabelFileType, LabelRequest, LabelStatus
from portside.orders.wire import OrderOut
from portside.parcels.wire import ParcelOut
from portside.rates.models import StoredRate
from portside.rates.wire import CoreRateOut, MessageOut, core_rate_out, message_out
from portside.rest.parse import REQUIRED
from portside.rest.window import CreatedWindow
from portside.shipments.wire import ShipmentIn
from portside.tracking.models import TrackingStatus

RATE_NOT_FOUND = "Rate with supplied object_id not found."
ORDER_NOT_FOUND = "Order with supplied object_id not found."
ACCOUNT_NOT_FOUND = "Carrier account with supplied object_id not found."


class TransactionIn(msgspec.Struct, kw_only=True):
    """Either `rate`, or `shipment` with `carrier_account` and `servicelevel_token` (an Instalabel).

    `async` defaults to true with a rate and to false for an Instalabel.
    """

    rate: str | dict[str, Any] | None = None
    shipment: ShipmentIn | None = None
    carrier_account: str = ""
    servicelevel_token: str = ""
    label_file_type: LabelFileType | None = None
    metadata: Annotated[str, Meta(max_length=100)] = ""
    order: str | None = None
    is_async: bool | None = msgspec.field(name="async", default=None)


class LabelFilter(CreatedWindow, kw_only=True):
    """The filters of the list. `q` is a tracking number, the beginning of one, or a label's metadata."""

    rate: str = ""
    order: str = ""
    object_status: LabelStatus | None = None
    tracking_status: TrackingStatus | None = None
    tracking_number: Annotated[str, Meta(max_length=100)] = ""
    metadata: Annotated[str, Meta(max_length=100)] = ""
    q: Annotated[str, Meta(max_length=100)] = ""


class CreatorOut(msgspec.Struct, kw_only=True):
    """The person who bought the label in the web app."""

    first_name: str
    last_name: str
    username: str


class BillingOut(msgspec.Struct, kw_only=True):
    payments: list[str] = []


class TransactionOut(msgspec.Struct, kw_only=True):
    """A label. `rate` is an id; an object in the answer to an Instalabel and with `?expand=rate`.

    `parcel` and `order` are ids, too, unless `?expand=` asked for the objects.
    """

    object_state: Literal["VALID"]
    status: LabelStatus
    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    test: bool
    rate: CoreRateOut | str | None
    tracking_number: str
    tracking_status: TrackingStatus | None
    eta: str | None
    tracking_url_provider: str
    label_url: str
    label_file_type: LabelFileType
    commercial_invoice_url: str | None
    messages: list[MessageOut]
    order: OrderOut | str | None
    metadata: str
    parcel: ParcelOut | str | None
    billing: BillingOut
    qr_code_url: str | None
    created_by: CreatorOut | None


def rate_id(given: TransactionIn) -> Id:
    """The rate to be bought, by its id or as the API returned it. Raises FieldErrors."""
    value = given.rate.get("object_id") if isinstance(given.rate, dict) else given.rate
    if value in (None, ""):
        raise FieldErrors({"rate": [REQUIRED]})
    found = as_id(value)
    if found is None:
        raise FieldErrors({"rate": [RATE_NOT_FOUND]})
    return found


def is_instant(given: TransactionIn) -> bool:
    """Whether it is an Instalabel."""
    return given.shipment is not None and given.rate in (None, "")


def account_and_service(given: TransactionIn) -> tuple[Id, str]:
    """(carrier account, service token) of an Instalabel. Raises FieldErrors."""
    errors = {
        name: [REQUIRED] for name in ("carrier_account", "servicelevel_token") if not getattr(given, name).strip()
    }
    if errors:
        raise FieldErrors(errors)
    account_id = as_id(given.carrier_account.strip())
    if account_id is None:
        raise FieldErrors({"carrier_account": [ACCOUNT_NOT_FOUND]})
    return account_id, given.servicelevel_token.strip()


def label_request(given: TransactionIn, *, idempotency_key: str, body: bytes) -> LabelRequest:
    """How the label is wanted. Raises FieldErrors."""
    order_id = as_id(given.order) if given.order else None
    if given.order and order_id is None:
        raise FieldErrors({"order": [ORDER_NOT_FOUND]})
    return LabelRequest(
        label_file_type=given.label_file_type,
        metadata=given.metadata,
        order_id=order_id,
        is_async=given.is_async if given.is_async is not None else not is_instant(given),
        idempotency_key=idempotency_key,
        body=body,
    )


def transaction_out(label: Label, scope: Scope, rate: StoredRate | None = None) -> TransactionOut:
    """`rate` shows the rate as an object."""
    person = label.created_by
    return TransactionOut(
        object_state="VALID",
        status=label.status,
        object_created=to_wire(label.created_at),
        object_updated=to_wire(label.updated_at),
        object_id=label.id,
        object_owner=scope.owner,
        test=scope.is_test,
        rate=core_rate_out(rate) if rate is not None else label.rate_id,
        tracking_number=label.tracking_number or "",
        tracking_status=label.tracking_status,
        eta=to_wire(label.eta) if label.eta else None,
        tracking_url_provider=label.tracking_url or "",
        label_url=services().file_url(label.file_key) if label.file_key else "",
        label_file_type=label.label_file_type,
        commercial_invoice_url=services().file_url(label.invoice_key) if label.invoice_key else None,
        messages=[message_out(message) for message in label.messages],
        order=label.order_id,
        metadata=label.metadata,
        parcel=label.parcel_id,
        billing=BillingOut(),
        qr_code_url=services().file_url(label.qr_code_key) if label.qr_code_key else None,
        created_by=CreatorOut(first_name=person.first_name, last_name=person.last_name, username=person.username)
        if person.username
        else None,
    )


def transaction_body(name: EventName, label: Label, scope: Scope) -> str:
    """The finished webhook body of an event about a label. The official Python SDK needs `created_by`, even null."""
    shown = transaction_out(label, scope)
    return envelope(name, test=scope.is_test, data=json_without_nulls(shown, keep=("created_by",)))
